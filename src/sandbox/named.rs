//! The files that rules about reading and writing name.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::files::{Access, Files, resolved};
use crate::error::Error;
use crate::permission::{Grant, Grants};

/// What becomes of a rule about a file that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A folder of the project that may be written is made; anything else is a mistake.
    IsWrong,
    /// There is nothing to grant.
    IsSkipped,
}

/// What rules name to be read.
pub(super) fn read(grants: &Grants<PathBuf>, missing: Missing) -> Result<Files, Error> {
    let mut files = Files::default();
    for rule in &grants.allowed {
        if let Some(path) = found(rule, rule.target.canonicalize().ok(), missing)? {
            files.grant(path, Access::READ | Access::LIST);
        }
    }
    Ok(files)
}

/// What rules name to be written.
pub(super) fn written(
    root: &Path,
    grants: &Grants<PathBuf>,
    missing: Missing,
) -> Result<Files, Error> {
    let mut files = Files::default();
    for rule in &grants.allowed {
        let path = &rule.target;
        let may_make = missing == Missing::IsWrong && resolved(path).starts_with(resolved(root));
        if may_make && !path.exists() {
            // What cannot be made is missing.
            let _ = fs::create_dir_all(path);
        }
        // Who may write there may know what lies there; contents are another permission.
        if let Some(path) = found(rule, path.canonicalize().ok(), missing)? {
            files.grant(path, Access::WRITE | Access::LIST);
        }
    }
    Ok(files)
}

/// The path that a rule came to, if there is one.
pub(super) fn found<T>(
    rule: &Grant<T>,
    path: Option<PathBuf>,
    missing: Missing,
) -> Result<Option<PathBuf>, Error> {
    if path.is_some() || missing == Missing::IsSkipped {
        return Ok(path);
    }
    let message = format!("{}: there is no such file or folder", rule.flag);
    Err(Error::invalid_argument(message).with_details(json!({ "flag": rule.flag })))
}
