//! What every run hands back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::codelet::{LogEntry, Payload};
use crate::error::Code;

/// The end of a run: a value or a failure, with its logs and what it used either way.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The value; `None` for `undefined` and for failures.
    pub value: Option<Payload>,
    /// Why the run failed, if it did.
    pub failure: Option<Failure>,
    /// What was logged, oldest first.
    pub logs: Vec<LogEntry>,
    /// Wall time of the run in milliseconds, without waiting in the queue.
    pub duration_ms: f64,
    /// What the run used.
    pub usage: Usage,
}

impl Outcome {
    /// The value as JSON text, for a run whose values leave it as JSON.
    pub fn json(&self) -> Option<&str> {
        self.value.as_ref().and_then(Payload::as_json)
    }
}

/// A guest's failure.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// One sentence. Not part of the contract.
    pub message: String,
    /// The error's own name, when an error was thrown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Guest frames only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// The text that `line` and `column` are in: the codelet's own name, or a module's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// 1-based, in the text the caller gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based, in UTF-16 units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// True when the same call may succeed later.
    pub retryable: bool,
    /// Finer facts, by code.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
            name: None,
            stack: None,
            filename: None,
            line: None,
            column: None,
            retryable: code.retryable(),
            details: Map::new(),
        }
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Failure {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    pub(crate) fn at(mut self, filename: &str, line: u32, column: u32) -> Failure {
        self.filename = Some(filename.to_owned());
        self.line = Some(line);
        self.column = Some(column);
        self
    }
}

/// What a run used.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// CPU time of the run.
    pub cpu_ms: f64,
    /// Wall time of the run.
    pub wall_ms: f64,
    /// Of that, time spent waiting for host functions and timers.
    pub parked_ms: f64,
    /// Time in the queue before the run.
    pub queue_wait_ms: f64,
    /// Time spent compiling; 0 when the program was cached.
    pub compile_ms: f64,
    /// Most bytes the heap held at once.
    pub peak_memory_bytes: u64,
    /// Host functions called.
    pub host_calls: u32,
    /// Host calls whose answer nobody waited for any more.
    pub detached_host_calls: u32,
    /// Bytes of the value as JSON.
    pub result_bytes: u64,
    /// Log entries dropped.
    pub logs_dropped: u64,
    /// Log bytes dropped.
    pub log_bytes_dropped: u64,
    /// Refused attempts, caught ones included.
    pub policy_denials: u64,
    /// Where the compiled program came from.
    pub cache: Cache,
    /// How the run was ended, when it did not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<StoppedBy>,
}

/// Where a compiled program came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cache {
    /// Compiled for this run.
    #[default]
    Miss,
    /// Compiled before, by this process.
    Bytecode,
    /// Loaded before, too: the heap was put back to where the program was in it.
    Image,
}

/// How a run was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StoppedBy {
    /// The engine noticed the request itself.
    Interrupt,
    /// The thread was moved out of native code that never looks.
    Kill,
    /// The allocator ended it.
    Allocator,
    /// Native recursion reached the end of the thread's stack.
    Stack,
}
