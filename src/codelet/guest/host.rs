//! What the host keeps for one run: everything a callback may write to.
//!
//! It lives outside the arena, so it survives the end of the run however that comes.

use std::sync::Arc;

use super::clock::Clock;
use super::frames::Frames;
use super::logs::{Level, Logs};
use super::random::Random;
use crate::codelet::program::Program;
use crate::codelet::request::{EventSink, HostCall};

/// The host's half of a run.
pub(crate) struct Host {
    pub(crate) run: u64,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) logs: Logs,
    pub(crate) program: Arc<Program>,
    pub(crate) frames: Frames,
    /// Live listener, when the caller wants one.
    pub(crate) live: Option<Arc<dyn EventSink>>,
    pub(crate) max_host_calls: u32,
    pub(crate) max_host_arg_bytes: usize,
    /// Argument bytes of calls that were not answered yet: they live outside the arena, and count
    /// like memory in it.
    pub(crate) pending_bytes: usize,
    pub(crate) memory_limit: usize,
    /// Calls made by the guest and not yet handed to the host side.
    pub(crate) outgoing: Vec<HostCall>,
    pub(crate) calls_made: u32,
    pub(crate) denials: u64,
    /// A module could not be read to its end: the engine may still hold pointers to what it gave
    /// back of it, so nothing is imported any more.
    pub(crate) imports_closed: bool,
    /// Text on its way into the engine: owned here, because a callback may own nothing.
    pub(crate) scratch: Vec<u8>,
    /// What the entry call needs, when a top-level await made it wait.
    pub(crate) kept_export: Option<String>,
    pub(crate) kept_input: Option<String>,
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
        if let (Some(entry), Some(live)) = (kept, &self.live) {
            live.log(self.run, entry);
        }
    }

    /// Takes a host call: its number, -1 past the budget, -2 when the arguments are too large, -3
    /// when all pending arguments together are over the memory limit.
    pub(crate) fn call(&mut self, function: u32, arguments: &[u8]) -> i32 {
        if self.calls_made >= self.max_host_calls {
            return -1;
        }
        if arguments.len() > self.max_host_arg_bytes {
            return -2;
        }
        if self.pending_bytes + arguments.len() > self.memory_limit {
            return -3;
        }
        let seq = self.calls_made;
        self.calls_made += 1;
        let arguments = String::from_utf8_lossy(arguments).into_owned();
        self.pending_bytes += arguments.len();
        self.outgoing.push(HostCall { seq, function, arguments });
        i32::try_from(seq).unwrap_or(-1)
    }
}
