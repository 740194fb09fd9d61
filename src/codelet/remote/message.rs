//! What a host and an engine process say to each other.

use std::sync::Arc;

use super::wire::{Malformed, Reader, Writer};
use crate::codelet::guest::logs::{Level, LogEntry};
use crate::codelet::payload::Payload;
use crate::codelet::request::{HostCall, Plan, Reply, RunOptions};
use crate::outcome::{Cache, Failure, Outcome, StoppedBy, Usage};

/// No plan of that number is kept.
pub(super) const NO_SLOT: u8 = u8::MAX;
/// Plans that an engine process keeps, so that they need not be sent again.
pub(super) const SLOTS: usize = 16;

/// From the host.
#[derive(Debug)]
pub(super) enum Order {
    /// Whose runs these will be.
    Setup { cache_entries: u64, cache_bytes: u64 },
    /// A run of the plan in the slot; of the one that comes with it, if one does, which then is kept
    /// there.
    Run { run: u64, slot: u8, plan: Option<Arc<Plan>>, input: Option<Payload> },
    /// Answers for host calls.
    Replies { run: u64, replies: Vec<Reply> },
    /// The run is not wanted any more.
    Cancel { run: u64, by: By },
}

/// Who does not want a run any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Signal,
    Dispose,
    Exit,
}

impl By {
    pub(super) fn of(text: &str) -> By {
        match text {
            "dispose" => By::Dispose,
            "exit" => By::Exit,
            _ => By::Signal,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            By::Signal => "signal",
            By::Dispose => "dispose",
            By::Exit => "exit",
        }
    }
}

/// From the engine process.
#[derive(Debug)]
pub(super) enum Report {
    /// Locked down, warm, and of this version.
    Ready {
        version: String,
    },
    /// It could not give up what it must not have.
    Refused {
        why: String,
    },
    Log {
        run: u64,
        entry: LogEntry,
    },
    Calls {
        run: u64,
        calls: Vec<HostCall>,
    },
    /// The run waits for the host or a timer, or does not any more.
    Waits {
        run: u64,
        waits: bool,
    },
    Done {
        run: u64,
        outcome: Box<Outcome>,
        gauges: Gauges,
    },
}

/// What an engine process holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gauges {
    pub(super) prepared_images: u64,
    pub(super) image_bytes: u64,
    pub(super) arena_bytes: u64,
    pub(super) kill_refusals: u64,
}

const SETUP: u8 = 0;
const RUN: u8 = 1;
const REPLIES: u8 = 2;
const CANCEL: u8 = 3;
const READY: u8 = 16;
const REFUSED: u8 = 17;
const LOG: u8 = 18;
const CALLS: u8 = 19;
const WAITS: u8 = 20;
const DONE: u8 = 21;

/// The least that a log entry, a host call and an answer have in a frame.
const ENTRY: usize = 14;
const CALL: usize = 4 + 4 + 1 + 4 + 4;
const REPLY: usize = 4 + 1 + 1;
/// About how many bytes of host calls one frame has at most, unless a single one has more.
const CALLS_BYTES: usize = 256 * 1024;

pub(super) fn setup(cache_entries: u64, cache_bytes: u64) -> Option<Vec<u8>> {
    let mut writer = Writer::new(SETUP);
    writer.u64(cache_entries);
    writer.u64(cache_bytes);
    writer.finish()
}

pub(super) fn run(
    run: u64,
    slot: u8,
    plan: Option<&Plan>,
    input: Option<&Payload>,
) -> Option<Vec<u8>> {
    let mut writer = Writer::new(RUN);
    writer.u64(run);
    writer.u8(slot);
    writer.payload(input);
    writer.u8(u8::from(plan.is_some()));
    if let Some(plan) = plan {
        writer.text(&plan.code);
        writer.text(&serde_json::to_string(&plan.options).ok()?);
    }
    writer.finish()
}

