//! The room of one runner: its queue, its engine processes, and which run is in which of them.
//!
//! A run is queued, or it has a process to itself until its end, also while it waits for the host. All of
//! it changes under one lock; no sink is called while that is held.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::check::{self, Record};
use super::engine::{self, Engine, Loss, memory_for};
use super::message::{self, By, Gauges, Report};
use super::wire::Malformed;
use super::{ROOMS, SPARE, program, sweep};
use crate::codelet::conclude;
use crate::codelet::deadline::StopReason;
use crate::codelet::engine::time::{as_millis, millis, millis_since, now_nanos};
use crate::codelet::parked::too_large;
use crate::codelet::pool::Pool;
use crate::codelet::request::{EventSink, Reply, RunRequest};
use crate::codelet::runner::{Shared, Stats};
use crate::error::Code;
use crate::limits::RunnerLimits;
use crate::outcome::{Cache, Failure, Outcome, StoppedBy};
use crate::process::reactor;

/// How long after its deadline, or after it was cancelled, a run may take to end by itself: then its
/// process is ended. Far above what the engine's own three layers need.
const GRACE: i64 = 500_000_000;
/// How long a process without a run is kept.
const IDLE: i64 = 30_000_000_000;

/// The processes and runs of one runner.
pub(in crate::codelet) struct Room {
    shared: Arc<Shared>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    runs: FxHashMap<u64, Open>,
    waiting: VecDeque<u64>,
    /// Processes without a run and since when, the last used last: its caches are warm.
    idle: Vec<(Arc<Engine>, i64)>,
    /// What each process holds, by its address.
    engines: FxHashMap<usize, Gauges>,
    starting: usize,
    running: usize,
    parked: usize,
    disposed: bool,
}

/// An open run.
struct Open {
    sink: Arc<dyn EventSink>,
    request: RunRequest,
    submitted: i64,
    /// Where it runs, if it has begun.
    engine: Option<Arc<Engine>>,
    began: i64,
    /// When its process is ended, if it has not ended itself.
    ends_by: i64,
    waits: bool,
    cancelled: Option<&'static str>,
    record: Record,
}

/// Something to tell a sink once the lock is free.
type Ended = (u64, Arc<dyn EventSink>, Outcome);

fn address(engine: &Arc<Engine>) -> usize {
    Arc::as_ptr(engine).addr()
}

fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

impl Room {
    pub(in crate::codelet) fn new(shared: Arc<Shared>) -> Room {
        Room { shared, state: Mutex::default() }
    }

    fn max_concurrent(&self) -> usize {
        self.shared.limits.max_concurrent.map_or_else(|| Pool::shared().threads(), size)
    }

    /// Queues a run, or ends it at once when the queue is full; begins it if it can.
    pub(in crate::codelet) fn submit(
        self: &Arc<Room>,
        run: u64,
        request: RunRequest,
        sink: Arc<dyn EventSink>,
    ) {
        let limits = &self.shared.limits;
        let mut state = self.state.lock();
        let queued = state.waiting.len();
        // Places that no run has taken yet belong to the first in the queue.
        let free = self.max_concurrent().saturating_sub(state.running);
        if queued as u64 >= limits.max_queued.saturating_add(free as u64) {
            drop(state);
            let message = format!("{queued} runs are waiting already: maxQueued is reached");
            let outcome = Outcome::overloaded(&message, queued, limits.max_queued);
            self.shared.count(&outcome);
            sink.done(run, outcome);
            return;
        }
        let open = Open {
            sink,
            request,
            submitted: now_nanos(),
            engine: None,
            began: 0,
            ends_by: i64::MAX,
            waits: false,
            cancelled: None,
            record: Record::default(),
        };
        state.runs.insert(run, open);
        state.waiting.push_back(run);
        ROOMS.lock().insert(run, Arc::clone(self));
        self.advance(&mut state);
        let has_begun = state.waiting.is_empty();
        drop(state);
        if let Some(patience) = limits.queue_timeout_ms.filter(|_| !has_begun) {
            let room = Arc::clone(self);
            reactor::spawn(async move {
                tokio::time::sleep(Duration::from_millis(patience)).await;
                room.overdue(run);
            });
        }
    }

