//! From the way a run ended to its outcome: codes, messages, positions.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::compile::{import_position, is_global_assignment};
use super::deadline::StopReason;
use super::engine::cell::Landing;
use super::engine::run::{During, Ending};
use super::guest::frames::{Frames, Position};
use super::payload::Payload;
use super::program::Program;
use crate::error::Code;
use crate::limits::{Limits, MESSAGE_BYTES};
use crate::outcome::{Failure, StoppedBy};

/// What an outcome is made of.
#[derive(Debug, Default)]
pub(super) struct Conclusion {
    pub(super) value: Option<Payload>,
    pub(super) failure: Option<Failure>,
    pub(super) stopped_by: Option<StoppedBy>,
    /// Our own fault: the isolate must not be used again.
    pub(super) broken: bool,
    /// Refusals recognised only now.
    pub(super) denials: u64,
}

impl Conclusion {
    pub(super) fn failed(failure: Failure) -> Conclusion {
        Conclusion { failure: Some(failure), ..Conclusion::default() }
    }
}

/// The prelude's report of what was thrown.
#[derive(Debug, Deserialize)]
struct Report {
    code: String,
    name: Option<String>,
    #[serde(default)]
    message: String,
    stack: Option<String>,
    #[serde(default, rename = "writesGlobal")]
    writes_global: bool,
    #[serde(default)]
    details: Map<String, Value>,
    thrown: Option<String>,
}

/// The outcome of an entry that did not ask to wait.
pub(super) fn conclude(
    ending: Ending,
    reason: Option<StopReason>,
    cancelled: Option<&'static str>,
    limits: &Limits,
    program: &Arc<Program>,
) -> Conclusion {
    match ending {
        Ending::Value(value) => Conclusion { value, ..Conclusion::default() },
        Ending::NotJson => {
            let message = "the result is a function or a symbol, which have no JSON form";
            Conclusion::failed(
                Failure::new(Code::RuntimeError, message).with("reason", "UNSERIALIZABLE_RESULT"),
            )
        }
        Ending::TooLong => {
            let limit = limits.max_result_bytes;
            let message =
                format!("the result is longer than max_result_bytes ({limit}) as it crosses");
            Conclusion::failed(Failure::new(Code::OutputLimit, message).with("limitBytes", limit))
        }
        Ending::Thrown { report, during } => thrown(&report, during, program),
        Ending::Stalled => {
            let message = "nothing is left that could ever settle the result: \
                           the codelet waits for a promise nobody resolves";
            let failure = Failure::new(Code::Timeout, message)
                .with("limit", "stalled")
                .with("limitMs", limits.timeout_ms);
            Conclusion::failed(failure)
        }
        Ending::Left(landing) => Conclusion {
            stopped_by: Some(stopped_by(landing)),
            ..Conclusion::failed(left(landing, reason, cancelled, limits))
        },
        Ending::Waiting { .. } | Ending::Broken => internal("the realm's own code failed"),
    }
}

/// How an abandoned run was ended.
pub(super) fn stopped_by(landing: Landing) -> StoppedBy {
    match landing {
        Landing::OutOfMemory => StoppedBy::Allocator,
        Landing::Killed => StoppedBy::Kill,
        Landing::Overflowed => StoppedBy::Stack,
        Landing::Stopped | Landing::Returned => StoppedBy::Interrupt,
    }
}

/// The failure of an abandoned run. What counts is who asked, never a text.
pub(super) fn left(
    landing: Landing,
    reason: Option<StopReason>,
    cancelled: Option<&'static str>,
    limits: &Limits,
) -> Failure {
    if landing == Landing::OutOfMemory {
        let limit = limits.memory_limit_bytes;
        let message = format!("the run needs more memory than memory_limit_bytes ({limit})");
        return Failure::new(Code::MemoryLimit, message).with("limitBytes", limit);
    }
    if landing == Landing::Overflowed {
        let message = "the run recursed inside the engine deeper than its thread's stack";
        return Failure::new(Code::RuntimeError, message).with("reason", "STACK_OVERFLOW");
    }
    stopped(reason, cancelled, limits)
}

/// The failure of a run that was asked to stop.
pub(super) fn stopped(
    reason: Option<StopReason>,
    cancelled: Option<&'static str>,
    limits: &Limits,
) -> Failure {
    match (reason, cancelled) {
        (Some(StopReason::Cancelled), by) => cancelled_by(by.unwrap_or("signal")),
        (Some(reason), _) => timeout(reason, limits),
        (None, Some(by)) => cancelled_by(by),
        (None, None) => timeout(StopReason::Wall, limits),
    }
}

/// The failure of a cancelled run.
pub(super) fn cancelled_by(by: &'static str) -> Failure {
    let message = match by {
        "dispose" => "the runner was disposed",
        "exit" => "the environment was torn down",
        _ => "the run was aborted by its signal",
    };
    Failure::new(Code::Cancelled, message).with("by", by)
}

/// `TIMEOUT`, by which limit.
pub(super) fn timeout(reason: StopReason, limits: &Limits) -> Failure {
    let (name, limit, limit_ms) = match reason {
        StopReason::Cpu => ("cpu_ms", "cpu", limits.cpu_ms.unwrap_or(0)),
        StopReason::Wall | StopReason::Cancelled => ("timeout_ms", "wall", limits.timeout_ms),
    };
    Failure::new(Code::Timeout, format!("the run took longer than {name} ({limit_ms} ms)"))
        .with("limit", limit)
        .with("limitMs", limit_ms)
}

fn internal(what: &str) -> Conclusion {
    let failure = Failure::new(Code::Internal, format!("a fault of runlet: {what}"));
    Conclusion { broken: true, ..Conclusion::failed(failure) }
}

