//! Writing: whole files by a temporary one beside the target, and appending.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::{Fault, Kind, Root, ScopedPath, Stat, sys};

/// The longest step of a file system's clock that is waited for.
pub(crate) const CLOCK_STEP: Duration = Duration::from_millis(20);
/// Bits of a mode that may be given: nobody may make a file that runs as its owner.
const PERMISSIONS: u32 = 0o777;
const NEW_FILE: u32 = 0o644;
const NEW_DIRECTORY: u32 = 0o755;

/// How a file is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WriteOptions {
    /// Permission bits, 0 to 0o777, which hold whatever the umask is. Without them a new file gets
    /// 0o644 less the umask, and one that was there keeps its own.
    pub(crate) mode: Option<u32>,
}

impl Root {
    /// Makes the directory `path` and those above it, each 0o755 less the umask, and opens it.
    pub(crate) fn create_dirs(&self, path: &ScopedPath) -> Result<OwnedFd, Fault> {
        match self.open_dir(path) {
            Err(Fault::NotFound) => {}
            answer => return answer,
        }
        let Some((above, name)) = path.split_last() else { return Err(Fault::NotFound) };
        let parent = self.create_dirs(&above)?;
        sys::make_dir_at(parent.as_fd(), name, NEW_DIRECTORY)?;
        // Whatever has the name by now, only a directory beneath the root is opened.
        let flags = libc::O_RDONLY | libc::O_DIRECTORY;
        sys::open_at(parent.as_fd(), name, flags, 0).or_else(|_| self.open_dir(path))
    }

    /// Replaces the file `path` as a whole: its parents are made, the bytes go to a temporary file
    /// beside it, reach the disk, and take its name. Any failure leaves what was there. A link, a
    /// directory, a pipe or a device under that name is refused.
    pub(crate) fn write(
        &self,
        path: &ScopedPath,
        bytes: &[u8],
        options: WriteOptions,
    ) -> Result<Stat, Fault> {
        let (above, name) = target(path, options)?;
        let parent = self.create_dirs(&above)?;
        let kept = standing(parent.as_fd(), name)?;
        let temporary = Temporary::filled(parent.as_fd(), bytes, options.mode.or(kept))?;
        temporary.file.sync_all().map_err(|error| fault_of(&error))?;
        let stat = sys::stat(temporary.file.as_fd())?;
        temporary.take_name(name)?;
        // The name is in place; a directory that cannot be synchronised does not undo it.
        let _ = File::from(parent).sync_all();
        Ok(stat)
    }

    /// As `write`, without waiting for the disk: whoever looks sees the old contents or the new, but
    /// a machine that loses its power may lose the new. With `expected`, nothing is done, and nothing
    /// given, unless the file is still the one that was described so.
    pub(crate) fn place(
        &self,
        path: &ScopedPath,
        bytes: &[u8],
        expected: Option<&Stat>,
    ) -> Result<Option<Stat>, Fault> {
        let (above, name) = target(path, WriteOptions::default())?;
        let parent = self.create_dirs(&above)?;
        let dir = parent.as_fd();
        let kept = standing(dir, name)?;
        let temporary = Temporary::filled(dir, bytes, kept)?;
        let stat = sys::stat(temporary.file.as_fd())?;
        if let Some(expected) = expected
            && !sys::stat_at(dir, name).is_ok_and(|now| now.is_same(expected))
        {
            return Ok(None);
        }
        temporary.take_name(name)?;
        Ok(Some(stat))
    }