    /// Begins what can begin, and has processes started for what could if there were more.
    fn advance(self: &Arc<Room>, state: &mut State) {
        let max_concurrent = self.max_concurrent();
        let max_parked = size(self.shared.limits.max_parked);
        while let Some(run) = state.waiting.front().copied() {
            let places = max_concurrent
                .saturating_sub(state.running)
                .min(max_parked.saturating_sub(state.running + state.parked))
                .min(state.waiting.len());
            let Some(open) = state.runs.get_mut(&run).filter(|_| places > 0) else { return };
            let memory = memory_for(&open.request.plan.options.limits);
            let suits = state.idle.iter().rposition(|(engine, _)| engine.memory >= memory);
            let Some(at) = suits else {
                while state.starting < places {
                    state.starting += 1;
                    self.start_one(memory);
                }
                return;
            };
            let (engine, _) = state.idle.remove(at);
            state.waiting.pop_front();
            state.running += 1;
            open.begin(run, engine);
        }
    }

    /// Has a process started, in the background.
    fn start_one(self: &Arc<Room>, memory: u64) {
        let room = Arc::clone(self);
        let cache = self.shared.limits.cache_bytes;
        let spare = SPARE.lock().take_if(|spare| {
            spare.memory >= memory && cache <= RunnerLimits::default().cache_bytes
        });
        reactor::spawn(async move {
            let started = match (spare, program()) {
                (Some(spare), _) if !spare.child.has_ended() => Ok(spare),
                (_, Some(program)) => engine::start(program, memory, cache).await,
                (_, None) => Err("there is no program for it".to_owned()),
            };
            match started {
                Ok(engine) => room.started(Arc::new(engine)),
                Err(why) => room.not_started(&why),
            }
        });
    }

    fn started(self: &Arc<Room>, engine: Arc<Engine>) {
        let RunnerLimits { cache_entries, cache_bytes, .. } = self.shared.limits;
        engine.send(message::setup(cache_entries, cache_bytes));
        let mut state = self.state.lock();
        state.starting -= 1;
        state.engines.insert(address(&engine), Gauges::default());
        reactor::spawn(Arc::clone(&engine).attend(Arc::clone(self)));
        sweep::watch(self);
        if state.disposed {
            engine.end();
        } else {
            state.idle.push((engine, now_nanos()));
            self.advance(&mut state);
        }
    }

    /// No process could be started: the run that waits longest hears of it, the others try again.
    fn not_started(self: &Arc<Room>, why: &str) {
        let mut state = self.state.lock();
        state.starting -= 1;
        let first = state.waiting.pop_front();
        let ended = first.and_then(|run| {
            let message = format!("no process could be started for the run: {why}");
            let failure = Failure::new(Code::WorkerLost, message).with("reason", "START");
            state.end(run, Outcome::refused(failure))
        });
        self.advance(&mut state);
        drop(state);
        self.announce(ended);
    }

    /// What a process says. An error if it may not say that.
    pub(super) fn hear(
        self: &Arc<Room>,
        engine: &Arc<Engine>,
        report: Report,
    ) -> Result<(), Malformed> {
        let run = match &report {
            Report::Ready { .. } | Report::Refused { .. } => return Err(Malformed),
            Report::Log { run, .. }
            | Report::Calls { run, .. }
            | Report::Waits { run, .. }
            | Report::Done { run, .. } => *run,
        };
        let mut state = self.state.lock();
        let open = state.runs.get_mut(&run).ok_or(Malformed)?;
        if !open.engine.as_ref().is_some_and(|own| Arc::ptr_eq(own, engine)) {
            return Err(Malformed);
        }
        let plan = Arc::clone(&open.request.plan);
        let sink = Arc::clone(&open.sink);
        match report {
            Report::Log { entry, .. } => {
                open.record.log(&entry, &plan)?;
                drop(state);
                sink.log(run, &entry);
            }
            Report::Calls { calls, .. } => {
                open.record.calls(&calls, &plan)?;
                drop(state);
                sink.calls(run, calls);
            }
            Report::Waits { waits, .. } => {
                if std::mem::replace(&mut open.waits, waits) != waits {
                    if waits {
                        (state.running, state.parked) = (state.running - 1, state.parked + 1);
                    } else {
                        (state.running, state.parked) = (state.running + 1, state.parked - 1);
                    }
                    self.advance(&mut state);
                }
            }
            Report::Done { mut outcome, gauges, .. } => {
                open.record.outcome(&outcome, &plan, millis_since(open.began))?;
                check::gauges(gauges)?;
                outcome.usage.queue_wait_ms += as_millis(open.began - open.submitted);
                let ended = state.end(run, *outcome);
                state.engines.insert(address(engine), gauges);
                self.put_by(&mut state, engine);
                self.advance(&mut state);
                drop(state);
                self.announce(ended);
            }
            Report::Ready { .. } | Report::Refused { .. } => {}
        }
        Ok(())
    }

