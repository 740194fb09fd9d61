//! Opening and reading regular files.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::resolve::{self, Links, Want};
use super::{Fault, Kind, Root, ScopedPath, Stat, sys};

impl Root {
    /// Opens the regular file `path` for reading, with the facts of what was opened. A link as the
    /// last component, a directory, a pipe or a device is refused; nothing of it blocks.
    pub(crate) fn open_file(&self, path: &ScopedPath) -> Result<(File, Stat), Fault> {
        let (parent, name) = self.parent(path)?.ok_or(Fault::IsDirectory)?;
        open_entry(parent.as_fd(), name)
    }

    /// As `open_file`, but a link as the last component is followed as those before it are.
    pub(crate) fn open_target(&self, path: &ScopedPath) -> Result<(File, Stat), Fault> {
        regular(resolve::open(self.descriptor(), path, Want::File, Links::Beneath)?)
    }

    /// As `open_file`, but a link anywhere in the path is refused.
    pub(crate) fn open_plain(&self, path: &ScopedPath) -> Result<(File, Stat), Fault> {
        regular(resolve::open(self.descriptor(), path, Want::File, Links::Refused)?)
    }
}

/// Opens the regular file `name` of an open directory for reading.
pub(super) fn open_entry(dir: BorrowedFd<'_>, name: &OsStr) -> Result<(File, Stat), Fault> {
    regular(sys::open_at(dir, name, libc::O_RDONLY, 0)?)
}

fn regular(file: OwnedFd) -> Result<(File, Stat), Fault> {
    let stat = sys::stat(file.as_fd())?;
    match stat.kind {
        Kind::File => Ok((File::from(file), stat)),
        Kind::Directory => Err(Fault::IsDirectory),
        Kind::Link => Err(Fault::Link),
        Kind::Other => Err(Fault::NotRegular),
    }
}

/// All bytes of an open file, at most `max`: one that grew since its size was read is refused too.
pub(crate) fn contents(file: &File, stat: &Stat, max: u64) -> Result<Vec<u8>, Fault> {
    if stat.size > max {
        return Err(Fault::TooLarge(max));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stat.size).unwrap_or(0) + 1);
    let mut reader = file.take(max + 1);
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| error.raw_os_error().map_or(Fault::Os(libc::EIO), Fault::of))?;
    if bytes.len() as u64 > max { Err(Fault::TooLarge(max)) } else { Ok(bytes) }
}
