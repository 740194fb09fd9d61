//! `list_files`: the files of a directory or a tree, less those that patterns exclude.

use std::time::Instant;

use serde_json::{Value, json};

use super::error::{NativeError, quoted};
use super::ignore_rules::IgnoreRules;
use super::input::Input;
use super::{failed_at, locate};
use crate::scoped_fs::{Kind, Roots, Step, Walk};

const MAX_FILES: usize = 10_000;
const MAX_VISITED: usize = 100_000;

pub(super) fn run(roots: &Roots, input: &str, until: Instant) -> Result<Value, NativeError> {
    let input = Input::read(input, &["dir", "recursive", "exclude"])?;
    let located = locate(roots, input.text("dir")?)?;
    let recursive = input.flag("recursive", false)?;
    let exclude = IgnoreRules::compile(&input.text_or_texts("exclude")?, "exclude")?;
    let name = located.name();

    let mut files = Vec::new();
    let bounds = Walk { recursive, max_visited: MAX_VISITED, until };
    let walked = located
        .root
        .walk(&located.path, bounds, |entry| {
            let is_directory = entry.stat.kind == Kind::Directory;
            if exclude.cover(entry.path, is_directory) {
                return Ok(Step::Skip);
            }
            if entry.stat.kind == Kind::File {
                files.push(entry.path.shown());
            }
            Ok(if files.len() > MAX_FILES { Step::Stop } else { Step::On })
        })
        .map_err(failed_at(&name))?;
    if files.len() > MAX_FILES || walked.cut {
        let message = format!(
            "{} holds more than {MAX_FILES} files or {MAX_VISITED} entries; \
             exclude some or list a directory below",
            quoted(&name)
        );
        return Err(NativeError::invalid(message).because("too-many-entries"));
    }
    files.sort_unstable();
    Ok(json!({ "files": files }))
}
