//! A process that has loaded the entrypoint and waits for its one request.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{sleep, timeout};

use super::failure::{Failure, Phase, ProcessFacts};
use super::frame::{self, FrameError, Token};
use super::spec::{RoomSpec, Shape};
use crate::Code;
use crate::process::{Child, Command, Exit, LaunchError, Limits, LogSink, Report, signal_name};

/// A text that a worker sends besides a result.
const SHORT: u64 = 256 * 1024;

/// Where the log of a process goes, and whose turn it takes up: both are known only once it is used.
#[derive(Default)]
pub(super) struct Use {
    pub log: Option<LogSink>,
    /// The place in the room, given back once the tree is gone.
    #[expect(dead_code, reason = "held, not read")]
    pub permit: Option<OwnedSemaphorePermit>,
}

/// A process of the room.
pub(super) struct Worker {
    pub child: Child,
    pub token: Token,
    pub used_by: Arc<Mutex<Use>>,
}

/// Counts processes that are not wholly gone.
#[derive(Debug)]
pub(super) struct Alive(watch::Sender<usize>);

impl Alive {
    pub(super) fn new(count: &watch::Sender<usize>) -> Alive {
        count.send_modify(|count| *count += 1);
        Alive(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// How the entrypoint failed to load, in the worker's words.
#[derive(Deserialize)]
struct LoadFailure {
    name: String,
    message: String,
    stack: Option<String>,
    kind: String,
}

fn limits(shape: &Shape) -> Limits {
    let limits = &shape.limits;
    Limits {
        memory_bytes: limits.memory_bytes,
        data_bytes: limits.data_bytes,
        processes: limits.processes,
        open_files: limits.open_files,
        file_bytes: limits.file_bytes,
        cpu: None,
        capture_bytes: limits.capture_bytes,
        log_bytes: limits.log_bytes,
    }
}

impl Worker {
    /// Launches the runtime and tells it what to load. It is not yet known to have loaded it. One that
    /// is to wait for its call may `rehearse`.
    pub(super) async fn launch(
        room: &RoomSpec,
        shape: &Shape,
        used_by: Use,
        alive: Alive,
        rehearse: bool,
    ) -> Result<Worker, Failure> {
        let mut arguments = shape.arguments.clone();
        arguments.push(room.worker.to_string_lossy().into_owned());
        let environment = shape.env.iter().map(|(name, value)| (name, value));
        // Not in the project: its tsconfig.json would be obeyed by Bun when it looks for the worker,
        // and can put any other file in its place. The worker goes there itself.
        let folder = room.worker.parent().unwrap_or(&room.project_root);
        let command = Command::new(&room.binary, arguments, environment, folder, limits(shape));
        let Some(command) = command else {
            let message = "an argument or a variable of the process holds a NUL";
            return Err(Failure::new(Code::InvalidArgument, Phase::Start, message));
        };
        let order = shape
            .order(room)
            .map_err(|error| Failure::new(error.code(), Phase::Start, error.to_string()))?;
        let command = command.within(Arc::new(order));
        let used_by = Arc::new(Mutex::new(used_by));
        let sink = Arc::clone(&used_by);
        let log: LogSink = Arc::new(move |stream, bytes| {
            let log = sink.lock().log.clone();
            if let Some(log) = log {
                log(stream, bytes);
            }
        });
        let held = Box::new((Arc::clone(&used_by), alive));
        let child =
            Child::launch(command, Some(log), held).await.map_err(|error| refused(&error))?;
        let mut token = Token::default();
        if getrandom::fill(&mut token).is_err() {
            let message = "the system gave no random numbers";
            return Err(Failure::new(Code::Internal, Phase::Start, message));
        }
        let hello = json!({
            "protocol": 1,
            "projectRoot": room.project_root.to_string_lossy(),
            "entrypoint": room.entrypoint.to_string_lossy(),
            "debug": shape.debug,
            "heapProfiling": shape.heap_profiling,
            "rehearse": rehearse,
            "goesOn": shape.exit_grace_ms > 0,
        });
        // Whatever goes wrong here shows when the worker's answer is read.
        let _ = frame::write(&child.channel, &token, frame::HELLO, &[hello.to_string().as_bytes()])
            .await;
        Ok(Worker { child, token, used_by })
    }

    /// Leaves the process some time after its answer was taken, unless its room ends before. What it
    /// prints then is nobody's.
    pub(super) async fn finish_after(
        self,
        rest: Duration,
        mut disposed: watch::Receiver<bool>,
    ) -> Report {
        let report = self.child.report().await;
        self.used_by.lock().log = None;
        tokio::spawn(async move {
            tokio::select! {
                _ = timeout(rest, self.child.ended()) => {}
                _ = disposed.wait_for(|disposed| *disposed) => {}
            }
            self.child.finish().await;
        });
        report
    }

    /// Leaves the process halted once its answer was taken, and ends it a little later. To take a runtime
    /// apart keeps a processor busy for longer than most calls: those that come meanwhile go first. So
    /// it gives its place back; as an idle process, which it was, it had none either.
    pub(super) async fn halt(self, rest: Duration, mut disposed: watch::Receiver<bool>) -> Report {
        let report = self.child.halt().await;
        *self.used_by.lock() = Use::default();
        tokio::spawn(async move {
            tokio::select! {
                () = sleep(rest) => {}
                _ = disposed.wait_for(|disposed| *disposed) => {}
            }
            self.child.finish().await;
        });
        report
    }

    /// Waits until it has loaded the entrypoint.
    pub(super) async fn ready(&self) -> Result<Result<(), Failure>, FrameError> {
        let frame = frame::read(&self.child.channel, &self.token, SHORT).await?;
        match frame.kind {
            frame::READY => Ok(Ok(())),
            frame::FAILED => Ok(Err(load_failure(&frame.payload))),
            other => Err(FrameError::Unknown(other)),
        }
    }
}

fn load_failure(payload: &[u8]) -> Failure {
    let Ok(failure) = serde_json::from_slice::<LoadFailure>(payload) else {
        let message = "the worker's report on the entrypoint is not JSON";
        return Failure::new(Code::ProtocolError, Phase::Import, message);
    };
    let code = if failure.kind == "syntax" { Code::SyntaxError } else { Code::RuntimeError };
    let message = format!("the entrypoint could not be loaded: {}", failure.message);
    let failed = Failure::new(code, Phase::Import, message)
        .with("name", failure.name)
        .with("kind", failure.kind);
    match failure.stack {
        Some(stack) => failed.with("stack", stack),
        None => failed,
    }
}

fn refused(error: &LaunchError) -> Failure {
    let code = if error.is_transient() { Code::WorkerLost } else { Code::Internal };
    let mut failure = Failure::new(code, Phase::Start, error.to_string())
        .with("stage", error.stage)
        .with("errno", error.errno);
    failure.process =
        Some(ProcessFacts { operation: "start".to_owned(), ..ProcessFacts::default() });
    failure
}

/// How a process ended, as a part of a sentence.
pub(super) fn ending(exit: Exit) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("exit {code}"),
        (_, Some(6)) => "signal: aborted".to_owned(),
        (_, Some(9)) => "signal: killed".to_owned(),
        (_, Some(11)) => "signal: segmentation fault".to_owned(),
        (_, Some(15)) => "signal: terminated".to_owned(),
        (_, Some(other)) => format!("signal: {}", signal_name(other)),
        _ => "cause unknown".to_owned(),
    }
}
