//! `list_dir`: entries of a directory or a tree with their facts, in pages.

use std::time::Instant;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::error::NativeError;
use super::ignore_rules::IgnoreRules;
use super::input::{Input, wrong};
use super::metadata::{kind_name, timestamp};
use super::{failed_at, locate};
use crate::scoped_fs::{Kind, Roots, ScopedPath, Step, Walk, shown};

const FIELDS: &[&str] =
    &["path", "pattern", "recursive", "include_files", "include_dirs", "page_size", "page_token"];
const PAGE_SIZE: u64 = 200;
const MAX_PAGE_SIZE: u64 = 10_000;
const MAX_VISITED: usize = 10_000;

pub(super) fn run(roots: &Roots, input: &str, until: Instant) -> Result<Value, NativeError> {
    let input = Input::read(input, FIELDS)?;
    let located = locate(roots, input.text("path")?)?;
    let pattern = input.optional_text("pattern")?;
    let recursive = input.flag("recursive", false)?;
    let include_files = input.flag("include_files", true)?;
    let include_dirs = input.flag("include_dirs", true)?;
    let page_size = input.integer("page_size", 1, MAX_PAGE_SIZE)?.unwrap_or(PAGE_SIZE);
    let name = located.name();
    let query = format!("{name}\0{pattern:?}\0{recursive}\0{include_files}\0{include_dirs}");
    let after = input.optional_text("page_token")?.map(|token| read_token(token, &query));
    let after = after.transpose()?;
    let pattern = pattern.map(compile).transpose()?;

    let mut entries = Vec::new();
    let mut last = None;
    let mut more = false;
    let bounds = Walk { recursive, max_visited: MAX_VISITED, until };
    let walked = located
        .root
        .walk(&located.path, bounds, |entry| {
            let is_directory = entry.stat.kind == Kind::Directory;
            let wanted = if is_directory { include_dirs } else { include_files };
            let passed = pattern.as_ref().is_none_or(|rules| rules.cover(entry.path, is_directory));
            let new = after.as_ref().is_none_or(|after| position(after) < position(entry.path));
            if !(wanted && passed && new) {
                return Ok(Step::On);
            }
            if entries.len() as u64 == page_size {
                more = true;
                return Ok(Step::Stop);
            }
            entries.push(json!({
                "name": shown(entry.name),
                "path": located.name_of(&located.path.join(entry.path)),
                "type": kind_name(entry.stat.kind),
                "size": entry.stat.size,
                "modified": timestamp(entry.stat.modified),
            }));
            last = Some(entry.path.clone());
            Ok(Step::On)
        })
        .map_err(failed_at(&name))?;

    let mut output = json!({ "entries": entries });
    if let (true, Some(last)) = (more, last) {
        output["next_page_token"] = write_token(&last, &query).into();
    }
    if walked.cut {
        output["truncated"] = true.into();
    }
    Ok(output)
}

fn compile(pattern: &str) -> Result<IgnoreRules, NativeError> {
    let rules = IgnoreRules::compile(&[pattern.to_owned()], "pattern")?;
    if rules.count() == 0 || pattern.starts_with('!') {
        let accepted = "one glob in gitignore syntax that does not start with ! or #";
        return Err(wrong("pattern", accepted));
    }
    Ok(rules)
}

/// Where a path stands in the order of the walk: level by level, sorted within each.
fn position(path: &ScopedPath) -> (usize, &ScopedPath) {
    (path.depth(), path)
}

/// A token names the last entry of a page and the question it belongs to. Whoever makes one up can
/// only choose where a list begins.
fn write_token(last: &ScopedPath, query: &str) -> String {
    use std::os::unix::ffi::OsStrExt;
    format!("{}{}", mark(query), hex(last.to_path().as_os_str().as_bytes()))
}

fn read_token(token: &str, query: &str) -> Result<ScopedPath, NativeError> {
    use std::os::unix::ffi::OsStringExt;
    let refused = || {
        wrong("page_token", "the next_page_token of a call with the same path, pattern and flags")
    };
    let digits = token.strip_prefix(&mark(query)).ok_or_else(refused)?;
    let bytes = unhex(digits).ok_or_else(refused)?;
    ScopedPath::parse(&std::ffi::OsString::from_vec(bytes)).map_err(|_| refused())
}

fn mark(query: &str) -> String {
    hex(&Sha256::digest(query.as_bytes())[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}
