//! Paths as text: what is left after reading one can only go down from a root.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::Fault;

/// Longest path in bytes, as most systems have it.
const MAX_BYTES: usize = 4096;

/// A relative path without `.`, `..`, NUL and empty components. Empty is the root itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct ScopedPath {
    names: Vec<OsString>,
}

impl ScopedPath {
    /// Reads a relative path. `..` takes back the name before it, as text; one that would go above
    /// the root is refused.
    pub(crate) fn parse(text: &OsStr) -> Result<ScopedPath, Fault> {
        let bytes = text.as_bytes();
        if bytes.is_empty() {
            return Err(Fault::Malformed("must not be empty"));
        }
        if bytes.contains(&0) {
            return Err(Fault::Malformed("must not contain NUL"));
        }
        if bytes.len() > MAX_BYTES {
            return Err(Fault::Malformed("is longer than 4096 bytes"));
        }
        let mut names = Vec::new();
        for component in Path::new(text).components() {
            match component {
                Component::Normal(name) => names.push(name.to_owned()),
                Component::CurDir => {}
                Component::ParentDir if names.pop().is_some() => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    return Err(Fault::Escapes);
                }
            }
        }
        Ok(ScopedPath { names })
    }

    /// The names from the root down.
    pub(crate) fn names(&self) -> &[OsString] {
        &self.names
    }

    /// True for the root itself.
    pub(crate) fn is_root(&self) -> bool {
        self.names.is_empty()
    }

    /// How many names it has.
    pub(crate) fn depth(&self) -> usize {
        self.names.len()
    }

    /// This path with `name`, a directory's entry, below it.
    pub(crate) fn child(&self, name: &OsStr) -> ScopedPath {
        let mut names = self.names.clone();
        names.push(name.to_owned());
        ScopedPath { names }
    }

    /// This path with all of `below` behind it.
    pub(crate) fn join(&self, below: &ScopedPath) -> ScopedPath {
        ScopedPath { names: self.names.iter().chain(&below.names).cloned().collect() }
    }

    /// The path above and the last name.
    pub(crate) fn split_last(&self) -> Option<(ScopedPath, &OsStr)> {
        let (name, above) = self.names.split_last()?;
        Some((ScopedPath { names: above.to_vec() }, name))
    }

    /// As one relative path; `.` for the root.
    pub(crate) fn to_path(&self) -> PathBuf {
        if self.names.is_empty() { PathBuf::from(".") } else { self.names.iter().collect() }
    }

    /// For people and JSON; see [`shown`].
    pub(crate) fn shown(&self) -> String {
        shown(self.to_path().as_os_str())
    }
}

/// A name as text. Bytes that are not UTF-8 become `\xNN`, so that two names never look the same.
pub(crate) fn shown(name: &OsStr) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// An absolute path with `.` and `..` worked out as text.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => cleaned.push(name),
            Component::ParentDir => {
                cleaned.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    cleaned
}
