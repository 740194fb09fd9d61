//! Native tools: files, search and a few read-only commands, done by the host itself.
//!
//! Each verb has a file and is a function from the roots and the input to the output. Paths go
//! through [`crate::scoped_fs`] alone. A failure is a [`NativeError`], whose message names paths as
//! the caller may name them: relative to the root, never as the host has them.

mod delete_file;
mod error;
mod exec;
mod grep;
mod ignore_rules;
mod input;
mod list_dir;
mod list_files;
mod metadata;
mod read_file;
#[cfg(test)]
mod tests;
mod text;
mod write_file;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::scoped_fs::{Fault, Roots};
use error::NativeError;

/// Bytes of a file that is read or written as a whole.
const MAX_FILE_BYTES: u64 = 1_048_576;
/// Time for one call that walks a tree; exec has its own.
const MAX_DURATION: Duration = Duration::from_secs(30);

/// The options that say where native tools may go.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RootOptions {
    root_dir: PathBuf,
    #[serde(default)]
    additional_roots: Vec<PathBuf>,
    #[serde(default)]
    exec: exec::Bounds,
}

/// Performs one call. `name` is that of the verb, such as `read_file`; `roots` is JSON
/// `{rootDir, additionalRoots?, exec?}` with absolute paths, `input` JSON too. The answer is JSON:
/// `{ok: true, output}` or `{ok: false, error: {code, nativeCode, message, details}}`.
#[cfg_attr(
    not(feature = "node"),
    allow(dead_code, clippy::allow_attributes, reason = "its caller is the N-API face")
)]
pub fn call(name: &str, roots: &str, input: &str) -> String {
    match open_roots(roots).and_then(|(roots, exec)| run(name, &roots, exec, input)) {
        Ok(output) => json!({ "ok": true, "output": output }),
        Err(error) => json!({ "ok": false, "error": error.to_json() }),
    }
    .to_string()
}

/// What `call` answers when the tool itself failed in a way it should not.
#[cfg_attr(
    not(feature = "node"),
    allow(dead_code, clippy::allow_attributes, reason = "its caller is the N-API face")
)]
pub fn broken() -> String {
    let error = NativeError::internal("the native tool failed");
    json!({ "ok": false, "error": error.to_json() }).to_string()
}

fn open_roots(options: &str) -> Result<(Roots, exec::Bounds), NativeError> {
    let options: RootOptions = serde_json::from_str(options).map_err(|error| {
        NativeError::invalid(format!("nativeTools: {}", input::without_position(&error)))
    })?;
    let mut paths = vec![options.root_dir];
    paths.extend(options.additional_roots);
    // Named by the option: whoever called the tool need not know where the host keeps its files.
    let roots = Roots::open(&paths).map_err(|(index, fault)| {
        let field = match index.checked_sub(1) {
            None => "nativeTools.rootDir".to_owned(),
            Some(index) => format!("nativeTools.additionalRoots[{index}]"),
        };
        NativeError::at(&field, &fault).of_field(&field)
    })?;
    Ok((roots, options.exec))
}

fn run(name: &str, roots: &Roots, bounds: exec::Bounds, input: &str) -> Result<Value, NativeError> {
    let until = Instant::now() + MAX_DURATION;
    match name {
        "read_file" => read_file::run(roots, input),
        "write_file" => write_file::run(roots, input),
        "delete_file" => delete_file::run(roots, input, until),
        "list_dir" => list_dir::run(roots, input, until),
        "list_files" => list_files::run(roots, input, until),
        "grep" => grep::run(roots, input, until),
        "exec" => exec::run(roots, bounds, input),
        _ => Err(NativeError::invalid("there is no native tool of that name".to_owned())),
    }
}

/// Finds the root of a caller's path.
fn locate<'a>(roots: &'a Roots, path: &str) -> Result<crate::scoped_fs::Located<'a>, NativeError> {
    roots.locate(path.as_ref()).map_err(|fault| NativeError::at(path, &fault))
}

/// A fault of the file system at a path of the caller.
fn failed_at(name: &str) -> impl FnOnce(Fault) -> NativeError + '_ {
    move |fault| NativeError::at(name, &fault)
}
