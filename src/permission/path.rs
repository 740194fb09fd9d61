//! Rules for reading and writing: a file, or a folder with all that is below it.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::rules::Rule;

/// A path, absolute or relative to the project's root, with `.` and `..` taken out of it.
///
/// It covers itself and everything below it, component by component: `/data` covers `/data/x` and
/// not `/database`. There are no globs and no `~`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PathRule(String);

impl PathRule {
    /// The absolute path that is meant, for a project at `root`. Links are as they are written.
    pub(super) fn under(&self, root: &Path) -> PathBuf {
        normalise(&root.join(&self.0))
    }

    /// True for the path itself and for everything below it. A relative `path` is relative to `root`.
    pub(super) fn covers(&self, root: &Path, path: &Path) -> bool {
        normalise(&root.join(path)).starts_with(self.under(root))
    }
}

impl Rule for PathRule {
    const ACCEPTED: &'static str = "a file or folder, absolute or relative to the project's root; it \
                                    covers everything below it, so there are no globs; \"\\,\" \
                                    stands for a comma";

    fn parse(item: &str) -> Result<PathRule, String> {
        if item.starts_with('~') {
            return Err("has a ~, which nothing expands here".to_owned());
        }
        // A pattern taken for a plain name would deny nothing, and nobody would be told.
        if let Some(found) = item.chars().find(|c| "*?[]{}".contains(*c)) {
            return Err(format!("has a {found:?}, and patterns are not paths"));
        }
        if item.contains('\0') {
            return Err("has a null byte".to_owned());
        }
        let path = normalise(Path::new(item));
        let text = path.to_str().ok_or("is not text")?;
        Ok(PathRule(if text.is_empty() { ".".to_owned() } else { text.to_owned() }))
    }

    fn contains(&self, other: &PathRule, root: &Path) -> bool {
        other.under(root).starts_with(self.under(root))
    }
}

impl fmt::Display for PathRule {
    /// A path that is relative says so, and blanks at its ends are kept from being trimmed away.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Path::new(&self.0);
        let plain = path.has_root()
            || matches!(path.components().next(), Some(Component::Prefix(_)))
            || self.0 == "."
            || self.0.split(std::path::is_separator).next() == Some("..");
        f.write_str(if plain { "" } else { "./" })?;
        f.write_str(&self.0)?;
        f.write_str(if self.0.ends_with(char::is_whitespace) { "/" } else { "" })
    }
}

/// Takes `.`, `..` and doubled or trailing separators out of a path, by its text alone.
pub(super) fn normalise(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match clean.components().next_back() {
                Some(Component::Normal(_)) => {
                    clean.pop();
                }
                // Above the root there is the root.
                Some(Component::RootDir) => {}
                _ => clean.push(".."),
            },
            other => clean.push(other),
        }
    }
    clean
}