    /// A time of the file system's own clock that is after every change so far and not after any to
    /// come, by a file that is made in the root and removed. It waits for the clock's next step, where
    /// that shows within `CLOCK_STEP`: changes of one step have one time.
    pub(crate) fn now(&self) -> Result<SystemTime, Fault> {
        let temporary = Temporary::create(self.descriptor())?;
        let changed = || Ok(sys::stat(temporary.file.as_fd())?.changed);
        let before = changed()?;
        let begun = Instant::now();
        loop {
            temporary.file.set_modified(before).map_err(|error| fault_of(&error))?;
            let now = changed()?;
            if now > before || begun.elapsed() >= CLOCK_STEP {
                return Ok(now);
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Adds bytes to the end of `path`, which is made if it is missing. Refused besides what `write`
    /// refuses: a file with a second hard link, whose other name may lie outside the root.
    pub(crate) fn append(
        &self,
        path: &ScopedPath,
        bytes: &[u8],
        options: WriteOptions,
    ) -> Result<Stat, Fault> {
        let (above, name) = target(path, options)?;
        let parent = self.create_dirs(&above)?;
        let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT;
        let file = File::from(sys::open_at(parent.as_fd(), name, flags, NEW_FILE)?);
        if replaceable(&sys::stat(file.as_fd())?)?.links > 1 {
            return Err(Fault::HardLinked);
        }
        (&file).write_all(bytes).map_err(|error| fault_of(&error))?;
        if let Some(mode) = options.mode {
            sys::set_mode(file.as_fd(), mode)?;
        }
        file.sync_all().map_err(|error| fault_of(&error))?;
        sys::stat(file.as_fd())
    }
}

fn target(path: &ScopedPath, options: WriteOptions) -> Result<(ScopedPath, &OsStr), Fault> {
    if options.mode.is_some_and(|mode| mode & !PERMISSIONS != 0) {
        return Err(Fault::Malformed("may only get permission bits, 0 to 0777"));
    }
    path.split_last().ok_or(Fault::IsRoot)
}

fn replaceable(stat: &Stat) -> Result<&Stat, Fault> {
    match stat.kind {
        Kind::File => Ok(stat),
        Kind::Directory => Err(Fault::IsDirectory),
        Kind::Link => Err(Fault::Link),
        Kind::Other => Err(Fault::NotRegular),
    }
}

/// The permissions of the file that is to be replaced, if there is one.
fn standing(dir: BorrowedFd<'_>, name: &OsStr) -> Result<Option<u32>, Fault> {
    match sys::stat_at(dir, name) {
        Ok(stat) => Ok(Some(replaceable(&stat)?.mode & PERMISSIONS)),
        Err(Fault::NotFound) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn fault_of(error: &io::Error) -> Fault {
    error.raw_os_error().map_or(Fault::Os(libc::EIO), Fault::of)
}

/// A file under a name of its own, which is removed unless it took its place.
struct Temporary<'a> {
    dir: BorrowedFd<'a>,
    name: OsString,
    file: File,
    placed: bool,
}

/// True for the name of a temporary file, which a process that was killed may have left.
pub(crate) fn is_temporary(name: &OsStr) -> bool {
    let digits = name.to_str().and_then(|name| name.strip_prefix(".runlet-")?.strip_suffix(".tmp"));
    digits.is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

impl<'a> Temporary<'a> {
    /// One with contents, and with permissions if they are given.
    fn filled(
        dir: BorrowedFd<'a>,
        bytes: &[u8],
        mode: Option<u32>,
    ) -> Result<Temporary<'a>, Fault> {
        let temporary = Temporary::create(dir)?;
        (&temporary.file).write_all(bytes).map_err(|error| fault_of(&error))?;
        if let Some(mode) = mode {
            sys::set_mode(temporary.file.as_fd(), mode)?;
        }
        Ok(temporary)
    }

    fn create(dir: BorrowedFd<'a>) -> Result<Temporary<'a>, Fault> {
        let number = getrandom::u64().map_err(|_| Fault::Os(libc::EIO))?;
        let name = OsString::from(format!(".runlet-{number:016x}.tmp"));
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
        let file = File::from(sys::open_at(dir, &name, flags, NEW_FILE)?);
        Ok(Temporary { dir, name, file, placed: false })
    }

    fn take_name(mut self, name: &OsStr) -> Result<(), Fault> {
        sys::rename_at(self.dir, &self.name, name)?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.placed {
            // What cannot be removed stays under its telling name.
            let _ = sys::unlink_at(self.dir, &self.name, false);
        }
    }
}
