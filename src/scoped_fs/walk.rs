//! Walking a tree level by level, sorted, without following links.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use super::resolve::{self, Links, Want};
use super::{Fault, Kind, Root, ScopedPath, Stat, read, sys};

/// Names taken from one directory; a larger one cannot be read.
const MAX_ENTRIES: usize = 1_000_000;

/// Bounds of a walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    /// Whether directories below the first are entered.
    pub(crate) recursive: bool,
    /// Entries looked at, of whatever kind, before the walk ends.
    pub(crate) max_visited: usize,
    /// When the walk fails with [`Fault::Deadline`].
    pub(crate) until: Instant,
}

/// One entry as the visitor sees it.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    dir: BorrowedFd<'a>,
    /// From where the walk started.
    pub(crate) path: &'a ScopedPath,
    /// Its last name.
    pub(crate) name: &'a OsString,
    /// What it is; links are not followed.
    pub(crate) stat: Stat,
}

impl Entry<'_> {
    /// Opens it for reading through the directory that was listed, as [`Root::open_file`] does.
    pub(crate) fn open(&self) -> Result<(File, Stat), Fault> {
        read::open_entry(self.dir, self.name)
    }
}

/// What the visitor wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Go on; a directory is entered if the walk is recursive.
    On,
    /// Go on without entering this directory.
    Skip,
    /// End the walk.
    Stop,
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Walked {
    /// True if `max_visited` ended it before everything was seen.
    pub(crate) cut: bool,
    /// Entries that vanished or could not be opened on the way.
    pub(crate) skipped: usize,
}

impl Root {
    /// Visits everything below the directory `from`: level by level, each level sorted by names.
    /// A directory that cannot be read is counted and left out, unless it is the first.
    pub(crate) fn walk(
        &self,
        from: &ScopedPath,
        bounds: Walk,
        mut visit: impl FnMut(&Entry<'_>) -> Result<Step, Fault>,
    ) -> Result<Walked, Fault> {
        let first = self.open_dir(from)?;
        let mut walked = Walked::default();
        let mut visited = 0;
        let mut queue = VecDeque::from([ScopedPath::default()]);
        while let Some(at) = queue.pop_front() {
            // Opened from the first directory with every link refused: what was swapped for a link
            // since it was listed is left out, and few descriptors are open at any time.
            let listed = resolve::open(first.as_fd(), &at, Want::Directory, Links::Refused)
                .and_then(|dir| Ok((sys::entries(dir.as_fd(), MAX_ENTRIES)?, dir)));
            let (mut names, dir) = match listed {
                Ok(listed) => listed,
                Err(fault) if at.is_root() => return Err(fault),
                Err(_) => {
                    walked.skipped += 1;
                    continue;
                }
            };
            names.sort_unstable();
            for name in names {
                if Instant::now() >= bounds.until {
                    return Err(Fault::Deadline);
                }
                if visited == bounds.max_visited {
                    return Ok(Walked { cut: true, ..walked });
                }
                visited += 1;
                let Ok(stat) = sys::stat_at(dir.as_fd(), &name) else {
                    walked.skipped += 1;
                    continue;
                };
                let path = at.child(&name);
                let entry = Entry { dir: dir.as_fd(), path: &path, name: &name, stat };
                match visit(&entry)? {
                    Step::Stop => return Ok(walked),
                    Step::On if bounds.recursive && stat.kind == Kind::Directory => {
                        queue.push_back(path);
                    }
                    Step::On | Step::Skip => {}
                }
            }
        }
        Ok(walked)
    }
}
