//! The pool: who runs next, who waits, and who may be answered.
//!
//! One for the process. A run is in exactly one phase: queued, running (on a worker), parked
//! (waiting for the host), or woken (parked, with something to do). All phases change under one
//! lock; nothing is called out of it while it is held.

mod state;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::conclude;
use super::deadline::{Due, Overdue, Watchdog};
use super::engine::cell::Cell;
use super::engine::isolate::Isolate;
use super::engine::kill;
use super::engine::placement::{core_here, leave_core};
use super::engine::time::{millis, now_nanos};
use super::parked::Parked;
use super::request::{EventSink, Reply, RunRequest};
use super::runner::{Shared, Stats};
use super::worker;
use crate::outcome::Outcome;
use state::{Open, Phase, Queue, State};

pub(super) use state::{Job, Task};

/// More threads than this do not help: codelets are short.
const MAX_THREADS: usize = 8;
/// How long one worker without work stays awake, in nanoseconds.
const LOOK_OUT: i64 = 50_000;
/// How often it looks for work between two offers of its core to others, with one run at a time: a
/// system call is long beside what is waited for. With more runs the host needs the core.
const LOOKS: usize = 64;
/// Idle isolates kept for the next run, beyond one per thread.
const SPARE_ISOLATES: usize = 4;

/// How many threads there are to be; 0 is as many as cores.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Where the only worker of a pool fetches its work itself, in place of being woken for it: whoever would
/// wake it is in another process.
pub(super) trait Intake: Send + Sync {
    /// Waits until work has come, and brings it to the pool. On the worker, which has nothing else to do;
    /// with `open` runs, [`Intake::interrupt`] may end it before. May return for nothing.
    fn wait(&self, open: bool);
    /// Brings what has come, and does not wait. On the watchdog: the worker is at work.
    fn look(&self);
    /// The worker has something to do: a run's time has come.
    fn interrupt(&self);
}

static INTAKE: OnceLock<Box<dyn Intake>> = OnceLock::new();

/// The process-wide pool.
pub(super) struct Pool {
    state: Mutex<State>,
    /// Where each worker waits for work.
    work: Vec<Condvar>,
    pub(super) cells: &'static [&'static Cell],
    pub(super) watchdog: Arc<Watchdog>,
    /// Counts what was brought, for the worker that looks out for it.
    arrivals: AtomicU64,
    /// The core on which the host brought something last.
    host_core: AtomicUsize,
    watching: AtomicUsize,
    next_run: AtomicU64,
}

/// What became of a run that wanted to park.
pub(super) enum Parking {
    Parked,
    /// Answers came in meanwhile, or an end: go on.
    GoOn {
        parked: Box<Parked>,
        replies: Vec<Reply>,
        cancelled: Option<&'static str>,
    },
}

