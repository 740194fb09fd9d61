//! `edit`: one text of a file in place of another.
//!
//! `{path, oldText, newText, replaceAll?}` to `{path, replacements}`. Both texts are literal, and the
//! file is worked on as bytes, so that whatever else it holds stays as it is. Where `oldText` is not
//! found, but would be if line ends did not count, it is taken for found, and `newText` gets the line
//! ends of what it replaces.
//!
//! What was read is compared with what is there, before it is replaced: when somebody else has changed
//! the file meanwhile, the edit is made once more on the new contents, and then given up.

use memchr::memmem;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::path::{self, Asked};
use super::write::alone_with;
use super::{Watch, Workspace, fault};
use crate::error::{Code, Error};
use crate::scoped_fs::{Fault, contents};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    path: String,
    old_text: String,
    new_text: String,
    #[serde(default)]
    replace_all: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Response {
    path: String,
    replacements: usize,
}

/// How often an edit is made on contents that then turn out to be old.
const TRIES: u32 = 2;

pub(super) fn edit(
    workspace: &Workspace,
    request: &Request,
    watch: Watch<'_>,
) -> Result<Response, Error> {
    edit_with(workspace, request, watch, || ())
}

/// As `edit`; `between` runs when the file was read and is not replaced yet.
pub(super) fn edit_with(
    workspace: &Workspace,
    request: &Request,
    watch: Watch<'_>,
    mut between: impl FnMut(),
) -> Result<Response, Error> {
    let asked = workspace.path(&request.path)?;
    if request.old_text.is_empty() {
        return Err(Error::invalid_argument("oldText must not be empty")
            .with_details(json!({ "field": "oldText" })));
    }
    let (said, max) = (&asked.said, workspace.limits.max_file_bytes);
    let _alone = alone_with(&asked.path);
    for _ in 0..TRIES {
        watch.check()?;
        let (file, stat) = workspace.root.open_file(&asked.path).map_err(fault::at(said))?;
        if stat.size > max {
            return Err(fault::exceeds(said, stat.size, max));
        }
        let text = contents(&file, &stat, max).map_err(|fault| match fault {
            Fault::TooLarge(max) => fault::exceeds(said, max + 1, max),
            fault => fault::at(said)(fault),
        })?;
        let places = places(&text, request, &asked)?;
        let edited = replaced(&text, &places, request.new_text.as_bytes());
        if edited.len() as u64 > max {
            return Err(fault::exceeds(said, edited.len() as u64, max));
        }
        between();
        let done = workspace.root.place(&asked.path, &edited, Some(&stat));
        if done.map_err(fault::at(said))?.is_some() {
            return Ok(Response { path: path::shown(&asked.path), replacements: places.len() });
        }
    }
    let message = format!("path changed while it was edited: {said}");
    Err(Error::failed(Code::RuntimeError, message).with_details(json!({ "reason": "changed" })))
}

/// A part of the file that is replaced.
struct Place {
    start: usize,
    end: usize,
    /// The line ends that the new text gets; none means its own.
    ends: Option<&'static [u8]>,
}

/// Where the old text stands: once, or as often as it does with `replaceAll`.
fn places(text: &[u8], request: &Request, asked: &Asked) -> Result<Vec<Place>, Error> {
    let mut found = exact(text, request.old_text.as_bytes());
    if found.is_empty() {
        found = but_for_line_ends(text, request.old_text.as_bytes());
    }
    let refused = |what: &str, reason: &str| {
        let message = format!("text {what} in {}", asked.said);
        Error::failed(Code::ValidationError, message).with_details(json!({ "reason": reason }))
    };
    match found.len() {
        0 => return Err(refused("not found", "text_not_found")),
        1 => {}
        _ if request.replace_all => {}
        _ => return Err(refused("is not unique", "text_not_unique")),
    }
    // Of two that overlap, the first.
    let mut end = 0;
    found.retain(|place| {
        let stays = place.start >= end;
        if stays {
            end = place.end;
        }
        stays
    });
    Ok(found)
}

/// Every place, those too that overlap with another: a text that stands so is not unique.
fn every(text: &[u8], old: &[u8]) -> Vec<usize> {
    let finder = memmem::Finder::new(old);
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)) {
        found.push(from + at);
        from += at + 1;
    }
    found
}

fn exact(text: &[u8], old: &[u8]) -> Vec<Place> {
    let place = |start| Place { start, end: start + old.len(), ends: None };
    every(text, old).into_iter().map(place).collect()
}

/// Where the old text stands if `\r\n` and `\n` are the same.
fn but_for_line_ends(text: &[u8], old: &[u8]) -> Vec<Place> {
    let is_crlf = |text: &[u8]| memmem::find(text, b"\r\n").is_some();
    if !old.contains(&b'\n') || !(is_crlf(text) || is_crlf(old)) {
        return Vec::new();
    }
    let (plain, origins) = without_cr(text);
    let (old, _) = without_cr(old);
    let place = |at: usize| {
        let (start, end) = (origins[at], origins[at + old.len()]);
        let ends: &[u8] = if is_crlf(&text[start..end]) { b"\r\n" } else { b"\n" };
        Place { start, end, ends: Some(ends) }
    };
    every(&plain, &old).into_iter().map(place).collect()
}

/// The text with `\n` for `\r\n`, and for each of its bytes, and its end, where it came from.
fn without_cr(text: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let mut plain = Vec::with_capacity(text.len());
    let mut origins = Vec::with_capacity(text.len() + 1);
    let mut at = 0;
    while at < text.len() {
        origins.push(at);
        at += usize::from(text[at..].starts_with(b"\r\n"));
        plain.push(text[at]);
        at += 1;
    }
    origins.push(at);
    (plain, origins)
}

fn replaced(text: &[u8], places: &[Place], new: &[u8]) -> Vec<u8> {
    let mut edited = Vec::with_capacity(text.len() + new.len());
    let mut from = 0;
    for place in places {
        edited.extend_from_slice(&text[from..place.start]);
        match place.ends {
            None => edited.extend_from_slice(new),
            Some(ends) => {
                for byte in without_cr(new).0 {
                    if byte == b'\n' {
                        edited.extend_from_slice(ends);
                    } else {
                        edited.push(byte);
                    }
                }
            }
        }
        from = place.end;
    }
    edited.extend_from_slice(&text[from..]);
    edited
}
