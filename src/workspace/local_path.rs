//! Paths of a local workspace: relative, with forward slashes, and normal.

use crate::error::{Code, Error};

/// A path without `.`, `..` and empty components; empty is the workspace itself.
///
/// ```
/// use runlet::workspace::local_path;
///
/// assert_eq!(local_path("a/./b/../c").unwrap(), "a/c");
/// assert_eq!(local_path("/a").unwrap_err().to_string(), "workspace path must be relative: /a");
/// ```
pub fn local_path(text: &str) -> Result<String, Error> {
    if text.contains('\0') {
        return Err(Error::invalid_argument("workspace path contains a null byte"));
    }
    if text.contains('\\') {
        return Err(Error::invalid_argument("workspace path must use forward slashes"));
    }
    let is_drive = matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if text.starts_with('/') || is_drive {
        return Err(Error::invalid_argument(format!("workspace path must be relative: {text}")));
    }
    let mut names = Vec::new();
    for name in text.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                if names.pop().is_none() {
                    let message = format!("workspace path escapes root: {text}");
                    return Err(Error::failed(Code::PermissionDenied, message));
                }
            }
            name => names.push(name),
        }
    }
    Ok(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_path_of_a_workspace() {
        for (text, message) in [
            ("/etc", "workspace path must be relative: /etc"),
            ("C:/x", "workspace path must be relative: C:/x"),
            ("a\\b", "workspace path must use forward slashes"),
            ("a/../../b", "workspace path escapes root: a/../../b"),
            ("..", "workspace path escapes root: .."),
            ("a\0", "workspace path contains a null byte"),
        ] {
            assert_eq!(local_path(text).unwrap_err().to_string(), message);
        }
        assert_eq!(local_path("").unwrap(), "");
        assert_eq!(local_path("a//b/.").unwrap(), "a/b");
        assert_eq!(local_path("..a/b..").unwrap(), "..a/b..");
    }
}
