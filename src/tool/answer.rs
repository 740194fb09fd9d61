//! What a worker answered: the tool's value, or what the tool said when it failed.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::failure::{Failure, Phase};
use super::scan::scan;
use super::spec::PlanSpec;
use crate::Code;

/// Texts of a tool's error.
const MESSAGE_BYTES: usize = 64 * 1024;
const STACK_BYTES: usize = 16 * 1024;
const NAME_BYTES: usize = 256;
/// Tools that are listed.
const NAMES: usize = 10_000;

/// The tool's value.
#[derive(Debug)]
pub(super) struct Value {
    pub json: String,
    pub execution_ms: f64,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<WireError>,
    #[serde(default)]
    metadata: Option<WireMetadata>,
}

#[derive(Deserialize)]
struct WireError {
    message: String,
    name: String,
    #[serde(default)]
    stack: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    /// `tool`: it threw. `lookup`: there is no such tool. `result`: its value is not JSON.
    #[serde(default)]
    kind: Option<String>,
    /// The thrown error's own `code`, such as `EACCES`.
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    retryable: bool,
    #[serde(default)]
    available: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct WireMetadata {
    execution_time: f64,
}

/// The answer of a worker that was not forged; the tool's value in it is what the tool made it.
pub(super) fn read(payload: &[u8], plan: &PlanSpec) -> Result<Value, Failure> {
    let not_json = || {
        let start = String::from_utf8_lossy(&payload[..payload.len().min(512)]);
        let message = format!(
            "tool produced non-JSON output, indicating a potential error or malformed response: {start}..."
        );
        Failure::new(Code::ProtocolError, Phase::Run, message)
    };
    let wire: Wire<'_> = serde_json::from_slice(payload).map_err(|_| not_json())?;
    if let Some(error) = wire.error {
        return Err(tool_failure(error));
    }
    let json = wire.result.map_or("null", RawValue::get);
    let most = plan.max_result_depth;
    if scan(json.as_bytes(), most as usize).is_err() {
        let message = format!("the tool's result is nested deeper than {most}");
        return Err(Failure::new(Code::OutputLimit, Phase::Run, message)
            .with("limit", "maxResultDepth")
            .with("maxResultDepth", most));
    }
    let limit = plan.max_output_bytes;
    if json.len() as u64 > limit {
        return Err(too_large(limit));
    }
    let execution_ms = wire.metadata.map_or(0.0, |metadata| metadata.execution_time);
    Ok(Value { json: json.to_owned(), execution_ms })
}

pub(super) fn too_large(limit: u64) -> Failure {
    let message = format!("tool output exceeds maximum size limit of {limit} bytes");
    Failure::new(Code::OutputLimit, Phase::Run, message)
        .with("limit", "maxOutputBytes")
        .with("limitBytes", limit)
}

/// At most so many bytes of a text, whole characters.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push_str("...");
    }
    text
}

/// What the tool itself said, as much as somebody may want to read: the caller's thread looks through
/// these texts for what they should not show.
fn tool_failure(error: WireError) -> Failure {
    let message = cut(error.message, MESSAGE_BYTES);
    let error = WireError {
        message,
        name: cut(error.name, NAME_BYTES),
        code: error.code.map(|code| cut(code, NAME_BYTES)),
        stack: error.stack.map(|stack| cut(stack, STACK_BYTES)),
        available: error.available.map(|mut names| {
            names.truncate(NAMES);
            names
        }),
        ..error
    };
    let denied = matches!(error.code.as_deref(), Some("EACCES" | "EPERM" | "ERR_ACCESS_DENIED"));
    let (code, message) = match error.kind.as_deref() {
        Some("lookup") => (Code::InvalidArgument, error.message),
        Some("timeout") => (Code::Timeout, error.message),
        _ if denied => {
            (Code::PermissionDenied, format!("tool execution failed: {}", error.message))
        }
        _ => (Code::RuntimeError, format!("tool execution failed: {}", error.message)),
    };
    let mut failure = Failure::new(code, Phase::Run, message).with("name", error.name);
    if denied {
        failure = failure.with("source", "guest");
    }
    for (name, value) in [
        ("stack", error.stack.map(Into::into)),
        ("timestamp", error.timestamp.map(Into::into)),
        ("errorCode", error.code.map(Into::into)),
        ("available", error.available.map(Into::into)),
        ("retryable", error.retryable.then_some(true.into())),
    ] {
        if let Some(value) = value {
            failure.details.insert(name.to_owned(), value);
        }
    }
    failure
}
