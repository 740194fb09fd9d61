//! One process, from its launch to its end, for one call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::answer::{self, Value};
use super::ending::{Broken, Ending};
use super::failure::Failure;
use super::frame::{self, FrameError};
use super::room::{Plan, Room};
use super::spec::CallSpec;
use super::worker::{Alive, Use, Worker};
use crate::process::{Child, End, LogSink, Report};

/// A frame that was sent before the process ended is there by then.
const LAST_WORDS: Duration = Duration::from_millis(50);
/// A process that ends closes its channel before its end is known: its other threads go first, which
/// takes a while on a busy machine. One that only closed its channel is not waited for longer.
const NEWS: Duration = Duration::from_secs(1);
/// A heap snapshot, all its pieces together.
const HEAP_BYTES: usize = 256 << 20;
/// One piece of it.
const HEAP_PIECE: u64 = 1 << 20;
/// From the answer of an idle process that was used to its end, which waits for nothing.
const LATER: Duration = Duration::from_millis(20);
/// What a result has around the tool's value, at most.
const ENVELOPE: u64 = 64 * 1024;

/// The bounds of a call that all its attempts share.
pub(super) struct Terms {
    pub deadline: Instant,
    pub timeout_ms: u64,
    pub cancelled: watch::Receiver<bool>,
}

/// The call as the worker is told.
pub(super) struct Request {
    pub call: CallSpec,
    pub plan: Arc<Plan>,
    /// JSON texts.
    pub input: String,
    pub config: Option<String>,
    pub log: Option<LogSink>,
}

/// How an attempt begins.
pub(super) enum Start {
    /// With a place in the room.
    Place(OwnedSemaphorePermit),
    /// It has begun: an idle process was told the request.
    Told(Worker),
}

/// What came of an attempt.
pub(super) struct Attempt {
    pub result: Result<Value, Failure>,
    pub report: Report,
    pub heap: Vec<u8>,
    pub warm: bool,
    /// From the launch to a loaded entrypoint.
    pub start: Duration,
}

impl Terms {
    pub(super) async fn cancelled(&self) {
        let mut cancelled = self.cancelled.clone();
        // Nobody left who could cancel.
        if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Reads from a process for as long as the call and the process allow.
    async fn guard<T>(
        &self,
        child: &Child,
        work: impl Future<Output = Result<T, FrameError>>,
    ) -> Result<T, Broken> {
        tokio::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => match done {
                Ok(done) => Ok(done),
                Err(FrameError::Closed | FrameError::Io(_)) => {
                    let late = (Instant::now() + NEWS).min(self.deadline);
                    tokio::select! {
                        end = child.ended() => Err(Broken::Ended(end)),
                        () = sleep_until(late) => Err(Broken::Frame(FrameError::Closed)),
                        () = self.cancelled() => Err(Broken::Cancelled),
                    }
                }
                Err(error) => Err(Broken::Frame(error)),
            },
            () = sleep_until(self.deadline) => Err(Broken::Timeout),
            () = self.cancelled() => Err(Broken::Cancelled),
            end = child.ended() => match end {
                End::Exited(_) => match timeout(LAST_WORDS, &mut work).await {
                    Ok(Ok(done)) => Ok(done),
                    Ok(Err(error @ (FrameError::Forged | FrameError::Unknown(_) | FrameError::TooLarge))) => {
                        Err(Broken::Frame(error))
                    }
                    _ => Err(Broken::Ended(end)),
                },
                End::Stopped(_) => Err(Broken::Ended(end)),
            },
        }
    }
}

/// Tells an idle process the request, if there is one and the room has a place. Done on the caller's
/// thread: the process wakes up while the reactor does.
pub(super) fn tell(room: &Room, request: &Request, terms: &Terms) -> Option<Worker> {
    let Plan { shape, spec } = &*request.plan;
    if spec.warm.size == 0 || room.is_disposed() {
        return None;
    }
    let permit = room.free_place()?;
    let worker = room.pool.take(shape, spec.warm)?;
    *worker.used_by.lock() = Use { log: request.log.clone(), permit: Some(permit) };
    let payload = payload(request, terms);
    // Nothing was written to it since its greeting, so it takes a short request whole. What it did not
    // take whole it cannot run, and it is ended for that.
    let told = frame::write_now(&worker.child.channel, frame::REQUEST, &payload.each());
    if told {
        // All else that is to be done is for the reactor: each word to it would wake it once more, on
        // the processor that the process needs as a rule.
        return Some(worker);
    }
    room.pool.replace(shape, spec.warm);
    None
}

