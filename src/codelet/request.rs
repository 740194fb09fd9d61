//! What a run is asked to do, and where its events go.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::compile::cache::{Key, key_of};
use super::guest::logs::LogEntry;
use super::payload::Payload;
use crate::limits::Limits;
use crate::outcome::Outcome;

/// How a source is to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// As JavaScript; if that is a syntax error, as TypeScript.
    #[default]
    Auto,
    /// JavaScript: types are syntax errors.
    Js,
    /// TypeScript: types are always stripped.
    Ts,
}

/// A virtual module.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModuleSource {
    /// The name it is imported by.
    pub name: String,
    /// Its text.
    pub code: String,
    /// How to read it.
    #[serde(default)]
    pub language: Language,
}

/// What the codelet may use beyond plain computation.
#[expect(clippy::struct_excessive_bools, reason = "one per capability, each named")]
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Grants {
    /// Variables of `helpers.env`.
    pub env: Option<BTreeMap<String, String>>,
    /// `helpers.random`.
    pub random: bool,
    /// `helpers.now`.
    pub now: bool,
    /// `fetch` and `helpers.fetch`, performed by the host.
    pub fetch: bool,
    /// `setTimeout` and its family.
    pub timers: bool,
}

/// A run whose randomness and clock are the caller's.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deterministic {
    /// Any text: the same text gives the same numbers.
    pub seed: String,
    /// Milliseconds since the epoch at the run's start.
    #[serde(default)]
    pub now_ms: f64,
}

/// How values leave a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Values {
    /// As JSON, always.
    #[default]
    Json,
    /// As JSON, but a string as it is.
    Direct,
    /// As tagged text, which carries what the structured clone algorithm does; a string as it is.
    Clone,
}

/// Where a run lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// On a thread of this process, in a heap of its own.
    #[default]
    Thread,
    /// In a process of its own, which has given up every privilege.
    Process,
}

/// Everything about a run but its code and input.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RunOptions {
    /// The export to call; `None` is `main`, else the default export.
    pub export_name: Option<String>,
    /// How to read the code.
    pub language: Language,
    /// The code's name in stack traces; empty is `codelet.js`.
    pub filename: String,
    /// Virtual modules by name.
    pub modules: Vec<ModuleSource>,
    /// JSON text of an object: its members become frozen global variables.
    pub globals: Option<String>,
    /// Paths of the host functions below `helpers`; calls name them by index.
    pub host: Vec<Vec<String>>,
    /// What is granted.
    pub allow: Grants,
    /// The caller's seed and clock.
    pub deterministic: Option<Deterministic>,
    /// How values leave the run. Each that enters says itself how it is spelled.
    pub values: Values,
    /// Whether log entries are also sent as they come.
    pub live_logs: bool,
    /// Where it lives.
    pub isolation: Isolation,
    /// The bounds.
    pub limits: Limits,
}

/// What is run: code and everything said about it but the input. One plan may serve many runs.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub(crate) code: String,
    pub(crate) options: RunOptions,
    key: OnceLock<Key>,
}

impl Plan {
    /// A plan to run `code` under `options`.
    pub fn new(code: impl Into<String>, options: RunOptions) -> Plan {
        Plan { code: code.into(), options, key: OnceLock::new() }
    }

    /// What the cache knows its program by.
    pub(crate) fn key(&self) -> &Key {
        self.key.get_or_init(|| key_of(self))
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct RunRequest {
    pub(crate) plan: Arc<Plan>,
    pub(crate) input: Option<Payload>,
}

impl From<Arc<Plan>> for RunRequest {
    fn from(plan: Arc<Plan>) -> RunRequest {
        RunRequest { plan, input: None }
    }
}

impl RunRequest {
    /// A run of `code` with every default.
    pub fn new(code: impl Into<String>) -> RunRequest {
        RunRequest::from(Arc::new(Plan::new(code, RunOptions::default())))
    }

    /// The input, as JSON text.
    #[must_use]
    pub fn with_input(self, json: impl Into<String>) -> RunRequest {
        self.with_payload(Payload::json(json))
    }

    /// The input, in any form.
    #[must_use]
    pub fn with_payload(mut self, input: Payload) -> RunRequest {
        self.input = Some(input);
        self
    }

    /// The options.
    #[must_use]
    pub fn with_options(mut self, options: RunOptions) -> RunRequest {
        let code = std::mem::take(&mut Arc::make_mut(&mut self.plan).code);
        self.plan = Arc::new(Plan::new(code, options));
        self
    }

    /// The wall-clock limit in milliseconds.
    #[must_use]
    pub fn with_timeout_ms(mut self, timeout_ms: u64) -> RunRequest {
        // Limits are no part of the key.
        Arc::make_mut(&mut self.plan).options.limits.timeout_ms = timeout_ms;
        self
    }
}

/// A call of a host function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCall {
    /// The call's number in its run, from 0.
    pub seq: u32,
    /// Index into [`RunOptions::host`]; one past its end is `fetch`.
    pub function: u32,
    /// The arguments, as one array.
    pub arguments: Payload,
}

/// The host's answer to a call.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The call's number.
    pub seq: u32,
    /// Whether it succeeded.
    pub ok: bool,
    /// The value, or `{ message, reason }` as JSON. `None` is `undefined`.
    pub value: Option<Payload>,
}

/// Where the events of runs go. Called from the runs' own threads; must not block.
pub trait EventSink: Send + Sync + 'static {
    /// A log entry, as it is written.
    fn log(&self, run: u64, entry: &LogEntry);
    /// Host calls to perform, in order.
    fn calls(&self, run: u64, calls: Vec<HostCall>);
    /// The end of the run; nothing comes after it.
    fn done(&self, run: u64, outcome: Outcome);
    /// The run waits for the host or a timer, and its thread is free; or it goes on.
    fn waits(&self, run: u64, waits: bool) {
        let _ = (run, waits);
    }
    /// A worker has answered a [`Runner::ping`](super::Runner::ping).
    fn pong(&self, ping: u64) {
        let _ = ping;
    }
}
