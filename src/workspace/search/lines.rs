//! Lines of one file that match.

use std::ops::Range;

use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkMatch};
use memchr::{memchr, memrchr};
use serde::Serialize;
use serde_json::json;

use crate::error::Error;

const MAX_PATTERN_BYTES: usize = 64 * 1024;
const MAX_COMPILED_BYTES: usize = 10 * 1_048_576;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'a> {
    pub(super) text: &'a str,
    pub(super) regex: bool,
    pub(super) ignore_case: bool,
    pub(super) multiline: bool,
}

impl Query<'_> {
    /// Compiles it; any match takes time in proportion to what it is looked for in.
    pub(super) fn matcher(&self) -> Result<RegexMatcher, Error> {
        let refused = |why: &str| {
            Error::invalid_argument(format!("query {why}"))
                .with_details(json!({ "field": "query" }))
        };
        if self.text.len() > MAX_PATTERN_BYTES {
            return Err(refused("is too long"));
        }
        if !self.multiline && self.text.contains('\n') {
            return Err(refused("spans lines, which takes multiline"));
        }
        let mut builder = RegexMatcherBuilder::new();
        builder
            .fixed_strings(!self.regex)
            .case_insensitive(self.ignore_case)
            .multi_line(true)
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_COMPILED_BYTES);
        if self.multiline {
            builder.dot_matches_new_line(false).crlf(false);
        } else {
            builder.line_terminator(Some(b'\n')).crlf(true);
        }
        builder.build(self.text).map_err(|error| {
            // The last line says what is wrong; those above draw where.
            let why = error.to_string();
            refused(&format!("is not a regular expression: {}", why.lines().last().unwrap_or("")))
        })
    }

    /// What goes through a text with such a matcher. Each thread has its own.
    pub(super) fn searcher(&self) -> Searcher {
        let mut builder = SearcherBuilder::new();
        builder
            // The caller has looked for NUL and has the whole text in memory.
            .binary_detection(BinaryDetection::none())
            .bom_sniffing(false)
            .multi_line(self.multiline);
        if !self.multiline {
            builder.line_terminator(LineTerminator::crlf());
        }
        builder.build()
    }
}

/// Matching lines: the number of the first, and where they stand.
#[derive(Debug)]
pub(super) struct Matched {
    pub(super) line: u64,
    pub(super) range: Range<usize>,
}

/// At most `limit` matches in `text`.
pub(super) fn matches(
    searcher: &mut Searcher,
    matcher: &RegexMatcher,
    text: &[u8],
    limit: usize,
) -> std::io::Result<Vec<Matched>> {
    let mut found = Collected { limit, matches: Vec::new() };
    searcher.search_slice(matcher, text, &mut found)?;
    Ok(found.matches)
}

struct Collected {
    limit: usize,
    matches: Vec<Matched>,
}

impl Sink for Collected {
    type Error = std::io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> std::io::Result<bool> {
        if self.matches.len() < self.limit {
            let start = usize::try_from(found.absolute_byte_offset()).unwrap_or(usize::MAX);
            let range = start..start.saturating_add(found.bytes().len());
            self.matches.push(Matched { line: found.line_number().unwrap_or(0), range });
        }
        Ok(self.matches.len() < self.limit)
    }
}

/// How lines are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) trim: bool,
    pub(super) context: usize,
    pub(super) max_chars: usize,
}

/// One result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Hit {
    pub(super) path: String,
    pub(super) line: u64,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    before: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
    /// A text was cut.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    clipped: bool,
}

impl Hit {
    /// A match in `text` as it is shown.
    pub(super) fn new(path: &str, text: &[u8], found: &Matched, shown: &Shown) -> Hit {
        let mut clipped = false;
        let body = without_end(&text[found.range.clone()]);
        let mut show = |line: &[u8], trim: bool| {
            let line = String::from_utf8_lossy(line);
            let line = if trim { trimmed(&line) } else { &line };
            let end = line.char_indices().nth(shown.max_chars).map_or(line.len(), |(at, _)| at);
            clipped |= end < line.len();
            line[..end].to_owned()
        };
        // What stands around a line is for its indentation too.
        let before = before(text, found.range.start, shown.context);
        let before = before.iter().map(|line| show(line, false)).collect();
        let after = after(text, found.range.end, shown.context);
        let after = after.iter().map(|line| show(line, false)).collect();
        let text = show(body, shown.trim);
        Hit { path: path.to_owned(), line: found.line, text, before, after, clipped }
    }

    /// Bytes it takes.
    pub(super) fn size(&self) -> usize {
        let around = self.before.iter().chain(&self.after).map(String::len).sum::<usize>();
        self.path.len() + self.text.len() + around
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// As JavaScript trims: the mark at a file's start is space there.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{FEFF}' || (c.is_whitespace() && c != '\u{85}'))
}

fn before(text: &[u8], mut start: usize, lines: usize) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while found.len() < lines && start > 0 {
        let end = start;
        start = memrchr(b'\n', &text[..end - 1]).map_or(0, |at| at + 1);
        found.push(without_end(&text[start..end]));
    }
    found.reverse();
    found
}

fn after(text: &[u8], mut start: usize, lines: usize) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while found.len() < lines && start < text.len() {
        let end = memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at + 1);
        found.push(without_end(&text[start..end]));
        start = end;
    }
    found
}
