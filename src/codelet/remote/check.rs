//! What an engine process says is held against what its run may do: the process may be in the hands of
//! the code it runs.

use serde::de::IgnoredAny;

use super::message::Gauges;
use super::wire::Malformed;
use crate::codelet::guest::logs::LogEntry;
use crate::codelet::payload::{Form, Payload};
use crate::codelet::request::{HostCall, Plan, Values};
use crate::error::Code;
use crate::limits::{LOG_MESSAGE_BYTES, Limits};
use crate::outcome::{Failure, Outcome, Usage};

/// Beside its text, what a log entry has in a frame; and what is said where it was cut.
const ENTRY_BYTES: u64 = 96;
/// An error: message, stack, details, each bounded where it is made.
const FAILURE_BYTES: u64 = 1 << 20;
/// Bytes that are no UTF-8 take three times their length when they are mended.
const MENDED: u64 = 3;
/// How much longer than its host saw a run may say it took, in milliseconds: clocks of threads tick
/// more coarsely.
const COARSE: f64 = 1000.0;
/// No count of anything reaches this, and so many processes' counts have a sum.
const COUNTLESS: u64 = 1 << 48;

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
    /// Calls that were not answered yet.
    in_flight: u64,
    logs: Logged,
}

/// Log entries so far.
#[derive(Debug, Default)]
struct Logged {
    entries: u64,
    bytes: u64,
}

fn size(payload: &Payload) -> u64 {
    payload.size() as u64
}

fn require(holds: bool) -> Result<(), Malformed> {
    if holds { Ok(()) } else { Err(Malformed) }
}

impl Record {
    /// Host calls: of functions that were offered, in order, no more and no larger than allowed, and no
    /// more at once.
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
            self.in_flight += 1;
            require(self.in_flight <= limits.max_host_calls_in_flight)?;
            // JSON becomes part of a larger text, which it must not end.
            require(call.arguments.text.starts_with('['))?;
            require(call.arguments.form != Form::Text)?;
            value(&call.arguments, options.values)?;
        }
        Ok(())
    }

    /// So many calls are answered, or will be before the process hears anything else.
    pub(super) fn answered(&mut self, calls: usize) {
        self.in_flight = self.in_flight.saturating_sub(calls as u64);
    }

    /// A log entry, as it comes.
    pub(super) fn log(&mut self, entry: &LogEntry, plan: &Plan) -> Result<(), Malformed> {
        require(plan.options.live_logs)?;
        self.logs.add(entry, &plan.options.limits)
    }

    /// The end of a run that took `elapsed` milliseconds here. Which of the failures that a codelet can
    /// have is the process's to say: it is about its own run alone.
    pub(super) fn outcome(
        &self,
        outcome: &Outcome,
        plan: &Plan,
        elapsed: f64,
    ) -> Result<(), Malformed> {
        let limits = &plan.options.limits;
        require(outcome.value.is_none() || outcome.failure.is_none())?;
        let result_bytes = outcome.value.as_ref().map_or(0, size);
        require(result_bytes <= limits.max_result_bytes)?;
        require(result_bytes == outcome.usage.result_bytes)?;
        outcome.value.as_ref().map_or(Ok(()), |given| value(given, plan.options.values))?;
        outcome.failure.as_ref().map_or(Ok(()), failure)?;
        let mut logs = Logged::default();
        outcome.logs.iter().try_for_each(|entry| logs.add(entry, limits))?;
        self.usage(&outcome.usage, limits, elapsed)
    }

    /// Times that can have passed, calls that were made, and numbers that are none to trip over.
    fn usage(&self, usage: &Usage, limits: &Limits, elapsed: f64) -> Result<(), Malformed> {
        let times = [usage.cpu_ms, usage.parked_ms, usage.queue_wait_ms, usage.compile_ms];
        let possible = 0.0..=elapsed + COARSE;
        require(times.iter().chain([&usage.wall_ms]).all(|time| possible.contains(time)))?;
        // Some may not have left the process.
        require((self.calls..=limits.max_host_calls).contains(&u64::from(usage.host_calls)))?;
        require(usage.detached_host_calls <= usage.host_calls)?;
        let counts = [usage.peak_memory_bytes, usage.logs_dropped, usage.log_bytes_dropped];
        require(counts.into_iter().chain([usage.policy_denials]).all(|count| count < COUNTLESS))
    }
}

