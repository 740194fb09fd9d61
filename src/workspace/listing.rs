//! `ls`, `stat` and `list`.
//!
//! - `ls {path?, maxResults?}` to `{entries: [{name, path, type, size?}]}`: one level, sorted
//! - `stat {path}` to `{stat: {path, type, size?, mtimeMs}}`, or to `{}` if nothing is there
//! - `list {path?}` to `{entries: [{path, type, size?, mtimeMs}]}`: everything below, directories
//!   included, sorted by path; of what is not there, nothing
//!
//! A type is `file`, `directory` or `other`. A link is what it leads to beneath the root; one that
//! leads out of it or nowhere is `other`, and never a failure. `list` does not go into links.

use serde::{Deserialize, Serialize};

use super::path::{self, Asked};
use super::request::Count;
use super::search::walk::{Extent, walk};
use super::{Watch, Workspace, fault};
use crate::error::Error;
use crate::scoped_fs::{Fault, Kind, ScopedPath, Stat, is_temporary};

/// Entries that `ls` gives.
const ENTRIES: u64 = 10_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LsRequest {
    path: Option<String>,
    #[serde(default)]
    max_results: Count,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed<T> {
    entries: Vec<T>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_seen: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct LsEntry {
    name: String,
    path: String,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

pub(super) fn ls(
    workspace: &Workspace,
    request: &LsRequest,
    watch: Watch<'_>,
) -> Result<Listed<LsEntry>, Error> {
    let asked = workspace.path_or_root(request.path.as_deref())?;
    let wanted = request.max_results.results(ENTRIES, workspace.limits.max_results)?;
    let limit = usize::try_from(workspace.limits.max_entries).unwrap_or(usize::MAX);
    let listed = workspace.root.below(&asked.path).and_then(|folder| {
        let mut listing = folder.list(&ScopedPath::default(), limit)?;
        listing.entries.retain(|(name, _)| !is_temporary(name));
        Ok((folder, listing))
    });
    let (folder, listing) = listed.map_err(fault::at(&asked.said))?;
    let total = listing.entries.len();
    let mut entries = Vec::with_capacity(total.min(wanted));
    for (name, kind) in listing.entries {
        if entries.len() == wanted {
            break;
        }
        watch.check()?;
        let path = asked.path.child(&name);
        let stat = match kind {
            // From the scope's root: a link may lead up as long as it stays beneath that.
            Kind::Link => workspace.root.resolve(&path).ok(),
            Kind::File => folder.stat_entry(&name).ok(),
            _ => None,
        };
        let kind = stat.map_or(kind, |stat| stat.kind);
        entries.push(LsEntry {
            name: path::shown_name(&name),
            path: path::shown(&path),
            r#type: type_name(kind),
            size: stat.filter(|stat| stat.kind == Kind::File).map(|stat| stat.size),
        });
    }
    let truncated = listing.cut || entries.len() < total;
    Ok(Listed { entries, truncated, total_seen: truncated.then_some(total) })
}

/// The name of a kind in results.
pub(super) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Directory => "directory",
        Kind::Link | Kind::Other => "other",
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct StatRequest {
    path: String,
}

#[derive(Debug, Serialize)]
pub(super) struct StatResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    stat: Option<Described>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    path: String,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    mtime_ms: f64,
}

impl Described {
    fn new(path: &ScopedPath, stat: &Stat) -> Described {
        let since = stat.modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Described {
            path: path::shown(path),
            r#type: type_name(stat.kind),
            size: (stat.kind == Kind::File).then_some(stat.size),
            mtime_ms: since.as_secs_f64() * 1000.0,
        }
    }
}

pub(super) fn stat(workspace: &Workspace, request: &StatRequest) -> Result<StatResponse, Error> {
    let asked = workspace.path(&request.path)?;
    let stat = described(workspace, &asked)?;
    Ok(StatResponse { stat })
}

fn described(workspace: &Workspace, asked: &Asked) -> Result<Option<Described>, Error> {
    match followed(workspace, &asked.path) {
        Ok(stat) => Ok(Some(Described::new(&asked.path, &stat))),
        Err(Fault::NotFound | Fault::NotDirectory) => Ok(None),
        Err(fault) => Err(fault::at(&asked.said)(fault)),
    }
}

/// Facts about what a path leads to; about the link itself where it leads to nothing beneath the root.
fn followed(workspace: &Workspace, path: &ScopedPath) -> Result<Stat, Fault> {
    let stat = workspace.root.stat(path)?;
    if stat.kind == Kind::Link {
        return Ok(workspace.root.resolve(path).unwrap_or(stat));
    }
    Ok(stat)
}

#[derive(Debug, Deserialize)]
pub(super) struct ListRequest {
    path: Option<String>,
}

pub(super) fn list(
    workspace: &Workspace,
    request: &ListRequest,
    watch: Watch<'_>,
) -> Result<Listed<Described>, Error> {
    let asked = workspace.path_or_root(request.path.as_deref())?;
    let mut entries = Vec::new();
    match workspace.root.below(&asked.path) {
        Ok(folder) => {
            let walked = walk(workspace, &folder, &asked.path, &Extent::default(), watch)?;
            for seen in walked.entries {
                watch.check()?;
                let Ok(below) = ScopedPath::parse(seen.path.as_os_str()) else { continue };
                let path = asked.path.join(&below);
                entries.extend(followed(workspace, &path).ok().map(|s| Described::new(&path, &s)));
            }
            let truncated = walked.cut;
            Ok(Listed { entries, truncated, total_seen: None })
        }
        Err(Fault::NotDirectory) => {
            entries.extend(described(workspace, &asked)?);
            Ok(Listed { entries, truncated: false, total_seen: None })
        }
        Err(Fault::NotFound) => Ok(Listed { entries, truncated: false, total_seen: None }),
        Err(fault) => Err(fault::at(&asked.said)(fault)),
    }
}
