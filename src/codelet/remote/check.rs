//! What an engine process says is held against what its run may do: the process may be in the hands of
//! the code it runs.

use serde::de::IgnoredAny;

use super::wire::Malformed;
use crate::codelet::guest::logs::LogEntry;
use crate::codelet::payload::{Form, Payload};
use crate::codelet::request::{HostCall, Plan};
use crate::limits::{LOG_MESSAGE_BYTES, Limits};
use crate::outcome::Outcome;

/// Beside its text, what a log entry has in a frame; and what is said where it was cut.
const ENTRY_BYTES: u64 = 96;
/// An error: message, stack, details, each bounded where it is made.
const FAILURE_BYTES: u64 = 1 << 20;
/// Bytes that are no UTF-8 take three times their length when they are mended.
const MENDED: u64 = 3;

/// The longest frame that a run of these limits makes.
pub(super) fn longest_frame(limits: &Limits) -> u64 {
    let logs = limits.max_log_bytes.saturating_mul(MENDED);
    let entries = limits.max_log_entries.saturating_mul(ENTRY_BYTES);
    let done = limits.max_result_bytes.saturating_add(logs).saturating_add(entries);
    // Calls share a frame up to 256 KiB; one more may be of any size that is allowed.
    done.max(limits.max_host_arg_bytes.saturating_add(1 << 20)).saturating_add(FAILURE_BYTES)
}

/// What a run has done so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) calls: u64,
    next_seq: u64,
    logged: u64,
}

fn size(payload: &Payload) -> u64 {
    payload.size() as u64
}

fn require(holds: bool) -> Result<(), Malformed> {
    if holds { Ok(()) } else { Err(Malformed) }
}

impl Record {
    /// Host calls: of functions that were offered, in order, no more and no larger than allowed.
    pub(super) fn calls(&mut self, calls: &[HostCall], plan: &Plan) -> Result<(), Malformed> {
        let (options, limits) = (&plan.options, &plan.options.limits);
        let functions = options.host.len() + usize::from(options.allow.fetch);
        for call in calls {
            self.calls += 1;
            require(self.calls <= limits.max_host_calls)?;
            require((call.function as usize) < functions)?;
            require(u64::from(call.seq) >= self.next_seq)?;
            self.next_seq = u64::from(call.seq) + 1;
            require(size(&call.arguments) <= limits.max_host_arg_bytes)?;
            // It becomes part of a larger text, which it must not end.
            if call.arguments.form == Form::Json {
                let array = call.arguments.text.starts_with('[');
                require(array && serde_json::from_str::<IgnoredAny>(&call.arguments.text).is_ok())?;
            }
        }
        Ok(())
    }

    /// A log entry, as it comes.
    pub(super) fn log(&mut self, entry: &LogEntry, plan: &Plan) -> Result<(), Malformed> {
        self.logged += 1;
        require(plan.options.live_logs)?;
        require(self.logged <= plan.options.limits.max_log_entries)?;
        entry_fits(entry)
    }
}

fn entry_fits(entry: &LogEntry) -> Result<(), Malformed> {
    let longest = LOG_MESSAGE_BYTES as u64 * MENDED + ENTRY_BYTES;
    require(entry.message.len() as u64 <= longest)
}

/// The end of a run. The kind of failure is the process's to say: it is about its own run alone.
pub(super) fn outcome(outcome: &Outcome, limits: &Limits) -> Result<(), Malformed> {
    require(outcome.value.is_none() || outcome.failure.is_none())?;
    require(outcome.value.as_ref().is_none_or(|value| size(value) <= limits.max_result_bytes))?;
    require(outcome.logs.len() as u64 <= limits.max_log_entries)?;
    outcome.logs.iter().try_for_each(entry_fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codelet::guest::logs::Level;
    use crate::codelet::request::RunOptions;

    fn plan() -> Plan {
        let limits = Limits {
            max_host_calls: 3,
            max_host_arg_bytes: 100,
            max_result_bytes: 10,
            max_log_entries: 2,
            ..Limits::default()
        };
        let host = vec![vec!["a".into()], vec!["b".into()]];
        let options = RunOptions { host, limits, live_logs: true, ..RunOptions::default() };
        Plan::new("", options)
    }

    fn call(seq: u32, function: u32, arguments: &str) -> HostCall {
        HostCall { seq, function, arguments: Payload::json(arguments) }
    }

    #[test]
    fn calls_are_of_what_was_offered_and_no_more() {
        let plan = plan();
        let judge = |calls: &[HostCall]| Record::default().calls(calls, &plan);
        assert_eq!(judge(&[call(0, 0, "[]"), call(2, 1, "[1]"), call(3, 1, "[1]")]), Ok(()));
        for wrong in [
            vec![call(0, 2, "[]")],
            vec![call(1, 0, "[]"), call(1, 0, "[]")],
            vec![call(1, 0, "[]"), call(0, 0, "[]")],
            (0..4).map(|seq| call(seq, 0, "[]")).collect(),
            vec![call(0, 0, "[1],[2]")],
            vec![call(0, 0, "1")],
            vec![call(0, 0, "")],
            vec![call(0, 0, &format!("[\"{}\"]", "x".repeat(100)))],
        ] {
            assert_eq!(judge(&wrong), Err(Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn logs_and_results_stay_within_their_limits() {
        let plan = plan();
        let entry = |len: usize| LogEntry {
            level: Level::Log,
            message: "x".repeat(len),
            timestamp: 0.0,
            truncated: false,
        };
        let mut record = Record::default();
        assert_eq!(record.log(&entry(5), &plan), Ok(()));
        assert_eq!(record.log(&entry(LOG_MESSAGE_BYTES * 4), &plan), Err(Malformed));
        assert_eq!(record.log(&entry(5), &plan), Err(Malformed));
        let mut end = Outcome {
            value: Some(Payload::json("12345678")),
            failure: None,
            logs: vec![entry(1); 2],
            duration_ms: 0.0,
            usage: crate::outcome::Usage::default(),
        };
        let limits = &plan.options.limits;
        assert_eq!(outcome(&end, limits), Ok(()));
        end.logs.push(entry(1));
        assert_eq!(outcome(&end, limits), Err(Malformed));
        end.logs.clear();
        end.value = Some(Payload::json("12345678901"));
        assert_eq!(outcome(&end, limits), Err(Malformed));
    }
}