pub(super) fn replies(run: u64, replies: &[Reply]) -> Option<Vec<u8>> {
    let mut writer = Writer::new(REPLIES);
    writer.u64(run);
    writer.count(replies.len());
    for reply in replies {
        writer.u32(reply.seq);
        writer.u8(u8::from(reply.ok));
        writer.payload(reply.value.as_ref());
    }
    writer.finish()
}

pub(super) fn cancel(run: u64, by: By) -> Option<Vec<u8>> {
    let mut writer = Writer::new(CANCEL);
    writer.u64(run);
    writer.u8(by as u8);
    writer.finish()
}

impl Order {
    pub(super) fn read(kind: u8, fields: &[u8]) -> Result<Order, Malformed> {
        let mut reader = Reader::new(fields);
        let order = match kind {
            SETUP => Order::Setup { cache_entries: reader.u64()?, cache_bytes: reader.u64()? },
            RUN => {
                let (run, slot, input) = (reader.u64()?, reader.u8()?, reader.payload()?);
                let plan = if reader.bool()? {
                    let code = reader.text()?.to_owned();
                    let options: RunOptions =
                        serde_json::from_str(reader.text()?).map_err(|_| Malformed)?;
                    Some(Arc::new(Plan::new(code, options)))
                } else {
                    None
                };
                Order::Run { run, slot, plan, input }
            }
            REPLIES => {
                let run = reader.u64()?;
                let replies = reader.many(REPLY, |reader| {
                    let (seq, ok) = (reader.u32()?, reader.bool()?);
                    Ok(Reply { seq, ok, value: reader.payload()? })
                })?;
                Order::Replies { run, replies }
            }
            CANCEL => {
                let run = reader.u64()?;
                let by = match reader.u8()? {
                    0 => By::Signal,
                    1 => By::Dispose,
                    2 => By::Exit,
                    _ => return Err(Malformed),
                };
                Order::Cancel { run, by }
            }
            _ => return Err(Malformed),
        };
        reader.end(order)
    }
}

pub(super) fn ready(version: &str) -> Option<Vec<u8>> {
    let mut writer = Writer::new(READY);
    writer.text(version);
    writer.finish()
}

pub(super) fn refused(why: &str) -> Option<Vec<u8>> {
    let mut writer = Writer::new(REFUSED);
    writer.text(why);
    writer.finish()
}

pub(super) fn log(run: u64, entry: &LogEntry) -> Option<Vec<u8>> {
    let mut writer = Writer::new(LOG);
    writer.u64(run);
    write_entry(&mut writer, entry);
    writer.finish()
}

/// The calls in as many frames as keep each one small.
pub(super) fn calls(run: u64, calls: &[HostCall]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut rest = calls;
    while !rest.is_empty() {
        let mut bytes = 0;
        let few = rest.iter().take_while(|call| {
            let fits = bytes < CALLS_BYTES;
            bytes += call.arguments.len();
            fits
        });
        let (now, later) = rest.split_at(few.count());
        let mut writer = Writer::new(CALLS);
        writer.u64(run);
        writer.count(now.len());
        for call in now {
            writer.u32(call.seq);
            writer.u32(call.function);
            writer.payload(Some(&call.arguments));
        }
        frames.extend(writer.finish());
        rest = later;
    }
    frames
}

pub(super) fn waits(run: u64, waits: bool) -> Option<Vec<u8>> {
    let mut writer = Writer::new(WAITS);
    writer.u64(run);
    writer.u8(u8::from(waits));
    writer.finish()
}

pub(super) fn done(run: u64, outcome: &Outcome, gauges: Gauges) -> Option<Vec<u8>> {
    let mut writer = Writer::new(DONE);
    writer.u64(run);
    let Outcome { value, failure, logs, duration_ms, usage } = outcome;
    writer.payload(value.as_ref());
    writer.u8(u8::from(failure.is_some()));
    if let Some(failure) = failure {
        writer.text(&serde_json::to_string(failure).ok()?);
    }
    writer.count(logs.len());
    for entry in logs {
        write_entry(&mut writer, entry);
    }
    writer.f64(*duration_ms);
    write_usage(&mut writer, usage);
    let Gauges { prepared_images, image_bytes, arena_bytes, kill_refusals } = gauges;
    for count in [prepared_images, image_bytes, arena_bytes, kill_refusals] {
        writer.u64(count);
    }
    writer.finish()
}

