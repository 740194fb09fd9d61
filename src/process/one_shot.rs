//! One program from start to end, for callers that only want its output.

use std::future::pending;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout as within};

use super::command::Command;
use super::keeper::{Child, End, Exit, LogSink, Report, Stop};
use super::launch::LaunchError;
use super::reactor;

/// How long the end of a tree that was killed is waited for: only the kernel can hold it up.
const GONE: Duration = Duration::from_secs(1);
const LOST: LaunchError = LaunchError { stage: "starting a thread", errno: libc::EAGAIN };

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended by itself; `None` when it was ended.
    pub exit: Option<Exit>,
    /// Which of its limits it went over.
    pub stopped: Option<Stop>,
    /// Its time was over.
    pub timed_out: bool,
    /// Who started it ended it.
    pub cancelled: bool,
    /// What it left.
    pub report: Report,
    /// From before its launch to its end.
    pub duration: Duration,
}

/// Who else takes part in a run.
#[derive(Default)]
pub(crate) struct Watch {
    /// Ends the program; dropped, it says nothing.
    pub cancel: Option<oneshot::Receiver<()>>,
    /// Gets its output as it comes.
    pub output: Option<LogSink>,
}

/// Runs a program and waits for its end. Not to be called on the reactor.
pub(crate) fn run_blocking(command: Command, timeout: Duration) -> Result<Finished, LaunchError> {
    let (give, finished) = sync_channel(1);
    start(command, timeout, Watch::default(), move |outcome| {
        let _ = give.send(outcome);
    });
    finished.recv().unwrap_or(Err(LOST))
}

/// Runs a program. `done` is called on the reactor, with all of the tree gone.
pub(crate) fn start(
    command: Command,
    timeout: Duration,
    watch: Watch,
    done: impl FnOnce(Result<Finished, LaunchError>) + Send + 'static,
) {
    let start = Instant::now();
    let done = Done(Some(done));
    reactor::spawn(async move {
        done.tell(run(command, timeout, watch, start).await);
    });
}

/// Tells what came of a run, whatever becomes of the run.
struct Done<F: FnOnce(Result<Finished, LaunchError>)>(Option<F>);

impl<F: FnOnce(Result<Finished, LaunchError>)> Done<F> {
    fn tell(mut self, outcome: Result<Finished, LaunchError>) {
        if let Some(done) = self.0.take() {
            done(outcome);
        }
    }
}

impl<F: FnOnce(Result<Finished, LaunchError>)> Drop for Done<F> {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(LOST));
        }
    }
}

async fn run(
    command: Command,
    timeout: Duration,
    watch: Watch,
    start: Instant,
) -> Result<Finished, LaunchError> {
    let most = command.limits.log_bytes;
    let (held, gone) = oneshot::channel::<()>();
    let child = Child::launch(command.without_channel(), watch.output, Box::new(held)).await?;
    let (mut timed_out, mut cancelled) = (false, false);
    let end = tokio::select! {
        biased;
        end = child.ended() => Some(end),
        () = asked(watch.cancel) => { cancelled = true; None }
        () = sleep(timeout.saturating_sub(start.elapsed())) => { timed_out = true; None }
    };
    let (exit, mut stopped) = match end {
        Some(End::Exited(exit)) => (Some(exit), None),
        Some(End::Stopped(why)) => (None, Some(why)),
        None => (None, None),
    };
    let report = child.finish().await;
    if end.is_some() && report.printed_bytes > most {
        // It may have ended before anybody read how much it had printed.
        stopped = stopped.or(Some(Stop::Logs));
    }
    let _ = within(GONE, gone).await;
    let duration = start.elapsed();
    Ok(Finished { exit, stopped, timed_out, cancelled, report, duration })
}

async fn asked(cancel: Option<oneshot::Receiver<()>>) {
    let asked = match cancel {
        Some(cancel) => cancel.await.is_ok(),
        None => false,
    };
    if !asked {
        pending::<()>().await;
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