impl Pool {
    /// The pool of this process; made at first use.
    pub(super) fn shared() -> &'static Pool {
        static POOL: OnceLock<Pool> = OnceLock::new();
        POOL.get_or_init(|| {
            let cores = std::thread::available_parallelism().map_or(2, usize::from);
            let threads = match THREADS.load(Ordering::Relaxed) {
                0 => cores.clamp(2, MAX_THREADS),
                wanted => wanted,
            };
            let cells: Vec<&'static Cell> = (0..threads).map(|_| Cell::leak()).collect();
            let cells: &'static [&'static Cell] = Box::leak(cells.into_boxed_slice());
            kill::install(cells);
            Pool {
                state: Mutex::new(State::default()),
                work: cells.iter().map(|_| Condvar::new()).collect(),
                cells,
                watchdog: Arc::new(Watchdog::new(cells)),
                arrivals: AtomicU64::new(0),
                host_core: AtomicUsize::new(usize::MAX),
                watching: AtomicUsize::new(0),
                next_run: AtomicU64::new(1),
            }
        })
    }

    /// Says how many threads there are to be; before the pool is first used.
    #[cfg(target_os = "linux")]
    pub(super) fn have_threads(threads: usize) {
        THREADS.store(threads, Ordering::Relaxed);
    }

    /// From here on the worker, which there is only one of, fetches its work itself.
    #[cfg(target_os = "linux")]
    pub(super) fn fetch_from(&'static self, intake: Box<dyn Intake>) {
        if INTAKE.set(intake).is_ok() {
            self.watchdog.look_for_work();
            let mut state = self.state.lock();
            if let Some(worker) = state.idle.pop() {
                self.work[worker].notify_one();
            }
        }
    }

    /// A number that no other run of this process has.
    pub(super) fn next_run(&self) -> u64 {
        self.next_run.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn threads(&self) -> usize {
        self.cells.len()
    }

    /// Notes where the host's thread is, which calls this.
    fn note_host(&self) {
        self.host_core.store(core_here().unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    /// Queues a run, or ends it at once when the queue is full.
    pub(super) fn submit(
        &'static self,
        runner: &Arc<Shared>,
        request: RunRequest,
        sink: Arc<dyn EventSink>,
    ) -> u64 {
        let run = self.next_run();
        self.ensure_watchdog();
        self.note_host();
        let submitted = now_nanos();
        let job = Box::new(Job { run, request, submitted });
        let mut state = self.state.lock();
        let threads = self.threads();
        let queue = state.queues.entry(runner.id).or_insert_with(|| Queue {
            max_concurrent: runner
                .limits
                .max_concurrent
                .map_or(threads, |max| usize::try_from(max).unwrap_or(threads)),
            max_parked: usize::try_from(runner.limits.max_parked).unwrap_or(usize::MAX),
            ..Queue::default()
        });
        let queued = queue.waiting.len();
        // Places that no worker has taken yet belong to the first in the queue.
        let free = queue.max_concurrent.saturating_sub(queue.running) as u64;
        if queued as u64 >= runner.limits.max_queued.saturating_add(free) {
            drop(state);
            let message = format!("{queued} runs are waiting already: maxQueued is reached");
            let outcome = Outcome::overloaded(&message, queued, runner.limits.max_queued);
            runner.count(&outcome);
            sink.done(run, outcome);
            return run;
        }
        queue.waiting.push_back(run);
        if queued == 0 {
            state.turns.push_back(runner.id);
        }
        let open = Open {
            runner: Arc::clone(runner),
            sink,
            phase: Phase::Queued(job),
            inbox: Vec::new(),
            cancelled: None,
            late: false,
        };
        state.runs.insert(run, open);
        self.wake_worker(&mut state);
        drop(state);
        if let Some(patience) = runner.limits.queue_timeout_ms {
            self.watchdog.remind(submitted.saturating_add(millis(patience)), run, Due::Queue);
        }
        run
    }

    /// Sends nothing through the queue and back; gives the number the answer will have.
    pub(super) fn ping(&'static self, sink: Arc<dyn EventSink>) -> u64 {
        let ping = self.next_run();
        self.ensure_watchdog();
        self.note_host();
        let mut state = self.state.lock();
        state.pings.push_back((ping, sink));
        self.wake_worker(&mut state);
        ping
    }

    fn ensure_watchdog(&'static self) {
        if self.watching.load(Ordering::Acquire) == 0
            && self.watching.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire).is_ok()
            && !self.watchdog.spawn(Arc::new(Watch(self)))
        {
            self.watching.store(0, Ordering::Release);
        }
    }

    /// Sees to it that somebody comes for new work.
    fn wake_worker(&'static self, state: &mut State) {
        self.arrivals.fetch_add(1, Ordering::Release);
        // One that is awake comes by itself.
        if state.coming == 0 {
            self.wake_or_start(state);
        }
    }

    /// Wakes a worker, or starts one if none sleeps and there may be more.
    fn wake_or_start(&'static self, state: &mut State) {
        if let Some(worker) = state.idle.pop() {
            self.work[worker].notify_one();
        } else if state.started < self.threads() && worker::spawn(self, state.started) {
            state.started += 1;
        }
    }

    /// Sees to it that somebody comes for work that is there already.
    fn pass_on(&'static self, state: &mut State) {
        if state.coming == 0 && state.has_work() {
            self.wake_or_start(state);
        }
    }

    /// The next task of a worker; waits for one.
    pub(super) fn next_task(&'static self, worker: usize) -> Task {
        let mut state = self.state.lock();
        state.coming &= !(1 << worker);
        let mut looked = false;
        loop {
            if let Some(task) = state.take(worker) {
                // What came while one looked out has woken nobody.
                self.pass_on(&mut state);
                return task;
            }
            if let Some(intake) = INTAKE.get() {
                // It wakes nobody for what it brings.
                state.coming |= 1 << worker;
                let open = !state.runs.is_empty();
                MutexGuard::unlocked(&mut state, || intake.wait(open));
                state.coming &= !(1 << worker);
                continue;
            }
            if state.coming == 0 && !looked {
                looked = true;
                state.coming |= 1 << worker;
                let seen = self.arrivals.load(Ordering::Acquire);
                let in_turns = state.runs.len() <= 1;
                MutexGuard::unlocked(&mut state, || self.look_out(seen, in_turns));
                state.coming &= !(1 << worker);
                continue;
            }
            state.idle.push(worker);
            self.work[worker].wait(&mut state);
            looked = false;
        }
    }

    /// Stays awake for a moment, in case that more work comes: to wake a thread costs more than
    /// most runs, and many times that where the machine is a virtual one. Whoever else wants this
    /// core gets it.
    fn look_out(&self, seen: u64, in_turns: bool) {
        let until = now_nanos() + LOOK_OUT;
        let host = self.host_core.load(Ordering::Relaxed);
        if in_turns && core_here() == Some(host) {
            // With one run at a time the host stays awake as well, and needs the core.
            leave_core(host);
        }
        let looks = if in_turns { LOOKS } else { 1 };
        while now_nanos() < until {
            for _ in 0..looks {
                if self.arrivals.load(Ordering::Acquire) != seen {
                    return;
                }
                std::hint::spin_loop();
            }
            std::thread::yield_now();
        }
    }

    /// Parks a run, unless something came for it in the meantime.
    pub(super) fn park(
        &self,
        worker: usize,
        mut parked: Box<Parked>,
        timer: Option<i64>,
    ) -> Parking {
        let run = parked.run_id();
        // Before it is parked: a deadline that passes meanwhile is noted, and found below.
        if !std::mem::replace(&mut parked.reminded, true) {
            self.watchdog.remind(parked.deadline, run, Due::Deadline);
        }
        let mut state = self.state.lock();
        let Some(open) = state.runs.get_mut(&run) else {
            return Parking::GoOn { parked, replies: Vec::new(), cancelled: Some("exit") };
        };
        if !open.inbox.is_empty() || open.cancelled.is_some() || open.late {
            let replies = std::mem::take(&mut open.inbox);
            return Parking::GoOn { parked, replies, cancelled: open.cancelled };
        }
        open.phase = Phase::Parked(parked);
        let runner = open.runner.id;
        if let Some(queue) = state.queues.get_mut(&runner) {
            queue.running -= 1;
            queue.parked += 1;
        }
        // The worker asks for its next task right away, which may well be the answer.
        state.coming |= 1 << worker;
        drop(state);
        // After it is parked: a timer wakes nobody who is not. One that comes when the run has
        // gone on already finds nothing due, and does no harm.
        if let Some(at) = timer {
            self.watchdog.remind(at, run, Due::Timer);
        }
        Parking::Parked
    }

    /// Whether the run on this worker was cancelled, and by what.
    pub(super) fn cancelled(&self, run: u64) -> Option<&'static str> {
        self.state.lock().runs.get(&run).and_then(|open| open.cancelled)
    }

    /// Ends a run that is on a worker: its place is free from here on.
    /// A worker that is named here will ask for its next task within microseconds.
    pub(super) fn finish(&'static self, run: u64, outcome: Outcome, coming: Option<usize>) {
        let mut state = self.state.lock();
        // Where one run comes after the other, so do their ends: the next one may start, and end on
        // another worker, as soon as the place is free.
        let serial = state.serial(run);
        let in_turn = serial
            .as_ref()
            .map(|runner| MutexGuard::unlocked(&mut state, || runner.announcing.lock()));
        // Not before the wait above: nobody else is woken while somebody is said to come.
        state.coming |= coming.map_or(0, |worker| 1 << worker);
        let Some(open) = state.runs.remove(&run) else { return };
        state.leave(&open);
        self.pass_on(&mut state);
        drop(state);
        open.runner.count(&outcome);
        open.sink.done(run, outcome);
        drop(in_turn);
    }

    /// Answers for host calls.
    pub(super) fn reply(&'static self, run: u64, replies: Vec<Reply>) {
        if replies.is_empty() {
            return;
        }
        self.note_host();
        let mut state = self.state.lock();
        let Some(open) = state.runs.get_mut(&run) else { return };
        open.inbox.extend(replies);
        if state.wake(run) {
            self.wake_worker(&mut state);
        }
    }

    /// Ends a run wherever it is.
    pub(super) fn cancel(&'static self, run: u64, by: &'static str) {
        let mut state = self.state.lock();
        let Some(open) = state.runs.get_mut(&run) else { return };
        if open.cancelled.is_some() {
            return;
        }
        open.cancelled = Some(by);
        match &open.phase {
            Phase::Queued(_) => {
                let Some(open) = state.runs.remove(&run) else { return };
                state.leave(&open);
                drop(state);
                open.end_queued(run, Outcome::refused(conclude::cancelled_by(by)));
            }
            Phase::Running(worker) => {
                let worker = *worker;
                drop(state);
                self.watchdog.cancel(worker, run);
            }
            Phase::Parked(_) => {
                state.wake(run);
                self.wake_worker(&mut state);
            }
            Phase::Woken(_) => {}
        }
    }

    /// Ends every run of one runner.
    pub(super) fn cancel_all(&'static self, runner: u64) {
        let runs: Vec<u64> = {
            let state = self.state.lock();
            state
                .runs
                .iter()
                .filter(|(_, open)| open.runner.id == runner)
                .map(|(id, _)| *id)
                .collect()
        };
        for run in runs {
            self.cancel(run, "dispose");
        }
        let mut state = self.state.lock();
        if state.queues.get(&runner).is_some_and(Queue::is_empty) {
            state.queues.remove(&runner);
        }
    }

    /// An isolate large enough, if one is idle.
    pub(super) fn take_isolate(&self, capacity: usize) -> Option<Isolate> {
        let mut state = self.state.lock();
        let at = state.isolates.iter().position(|isolate| isolate.capacity() >= capacity)?;
        Some(state.isolates.swap_remove(at))
    }

    /// Keeps a pristine isolate for later, within bounds.
    pub(super) fn keep_isolate(&self, isolate: Isolate) {
        let mut state = self.state.lock();
        if state.isolates.len() < self.threads() + SPARE_ISOLATES {
            state.isolates.push(isolate);
        }
    }

    pub(super) fn stats(&self, runner: u64) -> Stats {
        let kill_refusals = self.watchdog.refusals();
        let state = self.state.lock();
        let queue = state.queues.get(&runner);
        Stats {
            threads: state.started,
            queued: queue.map_or(0, |queue| queue.waiting.len()),
            running: queue.map_or(0, |queue| queue.running),
            parked: queue.map_or(0, |queue| queue.parked),
            arena_bytes: state.isolates.iter().map(Isolate::image_bytes).sum(),
            kill_refusals,
            ..Stats::default()
        }
    }
}

