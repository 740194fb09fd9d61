//! Patterns in gitignore syntax.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::error::{NativeError, quoted};
use crate::scoped_fs::ScopedPath;

const MAX_PATTERNS: usize = 256;
const MAX_PATTERN_BYTES: usize = 1_024;

/// Patterns of which the last that matches decides; `!` takes a match back.
#[derive(Debug)]
pub(super) struct IgnoreRules {
    compiled: Gitignore,
}

impl IgnoreRules {
    /// Compiles patterns. `field` names the input field they came from.
    pub(super) fn compile(patterns: &[String], field: &str) -> Result<IgnoreRules, NativeError> {
        let fail = |message: String| NativeError::invalid(message).of_field(field);
        if patterns.len() > MAX_PATTERNS {
            return Err(fail(format!("{field} has more than {MAX_PATTERNS} patterns")));
        }
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns {
            if pattern.len() > MAX_PATTERN_BYTES || pattern.contains(['\n', '\0']) {
                return Err(fail(format!(
                    "a pattern of {field} is longer than {MAX_PATTERN_BYTES} bytes or not one line"
                )));
            }
            builder.add_line(None, pattern).map_err(|_| {
                fail(format!("{field} holds {}, which is not a valid pattern", quoted(pattern)))
            })?;
        }
        let compiled = builder
            .build()
            .map_err(|_| fail(format!("the patterns of {field} are too large together")))?;
        Ok(IgnoreRules { compiled })
    }

    /// How many patterns there are besides comments and empty lines.
    pub(super) fn count(&self) -> usize {
        self.compiled.len()
    }

    /// True if the patterns cover the path, given from where they apply.
    pub(super) fn cover(&self, path: &ScopedPath, is_directory: bool) -> bool {
        self.compiled.matched(path.to_path(), is_directory).is_ignore()
    }
}
