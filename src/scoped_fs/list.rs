//! Listing one directory, without entering any.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;

use super::resolve::{self, Links, Want};
use super::{Fault, Kind, Root, ScopedPath, Stat, sys};

/// What one directory holds.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Names with their kinds, sorted by name; links are not followed.
    pub(crate) entries: Vec<(OsString, Kind)>,
    /// True if there are more than were asked for.
    pub(crate) cut: bool,
}

impl Root {
    /// At most `limit` entries of the directory `path`, to which no link may lead.
    pub(crate) fn list(&self, path: &ScopedPath, limit: usize) -> Result<Listing, Fault> {
        let dir = resolve::open(self.descriptor(), path, Want::Directory, Links::Refused)?;
        let (listed, cut) = sys::list(dir.as_fd(), limit)?;
        let mut entries = Vec::with_capacity(listed.len());
        for (name, kind) in listed {
            // Some file systems do not tell; what vanished since is no longer an entry.
            let kind = kind.or_else(|| Some(sys::stat_at(dir.as_fd(), &name).ok()?.kind));
            entries.extend(kind.map(|kind| (name, kind)));
        }
        entries.sort_unstable();
        Ok(Listing { entries, cut })
    }

    /// Facts about an entry of the root itself, by its name from a listing. No link is followed.
    pub(crate) fn stat_entry(&self, name: &OsStr) -> Result<Stat, Fault> {
        sys::stat_at(self.descriptor(), name)
    }

    /// The directory `path` as a root of its own: what is done through it stays below it.
    pub(crate) fn below(&self, path: &ScopedPath) -> Result<Root, Fault> {
        Ok(Root { dir: self.open_dir(path)?, names: Vec::new() })
    }
}
