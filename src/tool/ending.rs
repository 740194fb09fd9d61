//! Why a process broke off, as a failure of its call.

use super::answer::too_large;
use super::attempt::{Request, Terms};
use super::failure::{Failure, Phase, ProcessFacts};
use super::frame::FrameError;
use super::room::Room;
use super::worker::ending;
use crate::Code;
use crate::process::{End, Exit, Report, Stop, signal_name};

/// Why nothing more is read from a process.
pub(super) enum Broken {
    Timeout,
    Cancelled,
    Ended(End),
    Frame(FrameError),
}

/// All that is known when a process broke off.
pub(super) struct Ending<'a> {
    pub room: &'a Room,
    pub request: &'a Request,
    pub terms: &'a Terms,
    pub report: &'a Report,
    pub sent: bool,
}

impl Ending<'_> {
    pub(super) fn failure(&self, broken: Broken) -> Failure {
        let phase = if self.sent { Phase::Run } else { Phase::Start };
        let failure = match broken {
            Broken::Timeout => Failure::timeout(phase, self.terms.timeout_ms),
            Broken::Cancelled => Failure::cancelled(phase),
            Broken::Ended(End::Exited(exit)) => self.exited(exit, phase),
            Broken::Ended(End::Stopped(why)) => self.stopped(why, phase),
            Broken::Frame(FrameError::TooLarge) if self.sent => {
                too_large(self.request.plan.spec.max_output_bytes)
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
                    self.room.spec.runtime, self.request.plan.spec.tool_id
                );
                Failure::new(Code::ProtocolError, phase, message)
            }
        };
        Failure { before_request: !self.sent, ..failure }
    }

    fn exited(&self, exit: Exit, phase: Phase) -> Failure {
        let (runtime, tool) = (&self.room.spec.runtime, &self.request.plan.spec.tool_id);
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
        let limits = &self.request.plan.shape.limits;
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
