//! `exec`: a few read-only commands on files beneath the roots.
//!
//! `rules.rs` decides which arguments a command may get, as text alone. Here every path among them
//! is resolved beneath the roots, and `launch.rs` starts the program with options first, `--`, and
//! the paths behind it, so that no path can be taken for an option.
//!
//! The program opens its paths itself, by name. Somebody who can replace a directory beneath a root
//! by a link in the moment between the check and that could lead it elsewhere; a codelet, a tool or a
//! model that has these native tools alone cannot make links.

mod env;
mod launch;
mod programs;
mod rules;
mod rules_find;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::NativeError;
use super::input::Input;
use super::text::clipped;
use super::{failed_at, locate};
use crate::scoped_fs::{Located, Roots, ScopedPath};

const FIELDS: &[&str] = &["command", "args", "working_dir", "timeout_ms", "env"];
/// What the host's options say.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Bounds {
    /// Longest time a command gets, in milliseconds; a request may shorten it.
    timeout_ms: u64,
    /// Bytes kept of stdout.
    max_stdout_bytes: usize,
    /// Bytes kept of stderr.
    max_stderr_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { timeout_ms: 30_000, max_stdout_bytes: 2 * 1_048_576, max_stderr_bytes: 1_024 }
    }
}

pub(super) fn run(roots: &Roots, bounds: Bounds, input: &str) -> Result<Value, NativeError> {
    let input = Input::read(input, FIELDS)?;
    let program = programs::find(input.text("command")?)?;
    let plan = rules::check(program.name, &input.texts("args")?)?;
    let env = env::check(&input.text_map("env")?)?;
    let timeout_ms =
        input.integer("timeout_ms", 1, bounds.timeout_ms)?.unwrap_or(bounds.timeout_ms);

    let folder = locate(roots, input.optional_text("working_dir")?.unwrap_or("."))?;
    let folder_name = folder.name();
    for path in &plan.paths {
        resolves(roots, &folder, path)?;
    }
    let opened = folder.root.open_dir(&folder.path).map_err(failed_at(&folder_name))?;

    let capture = bounds.max_stdout_bytes.max(bounds.max_stderr_bytes);
    let finished = launch::run(
        &program.path,
        &plan.arguments,
        &env,
        opened,
        Duration::from_millis(timeout_ms),
        capture,
    )?;
    // The larger bound holds for what was kept of both; a marker of what was left out comes on top.
    let stdout = match bounds.max_stdout_bytes {
        max if max < capture => clipped(&finished.stdout, max),
        _ => &finished.stdout,
    };
    let stderr = match bounds.max_stderr_bytes {
        max if max < capture => clipped(&finished.stderr, max),
        _ => &finished.stderr,
    };
    Ok(json!({
        "stdout": stdout,
        "stderr": stderr,
        "exit_code": finished.exit_code.unwrap_or(-1),
        "success": finished.exit_code == Some(0),
        "duration_ms": u64::try_from(finished.duration.as_millis()).unwrap_or(u64::MAX),
        "timed_out": finished.timed_out,
        "stdout_truncated": finished.stdout_truncated || stdout.len() < finished.stdout.len(),
        "stderr_truncated": finished.stderr_truncated || stderr.len() < finished.stderr.len(),
    }))
}

/// A path argument must be there and lie beneath a root after all links. The program works `..` out
/// from where links lead, which text cannot foresee, so there may be none.
fn resolves(roots: &Roots, folder: &Located<'_>, path: &str) -> Result<(), NativeError> {
    if path.split('/').any(|name| name == "..") {
        let message = format!("{}: an argument must not contain ..", super::error::quoted(path));
        return Err(NativeError::not_allowed(message).of_field("args").because("outside-root"));
    }
    let found = if path.starts_with('/') {
        let located = locate(roots, path)?;
        located.root.resolve(&located.path)
    } else {
        ScopedPath::parse(path.as_ref())
            .and_then(|below| folder.root.resolve(&folder.path.join(&below)))
    };
    found.map(drop).map_err(|fault| NativeError::at(path, &fault).of_field("args"))
}