impl Report {
    pub(super) fn read(kind: u8, fields: &[u8]) -> Result<Report, Malformed> {
        let mut reader = Reader::new(fields);
        let report = match kind {
            READY => Report::Ready { version: reader.text()?.to_owned() },
            REFUSED => Report::Refused { why: reader.text()?.to_owned() },
            LOG => Report::Log { run: reader.u64()?, entry: read_entry(&mut reader)? },
            CALLS => {
                let run = reader.u64()?;
                let calls = reader.many(CALL, |reader| {
                    let (seq, function) = (reader.u32()?, reader.u32()?);
                    let arguments = reader.payload()?.ok_or(Malformed)?;
                    Ok(HostCall { seq, function, arguments })
                })?;
                Report::Calls { run, calls }
            }
            WAITS => Report::Waits { run: reader.u64()?, waits: reader.bool()? },
            DONE => {
                let run = reader.u64()?;
                let outcome = Box::new(read_outcome(&mut reader)?);
                let gauges = Gauges {
                    prepared_images: reader.u64()?,
                    image_bytes: reader.u64()?,
                    arena_bytes: reader.u64()?,
                    kill_refusals: reader.u64()?,
                };
                Report::Done { run, outcome, gauges }
            }
            _ => return Err(Malformed),
        };
        reader.end(report)
    }
}

fn read_outcome(reader: &mut Reader<'_>) -> Result<Outcome, Malformed> {
    let value = reader.payload()?;
    let failure: Option<Failure> = if reader.bool()? {
        Some(serde_json::from_str(reader.text()?).map_err(|_| Malformed)?)
    } else {
        None
    };
    let logs = reader.many(ENTRY, read_entry)?;
    let duration_ms = reader.finite()?;
    let usage = read_usage(reader, duration_ms)?;
    Ok(Outcome { value, failure, logs, duration_ms, usage })
}

fn write_entry(writer: &mut Writer, entry: &LogEntry) {
    writer.u8(entry.level as u8);
    writer.u8(u8::from(entry.truncated));
    writer.f64(entry.timestamp);
    writer.text(&entry.message);
}

fn read_entry(reader: &mut Reader<'_>) -> Result<LogEntry, Malformed> {
    let level = match reader.u8()? {
        level @ 0..=3 => Level::from_index(i32::from(level)),
        _ => return Err(Malformed),
    };
    let (truncated, timestamp) = (reader.bool()?, reader.finite()?);
    Ok(LogEntry { level, message: reader.text()?.to_owned(), timestamp, truncated })
}

fn write_usage(writer: &mut Writer, usage: &Usage) {
    for time in [usage.cpu_ms, usage.parked_ms, usage.queue_wait_ms, usage.compile_ms] {
        writer.f64(time);
    }
    writer.u64(usage.peak_memory_bytes);
    writer.u32(usage.host_calls);
    writer.u32(usage.detached_host_calls);
    let counts = [usage.result_bytes, usage.logs_dropped, usage.log_bytes_dropped];
    for count in counts.into_iter().chain([usage.policy_denials]) {
        writer.u64(count);
    }
    writer.u8(usage.cache as u8);
    writer.u8(usage.stopped_by.map_or(0, |by| by as u8 + 1));
}

