//! `find`: files and directories by their names.
//!
//! `{pattern?, path?, maxResults? = 1000, type?: 'file' | 'directory' | 'other', sort?: 'path' |
//! 'mtime', gitignore?, exclude?: string[]}` to `{paths}`, sorted by path, or the last changed first.
//! Without a type, files and directories. What the pattern does not cover does not count; when there
//! are more than `maxResults`, or the walk had to end early, also `truncated`, and `totalSeen`, how many
//! there are.

use serde::{Deserialize, Serialize};

use super::super::listing::type_name;
use super::super::path::shown;
use super::super::request::Count;
use super::super::{Watch, Workspace, fault};
use super::Skipped;
use super::pattern::Pattern;
use super::walk::{Extent, walk};
use crate::error::Error;
use crate::scoped_fs::{Kind, ScopedPath};

const RESULTS: u64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Request {
    pattern: Option<String>,
    path: Option<String>,
    #[serde(default)]
    max_results: Count,
    r#type: Option<Type>,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    gitignore: bool,
    #[serde(default)]
    exclude: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    File,
    Directory,
    Other,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    #[default]
    Path,
    Mtime,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Response {
    paths: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_seen: Option<usize>,
    #[serde(skip_serializing_if = "Skipped::is_none")]
    skipped: Skipped,
}

pub(in super::super) fn find(
    workspace: &Workspace,
    request: &Request,
    watch: Watch<'_>,
) -> Result<Response, Error> {
    let asked = workspace.path_or_root(request.path.as_deref())?;
    let wanted = request.max_results.results(RESULTS, workspace.limits.max_results)?;
    let pattern = Pattern::read(request.pattern.as_deref(), "pattern")?;
    let extent = Extent::read(request.gitignore, &request.exclude)?;
    let folder = workspace.root.below(&asked.path).map_err(fault::at(&asked.said))?;
    let walked = walk(workspace, &folder, &asked.path, &extent, watch)?;

    let mut found = Vec::new();
    for seen in walked.entries {
        if pattern.as_ref().is_some_and(|pattern| !pattern.covers(&seen.path)) {
            continue;
        }
        watch.check()?;
        let Ok(below) = ScopedPath::parse(seen.path.as_os_str()) else { continue };
        let path = asked.path.join(&below);
        let kind = match seen.kind {
            Kind::Link => workspace.root.resolve(&path).map_or(Kind::Other, |stat| stat.kind),
            kind => kind,
        };
        let is_wanted = match request.r#type {
            None => matches!(kind, Kind::File | Kind::Directory),
            Some(Type::File) => type_name(kind) == "file",
            Some(Type::Directory) => type_name(kind) == "directory",
            Some(Type::Other) => type_name(kind) == "other",
        };
        if is_wanted {
            found.push(path);
        }
    }
    if request.sort == Sort::Mtime {
        let modified = |path: &ScopedPath| workspace.root.stat(path).map(|stat| stat.modified).ok();
        found.sort_by_cached_key(|path| std::cmp::Reverse(modified(path)));
    }
    let total = found.len();
    found.truncate(wanted);
    let truncated = walked.cut || found.len() < total;
    Ok(Response {
        paths: found.iter().map(shown).collect(),
        truncated,
        total_seen: truncated.then_some(total),
        skipped: Skipped { unreadable: walked.unreadable, ..Skipped::default() },
    })
}
