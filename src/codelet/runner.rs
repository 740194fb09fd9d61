//! A runner: one tenant's queue, bounds, cache and counts over the process-wide pool.

use std::collections::BTreeMap;
use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex};
use serde::Serialize;

use super::compile::cache::Cache;
use super::engine::{ENGINE_COMMIT, kill};
use super::payload::Payload;
use super::pool::Pool;
#[cfg(target_os = "linux")]
use super::remote::{self, Room};
use super::request::{EventSink, HostCall, Isolation, Reply, RunRequest};
use crate::error::{Code, Error};
use crate::limits::RunnerLimits;
use crate::outcome::{Failure, Outcome, StoppedBy};

/// The bounds of a runner.
pub type RunnerOptions = RunnerLimits;

/// What this platform and process can do.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Native built-ins that never poll are stopped too.
    pub hard_kill: bool,
    /// Threads that run codelets.
    pub threads: usize,
}

/// What this platform and process can do.
pub fn capabilities() -> Capabilities {
    let pool = Pool::shared();
    Capabilities { hard_kill: kill::available(), threads: pool.threads() }
}

/// The commit of the JavaScript engine inside.
pub fn engine_commit() -> &'static str {
    ENGINE_COMMIT
}

/// Counts of one runner; `threads`, `arena_bytes` and `kill_refusals` are the process's.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Threads that run codelets.
    pub threads: usize,
    /// Runs waiting for a thread.
    pub queued: usize,
    /// Runs on a thread.
    pub running: usize,
    /// Runs waiting for the host or a timer.
    pub parked: usize,
    /// Runs ended so far.
    pub runs: u64,
    /// The same by code; `OK` for values.
    pub runs_by_code: BTreeMap<&'static str, u64>,
    /// Runs whose program was compiled before.
    pub cache_hits: u64,
    /// Heaps kept with a program loaded.
    pub prepared_images: usize,
    /// Bytes of the programs kept, and of those heaps.
    pub image_bytes: usize,
    /// Bytes of the pristine copies of all idle isolates.
    pub arena_bytes: usize,
    /// Runs that were asked to stop and did.
    pub interrupts: u64,
    /// Runs ended by the kill signal.
    pub hard_kills: u64,
    /// Kill signals refused because the thread was outside the engine's code.
    pub kill_refusals: u64,
}

/// The part of a runner that its runs share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: u64,
    pub(super) limits: RunnerLimits,
    pub(super) cache: Mutex<Cache>,
    pub(super) disposed: AtomicBool,
    pub(super) cache_hits: AtomicU64,
    /// Held from before the place of a run is free until its end is announced.
    pub(super) announcing: Mutex<()>,
    ended: Mutex<Ended>,
}

/// How the runs of one runner ended.
#[derive(Debug)]
struct Ended {
    by_code: BTreeMap<&'static str, u64>,
    interrupts: u64,
    hard_kills: u64,
}

impl Default for Ended {
    fn default() -> Ended {
        let codes = Code::ALL.iter().map(|code| code.as_str());
        let by_code = codes.chain(["OK"]).map(|code| (code, 0)).collect();
        Ended { by_code, interrupts: 0, hard_kills: 0 }
    }
}

