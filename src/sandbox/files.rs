//! What may be done with which files: grants by path, and what is taken out of them again.

use std::collections::BTreeMap;
use std::fs;
use std::ops::BitOr;
use std::path::{Path, PathBuf};

/// What may be done with a file, or with a folder and all that is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Access(u8);

impl Access {
    /// Contents of files.
    pub(crate) const READ: Access = Access(1);
    /// Names in folders.
    pub(crate) const LIST: Access = Access(2);
    /// Making, changing, renaming and removing.
    pub(crate) const WRITE: Access = Access(4);
    /// Running as a program.
    pub(crate) const EXECUTE: Access = Access(8);

    pub(crate) fn has(self, other: Access) -> bool {
        self.0 & other.0 == other.0
    }

    fn overlaps(self, other: Access) -> bool {
        self.0 & other.0 != 0
    }

    fn without(self, other: Access) -> Access {
        Access(self.0 & !other.0)
    }
}

impl BitOr for Access {
    type Output = Access;

    fn bitor(self, other: Access) -> Access {
        Access(self.0 | other.0)
    }
}

/// Rules for one sandbox, more than any policy needs that somebody wrote by hand.
const MOST: usize = 4096;

/// Why something cannot be taken out of what was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It lies inside this grant, and what lies beside it may be written.
    Inside(PathBuf),
    /// Too many files lie beside it.
    TooMany,
    /// A folder on the way to it cannot be listed.
    Unlisted(PathBuf),
}

/// Grants by path, each for the path and all that is below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Files(BTreeMap<PathBuf, Access>);

impl Files {
    pub(crate) fn grant(&mut self, path: impl Into<PathBuf>, access: Access) {
        let known = self.0.entry(path.into()).or_default();
        *known = *known | access;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, Access)> {
        self.0.iter().map(|(path, access)| (path.as_path(), *access))
    }

    /// What the grants come to for one path.
    pub(crate) fn access_to(&self, path: &Path) -> Access {
        path.ancestors()
            .filter_map(|part| self.0.get(part))
            .fold(Access::default(), |all, more| all | *more)
    }

    /// The grants of some paths alone.
    pub(crate) fn only(self, wanted: impl Fn(&Path) -> bool) -> Files {
        Files(self.0.into_iter().filter(|(path, _)| wanted(path)).collect())
    }

    /// Whether a path has a grant of its own.
    pub(crate) fn names(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// Grants all of what another has.
    pub(crate) fn extend(&mut self, other: Files) {
        for (path, access) in other.0 {
            self.grant(path, access);
        }
    }

    /// Takes back what may be done with a path and what is below it. The kernel can only be told what
    /// is granted: of a folder around the path remain the other things that lie in it now. New ones
    /// are not granted, which is not what one who may write there expects, so that is an obstacle.
    pub(crate) fn deny(&mut self, denied: &Path, access: Access) -> Result<(), Obstacle> {
        for (path, held) in &mut self.0 {
            if path.starts_with(denied) {
                *held = held.without(access);
            }
        }
        let around: Vec<PathBuf> = self
            .iter()
            .filter(|(path, held)| held.overlaps(access) && denied.starts_with(path))
            .map(|(path, _)| path.to_owned())
            .collect();
        for outer in around {
            if access.has(Access::WRITE) {
                return Err(Obstacle::Inside(outer));
            }
            self.open_up(&outer, denied, access)?;
        }
        self.0.retain(|_, held| *held != Access::default());
        Ok(())
    }

    /// Replaces a grant by those of all that lies beside the way from it to the path.
    fn open_up(&mut self, outer: &Path, denied: &Path, access: Access) -> Result<(), Obstacle> {
        let Some(held) = self.0.get_mut(outer) else { return Ok(()) };
        let moved = Access(held.0 & access.0);
        *held = held.without(access);
        let way = denied.ancestors().skip(1).take_while(|part| part.starts_with(outer));
        for folder in way.collect::<Vec<_>>().into_iter().rev() {
            let entries = match fs::read_dir(folder) {
                Ok(entries) => entries,
                // What is not there yet has nothing beside it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
                Err(_) => return Err(Obstacle::Unlisted(folder.to_owned())),
            };
            for entry in entries.flatten() {
                let path = entry.path();
                // A rule for a link would be one for what it leads to, which may be what is denied.
                let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
                if !is_link && !denied.starts_with(&path) {
                    self.grant(path, moved);
                }
                if self.0.len() > MOST {
                    return Err(Obstacle::TooMany);
                }
            }
        }
        Ok(())
    }
}

/// A path with its links resolved, as far as it is there: the rest is taken as it is written.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    for part in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (part.canonicalize(), path.strip_prefix(part)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path.to_owned()
}
