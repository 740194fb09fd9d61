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

use serde_json::{Value, json};

use super::error::NativeError;
use super::input::Input;
use super::text::clipped;
use super::{failed_at, locate};
use crate::scoped_fs::{Located, Roots, ScopedPath};

const FIELDS: &[&str] = &["command", "args", "working_dir", "timeout_ms", "env"];
/// Longest time a command gets; a request may shorten it.
const MAX_TIMEOUT_MS: u64 = 30_000;
/// Bytes kept of stdout.
const MAX_STDOUT: usize = 2 * 1_048_576;
/// Bytes kept of stderr.
const MAX_STDERR: usize = 1_024;

pub(super) fn run(roots: &Roots, input: &str) -> Result<Value, NativeError> {
    let input = Input::read(input, FIELDS)?;
    let program = programs::find(input.text("command")?)?;
    let plan = rules::check(program.name, &input.texts("args")?)?;
    let env = env::check(&input.text_map("env")?)?;
    let timeout_ms = input.integer("timeout_ms", 1, MAX_TIMEOUT_MS)?.unwrap_or(MAX_TIMEOUT_MS);

    let folder = locate(roots, input.optional_text("working_dir")?.unwrap_or("."))?;
    let folder_name = folder.name();
    for path in &plan.paths {
        resolves(roots, &folder, path)?;
    }
    let opened = folder.root.open_dir(&folder.path).map_err(failed_at(&folder_name))?;

    let finished = launch::run(
        &program.path,
        &plan.arguments,
        &env,
        opened,
        Duration::from_millis(timeout_ms),
        MAX_STDOUT,
    )?;
    let stderr = clipped(&finished.stderr, MAX_STDERR);
    Ok(json!({
        "stdout": finished.stdout,
        "stderr": stderr,
        "exit_code": finished.exit_code.unwrap_or(-1),
        "success": finished.exit_code == Some(0),
        "duration_ms": u64::try_from(finished.duration.as_millis()).unwrap_or(u64::MAX),
        "timed_out": finished.timed_out,
        "stdout_truncated": finished.stdout_truncated,
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
