//! Which variables the options and the calls of a tool runtime may set.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::Text;
use crate::error::Error;
use crate::permission::{PermissionSet, is_never_given, never_given_text};

/// Where the kernel stops taking a variable: `NAME=value` and the byte that ends it in 128 KiB.
const MAX_ENTRY_BYTES: usize = 128 * 1024;
/// All variables together.
const MAX_BYTES: usize = 1024 * 1024;
/// Of a name that is refused, so many characters are repeated.
const MAX_SHOWN: usize = 200;

/// Variables in the order in which they were written.
#[derive(Debug, Clone, Default)]
pub struct EnvText(pub Vec<(Text, Text)>);

impl<'de> Deserialize<'de> for EnvText {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<EnvText, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = EnvText;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EnvText, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(EnvText(entries))
            }
        }
        source.deserialize_map(Entries)
    }
}

/// Checks variables that options or a call set, entry by entry, and gives them as text.
///
/// The error names the first one that is refused: an `INVALID_ARGUMENT`, or a `POLICY_VIOLATION` when
/// a deny rule of `permissions` covers it. No allow rule is needed: to set a variable is to grant it.
pub fn check_env(
    env: &EnvText,
    permissions: &PermissionSet,
) -> Result<Vec<(String, String)>, Error> {
    let mut bytes = 0;
    let mut checked = Vec::with_capacity(env.0.len());
    for (name, value) in &env.0 {
        let (name, value) = check_entry(name, value, &mut bytes)
            .map_err(|text| Error::invalid_argument(failed(&text)))?;
        if permissions.denies_env(name) {
            let text = format!("environment variable {name:?} is denied by --deny-env");
            return Err(Error::policy_violation(failed(&text)));
        }
        checked.push((name.to_owned(), value.to_owned()));
    }
    Ok(checked)
}

fn check_entry<'a>(
    name: &'a Text,
    value: &'a Text,
    bytes: &mut usize,
) -> Result<(&'a str, &'a str), String> {
    let known = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    let plain = !name.bytes().is_empty() && name.bytes().iter().all(known);
    let Some(key) = name.as_str().filter(|_| plain) else {
        return Err(format!(
            "invalid environment variable name {}: must contain only uppercase letters, numbers, \
             and underscores",
            shown(&name.lossy())
        ));
    };
    if is_never_given(key) {
        return Err(never_given_text(key));
    }
    if value.bytes().iter().any(|b| matches!(b, b'\n' | b'\r' | 0)) {
        return Err(format!(
            "environment variable {} contains invalid characters (newline or null byte)",
            shown(key)
        ));
    }
    let Some(text) = value.as_str() else {
        return Err(format!(
            "environment variable {} contains invalid UTF-8 characters",
            shown(key)
        ));
    };
    let entry = key.len() + 1 + text.len();
    *bytes += entry;
    if entry >= MAX_ENTRY_BYTES || *bytes > MAX_BYTES {
        return Err(format!("environment variable {} is too large", shown(key)));
    }
    Ok((key, text))
}

fn failed(text: &str) -> String {
    format!("environment variable validation failed: {text}")
}

/// A name in quotes, on one line, of bounded length.
fn shown(name: &str) -> String {
    match name.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{:?}", format!("{}...", &name[..end])),
        None => format!("{name:?}"),
    }
}
