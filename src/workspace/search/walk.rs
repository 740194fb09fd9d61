//! Everything below a folder, in an order that does not depend on threads.
//!
//! Directories are listed level by level, those of one level by several threads, each by the path from
//! the folder's descriptor with every link refused. Links are listed and not entered: no loop, and
//! nothing outside.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{Watch, Workspace};
use super::ignored::{self, Ignored};
use super::in_order::in_order;
use super::pattern::Pattern;
use crate::error::Error;
use crate::scoped_fs::{Fault, Kind, Listing, Root, ScopedPath, is_temporary};

/// The folder of the root in which runlet itself keeps files.
const OWN_FOLDER: &str = ".runlet";

/// What a walk leaves out.
#[derive(Debug, Default)]
pub(in super::super) struct Extent {
    /// Whether `.gitignore` files count.
    pub(in super::super) gitignore: bool,
    /// Names and paths that are neither given nor entered.
    pub(super) exclude: Vec<Pattern>,
}

impl Extent {
    /// Reads the two fields that requests have in common.
    pub(super) fn read(gitignore: bool, exclude: &[String]) -> Result<Extent, Error> {
        let read = |text: &String| Pattern::read(Some(text), "exclude").transpose();
        let exclude = exclude.iter().filter_map(read).collect::<Result<_, _>>()?;
        Ok(Extent { gitignore, exclude })
    }
}

/// An entry by its path from where the walk started.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Seen {
    pub(in super::super) path: PathBuf,
    pub(in super::super) kind: Kind,
}

/// What a walk has found.
#[derive(Debug, Default)]
pub(in super::super) struct Walked {
    /// Sorted by path.
    pub(in super::super) entries: Vec<Seen>,
    /// True if there was more, but no more might be visited, or no time was left.
    pub(in super::super) cut: bool,
    /// Directories that could not be read.
    pub(super) unreadable: usize,
}

/// A directory that is to be listed, from where the walk started, and the rules that hold in it.
struct Folder {
    path: PathBuf,
    ignored: Ignored,
}

/// Walks `start`, which is the folder `path` of the workspace.
pub(in super::super) fn walk(
    workspace: &Workspace,
    start: &Root,
    path: &ScopedPath,
    extent: &Extent,
    watch: Watch<'_>,
) -> Result<Walked, Error> {
    let max = usize::try_from(workspace.limits.max_entries).unwrap_or(usize::MAX);
    let above = if path.is_root() { PathBuf::new() } else { path.to_path() };
    let ignored =
        if extent.gitignore { Ignored::above(&workspace.root, path) } else { Ignored::default() };
    let mut room = max;
    let mut walked = Walked::default();
    let mut level = vec![Folder { path: PathBuf::new(), ignored }];
    while !level.is_empty() && !walked.cut {
        let visited = AtomicUsize::new(0);
        let list = |(): &mut (), folder: &Folder| {
            let listed = list(start, folder, &above, extent, room);
            if let Ok((listing, _)) = &listed {
                visited.fetch_add(listing.entries.len(), Ordering::Relaxed);
            }
            Some(listed)
        };
        let is_over = || watch.is_over() || visited.load(Ordering::Relaxed) >= room;
        let (listings, begun) = in_order(&level, || (), list, is_over);
        watch.check()?;
        walked.cut = begun < level.len();
        let mut next = Vec::new();
        for (index, listed) in listings {
            match listed {
                Ok((mut listing, ignored)) => {
                    walked.cut |= listing.cut || listing.entries.len() > room;
                    listing.entries.truncate(room);
                    room -= listing.entries.len();
                    let folder = Folder { path: std::mem::take(&mut level[index].path), ignored };
                    take(listing, &folder, &above, extent, &mut walked.entries, &mut next);
                }
                // It vanished, or gave way to a link, since its name was read.
                Err(Fault::NotFound | Fault::Link | Fault::NotDirectory) => {}
                Err(_) => walked.unreadable += 1,
            }
        }
        level = next;
    }
    walked.entries.sort_unstable();
    Ok(walked)
}

/// What one directory holds, and the rules that hold for it.
fn list(
    start: &Root,
    folder: &Folder,
    above: &Path,
    extent: &Extent,
    room: usize,
) -> Result<(Listing, Ignored), Fault> {
    let path = match folder.path.as_os_str() {
        name if name.is_empty() => ScopedPath::default(),
        name => ScopedPath::parse(name)?,
    };
    let listing = start.list(&path, room)?;
    let mut ignored = folder.ignored.clone();
    if extent.gitignore && listing.entries.iter().any(|(name, _)| name == ignored::FILE) {
        ignored = ignored.with(start, &path, &above.join(&folder.path));
    }
    Ok((listing, ignored))
}

/// Takes in what a directory holds and is not left out.
fn take(
    listing: Listing,
    folder: &Folder,
    above: &Path,
    extent: &Extent,
    entries: &mut Vec<Seen>,
    next: &mut Vec<Folder>,
) {
    for (name, kind) in listing.entries {
        let path = joined(&folder.path, &name);
        let is_directory = kind == Kind::Directory;
        let own = folder.path.as_os_str().is_empty() && above.as_os_str().is_empty();
        if is_temporary(&name)
            || (own && name == OWN_FOLDER)
            || extent.exclude.iter().any(|pattern| pattern.covers(&path))
            || (extent.gitignore && folder.ignored.covers(&above.join(&path), is_directory))
        {
            continue;
        }
        if is_directory {
            next.push(Folder { path: path.clone(), ignored: folder.ignored.clone() });
        }
        entries.push(Seen { path, kind });
    }
}

fn joined(folder: &Path, name: &OsStr) -> PathBuf {
    let mut path = OsString::with_capacity(folder.as_os_str().len() + 1 + name.len());
    path.push(folder);
    if !path.is_empty() {
        path.push("/");
    }
    path.push(name);
    PathBuf::from(path)
}
