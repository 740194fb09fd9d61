//! What a run starts with, made from its request.

use std::sync::Arc;

use serde_json::json;

use super::guest::clock::Clock;
use super::guest::frames::Frames;
use super::guest::host::Host;
use super::guest::logs::Logs;
use super::guest::random::Random;
use super::program::Program;
use super::request::{EventSink, RunOptions, RunRequest, Values};

/// The host's half of a run about to start.
pub(super) fn host_for(
    run: u64,
    request: &RunRequest,
    program: &Arc<Program>,
    sink: &Arc<dyn EventSink>,
    random: Random,
) -> Host {
    let options = &request.plan.options;
    let limits = &options.limits;
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let fixed = options.deterministic.as_ref();
    Host {
        run,
        clock: Clock::start(fixed.map(|fixed| fixed.now_ms)),
        random,
        logs: Logs::new(size(limits.max_log_entries), size(limits.max_log_bytes)),
        program: Arc::clone(program),
        frames: Frames::new(Arc::clone(program)),
        sink: Arc::clone(sink),
        live_logs: options.live_logs,
        max_host_calls: u32::try_from(limits.max_host_calls).unwrap_or(u32::MAX),
        max_host_arg_bytes: size(limits.max_host_arg_bytes),
        pending_bytes: 0,
        memory_limit: size(limits.memory_limit_bytes),
        outgoing: Vec::new(),
        may_send: 0,
        sent: Vec::new(),
        calls_made: 0,
        denials: 0,
        imports_closed: false,
        values: options.values,
        buffers: Vec::new(),
        scratch: Vec::new(),
        kept_export: None,
        kept_input: None,
    }
}

/// The host's half while a program is only loaded: nothing of it runs, so nothing is granted.
pub(super) fn loading_host(run: u64, program: &Arc<Program>) -> Host {
    let sink: Arc<dyn EventSink> = Arc::new(Nobody);
    let request = RunRequest::new(String::new());
    host_for(run, &request, program, &sink, Random::seeded(""))
}

/// Hears nothing.
pub(super) struct Nobody;

impl EventSink for Nobody {
    fn log(&self, _: u64, _: &super::LogEntry) {}
    fn calls(&self, _: u64, _: Vec<super::HostCall>) {}
    fn done(&self, _: u64, _: crate::outcome::Outcome) {}
}

/// Whether every run of this kind is opened alike: nothing granted, offered or given but the input.
pub(super) fn is_plain(request: &RunRequest) -> bool {
    let options = &request.plan.options;
    options.globals.is_none() && grants_nothing(options)
}

fn grants_nothing(options: &RunOptions) -> bool {
    let allow = &options.allow;
    options.host.is_empty()
        && options.deterministic.is_none()
        && options.values != Values::Clone
        && allow.env.is_none()
        && !(allow.random || allow.now || allow.fetch || allow.timers)
}

/// What the prelude's `begin` is told; `None` for a run with nothing granted or offered.
pub(super) fn config_of(request: &RunRequest) -> Option<String> {
    let options = &request.plan.options;
    let allow = &options.allow;
    if grants_nothing(options) {
        return None;
    }
    let config = json!({
        "host": options.host,
        "deterministic": options.deterministic.is_some(),
        "clone": options.values == Values::Clone,
        "timers": allow.timers,
        "fetch": allow.fetch,
        "random": allow.random,
        "now": allow.now,
        "env": allow.env,
    });
    Some(config.to_string())
}
