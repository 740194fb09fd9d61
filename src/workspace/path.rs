//! Paths as callers write them, and as results show them.
//!
//! A name that is no UTF-8 is shown with `\xNN` for each byte that does not belong, and a backslash
//! that would read as the start of such an escape is shown as `\x5C`. So two names never look the same,
//! and what a result shows may be asked for.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::Workspace;
use super::fault;
use crate::error::Error;
use crate::scoped_fs::{Fault, ScopedPath};

/// The byte of a backslash, which is escaped where it would be ambiguous.
const BACKSLASH: u8 = b'\\';
/// Longest part of a caller's path that a message repeats, in bytes.
const MAX_SHOWN: usize = 1024;

/// A path of a request: where it leads, and how its caller wrote it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: ScopedPath,
    pub(super) said: String,
}

impl Workspace {
    /// Reads a path. A leading `/` means the root; so does nothing at all.
    pub(super) fn path(&self, text: &str) -> Result<Asked, Error> {
        if text.contains('\0') {
            return Err(Error::invalid_argument("path contains null byte"));
        }
        let below = self.guest_root.as_deref().and_then(|root| text.strip_prefix(root));
        let below = below.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(text);
        let name = decoded(below.trim_start_matches('/'));
        let said = said(text);
        if name.is_empty() {
            return Ok(Asked { path: ScopedPath::default(), said });
        }
        match ScopedPath::parse(&name) {
            Ok(path) => Ok(Asked { path, said }),
            Err(Fault::Malformed(_)) => {
                Err(Error::invalid_argument(format!("path is too long: {said}")))
            }
            Err(other) => Err(fault::at(&said)(other)),
        }
    }

    /// Reads a path that may be missing, which is the root then.
    pub(super) fn path_or_root(&self, text: Option<&str>) -> Result<Asked, Error> {
        self.path(text.unwrap_or_default())
    }
}

/// A caller's path as messages repeat it.
pub(super) fn said(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_SHOWN)].to_owned()
}

/// How results name a path; the root is `.`.
pub(super) fn shown(path: &ScopedPath) -> String {
    shown_name(path.to_path().as_os_str())
}

/// How results name a name or a path made of names.
pub(super) fn shown_name(name: &OsStr) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.as_bytes().utf8_chunks() {
        let valid = chunk.valid();
        let mut plain = 0;
        for (at, _) in valid.match_indices('\\') {
            if escape(&valid.as_bytes()[at..]).is_some() {
                text.push_str(&valid[plain..at]);
                text.push_str("\\x5C");
                plain = at + 1;
            }
        }
        text.push_str(&valid[plain..]);
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// The bytes that a shown text stands for.
fn decoded(text: &str) -> OsString {
    let bytes = text.as_bytes();
    let mut name = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = if byte == BACKSLASH { escape(&bytes[at..]) } else { None };
        name.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 4 } else { 1 };
    }
    OsString::from_vec(name)
}

/// The byte of an escape at the start of `bytes`: one that UTF-8 may lack, or a backslash.
fn escape(bytes: &[u8]) -> Option<u8> {
    let [BACKSLASH, b'x', high, low, ..] = bytes else { return None };
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let byte = digit(*high)? << 4 | digit(*low)?;
    (byte >= 0x80 || byte == BACKSLASH).then_some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_shown_in_its_own_way_and_found_by_it() {
        let parts: &[&[u8]] =
            &[b"\\", b"x", b"E9", b"5C", b"\xE9", b"\xC3", b"\xA9", b"a", b"\\xE9", b"\\x5C"];
        let mut seen = std::collections::HashMap::new();
        for number in 0..10_000_usize {
            let digits = [number % 10, number / 10 % 10, number / 100 % 10, number / 1000];
            let name: Vec<u8> = digits.iter().flat_map(|digit| parts[*digit].to_vec()).collect();
            let text = shown_name(OsStr::from_bytes(&name));
            assert_eq!(decoded(&text).as_bytes(), name, "{text}");
            let before = seen.insert(text.clone(), name.clone());
            assert!(before.is_none_or(|before| before == name), "{text} stands for two");
        }
    }

    #[test]
    fn ordinary_names_are_shown_as_they_are() {
        for name in ["a", "日本", "a\\b", "\\x41", "\\xe9", "C:\\x", "a\nb"] {
            assert_eq!(shown_name(OsStr::new(name)), name);
            assert_eq!(decoded(name), name);
        }
    }
}
