//! Files of the system, found once: where each really lies, and a descriptor that names it.
//!
//! Nearly every rule of a sandbox is about one of them, and to find and open them anew is most of what a
//! sandbox costs. What was found counts for as long as the path leads to the same file.

use std::collections::HashMap;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use ::landlock::PathFd;
use parking_lot::Mutex;

use super::landlock;

/// More than a system has of them.
const MOST: usize = 128;
/// For so long a file need not be looked at again: it was, for the same sandbox.
const FRESH: Duration = Duration::from_millis(100);

/// A file or folder of the system.
#[derive(Debug)]
pub(super) struct Known {
    /// Where it really lies.
    pub(super) path: PathBuf,
    pub(super) is_folder: bool,
    /// Which file it is.
    id: (u64, u64),
    descriptor: PathFd,
    seen: Mutex<Instant>,
}

#[derive(Default)]
struct Table {
    /// By the path that was asked for.
    asked: HashMap<PathBuf, Arc<Known>>,
    /// By the real one.
    real: HashMap<PathBuf, Arc<Known>>,
}

static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

/// What a path of the system leads to now; `None` where there is nothing.
pub(super) fn find(path: &Path) -> Option<Arc<Known>> {
    let found = fs::metadata(path).ok()?;
    let id = (found.dev(), found.ino());
    let mut table = TABLE.lock();
    if let Some(known) = table.asked.get(path).filter(|known| known.id == id) {
        *known.seen.lock() = Instant::now();
        return Some(Arc::clone(known));
    }
    let known = Arc::new(Known::open(path)?);
    if table.asked.len() < MOST || table.asked.contains_key(path) {
        table.asked.insert(path.to_owned(), Arc::clone(&known));
        table.real.insert(known.path.clone(), Arc::clone(&known));
    }
    Some(known)
}

/// What was found to lie at that real path, just now.
pub(super) fn lately(path: &Path) -> Option<Arc<Known>> {
    let table = TABLE.lock();
    let known = table.real.get(path).filter(|known| known.seen.lock().elapsed() < FRESH)?;
    Some(Arc::clone(known))
}

impl Known {
    fn open(path: &Path) -> Option<Known> {
        let path = path.canonicalize().ok()?;
        let descriptor = landlock::opened(&path)?;
        let found = fs::metadata(&path).ok()?;
        let (id, is_folder) = ((found.dev(), found.ino()), found.is_dir());
        Some(Known { path, is_folder, id, descriptor, seen: Mutex::new(Instant::now()) })
    }
}

impl AsFd for Known {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "makes the files that are looked for")]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_known_until_it_leads_elsewhere() {
        let folder = std::env::temp_dir().canonicalize().unwrap();
        let folder = folder.join(format!("runlet-known-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let (one, other, link) = (folder.join("one"), folder.join("other"), folder.join("link"));
        assert!(find(&link).is_none());
        fs::write(&one, "1").unwrap();
        fs::create_dir(&other).unwrap();
        symlink(&one, &link).unwrap();
        let first = find(&link).unwrap();
        assert_eq!((&first.path, first.is_folder), (&one, false));
        assert!(Arc::ptr_eq(&first, &find(&link).unwrap()));
        assert!(Arc::ptr_eq(&first, &lately(&one).unwrap()));
        assert!(lately(&link).is_none() && lately(&other).is_none());
        fs::remove_file(&link).unwrap();
        symlink(&other, &link).unwrap();
        let second = find(&link).unwrap();
        assert_eq!((&second.path, second.is_folder), (&other, true));
        // Another file at the same path.
        fs::rename(&one, folder.join("kept")).unwrap();
        fs::write(&one, "2").unwrap();
        fs::remove_file(&link).unwrap();
        symlink(&one, &link).unwrap();
        assert_ne!(find(&link).unwrap().id, first.id);
        std::thread::sleep(FRESH);
        assert!(lately(&one).is_none());
        fs::remove_dir_all(&folder).unwrap();
        assert!(find(&link).is_none());
    }
}
