//! One process, from its launch to its end, for one call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::failure::{Failure, Phase, ProcessFacts};
use super::frame::{self, FrameError};
use super::room::Room;
use super::scan::scan;
use super::spec::{CallSpec, Shape};
use super::worker::{Alive, Use, Worker, ending, signal_name};
use crate::Code;
use crate::process::{Child, End, Exit, LogSink, Report, Stop};

/// A frame that was sent before the process ended is there by then.
const LAST_WORDS: Duration = Duration::from_millis(50);
/// A process that ends closes its channel before its end is known: its other threads go first, which
/// takes a while on a busy machine. One that only closed its channel is not waited for longer.
const NEWS: Duration = Duration::from_secs(1);
/// Texts of a tool's error.
const MESSAGE_BYTES: usize = 64 * 1024;
const STACK_BYTES: usize = 16 * 1024;
const NAME_BYTES: usize = 256;
/// Tools that are listed.
const NAMES: usize = 10_000;
/// A heap snapshot, all its pieces together.
const HEAP_BYTES: usize = 256 << 20;
/// One piece of it.
const HEAP_PIECE: u64 = 1 << 20;
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
    pub shape: Arc<Shape>,
    /// JSON texts.
    pub input: String,
    pub config: Option<String>,
    pub log: Option<LogSink>,
}

/// The tool's value.
#[derive(Debug)]
pub(super) struct Value {
    pub json: String,
    pub execution_ms: f64,
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

/// Why nothing more is read from a process.
enum Broken {
    Timeout,
    Cancelled,
    Ended(End),
    Frame(FrameError),
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<WireError>,
    #[serde(default)]
    metadata: Option<WireMetadata>,
}

#[derive(Deserialize)]
struct WireError {
    message: String,
    name: String,
    #[serde(default)]
    stack: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    /// `tool`: it threw. `lookup`: there is no such tool. `result`: its value is not JSON.
    #[serde(default)]
    kind: Option<String>,
    /// The thrown error's own `code`, such as `EACCES`.
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    retryable: bool,
    #[serde(default)]
    available: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct WireMetadata {
    execution_time: f64,
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

/// Makes one attempt. The permit is held until the process and all it started are gone.
pub(super) async fn attempt(
    room: &Room,
    request: &Request,
    terms: &Terms,
    permit: OwnedSemaphorePermit,
) -> Attempt {
    let began = Instant::now();
    let used_by = Use { log: request.log.clone(), permit: Some(permit) };
    let (worker, warm) = if let Some(worker) = room.pool.take(&request.shape, request.call.warm) {
        *worker.used_by.lock() = used_by;
        worker.child.set_busy(true);
        (worker, true)
    } else {
        let alive = Alive::new(&room.alive);
        match Worker::launch(&room.spec, &request.shape, used_by, alive, false).await {
            Ok(worker) => (worker, false),
            Err(failure) => return Attempt::unstarted(failure),
        }
    };
    let mut talk = Talk { request, terms, worker: &worker, heap: Vec::new(), sent: false };
    let loaded = if warm { Ok(Ok(())) } else { talk.load().await };
    let start = if warm { Duration::ZERO } else { began.elapsed() };
    let answer = match loaded {
        Ok(Ok(())) => talk.ask().await,
        Ok(Err(failure)) => Ok(Err(failure)),
        Err(broken) => Err(broken),
    };
    let (heap, sent) = (std::mem::take(&mut talk.heap), talk.sent);
    let grace = request.shape.exit_grace_ms;
    let report = if grace > 0 && matches!(answer, Ok(Ok(_))) {
        worker.finish_after(Duration::from_millis(grace), room.disposed.subscribe()).await
    } else {
        worker.child.finish().await
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
        let payload = self.payload();
        let sending = async {
            frame::write(&child.channel, &[0; 16], frame::REQUEST, &payload.each())
                .await
                .map_err(|_| FrameError::Closed)
        };
        terms.guard(child, sending).await?;
        self.sent = true;
        let limit = self.request.call.max_output_bytes.saturating_add(ENVELOPE);
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
                frame::RESULT => return Ok(self.read_answer(&frame.payload)),
                other => return Err(Broken::Frame(FrameError::Unknown(other))),
            }
        }
    }

