//! Which texts can name a tool.

use icu_normalizer::ComposingNormalizerBorrowed;

use super::Text;

/// The longest id, in characters.
const MAX_CHARACTERS: usize = 256;

/// Checks the id of a tool and gives it in its normal form (NFC), which is what is looked up.
///
/// The error is the first reason against it.
pub fn check_tool_id(id: &Text) -> Result<String, &'static str> {
    if id.bytes().is_empty() {
        return Err("tool_id cannot be empty");
    }
    let text = id.as_str().ok_or("tool_id contains invalid UTF-8 characters")?;
    let id = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    if id.chars().nth(MAX_CHARACTERS).is_some() {
        return Err("tool_id is too long");
    }
    if clean(&id) != id {
        return Err("tool_id contains path traversal or invalid path components");
    }
    if id.starts_with('/') {
        return Err("tool_id cannot be an absolute path");
    }
    if id.contains("..") {
        return Err("tool_id contains directory traversal patterns");
    }
    if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_/.-".contains(&b)) {
        return Err("tool_id contains invalid characters");
    }
    if id.starts_with('.') {
        return Err("tool_id cannot start with dot or contain multiple consecutive dots");
    }
    Ok(id.into_owned())
}

/// The shortest path that means the same by its text alone: what Go's `filepath.Clean` gives where
/// paths have slashes.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