/// Makes one attempt. The permit is held until the process and all it started are gone.
pub(super) async fn attempt(
    room: &Room,
    request: &Request,
    terms: &Terms,
    start: Start,
) -> Attempt {
    let began = Instant::now();
    let Plan { shape, spec } = &*request.plan;
    let (worker, warm, sent) = match start {
        Start::Told(worker) => {
            room.pool.replace(shape, spec.warm);
            worker.child.set_busy(true);
            (worker, true, true)
        }
        Start::Place(permit) => {
            let used_by = Use { log: request.log.clone(), permit: Some(permit) };
            if let Some(worker) = room.pool.take(shape, spec.warm) {
                room.pool.replace(shape, spec.warm);
                *worker.used_by.lock() = used_by;
                worker.child.set_busy(true);
                (worker, true, false)
            } else {
                room.pool.miss(shape, spec.warm);
                let alive = Alive::new(&room.alive);
                match Worker::launch(&room.spec, shape, used_by, alive, false).await {
                    Ok(worker) => (worker, false, false),
                    Err(failure) => return Attempt::unstarted(failure),
                }
            }
        }
    };
    let mut talk = Talk { request, terms, worker: &worker, heap: Vec::new(), sent };
    let loaded = if warm { Ok(Ok(())) } else { talk.load().await };
    let start = if warm { Duration::ZERO } else { began.elapsed() };
    let answer = match loaded {
        // As in `Room::place`: who waits for the room's end may hear of it late.
        Ok(Ok(())) if room.is_disposed() => Err(Broken::Cancelled),
        Ok(Ok(())) => talk.ask().await,
        Ok(Err(failure)) => Ok(Err(failure)),
        Err(broken) => Err(broken),
    };
    let (heap, sent) = (std::mem::take(&mut talk.heap), talk.sent);
    let disposed = room.disposed.subscribe();
    let report = match &answer {
        Ok(Ok(_)) if shape.exit_grace_ms > 0 => {
            worker.finish_after(Duration::from_millis(shape.exit_grace_ms), disposed).await
        }
        Ok(_) if warm => worker.halt(LATER, disposed).await,
        _ => worker.child.finish().await,
    };
    let result = match answer {
        Ok(result) => result,
        Err(broken) => Err(Ending { room, request, terms, report: &report, sent }.failure(broken)),
    };
    Attempt { result, report, heap, warm, start }
}

impl Attempt {
    pub(super) fn unstarted(failure: Failure) -> Attempt {
        let (report, start) = (Report::default(), Duration::ZERO);
        Attempt { result: Err(failure), report, heap: Vec::new(), warm: false, start }
    }
}

/// What is said on the channel.
struct Talk<'a> {
    request: &'a Request,
    terms: &'a Terms,
    worker: &'a Worker,
    heap: Vec<u8>,
    /// The worker may know the request: the tool may have run.
    sent: bool,
}

impl Talk<'_> {
    async fn load(&mut self) -> Result<Result<(), Failure>, Broken> {
        self.terms.guard(&self.worker.child, self.worker.ready()).await
    }

    async fn ask(&mut self) -> Result<Result<Value, Failure>, Broken> {
        let (terms, child) = (self.terms, &self.worker.child);
        if !self.sent {
            let payload = payload(self.request, terms);
            let sending = async {
                frame::write(&child.channel, &[0; 16], frame::REQUEST, &payload.each())
                    .await
                    .map_err(|_| FrameError::Closed)
            };
            terms.guard(child, sending).await?;
            self.sent = true;
        }
        let limit = self.request.plan.spec.max_output_bytes.saturating_add(ENVELOPE);
        loop {
            let reading = frame::read(&child.channel, &self.worker.token, limit.max(HEAP_PIECE));
            let frame = terms.guard(child, reading).await?;
            match frame.kind {
                frame::HEAP if self.heap.len() + frame.payload.len() <= HEAP_BYTES => {
                    self.heap.extend_from_slice(&frame.payload);
                }
                frame::HEAP => {}
                frame::RESULT if frame.payload.len() as u64 > limit => {
                    return Err(Broken::Frame(FrameError::TooLarge));
                }
                frame::RESULT if frame::has_more(&child.channel) => {
                    return Err(Broken::Frame(FrameError::Forged));
                }
                frame::RESULT => return Ok(answer::read(&frame.payload, &self.request.plan.spec)),
                other => return Err(Broken::Frame(FrameError::Unknown(other))),
            }
        }
    }
}

fn payload<'a>(request: &'a Request, terms: &Terms) -> Payload<'a> {
    let spec = &request.plan.spec;
    let rest = terms.deadline.saturating_duration_since(Instant::now());
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let (tool, exec) = (text(&spec.tool_id), text(&request.call.exec_id));
    let env = serde_json::Value::Object(spec.env.clone());
    Payload {
        head: format!(r#"{{"tool_id":{tool},"tool_exec_id":{exec},"input":"#),
        input: &request.input,
        config: request.config.as_deref().unwrap_or("null"),
        tail: format!(r#","env":{env},"timeout_ms":{}}}"#, rest.as_millis()),
    }
}

/// The request in pieces, so that a large input is not copied.
struct Payload<'a> {
    head: String,
    input: &'a str,
    config: &'a str,
    tail: String,
}

impl Payload<'_> {
    fn each(&self) -> [&[u8]; 5] {
        let config = br#","config":"#;
        [
            self.head.as_bytes(),
            self.input.as_bytes(),
            config,
            self.config.as_bytes(),
            self.tail.as_bytes(),
        ]
    }
}
