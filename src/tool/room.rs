//! One runtime with one entrypoint: its queue, its calls, and its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::attempt::{Attempt, Request, Start, Terms, attempt, tell};
use super::failure::{Failure, Phase};
use super::log_lines::LogSink;
use super::pool::{Pool, PoolStats};
use super::retry::Retry;
use super::spec::{CallSpec, PlanSpec, RoomSpec, Shape, ShapeRef, WarmSpec};
use super::worker::Worker;
use crate::Code;
use crate::process::{Captured, reactor};
use crate::sandbox::Denial;

/// A tree that was sent its end is gone by then, unless the kernel itself holds it.
const GONE: Duration = Duration::from_secs(5);
/// A room. Dropped by its owner, it is still there for the calls under way.
pub struct Room {
    pub(super) spec: RoomSpec,
    pub(super) pool: Pool,
    /// Processes that are not wholly gone.
    pub(super) alive: watch::Sender<usize>,
    /// By number, never fewer.
    shapes: Mutex<Vec<Arc<Shape>>>,
    /// By number, never fewer.
    plans: Mutex<Vec<Arc<Plan>>>,
    places: Arc<Semaphore>,
    queued: AtomicU32,
    running: AtomicU64,
    pub(super) disposed: watch::Sender<bool>,
}

/// What calls have in common, as a room has it.
#[derive(Debug)]
pub struct Plan {
    pub(super) spec: PlanSpec,
    pub(super) shape: Arc<Shape>,
}

/// A log stream as it was kept.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Logs {
    stdout: String,
    stderr: String,
    stdout_dropped_bytes: u64,
    stderr_dropped_bytes: u64,
}

/// A tool's value as JSON.
#[derive(Debug)]
pub struct Answer {
    /// The value.
    pub json: String,
}

/// What came of a call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The value; `None` when it failed.
    #[serde(skip)]
    pub answer: Option<Answer>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// A heap snapshot, when one was asked for and the tool failed.
    #[serde(skip)]
    pub heap: Vec<u8>,
    /// Processes that were tried.
    pub attempts: u32,
    /// Milliseconds from the call to its end.
    pub duration_ms: f64,
    /// Of these, waiting for a place.
    pub queue_ms: f64,
    /// Of these, until the entrypoint was loaded.
    pub start_ms: f64,
    /// Milliseconds of the tool itself, in the worker's words.
    pub execution_ms: f64,
    /// It had a process that was started before.
    pub warm: bool,
    /// What the tool printed.
    pub logs: Logs,
    /// The most memory its process and all that it started were seen to hold.
    pub peak_memory_bytes: u64,
    /// What its sandbox refused and noted.
    denials: Vec<Denial>,
}

/// What a room is doing.
#[derive(Debug, Serialize)]
pub struct RoomStats {
    /// Calls that wait for a place.
    pub queued: u32,
    /// Calls that have one.
    pub running: u64,
    /// Idle processes.
    pub pool: PoolStats,
}

/// Ends a call early.
#[derive(Debug)]
pub struct Cancel(watch::Sender<bool>);

impl Cancel {
    /// The call ends as `CANCELLED`, unless it has ended.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").field("spec", &self.spec).finish_non_exhaustive()
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

impl Room {
    /// Makes a room. Nothing is started.
    pub fn new(spec: RoomSpec) -> Arc<Room> {
        Arc::new_cyclic(|room| Room {
            pool: Pool::new(room.clone()),
            alive: watch::Sender::new(0),
            shapes: Mutex::default(),
            plans: Mutex::default(),
            places: Arc::new(Semaphore::new(spec.max_concurrent as usize)),
            queued: AtomicU32::new(0),
            running: AtomicU64::new(0),
            disposed: watch::Sender::new(false),
            spec,
        })
    }

    /// Keeps a shape; gives its number.
    pub fn keep_shape(&self, shape: Shape) -> u32 {
        let mut shapes = self.shapes.lock();
        shapes.push(Arc::new(shape));
        u32::try_from(shapes.len() - 1).unwrap_or(u32::MAX)
    }