impl Logged {
    fn add(&mut self, entry: &LogEntry, limits: &Limits) -> Result<(), Malformed> {
        let bytes = entry.message.len() as u64;
        self.entries += 1;
        // That something was cut is said beside what was kept.
        self.bytes += bytes.saturating_sub(ENTRY_BYTES);
        require(self.entries <= limits.max_log_entries)?;
        require(bytes <= LOG_MESSAGE_BYTES as u64 * MENDED + ENTRY_BYTES)?;
        require(self.bytes <= limits.max_log_bytes.saturating_mul(MENDED))
    }
}

/// A value that leaves a run as it was asked to, and that can be read.
fn value(given: &Payload, values: Values) -> Result<(), Malformed> {
    require(match given.form {
        Form::Json => true,
        Form::Text => values != Values::Json,
        Form::Tagged => values == Values::Clone,
    })?;
    require(given.form == Form::Text || serde_json::from_str::<IgnoredAny>(&given.text).is_ok())
}

/// One of the failures that a codelet can have. Nothing that its host or its runner would say of it.
fn failure(failure: &Failure) -> Result<(), Malformed> {
    require(matches!(
        failure.code,
        Code::Timeout
            | Code::SyntaxError
            | Code::RuntimeError
            | Code::PolicyViolation
            | Code::MemoryLimit
            | Code::OutputLimit
            | Code::HostCallError
            | Code::Cancelled
            | Code::InvalidArgument
            | Code::Internal
    ))?;
    require(failure.retryable == failure.code.retryable())
}

