//! Profiles, read back by an interpreter of their rules, against the pure model.

#![expect(clippy::disallowed_methods, reason = "makes the files that are tried")]

mod interpreter;
mod model;
mod text;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::permission::PermissionSet;
use crate::sandbox::named::Missing;

/// A folder of a test's own.
struct Project(PathBuf);

impl Project {
    fn new(name: &str) -> Project {
        let folder = std::env::temp_dir().join(format!("runlet-mac-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Project(folder.canonicalize().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        path
    }

    fn order(&self, flags: &[impl AsRef<str>]) -> Order {
        Order {
            permissions: Arc::new(PermissionSet::from_flags(flags).unwrap()),
            project_root: self.0.clone(),
            binary: "/runtime/bin/node".into(),
            entrypoint: None,
            code_roots: Vec::new(),
            worker: None,
            scratch: None,
            search_path: self.0.join("bin").display().to_string(),
            pins: None,
        }
    }

    fn compile(&self, flags: &[impl AsRef<str>]) -> Compiled {
        compile(&self.order(flags), Missing::IsWrong).unwrap()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
