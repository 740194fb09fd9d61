//! A name of somebody else's making as one folder name of ours, and no two as the same.
//!
//! As `encodeURIComponent`, with `~` for `%`: ordinary names stay as they are. Where that would give two
//! names one folder, or a folder with a meaning of its own:
//!
//! - `~` itself is `~7E`; nothing at all is `~`; `.` and `..` are `~2E` and `~2E~2E`
//! - what becomes longer than 200 bytes is its first 120 bytes, `~~`, and 32 hexadecimal digits of its
//!   SHA-256; nothing else has `~~` in it
//! - where the system does not tell capitals apart, they are `~XX`, and names that mean devices there,
//!   or end in a dot, have one character so

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Longest folder name, and what is kept of a longer one.
const MAX: usize = 200;
const KEPT: usize = 120;

/// What a system makes of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Names that differ are different files.
    Exact,
    /// Capitals do not count, and some names are devices.
    Folded,
}

impl Names {
    pub(super) const OF_THIS_SYSTEM: Names =
        if cfg!(any(target_os = "macos", windows)) { Names::Folded } else { Names::Exact };
}

/// The folder name of a name.
pub(super) fn encoded(name: &str, names: Names) -> String {
    let folded = names == Names::Folded;
    let mut text = String::with_capacity(name.len());
    match name {
        "" => text.push('~'),
        "." => text.push_str("~2E"),
        ".." => text.push_str("~2E~2E"),
        _ => {
            let device = folded && is_device(name);
            for (at, byte) in name.bytes().enumerate() {
                let plain = match byte {
                    b'a'..=b'z' => !(device && at == 0),
                    // A component of a URI may have a star, a name there may not.
                    b'A'..=b'Z' | b'*' => !folded,
                    b'.' => !(folded && at + 1 == name.len()),
                    b'0'..=b'9' | b'-' | b'_' | b'!' | b'\'' | b'(' | b')' => true,
                    _ => false,
                };
                if plain {
                    text.push(char::from(byte));
                } else {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "~{byte:02X}");
                }
            }
        }
    }
    if text.len() > MAX {
        text.truncate(KEPT);
        text.push_str("~~");
        for byte in &Sha256::digest(name)[..16] {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

/// Names that Windows takes for devices, with whatever comes after a dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |prefix| {
        let number = stem.strip_prefix(prefix).and_then(|rest: &str| rest.parse::<u8>().ok());
        number.is_some_and(|number| number < 10)
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}