/// What a process says it holds.
pub(super) fn gauges(gauges: Gauges) -> Result<(), Malformed> {
    let Gauges { prepared_images, image_bytes, arena_bytes, kill_refusals } = gauges;
    let counts = [prepared_images, image_bytes, arena_bytes, kill_refusals];
    require(counts.into_iter().all(|count| count < COUNTLESS))
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
        let mut end = end_with(Payload::json("12345678"));
        end.logs = vec![entry(1); 2];
        assert_eq!(judge(&end, &plan), Ok(()));
        end.logs.push(entry(1));
        assert_eq!(judge(&end, &plan), Err(Malformed));
        assert_eq!(judge(&end_with(Payload::json("1234567890")), &plan), Ok(()));
        assert_eq!(judge(&end_with(Payload::json("12345678901")), &plan), Err(Malformed));
    }

    fn end_with(value: Payload) -> Outcome {
        let usage = Usage { result_bytes: size(&value), ..Usage::default() };
        Outcome { value: Some(value), failure: None, logs: Vec::new(), duration_ms: 0.0, usage }
    }

    fn judge(end: &Outcome, plan: &Plan) -> Result<(), Malformed> {
        Record::default().outcome(end, plan, 5.0)
    }

    #[test]
    fn logs_together_stay_within_their_bytes() {
        let limits = Limits { max_log_bytes: 1000, ..Limits::default() };
        let plan = Plan::new("", RunOptions { limits, live_logs: true, ..RunOptions::default() });
        let entry = LogEntry {
            level: Level::Log,
            message: "x".repeat(1000),
            timestamp: 0.0,
            truncated: false,
        };
        let mut record = Record::default();
        let heard = (0..10).take_while(|_| record.log(&entry, &plan).is_ok()).count();
        assert_eq!(heard, 3);
        let mut end = end_with(Payload::json("1"));
        end.logs = vec![entry; 3];
        assert_eq!(judge(&end, &plan), Ok(()));
        end.logs.push(end.logs[0].clone());
        assert_eq!(judge(&end, &plan), Err(Malformed));
    }

    #[test]
    fn no_more_calls_are_under_way_than_may_be() {
        let limits = Limits { max_host_calls_in_flight: 2, ..Limits::default() };
        let host = vec![vec!["a".into()]];
        let plan = Plan::new("", RunOptions { host, limits, ..RunOptions::default() });
        let mut record = Record::default();
        assert_eq!(record.calls(&[call(0, 0, "[]"), call(1, 0, "[]")], &plan), Ok(()));
        record.answered(1);
        assert_eq!(record.calls(&[call(2, 0, "[]")], &plan), Ok(()));
        assert_eq!(record.calls(&[call(3, 0, "[]")], &plan), Err(Malformed));
    }

    #[test]
    fn a_value_is_of_the_form_that_was_asked_for_and_can_be_read() {
        let of = |form, text: &str| Payload { form, text: text.into(), buffers: Vec::new() };
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let all = [
            of(Form::Json, "[1, {}]"),
            of(Form::Text, "[1"),
            of(Form::Tagged, "[0, {}]"),
            of(Form::Json, "[1"),
            of(Form::Tagged, "[0"),
            of(Form::Json, &deep),
        ];
        for (values, fine) in [
            (Values::Json, [true, false, false, false, false, true]),
            (Values::Direct, [true, true, false, false, false, true]),
            (Values::Clone, [true, true, true, false, false, true]),
        ] {
            let plan = Plan::new("", RunOptions { values, ..RunOptions::default() });
            let judged = all.each_ref().map(|value| judge(&end_with(value.clone()), &plan).is_ok());
            assert_eq!(judged, fine, "{values:?}");
        }
        let host = vec![vec!["a".into()]];
        let plan =
            Plan::new("", RunOptions { host, values: Values::Clone, ..RunOptions::default() });
        let judge = |form, text| {
            let arguments = of(form, text);
            Record::default().calls(&[HostCall { seq: 0, function: 0, arguments }], &plan)
        };
        assert_eq!(judge(Form::Tagged, "[0,[1]]"), Ok(()));
        assert_eq!(judge(Form::Json, "[1]"), Ok(()));
        assert_eq!(judge(Form::Text, "[1]"), Err(Malformed));
        assert_eq!(judge(Form::Tagged, "[0,[1]"), Err(Malformed));
    }

    #[test]
    fn a_failure_is_one_that_a_codelet_can_have() {
        let of = |code: Code, retryable: bool| {
            let mut end = end_with(Payload::json("1"));
            (end.value, end.usage.result_bytes) = (None, 0);
            end.failure = Some(Failure { retryable, ..Failure::new(code, "x") });
            judge(&end, &plan())
        };
        assert_eq!(of(Code::Timeout, false), Ok(()));
        assert_eq!(of(Code::Timeout, true), Err(Malformed));
        for code in [Code::WorkerLost, Code::Overloaded, Code::Disposed, Code::PolicyUnenforceable]
        {
            assert_eq!(of(code, code.retryable()), Err(Malformed), "{code:?}");
        }
    }

    #[test]
    fn what_a_run_used_can_have_been() {
        let of = |change: fn(&mut Usage)| {
            let mut end = end_with(Payload::json("1"));
            change(&mut end.usage);
            let mut record = Record::default();
            record.calls(&[call(0, 0, "[]")], &plan()).unwrap();
            record.outcome(&end, &plan(), 5.0)
        };
        assert_eq!(of(|usage| usage.host_calls = 1), Ok(()));
        assert_eq!(of(|usage| (usage.host_calls, usage.detached_host_calls) = (3, 3)), Ok(()));
        let wrong: [fn(&mut Usage); 11] = [
            |_| (),
            |usage| usage.host_calls = 4,
            |usage| (usage.host_calls, usage.detached_host_calls) = (1, 2),
            |usage| (usage.host_calls, usage.cpu_ms) = (1, -1.0),
            |usage| (usage.host_calls, usage.wall_ms) = (1, 1e9),
            |usage| (usage.host_calls, usage.parked_ms) = (1, f64::INFINITY),
            |usage| (usage.host_calls, usage.queue_wait_ms) = (1, f64::NAN),
            |usage| (usage.host_calls, usage.compile_ms) = (1, 1e300),
            |usage| (usage.host_calls, usage.result_bytes) = (1, 2),
            |usage| (usage.host_calls, usage.peak_memory_bytes) = (1, u64::MAX),
            |usage| (usage.host_calls, usage.policy_denials) = (1, u64::MAX),
        ];
        for (index, change) in wrong.into_iter().enumerate() {
            assert_eq!(of(change), Err(Malformed), "change {index}");
        }
        let held = Gauges { arena_bytes: 1 << 32, ..Gauges::default() };
        assert_eq!(gauges(held), Ok(()));
        assert_eq!(gauges(Gauges { image_bytes: u64::MAX, ..held }), Err(Malformed));
    }
}
