//! What came of a command.

use std::io::{Error as IoError, ErrorKind};

use serde::Serialize;

use crate::Code;
use crate::error::Error;
use crate::process::{Finished, LaunchError, Stop, signal_name};
use crate::sandbox::Denial;

/// The signal that ends a tree.
const KILLED: i32 = 9;

/// A command that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// None when a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<String>,
    /// What it printed, with a marker where bytes were left out.
    pub stdout: String,
    /// The same of stderr.
    pub stderr: String,
    /// Bytes that were left out.
    pub stdout_dropped_bytes: u64,
    /// The same of stderr.
    pub stderr_dropped_bytes: u64,
    /// Its time was over.
    pub timed_out: bool,
    /// Its caller ended it.
    pub cancelled: bool,
    /// The limit that it went over.
    pub limit: Option<Limit>,
    /// From before its start until all of it was gone.
    pub duration_ms: f64,
    /// The most memory that it was seen to hold.
    pub peak_memory_bytes: u64,
    /// What its sandbox refused and noted.
    denials: Vec<Denial>,
}

/// A limit that ends a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// Of all its processes together.
    Memory,
    /// Of processes at once.
    Processes,
    /// Of what it prints.
    Output,
}

impl From<Finished> for Outcome {
    fn from(finished: Finished) -> Outcome {
        let Finished { exit, stopped, timed_out, cancelled, report, duration } = finished;
        // What is ended is ended by this signal.
        let signal = exit.map_or(Some(KILLED), |exit| exit.signal);
        Outcome {
            exit_code: exit.and_then(|exit| exit.code),
            signal: signal.map(signal_name),
            stdout: report.stdout.text,
            stderr: report.stderr.text,
            stdout_dropped_bytes: report.stdout.dropped,
            stderr_dropped_bytes: report.stderr.dropped,
            timed_out,
            cancelled,
            limit: stopped.map(|why| match why {
                Stop::Memory => Limit::Memory,
                Stop::Processes => Limit::Processes,
                Stop::Logs => Limit::Output,
            }),
            duration_ms: duration.as_secs_f64() * 1000.0,
            peak_memory_bytes: report.peak_memory_bytes,
            denials: report.denials,
        }
    }
}

/// A command that never ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotStarted {
    /// The stable code.
    pub code: Code,
    /// What of the call was wrong, if that is what it was.
    pub field: Option<&'static str>,
    /// As a part of a sentence; names no path.
    pub reason: String,
}

impl From<&Error> for NotStarted {
    fn from(error: &Error) -> NotStarted {
        NotStarted { code: error.code(), field: None, reason: error.to_string() }
    }
}

impl From<&LaunchError> for NotStarted {
    fn from(error: &LaunchError) -> NotStarted {
        let kind = IoError::from_raw_os_error(error.errno).kind();
        let (code, field, reason) = match (error.stage, kind) {
            _ if error.is_transient() => (Code::WorkerLost, None, error.to_string()),
            ("execve", ErrorKind::ArgumentListTooLong) => {
                let reason = "arguments and environment are larger than the system takes";
                (Code::InvalidArgument, Some("args"), reason.to_owned())
            }
            ("execve", ErrorKind::NotFound) => {
                let reason = "the program, or what has to load it, is not there";
                (Code::InvalidArgument, Some("command"), reason.to_owned())
            }
            ("execve", ErrorKind::PermissionDenied) => {
                let reason = "the system does not let it be executed";
                (Code::InvalidArgument, Some("command"), reason.to_owned())
            }
            ("execve", _) => {
                let reason = "it is no program that this system runs";
                (Code::InvalidArgument, Some("command"), reason.to_owned())
            }
            ("chdir", _) => {
                let reason = "it cannot be entered".to_owned();
                (Code::InvalidArgument, Some("cwd"), reason)
            }
            ("permissions" | "landlock", _) => {
                let reason = "the kernel did not take the permissions".to_owned();
                (Code::PolicyUnenforceable, Some("permissions"), reason)
            }
            _ => (Code::Internal, None, error.to_string()),
        };
        NotStarted { code, field, reason }
    }
}
