//! `read`: a file, or some of its lines.
//!
//! `{path, offset?, limit?, encoding?: 'base64', maxLines?, maxReadBytes?, maxLineChars?}` to
//! `{text, path, lines}`. `lines` is what splitting at `\r?\n` gives for the whole file. Without
//! `offset` and `limit` (or the last three, which bound them) the file must not be larger than
//! `maxFileBytes`; with them it may have any size, and it is the lines asked for that must not: then
//! there are fewer of them, `truncated`, and `nextOffset` where to go on. Also `binary: true` when the
//! file holds NUL, and `truncated` when there was not the time to count all lines.

use std::fs::File;
use std::io::Read;

use memchr::{memchr, memchr_iter, memrchr};
use serde::{Deserialize, Serialize};

use super::request::Count;
use super::{Watch, Workspace, base64, fault, path};
use crate::error::{Code, Error};

const BUFFER: usize = 64 * 1024;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    path: String,
    #[serde(default)]
    offset: Count,
    #[serde(default)]
    limit: Count,
    encoding: Option<Encoding>,
    #[serde(default)]
    max_lines: Count,
    #[serde(default)]
    max_read_bytes: Count,
    #[serde(default)]
    max_line_chars: Count,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    #[serde(alias = "utf-8")]
    Utf8,
    Base64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    text: String,
    path: String,
    lines: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    binary: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

pub(super) fn read(
    workspace: &Workspace,
    request: &Request,
    watch: Watch<'_>,
) -> Result<Response, Error> {
    let asked = workspace.path(&request.path)?;
    let offset = request.offset.read_some("offset")?;
    let limit = request.limit.read_some("limit")?;
    let max_lines = request.max_lines.read_some("maxLines")?;
    let max_bytes = request.max_read_bytes.read_some("maxReadBytes")?;
    let max_chars = request.max_line_chars.read_some("maxLineChars")?;
    let (file, stat) = workspace.root.open_target(&asked.path).map_err(fault::at(&asked.said))?;

    let max = workspace.limits.max_file_bytes;
    let whole = [offset, limit, max_lines, max_bytes].iter().all(Option::is_none);
    if whole && stat.size > max {
        return Err(fault::exceeds(&asked.said, stat.size, max));
    }
    let first = offset.unwrap_or(1);
    let bounded = max_lines.is_some_and(|most| limit.is_none_or(|limit| most < limit));
    let wanted = if bounded { max_lines } else { limit };
    let window = Window {
        first,
        last: wanted.map(|wanted| first.saturating_add(wanted - 1)),
        max_bytes: usize::try_from(max_bytes.map_or(max, |most| most.min(max)))
            .unwrap_or(usize::MAX),
    };
    let mut found = Found::default();
    found.read(&window, &file, &asked.said, watch)?;
    if whole && found.state == State::Overflowed {
        // It grew since its size was read.
        return Err(fault::exceeds(&asked.said, found.seen, max));
    }

    let mut response = Response {
        text: String::new(),
        path: path::shown(&asked.path),
        lines: found.ends + 1,
        binary: found.binary,
        truncated: found.late,
        next_offset: None,
    };
    if found.state == State::Overflowed {
        response.truncated = true;
        response.next_offset = Some(first + found.keep_whole_lines());
    } else if bounded && found.is_followed {
        response.truncated = true;
        response.next_offset = window.last.map(|last| last + 1);
    }
    if response.next_offset.is_some_and(|next| next > response.lines) {
        response.next_offset = None;
    }
    if request.encoding == Some(Encoding::Base64) {
        response.text = base64::encode(&found.bytes);
    } else {
        let text = into_text(found.bytes);
        response.text = match max_chars.and_then(|max| usize::try_from(max).ok()) {
            Some(max) => clip_lines(&text, max, &mut response.truncated),
            None => text,
        };
    }
    Ok(response)
}

