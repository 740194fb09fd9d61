//! Opening and reading regular files.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};

use super::{Fault, Kind, Root, ScopedPath, Stat, sys};

impl Root {
    /// Opens the regular file `path` for reading, with the facts of what was opened. A link as the
    /// last component, a directory, a pipe or a device is refused; nothing of it blocks.
    pub(crate) fn open_file(&self, path: &ScopedPath) -> Result<(File, Stat), Fault> {
        let (parent, name) = self.parent(path)?.ok_or(Fault::IsDirectory)?;
        open_entry(parent.as_fd(), name)
    }
}

/// Opens the regular file `name` of an open directory for reading.
pub(super) fn open_entry(dir: BorrowedFd<'_>, name: &OsStr) -> Result<(File, Stat), Fault> {
    let file = sys::open_at(dir, name, libc::O_RDONLY, 0)?;
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
