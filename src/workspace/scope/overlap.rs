//! Whether a workspace's folder would hold the program itself.

#![expect(
    clippy::disallowed_methods,
    reason = "looks at folders of the host, which the host names"
)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use crate::error::Error;

/// The folders to be compared, absolute paths of the host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlap {
    /// The workspace root.
    pub root: PathBuf,
    /// The folder of the program.
    pub app: PathBuf,
    /// The folder of the agent's own files.
    #[serde(default)]
    pub agent: Option<PathBuf>,
}

/// Refuses a root that is the program's folder or above it, or that overlaps with the agent's either
/// way. What counts is where the paths lead, and what is there, not how they are written.
pub fn safe_root(folders: &Overlap) -> Result<(), Error> {
    let refused = |message: &str| {
        Err(Error::invalid_argument(message).with_details(json!({ "reason": "overlap" })))
    };
    let absolute = [Some(&folders.root), Some(&folders.app), folders.agent.as_ref()];
    if !absolute.into_iter().flatten().all(|path| path.is_absolute()) {
        return refused("runtime root, app and agent must be absolute paths");
    }
    let root = real(&folders.root);
    if holds(&root, &real(&folders.app)) {
        return refused("runtime root contains app directory");
    }
    if let Some(agent) = folders.agent.as_deref().map(real)
        && (holds(&root, &agent) || holds(&agent, &root))
    {
        return refused("runtime root overlaps agent directory");
    }
    Ok(())
}

/// Links followed that lead to nothing yet.
const MAX_LINKS: u32 = 40;

/// Where a path leads. What is not there yet keeps its name, below the part that is.
fn real(path: &Path) -> PathBuf {
    real_within(path, MAX_LINKS)
}

fn real_within(path: &Path, links: u32) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let above = path.parent();
    if let (Some(above), Ok(target)) = (above, fs::read_link(path))
        && links > 0
    {
        return real_within(&above.join(target), links - 1);
    }
    match (above, path.file_name()) {
        (Some(above), Some(name)) => real_within(above, links).join(name),
        // It ends in `..` of something that is not there.
        (Some(above), None) => {
            real_within(above, links).parent().map_or_else(PathBuf::new, Path::to_owned)
        }
        (None, _) => path.to_owned(),
    }
}

/// True if `folder` is `other` or above it: by its path, or by being the same folder of the same file
/// system under another name, as a bind mount or a second spelling makes it.
fn holds(folder: &Path, other: &Path) -> bool {
    if other.starts_with(folder) {
        return true;
    }
    let Some(wanted) = identity(folder) else { return false };
    other.ancestors().any(|above| identity(above) == Some(wanted))
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}