fn read_usage(reader: &mut Reader<'_>, wall_ms: f64) -> Result<Usage, Malformed> {
    Ok(Usage {
        wall_ms,
        cpu_ms: reader.finite()?,
        parked_ms: reader.finite()?,
        queue_wait_ms: reader.finite()?,
        compile_ms: reader.finite()?,
        peak_memory_bytes: reader.u64()?,
        host_calls: reader.u32()?,
        detached_host_calls: reader.u32()?,
        result_bytes: reader.u64()?,
        logs_dropped: reader.u64()?,
        log_bytes_dropped: reader.u64()?,
        policy_denials: reader.u64()?,
        cache: match reader.u8()? {
            0 => Cache::Miss,
            1 => Cache::Bytecode,
            2 => Cache::Image,
            _ => return Err(Malformed),
        },
        stopped_by: match reader.u8()? {
            0 => None,
            1 => Some(StoppedBy::Interrupt),
            2 => Some(StoppedBy::Kill),
            3 => Some(StoppedBy::Allocator),
            4 => Some(StoppedBy::Stack),
            _ => return Err(Malformed),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codelet::payload::Form;
    use crate::codelet::remote::wire::Frames;
    use crate::error::Code;

    fn reread<T>(frame: &[u8], read: impl FnOnce(u8, &[u8]) -> Result<T, Malformed>) -> T {
        let mut frames = Frames::default();
        let mut rest = frame;
        while !rest.is_empty() {
            frames.fill(|into| std::io::Read::read(&mut rest, into)).unwrap();
        }
        let (kind, fields) = frames.next(u64::MAX).unwrap().unwrap();
        read(kind, fields).unwrap()
    }

    #[test]
    fn the_smallest_of_each_may_come_many_times() {
        let entry = LogEntry {
            level: Level::Warn,
            message: String::new(),
            timestamp: 1.5,
            truncated: true,
        };
        let failure = Failure::new(Code::Timeout, "late").with("limit", "wall").at("a.js", 3, 4);
        let outcome = Outcome {
            value: None,
            failure: Some(failure),
            logs: vec![entry; 1000],
            duration_ms: 2.5,
            usage: Usage {
                wall_ms: 2.5,
                cpu_ms: 1.0,
                host_calls: 7,
                cache: Cache::Image,
                stopped_by: Some(StoppedBy::Stack),
                ..Usage::default()
            },
        };
        let gauges = Gauges { kill_refusals: 9, ..Gauges::default() };
        let report = reread(&done(1, &outcome, gauges).unwrap(), Report::read);
        let Report::Done { run: 1, outcome: found, gauges: found_gauges } = report else {
            panic!("{report:?}")
        };
        assert_eq!(format!("{found:?}"), format!("{outcome:?}"));
        assert_eq!(found_gauges, gauges);

        let empty = Payload { form: Form::Text, ..Payload::default() };
        let made: Vec<HostCall> =
            (0..1000).map(|seq| HostCall { seq, function: 0, arguments: empty.clone() }).collect();
        let frames = calls(2, &made);
        let report = reread(&frames.concat(), Report::read);
        let Report::Calls { run: 2, calls: found } = report else { panic!("{report:?}") };
        assert_eq!(found, made);

        let none: Vec<Reply> =
            (0..1000).map(|seq| Reply { seq, ok: seq % 2 == 0, value: None }).collect();
        let order = reread(&replies(3, &none).unwrap(), Order::read);
        let Order::Replies { run: 3, replies: found } = order else { panic!("{order:?}") };
        assert_eq!(format!("{found:?}"), format!("{none:?}"));
    }

    #[test]
    fn a_plan_arrives_as_it_was() {
        let options = RunOptions {
            filename: "x.ts".into(),
            host: vec![vec!["a".into(), "b".into()]],
            globals: Some("{}".into()),
            ..RunOptions::default()
        };
        let plan = Plan::new("code", options);
        let frame = run(4, 3, Some(&plan), Some(&Payload::json("1"))).unwrap();
        let order = reread(&frame, Order::read);
        let Order::Run { run: 4, slot: 3, plan: Some(found), input: Some(input) } = order else {
            panic!("{order:?}")
        };
        assert_eq!((found.code.as_str(), input), ("code", Payload::json("1")));
        assert_eq!(format!("{:?}", found.options), format!("{:?}", plan.options));
    }
}
