//! Removing files and trees, by descriptor and without following links.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use super::{Fault, Kind, Root, ScopedPath, sys};

/// Levels of a tree that are removed; each holds a descriptor meanwhile.
const MAX_LEVELS: usize = 200;
/// Entries of one directory that are removed.
const MAX_ENTRIES: usize = 1_000_000;

impl Root {
    /// Removes the entry `path`: a file, or a link itself. A directory is refused.
    pub(crate) fn remove_file(&self, path: &ScopedPath) -> Result<(), Fault> {
        let (parent, name) = self.parent(path)?.ok_or(Fault::IsRoot)?;
        match sys::stat_at(parent.as_fd(), name)?.kind {
            Kind::Directory => Err(Fault::IsDirectory),
            _ => sys::unlink_at(parent.as_fd(), name, false),
        }
    }

    /// Removes the entry `path` with everything in it; links in it are removed, never entered.
    /// Stops with [`Fault::Deadline`] at `until`, when part of the tree may be gone.
    pub(crate) fn remove_tree(&self, path: &ScopedPath, until: Instant) -> Result<(), Fault> {
        let (parent, name) = self.parent(path)?.ok_or(Fault::IsRoot)?;
        remove_entry(parent.as_fd(), name, until)
    }
}

/// A directory that is being emptied: its descriptor, what is left in it, its name above.
struct Level {
    dir: OwnedFd,
    left: Vec<OsString>,
    name: OsString,
}

fn remove_entry(parent: BorrowedFd<'_>, name: &OsStr, until: Instant) -> Result<(), Fault> {
    let Some(first) = unlink_or_enter(parent, name)? else { return Ok(()) };
    let mut levels = vec![first];
    while let Some(level) = levels.last_mut() {
        if Instant::now() >= until {
            return Err(Fault::Deadline);
        }
        if let Some(entry) = level.left.pop() {
            if let Some(next) = unlink_or_enter(level.dir.as_fd(), &entry)? {
                if levels.len() == MAX_LEVELS {
                    return Err(Fault::TooMany(MAX_LEVELS, "levels"));
                }
                levels.push(next);
            }
        } else if let Some(done) = levels.pop() {
            let above = levels.last().map_or(parent, |level| level.dir.as_fd());
            gone(sys::unlink_at(above, &done.name, true))?;
        }
    }
    Ok(())
}

/// Removes an entry, or opens it if it is a directory.
fn unlink_or_enter(dir: BorrowedFd<'_>, name: &OsStr) -> Result<Option<Level>, Fault> {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    if sys::stat_at(dir, name)?.kind == Kind::Directory {
        // One that was replaced by a link since does not open, and is unlinked below.
        match sys::open_at(dir, name, flags, 0) {
            Ok(opened) => {
                let left = sys::entries(opened.as_fd(), MAX_ENTRIES)?;
                return Ok(Some(Level { dir: opened, left, name: name.to_owned() }));
            }
            Err(Fault::Link | Fault::NotDirectory) => {}
            Err(fault) => return Err(fault),
        }
    }
    gone(sys::unlink_at(dir, name, false))?;
    Ok(None)
}

/// Somebody else may have removed it first.
fn gone(answer: Result<(), Fault>) -> Result<(), Fault> {
    if answer == Err(Fault::NotFound) { Ok(()) } else { answer }
}