    /// Keeps a process that has nothing to do.
    fn put_by(&self, state: &mut State, engine: &Arc<Engine>) {
        if state.disposed || engine.is_ending() {
            engine.end();
            return;
        }
        state.idle.push((Arc::clone(engine), now_nanos()));
        if state.idle.len() > self.max_concurrent() {
            state.idle.remove(0).0.end();
        }
    }

    /// A process is gone, and with it its run, if it had one.
    pub(super) fn lost(self: &Arc<Room>, engine: &Arc<Engine>, loss: Loss) {
        let mut state = self.state.lock();
        state.engines.remove(&address(engine));
        state.idle.retain(|(idle, _)| !Arc::ptr_eq(idle, engine));
        let is_own = |open: &Open| open.engine.as_ref().is_some_and(|own| Arc::ptr_eq(own, engine));
        let run = state.runs.iter().find(|(_, open)| is_own(open)).map(|(run, _)| *run);
        let ended = run.and_then(|run| {
            let outcome = state.runs.get(&run)?.lost(loss, engine.memory);
            state.end(run, outcome)
        });
        if ended.is_some() && loss != Loss::Ended && !state.disposed {
            // The next run need not wait for a start.
            state.starting += 1;
            self.start_one(engine.memory);
        }
        self.advance(&mut state);
        drop(state);
        self.announce(ended);
    }

    pub(super) fn reply(&self, run: u64, replies: &[Reply]) {
        let mut state = self.state.lock();
        let Some(open) = state.runs.get_mut(&run) else { return };
        open.record.answered(replies.len());
        let Some(engine) = &open.engine else { return };
        let limit = size(open.request.plan.options.limits.max_host_result_bytes);
        let fits = |reply: &Reply| reply.value.as_ref().is_none_or(|value| value.size() <= limit);
        if replies.iter().all(fits) {
            engine.send(message::replies(run, replies));
            return;
        }
        let bounded: Vec<Reply> = replies
            .iter()
            .map(|reply| match &reply.value {
                Some(value) if !fits(reply) => too_large(reply.seq, value.size(), limit),
                _ => reply.clone(),
            })
            .collect();
        engine.send(message::replies(run, &bounded));
    }

    pub(super) fn cancel(self: &Arc<Room>, run: u64, by: &'static str) {
        let mut state = self.state.lock();
        let Some(open) = state.runs.get_mut(&run) else { return };
        if open.cancelled.is_some() {
            return;
        }
        open.cancelled = Some(by);
        if let Some(engine) = &open.engine {
            open.ends_by = open.ends_by.min(now_nanos() + GRACE);
            engine.send(message::cancel(run, By::of(by)));
            return;
        }
        state.waiting.retain(|waiting| *waiting != run);
        let ended = state.end(run, Outcome::refused(conclude::cancelled_by(by)));
        drop(state);
        self.announce(ended);
    }

    /// The value that a run gave was none: ends the process it was in, which may have begun another.
    pub(in crate::codelet) fn distrust(&self, run: u64) {
        let state = self.state.lock();
        let busy = state.runs.values().filter_map(|open| open.engine.as_ref());
        let idle = state.idle.iter().map(|(engine, _)| engine);
        busy.chain(idle).for_each(|engine| engine.distrust(run));
    }

    fn overdue(self: &Arc<Room>, run: u64) {
        let mut state = self.state.lock();
        let place = state.waiting.iter().position(|waiting| *waiting == run);
        // The first have their places: it is only their processes that are not there yet.
        if place.is_none_or(|place| place < state.starting) {
            return;
        }
        state.waiting.retain(|waiting| *waiting != run);
        let message = "the run waited in the queue longer than queueTimeoutMs";
        let limit = self.shared.limits.max_queued;
        let outcome = Outcome::overloaded(message, state.waiting.len(), limit);
        let ended = state.end(run, outcome);
        drop(state);
        self.announce(ended);
    }

