//! What the host keeps for one run: everything a callback may write to.
//!
//! It lives outside the arena, so it survives the end of the run however that comes.

use std::sync::Arc;

use super::clock::Clock;
use super::frames::Frames;
use super::logs::{Level, Logs};
use super::random::Random;
use crate::codelet::payload::{Form, Payload, text_of};
use crate::codelet::program::Program;
use crate::codelet::request::{EventSink, HostCall, Values};

/// So many calls are worth waking the host side for, before the guest comes to wait.
const BATCH: usize = 32;

/// The host's half of a run.
pub(crate) struct Host {
    pub(crate) run: u64,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) logs: Logs,
    pub(crate) program: Arc<Program>,
    pub(crate) frames: Frames,
    /// Where the run's events go.
    pub(crate) sink: Arc<dyn EventSink>,
    /// Whether log entries are also sent as they come.
    pub(crate) live_logs: bool,
    pub(crate) max_host_calls: u32,
    pub(crate) max_host_arg_bytes: usize,
    /// Argument bytes of calls that were not answered yet: they live outside the arena, and count
    /// like memory in it.
    pub(crate) pending_bytes: usize,
    pub(crate) memory_limit: usize,
    /// Calls made by the guest and not yet handed to the host side.
    pub(crate) outgoing: Vec<HostCall>,
    /// How many of them may be handed over while the guest goes on.
    pub(crate) may_send: usize,
    /// Those that were: number, and size of the arguments.
    pub(crate) sent: Vec<(u32, usize)>,
    pub(crate) calls_made: u32,
    pub(crate) denials: u64,
    /// A module could not be read to its end: the engine may still hold pointers to what it gave
    /// back of it, so nothing is imported any more.
    pub(crate) imports_closed: bool,
    /// How values leave the run.
    pub(crate) values: Values,
    /// Contents of array buffers of the value being written.
    pub(crate) buffers: Vec<Vec<u8>>,
    /// Text on its way into the engine: owned here, because a callback may own nothing.
    pub(crate) scratch: Vec<u8>,
    /// What the entry call needs, when a top-level await made it wait.
    pub(crate) kept_export: Option<String>,
    pub(crate) kept_input: Option<Payload>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("run", &self.run).finish_non_exhaustive()
    }
}

impl Host {
    /// Keeps one log entry and tells the live listener.
    pub(crate) fn log(&mut self, level: Level, text: &[u8]) {
        let stamp = self.clock.stamp();
        let kept = self.logs.push(level, text, stamp);
        if let (Some(entry), true) = (kept, self.live_logs) {
            self.sink.log(self.run, entry);
        }
    }

    /// Takes a host call: its number, -1 past the budget, -2 when the arguments are too large, -3
    /// when all pending arguments together are over the memory limit.
    pub(crate) fn call(&mut self, function: u32, arguments: &[u8]) -> i32 {
        // They belong to this call, whatever becomes of it.
        let buffers = std::mem::take(&mut self.buffers);
        if self.calls_made >= self.max_host_calls {
            return -1;
        }
        let size = arguments.len() + buffers.iter().map(Vec::len).sum::<usize>();
        if size > self.max_host_arg_bytes {
            return -2;
        }
        if self.pending_bytes + size > self.memory_limit {
            return -3;
        }
        let seq = self.calls_made;
        self.calls_made += 1;
        let form = if self.values == Values::Clone { Form::Tagged } else { Form::Json };
        let text = text_of(arguments);
        let arguments = Payload { form, text, buffers };
        self.pending_bytes += arguments.size();
        self.outgoing.push(HostCall { seq, function, arguments });
        if self.outgoing.len() >= BATCH && self.outgoing.len() <= self.may_send {
            self.send();
        }
        i32::try_from(seq).unwrap_or(-1)
    }

    /// Hands calls to the host side, which performs them while the guest makes more.
    fn send(&mut self) {
        let calls = std::mem::take(&mut self.outgoing);
        self.may_send -= calls.len();
        self.sent.extend(calls.iter().map(|call| (call.seq, call.arguments.size())));
        self.sink.calls(self.run, calls);
    }

    /// Whether calls were made in this entry.
    pub(crate) fn has_called(&self) -> bool {
        !self.outgoing.is_empty() || !self.sent.is_empty()
    }

    /// Bytes of the buffers kept so far.
    pub(crate) fn buffered(&self) -> usize {
        self.buffers.iter().map(Vec::len).sum()
    }

    /// Keeps a buffer of the value being written: its index, or -3 when all buffers kept are over
    /// the memory limit.
    pub(crate) fn put_buffer(&mut self, bytes: &[u8]) -> i32 {
        if self.pending_bytes + self.buffered() + bytes.len() > self.memory_limit {
            return -3;
        }
        self.buffers.push(bytes.to_vec());
        i32::try_from(self.buffers.len() - 1).unwrap_or(-3)
    }
}
