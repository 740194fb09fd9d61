//! Patterns for names and paths.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use serde_json::json;

use crate::error::Error;

const MAX_BYTES: usize = 4096;

/// `*`, `?`, `[…]` and `{a,b}` within a name, `**` for any number of directories, none included. With a
/// `/` in it a pattern stands for the whole path from where the search starts, without for the name, at
/// any depth.
#[derive(Debug)]
pub(super) struct Pattern {
    matcher: GlobMatcher,
    is_path: bool,
}

impl Pattern {
    /// Reads a pattern; nothing for one that everything matches. `field` is its name in the request.
    pub(super) fn read(text: Option<&str>, field: &str) -> Result<Option<Pattern>, Error> {
        let Some(text) = text else { return Ok(None) };
        let refused = |why: &str| {
            Error::invalid_argument(format!("{field} is not a pattern: {why}"))
                .with_details(json!({ "field": field }))
        };
        if text.len() > MAX_BYTES {
            return Err(refused("it is too long"));
        }
        let below = text.strip_prefix("./").unwrap_or(text).trim_start_matches('/');
        if matches!(below, "" | "*" | "**" | "**/*" | "**/**") && below == text {
            return Ok(None);
        }
        let glob = GlobBuilder::new(below)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| refused(&error.kind().to_string()))?;
        let is_path = below.contains('/') || below.len() < text.len();
        Ok(Some(Pattern { matcher: glob.compile_matcher(), is_path }))
    }

    /// Whether a path, which starts where the search does, matches.
    pub(super) fn covers(&self, path: &Path) -> bool {
        if self.is_path {
            return self.matcher.is_match(path);
        }
        path.file_name().is_some_and(|name| self.matcher.is_match(Path::new(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_names_at_any_depth_and_whole_paths() {
        for (pattern, path, covered) in [
            ("*.txt", "a.txt", true),
            ("*.txt", "deep/down/a.txt", true),
            ("*.txt", "a.txt/b", false),
            ("**/*.txt", "a.txt", true),
            ("**/*.txt", "deep/down/a.txt", true),
            ("src/*.rs", "src/a.rs", true),
            ("src/*.rs", "src/deep/a.rs", false),
            ("src/*.rs", "other/src/a.rs", false),
            ("./*.rs", "a.rs", true),
            ("./*.rs", "src/a.rs", false),
            ("/a", "a", true),
            ("/a", "b/a", false),
            ("src/**", "src/deep/a.rs", true),
            ("?.rs", "a.rs", true),
            ("?.rs", "ab.rs", false),
            ("[ab].rs", "b.rs", true),
            ("[!ab].rs", "b.rs", false),
            ("*.{js,ts}", "x/a.ts", true),
            ("{src,lib}/*.ts", "lib/a.ts", true),
            (".hidden", "x/.hidden", true),
            ("*", "anything", true),
        ] {
            let read = Pattern::read(Some(pattern), "pattern").unwrap();
            let found = read.is_none_or(|pattern| pattern.covers(Path::new(path)));
            assert_eq!(found, covered, "{pattern} {path}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_pattern() {
        for text in ["[a", "{a", &"a".repeat(5_000)] {
            let error = Pattern::read(Some(text), "glob").unwrap_err();
            assert!(error.to_string().starts_with("glob is not a pattern: "), "{error}");
        }
    }
}