impl Shared {
    /// A run found its program compiled, in whichever process.
    #[cfg(target_os = "linux")]
    pub(super) fn note_cache_hit(&self) {
        self.cache_hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count(&self, outcome: &Outcome) {
        let code = outcome.failure.as_ref().map_or("OK", |failure| failure.code.as_str());
        let mut ended = self.ended.lock();
        *ended.by_code.entry(code).or_insert(0) += 1;
        match outcome.usage.stopped_by {
            Some(StoppedBy::Interrupt) => ended.interrupts += 1,
            Some(StoppedBy::Kill) => ended.hard_kills += 1,
            _ => {}
        }
    }
}

/// Runs codelets for one tenant. Dropping it disposes it.
pub struct Runner {
    shared: Arc<Shared>,
    /// Where its runs live that want a process; made with the first of them.
    #[cfg(target_os = "linux")]
    room: OnceLock<Arc<Room>>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl Runner {
    /// A runner; the threads behind it start with the first run.
    pub fn new(options: RunnerOptions) -> Runner {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let cache = Cache::new(size(options.cache_entries), size(options.cache_bytes));
        Runner {
            shared: Arc::new(Shared {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                limits: options,
                cache: Mutex::new(cache),
                disposed: AtomicBool::new(false),
                cache_hits: AtomicU64::new(0),
                announcing: Mutex::new(()),
                ended: Mutex::new(Ended::default()),
            }),
            #[cfg(target_os = "linux")]
            room: OnceLock::new(),
        }
    }

    /// Checks the bounds.
    pub fn with_checked(options: RunnerOptions) -> Result<Runner, Error> {
        match options.fault() {
            Some(fault) => Err(Error::invalid_argument(fault)),
            None => Ok(Runner::new(options)),
        }
    }

    /// Hands a run to the pool. Its events, the outcome last, go to `sink`.
    pub fn submit(&self, request: RunRequest, sink: Arc<dyn EventSink>) -> Result<u64, Error> {
        if self.shared.disposed.load(Ordering::Acquire) {
            return Err(Error::disposed());
        }
        if let Some(fault) = request.plan.options.limits.fault() {
            let run = Pool::shared().next_run();
            let outcome = Outcome::refused(Failure::new(Code::InvalidArgument, fault));
            self.shared.count(&outcome);
            sink.done(run, outcome);
            return Ok(run);
        }
        match request.plan.options.isolation {
            Isolation::Thread => Ok(Pool::shared().submit(&self.shared, request, sink)),
            Isolation::Process => self.submit_to_process(request, sink),
        }
    }

    #[cfg(target_os = "linux")]
    fn submit_to_process(
        &self,
        request: RunRequest,
        sink: Arc<dyn EventSink>,
    ) -> Result<u64, Error> {
        if !remote::is_enabled() {
            return Err(remote::unenforceable("nothing was tried that could keep it"));
        }
        let room = self.room.get_or_init(|| Arc::new(Room::new(Arc::clone(&self.shared))));
        let run = Pool::shared().next_run();
        room.submit(run, request, sink);
        Ok(run)
    }

    #[cfg(not(target_os = "linux"))]
    fn submit_to_process(&self, _: RunRequest, _: Arc<dyn EventSink>) -> Result<u64, Error> {
        Err(Error::policy_unenforceable("isolation 'process' needs Linux"))
    }

    /// Answers host calls. Answers to unknown calls and ended runs are dropped.
    pub fn reply(run: u64, replies: Vec<Reply>) {
        #[cfg(target_os = "linux")]
        let Some(replies) = remote::reply(run, replies) else { return };
        Pool::shared().reply(run, replies);
    }

    /// Ends a run as `CANCELLED`, wherever it is.
    pub fn cancel(run: u64) {
        #[cfg(target_os = "linux")]
        if remote::cancel(run, "signal") {
            return;
        }
        Pool::shared().cancel(run, "signal");
    }

    /// An empty call through the queue, a worker and back to `sink`: what any run costs at least.
    /// Gives the number its answer will have.
    pub fn ping(sink: Arc<dyn EventSink>) -> u64 {
        Pool::shared().ping(sink)
    }

    /// Ends every run of this runner; later submissions are refused. Again is nothing.
    pub fn dispose(&self) {
        if !self.shared.disposed.swap(true, Ordering::AcqRel) {
            Pool::shared().cancel_all(self.shared.id);
            #[cfg(target_os = "linux")]
            if let Some(room) = self.room.get() {
                room.dispose();
            }
            self.shared.cache.lock().clear();
        }
    }

    /// The value that a run gave could not be read, though its text is well-formed: no engine of ours
    /// writes such a one. Ends the process that the run was in, if it was in one.
    pub fn distrust(&self, run: u64) {
        #[cfg(target_os = "linux")]
        if let Some(room) = self.room.get() {
            room.distrust(run);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = run;
    }

    /// Counts so far.
    pub fn stats(&self) -> Stats {
        let mut stats = Pool::shared().stats(self.shared.id);
        {
            let ended = self.shared.ended.lock();
            stats.runs_by_code.clone_from(&ended.by_code);
            stats.interrupts = ended.interrupts;
            stats.hard_kills = ended.hard_kills;
        }
        stats.runs = stats.runs_by_code.values().sum();
        stats.cache_hits = self.shared.cache_hits.load(Ordering::Relaxed);
        (stats.prepared_images, stats.image_bytes) = self.shared.cache.lock().size();
        #[cfg(target_os = "linux")]
        if let Some(room) = self.room.get() {
            room.add_to(&mut stats);
        }
        stats
    }

    /// Runs on the pool and waits for the outcome. Host calls fail: there is nobody to answer.
    pub fn run_blocking(&self, request: RunRequest) -> Outcome {
        self.run_with(request, |_| Err("no host function answers here".to_owned()))
    }

    /// Runs on the pool and waits, answering host calls with `host`: JSON, or a message.
    pub fn run_with(
        &self,
        request: RunRequest,
        mut host: impl FnMut(&HostCall) -> Result<String, String>,
    ) -> Outcome {
        let desk = Arc::new(Desk::default());
        let sink: Arc<dyn EventSink> = Arc::<Desk>::clone(&desk);
        let run = match self.submit(request, sink) {
            Ok(run) => run,
            Err(error) => return Outcome::refused(Failure::new(error.code(), error.to_string())),
        };
        loop {
            match desk.next() {
                Event::Done(outcome) => return *outcome,
                Event::Calls(calls) => {
                    for call in calls {
                        let reply = match host(&call) {
                            Ok(json) => {
                                Reply { seq: call.seq, ok: true, value: Some(Payload::json(json)) }
                            }
                            Err(message) => Reply::failed(call.seq, &message, "THREW"),
                        };
                        Runner::reply(run, vec![reply]);
                    }
                }
            }
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.dispose();
    }
}

impl Reply {
    /// A failed call: what the guest may read, and why.
    pub fn failed(seq: u32, message: &str, reason: &str) -> Reply {
        let text = serde_json::json!({ "message": message, "reason": reason }).to_string();
        Reply { seq, ok: false, value: Some(Payload::json(text)) }
    }
}

impl Outcome {
    /// A failure before anything ran.
    pub(super) fn refused(failure: Failure) -> Outcome {
        Outcome {
            value: None,
            failure: Some(failure),
            logs: Vec::new(),
            duration_ms: 0.0,
            usage: crate::outcome::Usage::default(),
        }
    }

    /// `OVERLOADED`, by the queue's length or by the time in it.
    pub(super) fn overloaded(message: &str, queued: usize, max_queued: u64) -> Outcome {
        Outcome::refused(
            Failure::new(Code::Overloaded, message)
                .with("queued", queued)
                .with("maxQueued", max_queued),
        )
    }
}

/// Where a blocking caller waits.
#[derive(Default)]
pub(super) struct Desk {
    events: Mutex<std::collections::VecDeque<Event>>,
    came: Condvar,
}

enum Event {
    Calls(Vec<HostCall>),
    Done(Box<Outcome>),
}

impl Desk {
    /// Waits for the outcome; nobody answers host calls.
    #[cfg(all(test, target_os = "linux", not(feature = "sanitize")))]
    pub(super) fn outcome(&self) -> Outcome {
        loop {
            if let Event::Done(outcome) = self.next() {
                return *outcome;
            }
        }
    }

    fn put(&self, event: Event) {
        self.events.lock().push_back(event);
        self.came.notify_one();
    }

    fn next(&self) -> Event {
        let mut events = self.events.lock();
        loop {
            if let Some(event) = events.pop_front() {
                return event;
            }
            self.came.wait(&mut events);
        }
    }
}

impl EventSink for Desk {
    fn log(&self, _: u64, _: &super::LogEntry) {}

    fn calls(&self, _: u64, calls: Vec<HostCall>) {
        self.put(Event::Calls(calls));
    }

    fn done(&self, _: u64, outcome: Outcome) {
        self.put(Event::Done(Box::new(outcome)));
    }
}