fn thrown(report: &str, during: During, program: &Arc<Program>) -> Conclusion {
    let Ok(report) = serde_json::from_str::<Report>(&well_formed(report)) else {
        return internal("the report of an error is not readable");
    };
    let code = match report.code.as_str() {
        "POLICY_VIOLATION" => Code::PolicyViolation,
        "HOST_CALL_ERROR" => Code::HostCallError,
        _ => Code::RuntimeError,
    };
    let mut failure = Failure::new(code, bounded(&report.message));
    failure.name = report.name.map(|name| bounded(&name));
    failure.details = report.details;
    // Every text in them is cut where it is made; this is the second line.
    if serde_json::to_string(&failure.details).is_ok_and(|text| text.len() > DETAILS_BYTES) {
        failure.details = Map::from_iter([("omitted".to_owned(), Value::Bool(true))]);
    }
    if let Some(thrown) = report.thrown.and_then(|text| serde_json::from_str(&text).ok()) {
        failure.details.insert("thrown".into(), thrown);
    }
    if during == During::Serialising && code == Code::RuntimeError {
        failure.details.insert("reason".into(), "UNSERIALIZABLE_RESULT".into());
    }
    let frames = Frames::new(Arc::clone(program));
    let mut denials = 0;
    let mut place = None;
    if let Some(stack) = &report.stack {
        let text = frames.guest_only(stack);
        place = frames.first(stack);
        failure.stack = (!text.is_empty()).then_some(text);
    }
    if place.is_none() {
        place = refused_import(&failure, program);
    }
    if during == During::Linking && failure.name.as_deref() == Some("SyntaxError") {
        // A name that a given module does not export: found before any line has run.
        failure.code = Code::SyntaxError;
        place = place.or_else(|| missing_export(&failure.message, program)).or(Some((0, START)));
    }
    if let Some((module, position)) = place {
        let name = program.modules[module].name();
        failure = failure.at(name, position.line, position.column);
        if report.writes_global && code == Code::RuntimeError {
            denials = global_write(&mut failure, &program.modules[module].source, position);
        }
    }
    Conclusion { denials, ..Conclusion::failed(failure) }
}

fn bounded(text: &str) -> String {
    text[..text.floor_char_boundary(MESSAGE_BYTES)].to_owned()
}

/// Longest details of a guest's error, as JSON.
const DETAILS_BYTES: usize = 64 * 1024;
const START: Position = Position { line: 1, column: 1 };

/// The report with lone surrogates replaced: JavaScript texts may hold them, Rust's may not.
fn well_formed(report: &str) -> Cow<'_, str> {
    if !report.contains("\\ud") {
        return Cow::Borrowed(report);
    }
    let mut text = String::with_capacity(report.len());
    let mut rest = report;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        text.push_str(plain);
        let taken = match (surrogate(escape, 0), surrogate(escape, 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..)) => &escape[..12],
            (Some(_), _) => {
                text.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            // Any other escape: the backslash and what it escapes.
            (None, _) => &escape[..escape.len().min(2)],
        };
        text.push_str(taken);
        rest = &escape[taken.len()..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The surrogate that the `\uXXXX` at `at` stands for, if it is one.
fn surrogate(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok().filter(|unit| (0xd800..0xe000).contains(unit))
}

/// A static import that was refused has no trace: its place is found in the text.
fn refused_import(failure: &Failure, program: &Program) -> Option<(usize, Position)> {
    if failure.details.get("capability").and_then(Value::as_str) != Some("import") {
        return None;
    }
    importing(failure.details.get("name")?.as_str()?, program)
}

/// The same for an import of a name that the module does not export: `… in module 'name'`.
fn missing_export(message: &str, program: &Program) -> Option<(usize, Position)> {
    importing(message.strip_suffix('\'')?.rsplit_once("module '")?.1, program)
}

/// The first static import of `specifier`.
fn importing(specifier: &str, program: &Program) -> Option<(usize, Position)> {
    let mut modules = program.modules.iter().enumerate();
    modules.find_map(|(index, module)| Some((index, import_position(&module.source, specifier)?)))
}

/// The engine reports a write to a frozen global as a plain type error: name it for what it is.
/// Says how many refusals that makes.
fn global_write(failure: &mut Failure, source: &str, position: Position) -> u64 {
    let quoted =
        failure.message.strip_prefix('\'').and_then(|text| text.strip_suffix("' is read-only"));
    let Some(name) = quoted.map(str::to_owned) else { return 0 };
    if failure.name.as_deref() != Some("TypeError")
        || !is_global_assignment(source, position, &name)
    {
        return 0;
    }
    failure.code = Code::PolicyViolation;
    failure.name = Some("PolicyViolation".to_owned());
    failure.message = format!(
        "globals of \"{name}\" is denied: the global scope, `globals` and `helpers` are frozen; \
         keep state in your own variables"
    );
    failure.details.insert("capability".into(), "globals".into());
    failure.details.insert("name".into(), name.into());
    1
}

#[cfg(test)]
mod tests {
    use super::well_formed;

    #[test]
    fn lone_surrogates_are_replaced_and_pairs_kept() {
        assert_eq!(well_formed(r#"{"a":"\ud83d\ude00"}"#), r#"{"a":"\ud83d\ude00"}"#);
        assert_eq!(well_formed(r#"{"a":"x\ud83dy"}"#), "{\"a\":\"x\u{fffd}y\"}");
        assert_eq!(well_formed(r#"{"a":"\ude00\ud83d"}"#), "{\"a\":\"\u{fffd}\u{fffd}\"}");
        assert_eq!(well_formed(r#"{"a":"\\ud83d"}"#), r#"{"a":"\\ud83d"}"#);
    }
}
