//! `grep`: lines of text files that a regular expression matches.

use std::time::Instant;

use regex::bytes::{Regex, RegexBuilder};
use serde_json::{Value, json};

use super::error::NativeError;
use super::input::{Input, wrong};
use super::{failed_at, locate, text};
use crate::scoped_fs::{Fault, Kind, Located, Roots, ScopedPath, Step, Walk, contents};

const FIELDS: &[&str] = &[
    "pattern",
    "path",
    "recursive",
    "ignore_case",
    "max_results",
    "max_files_visited",
    "max_file_bytes",
];
const MAX_PATTERN_BYTES: usize = 4_096;
const MAX_COMPILED_BYTES: usize = 4 * 1_048_576;
const MAX_LINE_BYTES: usize = 4_096;
const RESULTS: u64 = 1_000;
const MAX_RESULTS: u64 = 10_000;
const FILES: u64 = 10_000;
const MAX_FILES: u64 = 100_000;
const FILE_BYTES: u64 = 1_048_576;
const MAX_FILE_BYTES: u64 = 16 * 1_048_576;
/// Entries of any kind for each file that may be visited.
const ENTRIES_PER_FILE: usize = 10;

/// What was found so far, and the bounds of it.
struct Search<'a> {
    pattern: Regex,
    located: &'a Located<'a>,
    max_results: usize,
    max_files: u64,
    max_file_bytes: u64,
    files: u64,
    matches: Vec<Value>,
    truncated: bool,
}

pub(super) fn run(roots: &Roots, input: &str, until: Instant) -> Result<Value, NativeError> {
    let input = Input::read(input, FIELDS)?;
    let pattern = compile(input.text("pattern")?, input.flag("ignore_case", false)?)?;
    let located = locate(roots, input.text("path")?)?;
    let recursive = input.flag("recursive", false)?;
    let max_results = input.integer("max_results", 1, MAX_RESULTS)?.unwrap_or(RESULTS);
    let max_files = input.integer("max_files_visited", 1, MAX_FILES)?.unwrap_or(FILES);
    let max_file_bytes = input.integer("max_file_bytes", 1, MAX_FILE_BYTES)?.unwrap_or(FILE_BYTES);
    let name = located.name();
    let mut search = Search {
        pattern,
        located: &located,
        max_results: usize::try_from(max_results).unwrap_or(usize::MAX),
        max_files,
        max_file_bytes,
        files: 0,
        matches: Vec::new(),
        truncated: false,
    };

    let stat = located.root.stat(&located.path).map_err(failed_at(&name))?;
    if stat.kind == Kind::File {
        // Asked for by name: a file that cannot be searched is a failure here, not a skip.
        let (file, stat) = located.root.open_file(&located.path).map_err(failed_at(&name))?;
        let bytes = contents(&file, &stat, max_file_bytes).map_err(failed_at(&name))?;
        search.lines(&located.path, &bytes);
    } else {
        let visits = usize::try_from(max_files).unwrap_or(usize::MAX);
        let max_visited = visits.saturating_mul(ENTRIES_PER_FILE);
        let walked = located
            .root
            .walk(&located.path, Walk { recursive, max_visited, until }, |entry| {
                if entry.stat.kind != Kind::File {
                    return Ok(Step::On);
                }
                Ok(search.visit(&located.path.join(entry.path), || {
                    let (file, stat) = entry.open()?;
                    contents(&file, &stat, max_file_bytes)
                }))
            })
            .map_err(failed_at(&name))?;
        search.truncated |= walked.cut;
    }

    let mut output = json!({ "matches": search.matches });
    if search.truncated {
        output["truncated"] = true.into();
    }
    Ok(output)
}

fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, NativeError> {
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        return Err(wrong("pattern", &format!("a pattern of 1 to {MAX_PATTERN_BYTES} bytes")));
    }
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .build()
        .map_err(|error| {
            let why = match error {
                regex::Error::CompiledTooBig(_) => "it is too large once compiled".to_owned(),
                // The last line says what is wrong; those above draw where.
                other => other.to_string().lines().last().unwrap_or_default().to_owned(),
            };
            let message = format!("pattern is not a regular expression: {why}");
            NativeError::invalid(message).of_field("pattern")
        })
}

impl Search<'_> {
    /// Searches one file of a tree. Those that cannot be read, are too large or are no text are
    /// passed over.
    fn visit(&mut self, path: &ScopedPath, read: impl FnOnce() -> Result<Vec<u8>, Fault>) -> Step {
        if self.files == self.max_files {
            self.truncated = true;
            return Step::Stop;
        }
        self.files += 1;
        if let Ok(bytes) = read() {
            self.lines(path, &bytes);
        }
        if self.truncated { Step::Stop } else { Step::On }
    }

    /// Adds the first match of every line.
    fn lines(&mut self, path: &ScopedPath, bytes: &[u8]) {
        debug_assert!(bytes.len() as u64 <= self.max_file_bytes);
        if bytes.is_empty() || text::is_binary(bytes) {
            return;
        }
        let name = self.located.name_of(path);
        // Nothing follows a file's last line break: it ends a line and begins none.
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(found) = self.pattern.find(line) else { continue };
            if self.matches.len() == self.max_results {
                self.truncated = true;
                return;
            }
            let whole = String::from_utf8_lossy(line);
            let shown = text::clipped(&whole, MAX_LINE_BYTES);
            let mut entry = json!({
                "file": name,
                "line": index + 1,
                "column": found.start() + 1,
                "text": shown,
            });
            if shown.len() < whole.len() {
                entry["text_truncated"] = true.into();
            }
            self.matches.push(entry);
        }
    }
}
