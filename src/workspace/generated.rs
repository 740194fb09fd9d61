//! Files that a run has made: which, and one of them to be handed on.
//!
//! - `mark` to `{mark}`: now, by the clock of the file system, for a later `generated`
//! - `generated {since, path?}` to `{files: [{path, size, mtimeMs}]}`: regular files changed since a
//!   mark, or since a number of milliseconds, sorted by path. It goes by the time that only the system
//!   sets, which no guest can turn back.
//! - `open {path, scope?, maxBytes?}` to `{path, size, sha256, mimeType, base64}`: the file itself, if it
//!   is a regular one with one name, at most `maxAttachmentBytes`. With `scope`, `path` may also be the
//!   attachment's, which starts with `scopes/<scope>/`.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::request::Count;
use super::scope::attachment_path;
use super::search::walk::{Extent, walk};
use super::{Watch, Workspace, base64, fault, path};
use crate::error::Error;
use crate::scoped_fs::{CLOCK_STEP, Fault, Kind, ScopedPath, contents};

#[derive(Debug, Serialize)]
pub(super) struct Mark {
    mark: String,
}

/// Nanoseconds as text: no number of JavaScript holds them.
pub(super) fn mark(workspace: &Workspace) -> Mark {
    // Where nothing can be written, nothing will be: any time will do.
    let now = workspace.root.now().unwrap_or_else(|_| SystemTime::now() - CLOCK_STEP);
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Mark { mark: since.as_nanos().to_string() }
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    since: Since,
    path: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Since {
    Mark(String),
    Milliseconds(f64),
}

impl Since {
    fn time(&self) -> Option<SystemTime> {
        match self {
            Since::Mark(text) => UNIX_EPOCH.checked_add(Duration::from_nanos(text.parse().ok()?)),
            Since::Milliseconds(number) => {
                let since = Duration::try_from_secs_f64(number / 1000.0).ok()?;
                UNIX_EPOCH.checked_add(since.saturating_sub(CLOCK_STEP))
            }
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Response {
    files: Vec<Changed>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    path: String,
    size: u64,
    mtime_ms: f64,
}

pub(super) fn generated(
    workspace: &Workspace,
    request: &Request,
    watch: Watch<'_>,
) -> Result<Response, Error> {
    let since = request.since.time();
    let since = since.ok_or_else(|| {
        Error::invalid_argument("since must be a mark or a number of milliseconds")
    })?;
    let asked = workspace.path_or_root(request.path.as_deref())?;
    let folder = workspace.root.below(&asked.path).map_err(fault::at(&asked.said))?;
    let walked = walk(workspace, &folder, &asked.path, &Extent::default(), watch)?;
    let max = usize::try_from(workspace.limits.max_results).unwrap_or(usize::MAX);
    let mut response = Response { files: Vec::new(), truncated: walked.cut };
    for seen in walked.entries.iter().filter(|seen| seen.kind == Kind::File) {
        watch.check()?;
        let Ok(below) = ScopedPath::parse(seen.path.as_os_str()) else { continue };
        let Ok(stat) = folder.stat(&below) else { continue };
        if stat.kind != Kind::File || stat.changed < since {
            continue;
        }
        if response.files.len() == max {
            response.truncated = true;
            break;
        }
        let modified = stat.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        response.files.push(Changed {
            path: path::shown(&asked.path.join(&below)),
            size: stat.size,
            mtime_ms: modified.as_secs_f64() * 1000.0,
        });
    }
    Ok(response)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenRequest {
    path: String,
    scope: Option<String>,
    #[serde(default)]
    max_bytes: Count,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Opened {
    path: String,
    size: u64,
    sha256: String,
    mime_type: &'static str,
    base64: String,
}

pub(super) fn open(workspace: &Workspace, request: &OpenRequest) -> Result<Opened, Error> {
    let text = match &request.scope {
        None => request.path.clone(),
        Some(scope) => {
            let whole = attachment_path(scope, &request.path)?;
            whole.get("scopes/".len() + scope.len() + 1..).unwrap_or_default().to_owned()
        }
    };
    let asked = workspace.path(&text)?;
    let said = path::said(&request.path);
    let max = workspace.limits.max_attachment_bytes;
    let max = request.max_bytes.read("maxBytes")?.unwrap_or(max).min(max);
    let (file, stat) = workspace.root.open_file(&asked.path).map_err(fault::at(&said))?;
    if stat.links > 1 {
        // Its other name may be anybody's.
        return Err(fault::at(&said)(Fault::HardLinked));
    }
    if stat.size > max {
        return Err(fault::exceeds(&said, stat.size, max));
    }
    let bytes = contents(&file, &stat, max).map_err(|fault| match fault {
        Fault::TooLarge(max) => fault::exceeds(&said, max + 1, max),
        fault => fault::at(&said)(fault),
    })?;
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(&bytes) {
        // Writing to a String cannot fail.
        let _ = write!(sha256, "{byte:02x}");
    }
    let path = path::shown(&asked.path);
    let mime_type = mime_type(&path);
    Ok(Opened { size: bytes.len() as u64, sha256, mime_type, base64: base64::encode(&bytes), path })
}

/// The type that a name's ending promises. Nothing is looked for in the contents.
fn mime_type(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref().unwrap_or_default() {
        "txt" | "log" => "text/plain",
        "md" | "markdown" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "js" | "mjs" | "cjs" => "text/javascript",
        "json" => "application/json",
        "xml" => "application/xml",
        "yaml" | "yml" => "application/yaml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "tar" => "application/x-tar",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        _ => "application/octet-stream",
    }
}
