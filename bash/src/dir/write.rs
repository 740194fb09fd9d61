//! Writing: a whole file by a temporary one that takes its name, and adding to one.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::{Dir, Facts, PERMISSIONS, Place, expect_file, fstat, stat_at};

const NEW_FILE: u32 = 0o644;
/// The ends of a temporary file's name, as the core's are, whose listings show neither.
const BEFORE: &str = ".runlet-";
const AFTER: &str = ".tmp";
const DIGITS: usize = 16;

impl Dir {
    /// Replaces the file as a whole. Whoever is killed in the middle leaves what was there.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() as u64 > self.max_bytes {
            return Err(Errno::FBIG.into());
        }
        let Place { parent, name } = self.place(path)?.ok_or(Errno::ISDIR)?;
        let there = standing(&parent, &name)?;
        let mode = match there {
            // A replacement would not ask the file for leave.
            Some(facts) if facts.mode & 0o200 == 0 => return Err(Errno::ACCESS.into()),
            Some(facts) => facts.mode & PERMISSIONS,
            None => NEW_FILE,
        };
        let number = getrandom::u64().map_err(|_| Errno::IO)?;
        let temporary = format!("{BEFORE}{number:016x}{AFTER}");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&parent, &temporary, flags, Mode::from(0o600))?;
        let placed = filled(file, bytes, mode)
            .and_then(|()| Ok(take_place(&parent, temporary.as_ref(), &name, there.is_some())?));
        if placed.is_err() {
            // What cannot be removed stays, and no listing shows it.
            let _ = rustix::fs::unlinkat(&parent, &temporary, AtFlags::empty());
        }
        placed
    }

    /// Adds to the end of a file. One with a second name, which may lie outside, is refused.
    pub(crate) fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let Place { parent, name } = self.place(path)?.ok_or(Errno::ISDIR)?;
        standing(&parent, &name)?;
        let flags = OFlags::WRONLY
            | OFlags::APPEND
            | OFlags::CREATE
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::NOCTTY
            | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&parent, &name, flags, Mode::from(NEW_FILE))?;
        let facts = Facts::of(&fstat(&file)?);
        expect_file(facts.kind)?;
        if facts.names > 1 {
            return Err(Errno::ACCESS.into());
        }
        if facts.size.saturating_add(bytes.len() as u64) > self.max_bytes {
            return Err(Errno::FBIG.into());
        }
        File::from(file).write_all(bytes)
    }
}

/// Gives the temporary file its name. One that has it already changes places with the temporary one and is
/// then removed: some file systems bring a file to the disk before it may replace another, which takes
/// milliseconds, and who reads the name sees the old contents or the new either way.
fn take_place(
    parent: &OwnedFd,
    temporary: &OsStr,
    name: &OsStr,
    replaces: bool,
) -> rustix::io::Result<()> {
    #[cfg(target_os = "linux")]
    if replaces {
        use rustix::fs::{RenameFlags, renameat_with};
        let exchange = || renameat_with(parent, temporary, parent, name, RenameFlags::EXCHANGE);
        if exchange().is_ok() {
            let removed = rustix::fs::unlinkat(parent, temporary, AtFlags::empty());
            if removed.is_err() {
                // It was swapped for a directory just now, which goes back.
                exchange()?;
            }
            return removed;
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = replaces;
    rustix::fs::renameat(parent, temporary, parent, name)
}

fn filled(file: OwnedFd, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = File::from(file);
    file.write_all(bytes)?;
    Ok(rustix::fs::fchmod(&file, Mode::from(mode))?)
}

/// The file that is there already; anything but a file is refused.
fn standing(parent: &OwnedFd, name: &OsStr) -> io::Result<Option<Facts>> {
    match stat_at(parent, name) {
        Ok(facts) => expect_file(facts.kind).map(|()| Some(facts)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// True for the name of a temporary file.
pub(super) fn is_temporary(name: &[u8]) -> bool {
    name.strip_prefix(BEFORE.as_bytes())
        .and_then(|rest| rest.strip_suffix(AFTER.as_bytes()))
        .is_some_and(|rest| rest.len() == DIGITS && rest.iter().all(u8::is_ascii_hexdigit))
}

/// Removes the temporary files in a directory that holds nothing else.
pub(super) fn drop_temporary(dir: &OwnedFd) -> io::Result<()> {
    for entry in rustix::fs::Dir::read_from(dir)? {
        let name = entry?.file_name().to_bytes().to_owned();
        if is_temporary(&name) {
            rustix::fs::unlinkat(dir, OsStr::from_bytes(&name), AtFlags::empty())?;
        }
    }
    Ok(())
}
