//! Files beneath a root: every path is resolved by the kernel and cannot leave it.
//!
//! A root is opened once, as a directory descriptor. A path is first read as text ([`ScopedPath`]:
//! no `..` left, no NUL), then resolved from that descriptor by the kernel, and whatever is done
//! afterwards is done to the descriptor that came out. No name is looked up a second time after it
//! was checked, so a link that is put in place between a check and its use has no effect.
//!
//! - `path.rs`, `roots.rs`: texts to paths, absolute paths to the root they lie beneath
//! - `resolve.rs`: `openat2(RESOLVE_BENEATH)`, or the same component by component
//! - `read.rs`, `write.rs`, `remove.rs`, `list.rs`, `walk.rs`: what is done with the descriptors
//! - `sys.rs`: the system calls; all `unsafe` code of the room
//!
//! Symbolic links in the middle of a path are followed while they stay beneath the root. A link as
//! the last component is never followed: it is refused, or is itself what is removed.
//!
//! What this cannot see: hard links and bind mounts made by someone else, which lie beneath the root
//! as any other file does. A write replaces the name and so leaves the other name of a hard link
//! alone; an append refuses a file with a second name.

#![expect(unsafe_code, reason = "system calls; sys.rs alone has them, each with its reason")]

mod fault;
mod list;
mod path;
mod read;
mod remove;
mod resolve;
mod roots;
mod stat;
mod sys;
#[cfg(test)]
pub(crate) mod tests;
mod walk;
mod write;

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

pub(crate) use fault::Fault;
pub(crate) use list::Listing;
pub(crate) use path::{ScopedPath, shown};
pub(crate) use read::contents;
pub(crate) use roots::{Located, Roots};
pub(crate) use stat::{Kind, Stat};
pub(crate) use walk::{Step, Walk};
pub(crate) use write::{CLOCK_STEP, WriteOptions, is_temporary};

use resolve::{Links, Want};

/// A directory that nothing done through it can leave.
#[derive(Debug)]
pub(crate) struct Root {
    dir: OwnedFd,
    /// The absolute paths that stand for the root: as the host wrote it, and with links resolved.
    names: Vec<PathBuf>,
}

impl Root {
    /// Opens `path`, which must be absolute and name a directory. The host's own choice: links in
    /// it are followed, once, here.
    pub(crate) fn open(path: &Path) -> Result<Root, Fault> {
        if !path.is_absolute() {
            return Err(Fault::Malformed("a root must be an absolute path"));
        }
        let dir = sys::open_root(path)?;
        let mut names = vec![path::clean(path)];
        #[expect(clippy::disallowed_methods, reason = "only a spelling to compare texts with")]
        if let Ok(real) = path.canonicalize()
            && !names.contains(&real)
        {
            names.push(real);
        }
        Ok(Root { dir, names })
    }

    /// The root's own descriptor, as the folder to start a process in.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// What `path` is. A link as the last component is described, not followed.
    pub(crate) fn stat(&self, path: &ScopedPath) -> Result<Stat, Fault> {
        match self.parent(path)? {
            Some((parent, name)) => sys::stat_at(parent.as_fd(), name),
            None => sys::stat(self.descriptor()),
        }
    }

    /// Opens the directory `path`; links in the middle are followed beneath the root.
    pub(crate) fn open_dir(&self, path: &ScopedPath) -> Result<OwnedFd, Fault> {
        resolve::open(self.descriptor(), path, Want::Directory, Links::Beneath)
    }

    /// What `path` names after all links, the last one too, all of it beneath the root.
    pub(crate) fn resolve(&self, path: &ScopedPath) -> Result<Stat, Fault> {
        let found = resolve::open(self.descriptor(), path, Want::Any, Links::Beneath)?;
        sys::stat(found.as_fd())
    }

    /// The opened parent directory of `path` and its last name; nothing for the root itself.
    fn parent<'a>(&self, path: &'a ScopedPath) -> Result<Option<(OwnedFd, &'a OsStr)>, Fault> {
        match path.split_last() {
            Some((parent, name)) => Ok(Some((self.open_dir(&parent)?, name))),
            None => Ok(None),
        }
    }
}