    fn shape(&self, number: u32) -> Option<Arc<Shape>> {
        self.shapes.lock().get(number as usize).cloned()
    }

    /// A plan for one call. `None` for the number of a shape that is not kept.
    pub fn plan(&self, spec: PlanSpec) -> Option<Arc<Plan>> {
        let shape = match &spec.shape {
            ShapeRef::Kept(number) => self.shape(*number)?,
            ShapeRef::Own(shape) => Arc::new((**shape).clone()),
        };
        Some(Arc::new(Plan { spec, shape }))
    }

    /// Keeps a plan for many calls; gives its number.
    pub fn keep_plan(&self, plan: Arc<Plan>) -> u32 {
        let mut plans = self.plans.lock();
        plans.push(plan);
        u32::try_from(plans.len() - 1).unwrap_or(u32::MAX)
    }

    /// A plan that is kept.
    pub fn kept_plan(&self, number: u32) -> Option<Arc<Plan>> {
        self.plans.lock().get(number as usize).cloned()
    }

    /// Starts idle processes of a kept shape.
    pub fn warm(&self, shape: u32, warm: WarmSpec) {
        if let Some(shape) = self.shape(shape) {
            self.pool.refill(&shape, warm);
        }
    }

    /// What it is doing.
    pub fn stats(&self) -> RoomStats {
        RoomStats {
            queued: self.queued.load(Ordering::Relaxed),
            running: self.running.load(Ordering::Relaxed),
            pool: self.pool.stats(),
        }
    }

    /// Ends every call as `CANCELLED` and every process. `done` is called once all are gone.
    pub fn dispose(self: &Arc<Self>, done: impl FnOnce() + Send + 'static) {
        self.disposed.send_replace(true);
        self.pool.clear();
        let room = Arc::clone(self);
        reactor::spawn(async move {
            room.pool.clear();
            let mut alive = room.alive.subscribe();
            let _ = timeout(GONE, alive.wait_for(|count| *count == 0)).await;
            done();
        });
    }

    pub(super) fn is_disposed(&self) -> bool {
        *self.disposed.borrow()
    }

    /// Makes a call. `input` and `config` are JSON; `log` gets what the tool prints, as it comes.
    pub fn call(
        self: &Arc<Self>,
        plan: Arc<Plan>,
        call: CallSpec,
        input: String,
        config: Option<String>,
        log: Option<LogSink>,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Cancel {
        let start = Instant::now();
        let spent = Duration::try_from_secs_f64(call.elapsed_ms / 1000.0).unwrap_or_default();
        let cancel = watch::Sender::new(false);
        let terms = Terms {
            deadline: start + Duration::from_millis(call.timeout_ms).saturating_sub(spent),
            timeout_ms: call.timeout_ms,
            cancelled: cancel.subscribe(),
        };
        let room = Arc::clone(self);
        let mut disposed = self.disposed.subscribe();
        let end = cancel.clone();
        let request = Request { call, plan, input, config, log };
        let told = tell(self, &request, &terms);
        reactor::spawn(async move {
            let calling = room.run(&request, &terms, start, told);
            tokio::pin!(calling);
            let outcome = tokio::select! {
                biased;
                // First: a call that comes after the room's end must not start anything.
                () = async { let _ = disposed.wait_for(|disposed| *disposed).await; } => {
                    end.send_replace(true);
                    calling.await
                }
                outcome = &mut calling => outcome,
            };
            done(outcome);
        });
        Cancel(cancel)
    }

    async fn run(
        &self,
        request: &Request,
        terms: &Terms,
        start: Instant,
        mut told: Option<Worker>,
    ) -> Outcome {
        let mut retry = Retry::new(&request.plan.spec.retry);
        let mut queue = Duration::ZERO;
        let mut last: Option<Attempt> = None;
        loop {
            let waiting = Instant::now();
            let begin = match told.take() {
                Some(worker) => Ok(Start::Told(worker)),
                None => self.place(terms).await.map(Start::Place),
            };
            queue += waiting.elapsed();
            let attempt = match begin {
                Ok(begin) => {
                    self.running.fetch_add(1, Ordering::Relaxed);
                    let attempt = attempt(self, request, terms, begin).await;
                    self.running.fetch_sub(1, Ordering::Relaxed);
                    attempt
                }
                Err(failure) => {
                    // It never had its turn, or not another one: no attempt. Who is told that there
                    // was no room for it must be able to rely on it that the tool did not run.
                    let attempt = last
                        .filter(|_| failure.code == Code::Overloaded)
                        .unwrap_or_else(|| Attempt::unstarted(failure));
                    return outcome(attempt, retry.attempts(), queue, start.elapsed());
                }
            };
            if let Err(failure) = &attempt.result {
                let rest = terms.deadline.saturating_duration_since(Instant::now());
                if let Some(pause) = retry.pause(failure, start.elapsed(), rest) {
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = terms.cancelled() => {}
                    }
                    last = Some(attempt);
                    continue;
                }
            }
            let tries = retry.attempts() + u32::from(attempt.result.is_ok());
            return outcome(attempt, tries, queue, start.elapsed());
        }
    }