    /// Ends every run and every process.
    pub(in crate::codelet) fn dispose(self: &Arc<Room>) {
        let mut state = self.state.lock();
        state.disposed = true;
        for (engine, _) in state.idle.drain(..) {
            engine.end();
        }
        let runs: Vec<u64> = state.runs.keys().copied().collect();
        drop(state);
        for run in runs {
            self.cancel(run, "dispose");
        }
    }

    /// Ends processes whose run should have ended, and those that were not needed for long. False when
    /// there are none.
    pub(super) fn sweep(&self) -> bool {
        let now = now_nanos();
        let mut state = self.state.lock();
        for open in state.runs.values().filter(|open| open.ends_by < now) {
            if let Some(engine) = &open.engine {
                engine.end();
            }
        }
        let old = state.idle.iter().take_while(|(_, since)| now - since > IDLE).count();
        for (engine, _) in state.idle.drain(..old) {
            engine.end();
        }
        !state.engines.is_empty()
    }

    /// Adds what runs in processes to the counts of a runner.
    pub(in crate::codelet) fn add_to(&self, stats: &mut Stats) {
        let here = self.state.lock();
        stats.threads += here.engines.len();
        stats.queued += here.waiting.len();
        stats.running += here.running;
        stats.parked += here.parked;
        for gauges in here.engines.values() {
            stats.prepared_images += size(gauges.prepared_images);
            stats.image_bytes += size(gauges.image_bytes);
            stats.arena_bytes += size(gauges.arena_bytes);
            stats.kill_refusals += gauges.kill_refusals;
        }
    }

    fn announce(&self, ended: Option<Ended>) {
        let Some((run, sink, outcome)) = ended else { return };
        if outcome.usage.cache != Cache::Miss {
            self.shared.note_cache_hit();
        }
        self.shared.count(&outcome);
        sink.done(run, outcome);
    }
}

impl State {
    /// Takes a run out, which is no longer in the queue.
    fn end(&mut self, run: u64, mut outcome: Outcome) -> Option<Ended> {
        let open = self.runs.remove(&run)?;
        ROOMS.lock().remove(&run);
        match (&open.engine, open.waits) {
            (None, _) => outcome.usage.queue_wait_ms = millis_since(open.submitted),
            (Some(_), false) => self.running -= 1,
            (Some(_), true) => self.parked -= 1,
        }
        Some((run, open.sink, outcome))
    }
}

impl Open {
    fn begin(&mut self, run: u64, engine: Arc<Engine>) {
        let plan = &self.request.plan;
        let limits = &plan.options.limits;
        self.began = now_nanos();
        self.ends_by = self.began.saturating_add(millis(limits.timeout_ms)).saturating_add(GRACE);
        let input = self.request.input.take();
        engine.send_run(run, plan, input.as_ref());
        self.engine = Some(engine);
    }

    /// The end of a run whose process is gone. What it logged and used is gone, too.
    fn lost(&self, loss: Loss, memory: u64) -> Outcome {
        let limits = &self.request.plan.options.limits;
        let failure = match (self.cancelled, loss) {
            (Some(by), _) => conclude::cancelled_by(by),
            (None, Loss::Ended) => conclude::timeout(StopReason::Wall, limits),
            (None, Loss::Memory) => {
                let message = "the run's process held more memory than it may";
                Failure::new(Code::MemoryLimit, message).with("limitBytes", memory)
            }
            (None, loss) => self.worker_lost(loss),
        };
        let mut outcome = Outcome::refused(failure);
        outcome.duration_ms = millis_since(self.began);
        outcome.usage.wall_ms = outcome.duration_ms;
        outcome.usage.queue_wait_ms = as_millis(self.began - self.submitted);
        outcome.usage.host_calls = u32::try_from(self.record.calls).unwrap_or(u32::MAX);
        outcome.usage.stopped_by = (loss == Loss::Ended).then_some(StoppedBy::Kill);
        outcome
    }

    fn worker_lost(&self, loss: Loss) -> Failure {
        let message = "the process that the codelet ran in is gone";
        let failure = Failure::new(Code::WorkerLost, message);
        let mut failure = match loss {
            Loss::Exited { code, signal } => failure.with("signal", signal).with("exitCode", code),
            _ => failure.with("reason", "PROTOCOL"),
        };
        // What host functions did is done.
        failure.retryable = self.record.calls == 0;
        failure
    }
}