/// What the watchdog calls for runs outside the engine.
struct Watch(&'static Pool);

impl Overdue for Watch {
    fn overdue(&self, run: u64, due: Due) {
        let pool = self.0;
        let mut state = pool.state.lock();
        let Some(open) = state.runs.get_mut(&run) else { return };
        match due {
            Due::Queue => {
                if let Phase::Queued(_) = open.phase {
                    let Some(open) = state.runs.remove(&run) else { return };
                    let waiting =
                        state.queues.get(&open.runner.id).map_or(0, |queue| queue.waiting.len());
                    state.leave(&open);
                    drop(state);
                    let limit = open.runner.limits.max_queued;
                    let message = "the run waited in the queue longer than queueTimeoutMs";
                    open.end_queued(run, Outcome::overloaded(message, waiting, limit));
                }
            }
            Due::Deadline => {
                open.late = true;
                self.wake(state, run);
            }
            Due::Timer => self.wake(state, run),
        }
    }

    fn look(&self) {
        if let Some(intake) = INTAKE.get() {
            intake.look();
        }
    }
}

impl Watch {
    /// Has a worker come for a run that is parked.
    fn wake(&self, mut state: MutexGuard<'_, State>, run: u64) {
        if !state.wake(run) {
            return;
        }
        self.0.wake_worker(&mut state);
        drop(state);
        if let Some(intake) = INTAKE.get() {
            intake.interrupt();
        }
    }
}

/// What every isolate can hold at least. It is address space, not memory: generous, so that runs
/// with different limits share isolates.
const USUAL_CAPACITY: u64 = 1 << 30;

/// The capacity of the isolate for a run with this limit.
pub(super) fn isolate_capacity(limit: u64) -> usize {
    usize::try_from(limit.max(USUAL_CAPACITY)).unwrap_or(usize::MAX)
}