/// Text of bytes; what is no UTF-8 is replaced.
pub(super) fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Each line cut after `max` characters, its end kept.
fn clip_lines(text: &str, max: usize, clipped: &mut bool) -> String {
    let mut kept = String::with_capacity(text.len().min(1 << 20));
    for line in text.split_inclusive('\n') {
        let body = line.strip_suffix('\n').unwrap_or(line);
        let body = body.strip_suffix('\r').unwrap_or(body);
        let end = body.char_indices().nth(max).map_or(body.len(), |(at, _)| at);
        *clipped |= end < body.len();
        kept.push_str(&body[..end]);
        kept.push_str(&line[body.len()..]);
    }
    kept
}

/// Lines, counted from 1, and the bytes they may have.
struct Window {
    first: u64,
    last: Option<u64>,
    max_bytes: usize,
}

/// What has become of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// It has begun, or will.
    #[default]
    Open,
    /// All of it was read.
    Closed,
    /// It holds more than it may.
    Overflowed,
}

/// What reading a file from its start to its end has found so far.
#[derive(Default)]
struct Found {
    /// The lines of the window, without the end of the last.
    bytes: Vec<u8>,
    /// Line ends.
    ends: u64,
    seen: u64,
    binary: bool,
    state: State,
    /// Something comes after the window.
    is_followed: bool,
    late: bool,
}

impl Found {
    fn read(
        &mut self,
        window: &Window,
        mut file: &File,
        said: &str,
        watch: Watch<'_>,
    ) -> Result<(), Error> {
        let mut buffer = vec![0; BUFFER];
        loop {
            watch.check()?;
            if watch.is_late() {
                if self.state != State::Open {
                    self.late = true;
                    return Ok(());
                }
                let message = format!("reading took too long: {said}");
                return Err(Error::failed(Code::Timeout, message));
            }
            match file.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => self.take(window, &buffer[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(fault::failed_at(said)(error)),
            }
        }
    }

    fn take(&mut self, window: &Window, mut chunk: &[u8]) {
        self.seen += chunk.len() as u64;
        self.binary |= memchr(0, chunk).is_some();
        if self.ends + 1 < window.first {
            // Up to the line end before the first line, if it is in here.
            let missing = usize::try_from(window.first - self.ends - 2).unwrap_or(usize::MAX);
            if let Some(at) = memchr_iter(b'\n', chunk).nth(missing) {
                self.ends = window.first - 1;
                chunk = &chunk[at + 1..];
            } else {
                self.count(chunk);
                return;
            }
        }
        if self.state == State::Open {
            let missing = window.last.map(|last| last - self.ends - 1);
            let missing = missing.and_then(|missing| usize::try_from(missing).ok());
            let end = missing.and_then(|missing| memchr_iter(b'\n', chunk).nth(missing));
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = window.max_bytes - self.bytes.len();
            if part.len() > room {
                self.bytes.extend_from_slice(&part[..room]);
                self.state = State::Overflowed;
                self.count(chunk);
                return;
            }
            self.bytes.extend_from_slice(part);
            let Some(end) = end else { return self.count(chunk) };
            if self.bytes.last() == Some(&b'\r') {
                self.bytes.pop();
            }
            self.state = State::Closed;
            self.count(&chunk[..=end]);
            chunk = &chunk[end + 1..];
        }
        self.is_followed |= !chunk.is_empty();
        self.count(chunk);
    }

    fn count(&mut self, chunk: &[u8]) {
        self.ends += memchr_iter(b'\n', chunk).count() as u64;
    }

    /// Leaves out a last line that did not fit, and gives the number of lines that are kept. A first
    /// one that is too long itself is kept as far as it goes.
    fn keep_whole_lines(&mut self) -> u64 {
        if let Some(at) = memrchr(b'\n', &self.bytes) {
            self.bytes.truncate(at);
            if self.bytes.last() == Some(&b'\r') {
                self.bytes.pop();
            }
            return memchr_iter(b'\n', &self.bytes).count() as u64 + 1;
        }
        // Between two characters, if it is UTF-8 at all.
        if let Err(error) = std::str::from_utf8(&self.bytes)
            && error.error_len().is_none()
        {
            self.bytes.truncate(error.valid_up_to());
        }
        1
    }
}