    /// A place, if nobody has or waits for it.
    pub(super) fn free_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Waits for a place, first come first served. There is none in a room that ends.
    async fn place(&self, terms: &Terms) -> Result<OwnedSemaphorePermit, Failure> {
        let permit = self.any_place(terms).await?;
        // Asked, not waited for: those who wait for the room's end hear of it one after the other, and
        // whoever hears late may be given the place of one who heard early.
        if self.is_disposed() { Err(Failure::cancelled(Phase::Queue)) } else { Ok(permit) }
    }

    async fn any_place(&self, terms: &Terms) -> Result<OwnedSemaphorePermit, Failure> {
        if *terms.cancelled.borrow() {
            return Err(Failure::cancelled(Phase::Queue));
        }
        if let Some(permit) = self.free_place() {
            return Ok(permit);
        }
        let waiting = Waiting::new(&self.queued);
        // A place is given back a moment after its call's result, when the process is wholly gone. Who
        // waits for such a one alone need not find room in the queue.
        let running = self.running.load(Ordering::Relaxed);
        let freeing = u64::from(self.spec.max_concurrent).saturating_sub(running);
        if u64::from(waiting.before) >= u64::from(self.spec.max_queued) + freeing {
            let message = format!("{} calls wait already", waiting.before);
            return Err(Failure::new(Code::Overloaded, Phase::Queue, message)
                .with("maxQueued", self.spec.max_queued));
        }
        tokio::select! {
            // A place that comes free because the room ends must not be used.
            biased;
            () = terms.cancelled() => Err(Failure::cancelled(Phase::Queue)),
            () = sleep_until(terms.deadline) => Err(Failure::timeout(Phase::Queue, terms.timeout_ms)),
            permit = Arc::clone(&self.places).acquire_owned() => {
                permit.map_err(|_| Failure::cancelled(Phase::Queue))
            }
        }
    }
}

/// Counted as waiting for as long as it lives.
struct Waiting<'a> {
    queued: &'a AtomicU32,
    before: u32,
}

impl Waiting<'_> {
    fn new(queued: &AtomicU32) -> Waiting<'_> {
        Waiting { queued, before: queued.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

fn outcome(attempt: Attempt, attempts: u32, queue: Duration, duration: Duration) -> Outcome {
    let Attempt { result, report, heap, warm, start } = attempt;
    let (answer, failure, execution_ms) = match result {
        Ok(value) => (Some(Answer { json: value.json }), None, value.execution_ms),
        Err(failure) => (None, Some(failure), 0.0),
    };
    let Captured { text: stdout, dropped: stdout_dropped_bytes } = report.stdout;
    let Captured { text: stderr, dropped: stderr_dropped_bytes } = report.stderr;
    Outcome {
        answer,
        failure,
        heap,
        attempts,
        duration_ms: milliseconds(duration),
        queue_ms: milliseconds(queue),
        start_ms: milliseconds(start),
        execution_ms,
        warm,
        logs: Logs { stdout, stderr, stdout_dropped_bytes, stderr_dropped_bytes },
        peak_memory_bytes: report.peak_memory_bytes,
        denials: report.denials,
    }
}