    fn payload(&self) -> Payload<'_> {
        let call = &self.request.call;
        let rest = self.terms.deadline.saturating_duration_since(Instant::now());
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let (tool, exec) = (text(&call.tool_id), text(&call.exec_id));
        let env = serde_json::Value::Object(call.env.clone());
        Payload {
            head: format!(r#"{{"tool_id":{tool},"tool_exec_id":{exec},"input":"#),
            input: &self.request.input,
            config: self.request.config.as_deref().unwrap_or("null"),
            tail: format!(r#","env":{env},"timeout_ms":{}}}"#, rest.as_millis()),
        }
    }

    /// The answer of a worker that was not forged; the tool's value in it is what the tool made it.
    fn read_answer(&self, payload: &[u8]) -> Result<Value, Failure> {
        let not_json = || {
            let start = String::from_utf8_lossy(&payload[..payload.len().min(512)]);
            let message = format!(
                "tool produced non-JSON output, indicating a potential error or malformed response: {start}..."
            );
            Failure::new(Code::ProtocolError, Phase::Run, message)
        };
        let wire: Wire<'_> = serde_json::from_slice(payload).map_err(|_| not_json())?;
        if let Some(error) = wire.error {
            return Err(tool_failure(error));
        }
        let json = wire.result.map_or("null", RawValue::get);
        let most = self.request.call.max_result_depth;
        if scan(json.as_bytes(), most as usize).is_err() {
            let message = format!("the tool's result is nested deeper than {most}");
            return Err(Failure::new(Code::OutputLimit, Phase::Run, message)
                .with("limit", "maxResultDepth")
                .with("maxResultDepth", most));
        }
        let limit = self.request.call.max_output_bytes;
        if json.len() as u64 > limit {
            return Err(too_large(limit));
        }
        let execution_ms = wire.metadata.map_or(0.0, |metadata| metadata.execution_time);
        Ok(Value { json: json.to_owned(), execution_ms })
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

fn too_large(limit: u64) -> Failure {
    let message = format!("tool output exceeds maximum size limit of {limit} bytes");
    Failure::new(Code::OutputLimit, Phase::Run, message)
        .with("limit", "maxOutputBytes")
        .with("limitBytes", limit)
}

/// At most so many bytes of a text, whole characters.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push_str("...");
    }
    text
}

/// What the tool itself said, as much as somebody may want to read: the caller's thread looks through
/// these texts for what they should not show.
fn tool_failure(error: WireError) -> Failure {
    let message = cut(error.message, MESSAGE_BYTES);
    let error = WireError {
        message,
        name: cut(error.name, NAME_BYTES),
        code: error.code.map(|code| cut(code, NAME_BYTES)),
        stack: error.stack.map(|stack| cut(stack, STACK_BYTES)),
        available: error.available.map(|mut names| {
            names.truncate(NAMES);
            names
        }),
        ..error
    };
    let denied = matches!(error.code.as_deref(), Some("EACCES" | "EPERM" | "ERR_ACCESS_DENIED"));
    let (code, message) = match error.kind.as_deref() {
        Some("lookup") => (Code::InvalidArgument, error.message),
        Some("timeout") => (Code::Timeout, error.message),
        _ if denied => {
            (Code::PermissionDenied, format!("tool execution failed: {}", error.message))
        }
        _ => (Code::RuntimeError, format!("tool execution failed: {}", error.message)),
    };
    let mut failure = Failure::new(code, Phase::Run, message).with("name", error.name);
    if denied {
        failure = failure.with("source", "guest");
    }
    for (name, value) in [
        ("stack", error.stack.map(Into::into)),
        ("timestamp", error.timestamp.map(Into::into)),
        ("errorCode", error.code.map(Into::into)),
        ("available", error.available.map(Into::into)),
        ("retryable", error.retryable.then_some(true.into())),
    ] {
        if let Some(value) = value {
            failure.details.insert(name.to_owned(), value);
        }
    }
    failure
}

/// All that is known when a process broke off.
struct Ending<'a> {
    room: &'a Room,
    request: &'a Request,
    terms: &'a Terms,
    report: &'a Report,
    sent: bool,
}

impl Ending<'_> {
    fn failure(&self, broken: Broken) -> Failure {
        let phase = if self.sent { Phase::Run } else { Phase::Start };
        let failure = match broken {
            Broken::Timeout => Failure::timeout(phase, self.terms.timeout_ms),
            Broken::Cancelled => Failure::cancelled(phase),
            Broken::Ended(End::Exited(exit)) => self.exited(exit, phase),
            Broken::Ended(End::Stopped(why)) => self.stopped(why, phase),
            Broken::Frame(FrameError::TooLarge) if self.sent => {
                too_large(self.request.call.max_output_bytes)
            }
            Broken::Frame(error) => {
                let what = match error {
                    FrameError::Closed => "its channel was closed before an answer".to_owned(),
                    FrameError::Forged => "a frame on its channel was not the worker's".to_owned(),
                    FrameError::Unknown(kind) => format!("a frame of unknown kind {kind}"),
                    FrameError::TooLarge => "a frame longer than any of that kind".to_owned(),
                    FrameError::Io(error) => error.to_string(),
                };
                let message = format!(
                    "{} process for tool {} broke the protocol: {what}",
                    self.room.spec.runtime, self.request.call.tool_id
                );
                Failure::new(Code::ProtocolError, phase, message)
            }
        };
        Failure { before_request: !self.sent, ..failure }
    }

    fn exited(&self, exit: Exit, phase: Phase) -> Failure {
        let (runtime, tool) = (&self.room.spec.runtime, &self.request.call.tool_id);
        let killed = exit.signal == Some(9);
        // An entrypoint that ends the process does so each time; a signal came from outside.
        let lost = !self.sent && exit.code.is_none();
        let code = if lost { Code::WorkerLost } else { Code::ProcessExit };
        let mut message = format!("{runtime} process for tool {tool} failed ({})", ending(exit));
        if killed {
            message.push_str(" - possible OOM or external kill");
        }
        let mut failure = Failure::new(code, phase, message);
        failure.process = Some(ProcessFacts {
            operation: "wait".to_owned(),
            exit_code: exit.code,
            signal: exit.signal.map(signal_name),
            oom: killed,
        });
        failure
    }

    fn stopped(&self, why: Stop, phase: Phase) -> Failure {
        let limits = &self.request.shape.limits;
        let peak = self.report.peak_memory_bytes;
        match why {
            Stop::Memory => {
                let limit = limits.memory_bytes.unwrap_or(0);
                let message = format!("the process held {peak} bytes, its limit is {limit}");
                Failure::new(Code::MemoryLimit, phase, message)
                    .with("limitBytes", limit)
                    .with("peakBytes", peak)
            }
            Stop::Processes => {
                let message = format!("the tool started more than {} processes", limits.processes);
                Failure::new(Code::PolicyViolation, phase, message)
                    .with("limit", "maxProcesses")
                    .with("maxProcesses", limits.processes)
            }
            Stop::Logs => {
                let message = format!("the tool printed more than {} bytes", limits.log_bytes);
                Failure::new(Code::OutputLimit, phase, message)
                    .with("limit", "maxLogBytes")
                    .with("limitBytes", limits.log_bytes)
            }
        }
    }
}
