//! The configured roots, and which of them a caller's path means.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::path::clean;
use super::{Fault, Root, ScopedPath};

/// One or more roots. Relative paths belong to the first.
#[derive(Debug)]
pub(crate) struct Roots {
    all: Vec<Root>,
}

/// A caller's path: its root, the path beneath it, and how to name paths of this root to the caller.
#[derive(Debug)]
pub(crate) struct Located<'a> {
    /// The root it lies beneath.
    pub(crate) root: &'a Root,
    /// The path from there.
    pub(crate) path: ScopedPath,
    /// The root as the caller wrote it, for roots that relative paths do not reach.
    prefix: Option<PathBuf>,
}

impl Roots {
    /// Opens every root; relative paths belong to the first. A failure comes with its index.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Roots, (usize, Fault)> {
        let open =
            |(index, path): (usize, &PathBuf)| Root::open(path).map_err(|fault| (index, fault));
        Ok(Roots { all: paths.iter().enumerate().map(open).collect::<Result<_, _>>()? })
    }

    /// Finds the root of `text`. An absolute path must be a root or lie beneath one, compared name
    /// by name as text; it is then used relative to that root.
    pub(crate) fn locate(&self, text: &OsStr) -> Result<Located<'_>, Fault> {
        let given = Path::new(text);
        if !given.is_absolute() {
            let path = ScopedPath::parse(text)?;
            let root = self.all.first().ok_or(Fault::NotFound)?;
            return Ok(Located { root, path, prefix: None });
        }
        let cleaned = clean(given);
        // The deepest root wins, so that a root inside another one keeps its own descriptor.
        let names = self
            .all
            .iter()
            .enumerate()
            .flat_map(|(index, root)| root.names.iter().map(move |name| (index, root, name)));
        let (index, root, name) = names
            .filter(|(_, _, name)| cleaned.starts_with(name))
            .max_by_key(|(index, _, name)| (name.components().count(), usize::MAX - index))
            .ok_or(Fault::Escapes)?;
        let rest = cleaned.strip_prefix(name).map_err(|_| Fault::Escapes)?;
        let path = if rest.as_os_str().is_empty() {
            ScopedPath::default()
        } else {
            ScopedPath::parse(rest.as_os_str())?
        };
        let prefix = (index > 0).then(|| name.clone());
        Ok(Located { root, path, prefix })
    }
}

impl Located<'_> {
    /// How the caller may name `path` of the same root: relative for the first root, else absolute.
    pub(crate) fn name_of(&self, path: &ScopedPath) -> String {
        match &self.prefix {
            None => path.shown(),
            Some(prefix) if path.is_root() => super::shown(prefix.as_os_str()),
            Some(prefix) => super::shown(prefix.join(path.to_path()).as_os_str()),
        }
    }

    /// How the caller may name the path itself.
    pub(crate) fn name(&self) -> String {
        self.name_of(&self.path)
    }
}
