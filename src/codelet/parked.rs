//! A run between two entries into the engine: its isolate, its clock, and its calls of the host.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::compile::cache::Key;
use super::engine::run::Run;
use super::engine::time::now_nanos;
use super::guest::logs::Level;
use super::payload::Payload;
use super::request::{EventSink, HostCall, Reply};
use super::runner::Shared;
use crate::limits::Limits;
use crate::outcome::Usage;

/// Host calls under way and waiting, of one run.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// By number: the size of each one's arguments.
    pub(super) in_flight: BTreeMap<u32, usize>,
    pub(super) backlog: VecDeque<HostCall>,
    /// Answers held back in a deterministic run until their turn.
    pub(super) held: Vec<Reply>,
    pub(super) next_in_order: u32,
}

/// A run between two entries into the engine.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) run: Run,
    pub(super) sink: SinkHandle,
    pub(super) calls: Calls,
    pub(super) limits: Limits,
    pub(super) deadline: i64,
    /// The watchdog knows the deadline: one reminder is enough, however often the run waits.
    pub(super) reminded: bool,
    pub(super) started: i64,
    pub(super) cpu_used: i64,
    pub(super) wait_began: i64,
    pub(super) waited: i64,
    pub(super) ordered: bool,
    pub(super) usage: Usage,
    /// Set when an image of the loaded program is worth taking afterwards; whether for plain runs.
    pub(super) to_prepare: Option<(Arc<Shared>, Key, bool)>,
}

/// A sink with a `Debug` face.
pub(super) struct SinkHandle(pub(super) Arc<dyn EventSink>);

impl std::fmt::Debug for SinkHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventSink")
    }
}

/// What the guest gets in place of a result that is too large for it.
pub(super) fn too_large(seq: u32, size: usize, limit: usize) -> Reply {
    let message = format!(
        "the result of a host function has {size} bytes: max_host_result_bytes allows {limit}"
    );
    Reply::failed(seq, &message, "RESULT_TOO_LARGE")
}

impl Parked {
    pub(super) fn run_id(&self) -> u64 {
        self.run.id()
    }

    /// Takes answers in: unknown ones are dropped, oversized ones become failures, and in a
    /// deterministic run they are delivered in the order of the calls.
    pub(super) fn accept(&mut self, replies: Vec<Reply>) -> Vec<Reply> {
        let limit = usize::try_from(self.limits.max_host_result_bytes).unwrap_or(usize::MAX);
        let mut ready: Vec<Reply> = std::mem::take(&mut self.calls.held);
        for reply in replies {
            let Some(size) = self.calls.in_flight.remove(&reply.seq) else { continue };
            self.run.host().pending_bytes -= size;
            let size = reply.value.as_ref().map_or(0, Payload::size);
            ready.push(if size > limit { too_large(reply.seq, size, limit) } else { reply });
        }
        if self.ordered {
            ready.sort_by_key(|reply| reply.seq);
            let first = self.calls.next_in_order;
            let mut turn = first;
            while ready.get((turn - first) as usize).is_some_and(|reply| reply.seq == turn) {
                turn += 1;
            }
            self.calls.next_in_order = turn;
            self.calls.held = ready.split_off((turn - first) as usize);
        }
        ready
    }

    /// Whether answers are still to come after the ones just accepted.
    pub(super) fn unanswered(&self) -> bool {
        !self.calls.in_flight.is_empty()
            || !self.calls.backlog.is_empty()
            || !self.calls.held.is_empty()
    }

    /// How many calls the guest may have sent while it runs: none before those that wait already.
    pub(super) fn allow_sending(&mut self) {
        let limit = usize::try_from(self.limits.max_host_calls_in_flight).unwrap_or(usize::MAX);
        let room = limit.saturating_sub(self.calls.in_flight.len());
        self.run.host().may_send = if self.calls.backlog.is_empty() { room } else { 0 };
    }

    /// Takes note of the calls that were sent while the guest ran.
    pub(super) fn note_sent(&mut self) {
        let sent = std::mem::take(&mut self.run.host().sent);
        self.calls.in_flight.extend(sent);
    }

    /// Hands waiting calls to the host side, as many as may be in flight.
    pub(super) fn send_calls(&mut self) {
        self.note_sent();
        let made = std::mem::take(&mut self.run.host().outgoing);
        self.calls.backlog.extend(made);
        let limit = usize::try_from(self.limits.max_host_calls_in_flight).unwrap_or(usize::MAX);
        let mut batch = Vec::new();
        while self.calls.in_flight.len() < limit {
            let Some(call) = self.calls.backlog.pop_front() else { break };
            self.calls.in_flight.insert(call.seq, call.arguments.size());
            batch.push(call);
        }
        if !batch.is_empty() {
            self.sink.0.calls(self.run.id(), batch);
        }
    }

    /// Says in the log that calls over the in-flight bound are not made any more.
    pub(super) fn warn_unsent(&mut self) {
        let unsent = self.calls.backlog.len();
        if unsent > 0 {
            let limit = self.limits.max_host_calls_in_flight;
            let text = format!(
                "{unsent} host calls were not made: the codelet ended with max_host_calls_in_flight \
                 ({limit}) of them under way and did not wait"
            );
            self.run.host().log(Level::Warn, text.as_bytes());
        }
    }

    /// The monotonic time of a timer due `elapsed` milliseconds into the run.
    pub(super) fn timer_at(&mut self, elapsed: f64) -> i64 {
        let wait = self.run.host().clock.until(elapsed);
        now_nanos().saturating_add(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX))
    }
}
