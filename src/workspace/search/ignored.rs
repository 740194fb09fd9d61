//! What `.gitignore` files of the workspace leave out. Those of the host's user are none of ours.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::scoped_fs::{Root, ScopedPath, contents};

/// The name of such a file.
pub(super) const FILE: &str = ".gitignore";
const MAX_BYTES: u64 = 1_048_576;

/// The rules of a directory, and of those above it.
#[derive(Debug, Default, Clone)]
pub(super) struct Ignored(Option<Arc<Level>>);

#[derive(Debug)]
struct Level {
    above: Ignored,
    /// From the scope's root.
    folder: PathBuf,
    rules: Gitignore,
}

impl Ignored {
    /// The rules of all directories above `path`, which is not included.
    pub(super) fn above(root: &Root, path: &ScopedPath) -> Ignored {
        let mut at = ScopedPath::default();
        let mut ignored = Ignored::default();
        for name in path.names() {
            ignored = ignored.with(root, &at, &at.to_path());
            at = at.child(name);
        }
        ignored
    }

    /// These rules and those of the file in `folder` of `root`, if there is one that can be read.
    /// `from_scope` is the same folder from the scope's root.
    pub(super) fn with(self, root: &Root, folder: &ScopedPath, from_scope: &Path) -> Ignored {
        let read = root.open_plain(&folder.child(FILE.as_ref()));
        let Ok(bytes) = read.and_then(|(file, stat)| contents(&file, &stat, MAX_BYTES)) else {
            return self;
        };
        let mut builder = GitignoreBuilder::new("");
        for line in String::from_utf8_lossy(&bytes).lines() {
            // A line that is no pattern leaves nothing out.
            let _ = builder.add_line(None, line);
        }
        let Ok(rules) = builder.build() else { return self };
        let folder = from_scope.strip_prefix(".").unwrap_or(from_scope).to_owned();
        Ignored(Some(Arc::new(Level { above: self, folder, rules })))
    }

    /// Whether a path from the scope's root is left out. The deepest file that names it decides.
    pub(super) fn covers(&self, path: &Path, is_directory: bool) -> bool {
        let mut level = self.0.as_ref();
        while let Some(Level { above, folder, rules }) = level.map(AsRef::as_ref) {
            if let Ok(below) = path.strip_prefix(folder) {
                match rules.matched(below, is_directory) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
            level = above.0.as_ref();
        }
        false
    }
}
