//! One program from start to end, for callers that only want its output.

use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use tokio::time::timeout as within;

use super::command::Command;
use super::keeper::{Child, End, Exit, Report, Stop};
use super::launch::LaunchError;
use super::reactor;

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended by itself; `None` when it was ended.
    pub exit: Option<Exit>,
    /// Which of its limits ended it.
    pub stopped: Option<Stop>,
    /// Its time was over.
    pub timed_out: bool,
    /// What it left.
    pub report: Report,
    /// From before its launch to its end.
    pub duration: Duration,
}

/// Runs a program and waits for its end. Not to be called on the reactor.
pub(crate) fn run_blocking(command: Command, timeout: Duration) -> Result<Finished, LaunchError> {
    const LOST: LaunchError = LaunchError { stage: "starting a thread", errno: libc::EAGAIN };
    let start = Instant::now();
    let (give, finished) = sync_channel(1);
    reactor::spawn(async move {
        let outcome = run(command, timeout, start).await;
        let _ = give.send(outcome);
    });
    finished.recv().unwrap_or(Err(LOST))
}

async fn run(command: Command, timeout: Duration, start: Instant) -> Result<Finished, LaunchError> {
    let child = Child::launch(command, None, Box::new(())).await?;
    let end = within(timeout, child.ended()).await;
    let (exit, stopped) = match end {
        Ok(End::Exited(exit)) => (Some(exit), None),
        Ok(End::Stopped(why)) => (None, Some(why)),
        Err(_) => (None, None),
    };
    let report = child.finish().await;
    let timed_out = exit.is_none() && stopped.is_none();
    Ok(Finished { exit, stopped, timed_out, report, duration: start.elapsed() })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
