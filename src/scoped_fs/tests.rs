//! Tests of the room, and the folder that tests of other rooms use too.
#![expect(clippy::disallowed_methods, reason = "tests lay out their own folders and look at them")]

mod paths;
mod races;
mod resolving;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Root, ScopedPath};

/// A fresh folder with a root in it and a place beside the root, removed at the end.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Scratch {
        let number = getrandom::u64().unwrap();
        let folder = std::env::temp_dir().join(format!("runlet-scoped-{number:016x}"));
        fs::create_dir_all(folder.join("root")).unwrap();
        fs::create_dir_all(folder.join("outside")).unwrap();
        fs::write(folder.join("outside/secret"), "outside").unwrap();
        Scratch { folder: folder.canonicalize().unwrap() }
    }

    /// A path in the root.
    pub(crate) fn inside(&self, path: &str) -> PathBuf {
        self.folder.join("root").join(path)
    }

    /// A path beside the root.
    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.folder.join("outside").join(path)
    }

    /// The folder that holds both, which no message may name.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file in the root, with its parents.
    pub(crate) fn file(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.inside(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Makes a link in the root.
    pub(crate) fn link(&self, path: &str, target: impl AsRef<Path>) {
        let path = self.inside(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    fn root(&self) -> Root {
        Root::open(&self.inside("")).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn path(text: &str) -> ScopedPath {
    ScopedPath::parse(text.as_ref()).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}
