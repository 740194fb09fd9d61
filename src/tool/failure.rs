//! Why a call failed.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Code;

/// How far a call had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It waited for its turn.
    Queue,
    /// Its process started.
    Start,
    /// The entrypoint was loaded.
    Import,
    /// The tool was told of its input.
    Run,
}

/// What a process that ended left behind.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessFacts {
    /// What failed: `start`, `wait` or `response`.
    pub operation: String,
    /// Its exit code.
    pub exit_code: Option<i32>,
    /// The signal that ended it, by name.
    pub signal: Option<String>,
    /// It may have been ended for want of memory.
    pub oom: bool,
}

/// A failed call.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// The cause, without the words around it.
    pub message: String,
    /// How far it had come.
    pub phase: Phase,
    /// Facts for programs.
    pub details: Map<String, Value>,
    /// Present when the process itself failed.
    pub process: Option<ProcessFacts>,
    /// The tool certainly did not run.
    #[serde(skip)]
    pub before_request: bool,
}

impl Failure {
    pub(super) fn new(code: Code, phase: Phase, message: impl Into<String>) -> Failure {
        let before_request = phase != Phase::Run;
        let message = message.into();
        Failure { code, message, phase, details: Map::new(), process: None, before_request }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Failure {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn timeout(phase: Phase, timeout_ms: u64) -> Failure {
        let message = format!("timeout: Tool execution timed out after {timeout_ms}ms");
        Failure::new(Code::Timeout, phase, message).with("timeoutMs", timeout_ms)
    }

    pub(super) fn cancelled(phase: Phase) -> Failure {
        Failure::new(Code::Cancelled, phase, "the call was cancelled")
    }
}
