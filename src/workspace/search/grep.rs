//! `grep`: lines of files.
//!
//! `{query, path?, maxResults? = 100, regex?, ignoreCase?, multiline?, glob?, context?, mode?: 'content'
//! | 'files' | 'count', trim? = true, maxLineChars?, gitignore?, exclude?: string[]}` to
//! `{hits: [{path, line, text}]}`, by path and line. `query` is literal unless `regex`; a regular
//! expression takes time in proportion to what it looks at. With `context`, each hit also has `before`
//! and `after`, lists of lines. `mode` `files` gives `files`, a list of paths, and `count` gives
//! `counts: [{path, count}]`; `hits` is empty then.
//!
//! In a tree, files over `maxFileBytes`, with NUL in them or that cannot be read are counted in
//! `skipped`, and links are not followed. Of more results than `maxResults` the first are given, and
//! `truncated`, and `totalSeen`, how many were seen until then; `truncated` too when no more may be
//! read.

use serde::{Deserialize, Serialize};

use super::super::path::Asked;
use super::super::request::Count;
use super::super::{Oversize, Watch, Workspace, fault};
use super::Skipped;
use super::in_order::in_order;
use super::lines::{Hit, Query, Shown};
use super::look::{Looked, Mode, Search};
use super::pattern::Pattern;
use super::walk::{Extent, walk};
use crate::error::Error;
use crate::scoped_fs::{Fault, Kind, Root};

const RESULTS: u64 = 100;
const MAX_CONTEXT: u64 = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the flags are those of the request")]
pub(in super::super) struct Request {
    query: String,
    path: Option<String>,
    #[serde(default)]
    max_results: Count,
    #[serde(default)]
    regex: bool,
    #[serde(default)]
    ignore_case: bool,
    #[serde(default)]
    multiline: bool,
    glob: Option<String>,
    #[serde(default)]
    context: Count,
    #[serde(default)]
    mode: Mode,
    #[serde(default = "super::super::yes")]
    trim: bool,
    #[serde(default)]
    max_line_chars: Count,
    #[serde(default)]
    gitignore: bool,
    #[serde(default)]
    exclude: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Response {
    hits: Vec<Hit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Vec<FileCount>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_seen: Option<usize>,
    #[serde(skip_serializing_if = "Skipped::is_none")]
    skipped: Skipped,
}

#[derive(Debug, Serialize)]
struct FileCount {
    path: String,
    count: usize,
}

pub(in super::super) fn grep(
    workspace: &Workspace,
    request: &Request,
    watch: Watch<'_>,
) -> Result<Response, Error> {
    let asked = workspace.path_or_root(request.path.as_deref())?;
    let query = Query {
        text: &request.query,
        regex: request.regex,
        ignore_case: request.ignore_case,
        multiline: request.multiline,
    };
    let max_chars = request.max_line_chars.read_some("maxLineChars")?;
    let context = request.context.read("context")?.unwrap_or(0).min(MAX_CONTEXT);
    let shown = Shown {
        trim: request.trim,
        context: usize::try_from(context).unwrap_or(0),
        max_chars: max_chars.and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX),
    };
    let wanted = request.max_results.results(RESULTS, workspace.limits.max_results)?;
    let strict = workspace.oversize == Oversize::Error;
    let search = Search::new(query, request.mode, wanted, &workspace.limits, strict, watch)?;
    let glob = Pattern::read(request.glob.as_deref(), "glob")?;
    let extent = Extent::read(request.gitignore, &request.exclude)?;
    match workspace.root.below(&asked.path) {
        Ok(start) => tree(workspace, &search, &start, &asked, glob.as_ref(), &extent, shown),
        Err(Fault::NotDirectory) => {
            let looked = search.file(&workspace.root, &asked, &shown)?;
            response(&search, looked, Skipped::default(), false)
        }
        Err(fault) => Err(fault::at(&asked.said)(fault)),
    }
}

fn tree(
    workspace: &Workspace,
    search: &Search<'_>,
    start: &Root,
    asked: &Asked,
    glob: Option<&Pattern>,
    extent: &Extent,
    shown: Shown,
) -> Result<Response, Error> {
    let watch = search.watch;
    let mut walked = walk(workspace, start, &asked.path, extent, watch)?;
    walked
        .entries
        .retain(|seen| seen.kind == Kind::File && glob.is_none_or(|glob| glob.covers(&seen.path)));
    let (looked, begun) = in_order(
        &walked.entries,
        || search.hands(),
        |hands, seen| search.look(start, asked, &seen.path, &shown, hands),
        || watch.is_over() || search.is_full(),
    );
    watch.check()?;
    let cut = walked.cut || begun < walked.entries.len();
    let skipped = Skipped { unreadable: walked.unreadable, ..Skipped::default() };
    response(search, looked.into_iter().map(|(_, looked)| looked), skipped, cut)
}

/// What all files together come to.
fn response(
    search: &Search<'_>,
    looked: impl IntoIterator<Item = Looked>,
    mut skipped: Skipped,
    cut: bool,
) -> Result<Response, Error> {
    let wanted = search.wanted;
    let mut answer = Response::default();
    let (mut files, mut counts, mut total, mut cut) = (Vec::new(), Vec::new(), 0, cut);
    for looked in looked {
        match looked {
            Looked::Matching { hits, count, .. } if search.mode == Mode::Content => {
                total += count;
                cut |= hits.len() < count;
                answer.hits.extend(hits);
            }
            Looked::Matching { path, count, .. } => {
                total += 1;
                files.push(path.clone());
                counts.push(FileCount { path, count });
            }
            Looked::Binary => skipped.binary += 1,
            Looked::Oversize => skipped.oversize += 1,
            Looked::Unreadable => skipped.unreadable += 1,
            Looked::OverBudget => cut = true,
            Looked::Refused(error) => return Err(error),
        }
    }
    answer.hits.truncate(wanted);
    files.truncate(wanted);
    counts.truncate(wanted);
    answer.truncated = cut || total > wanted;
    answer.total_seen = answer.truncated.then_some(total);
    answer.skipped = skipped;
    match search.mode {
        Mode::Content => {}
        Mode::Files => answer.files = Some(files),
        Mode::Count => answer.counts = Some(counts),
    }
    Ok(answer)
}
