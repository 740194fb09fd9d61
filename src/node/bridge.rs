//! The bridge of one environment: events of its runs, batched, onto its JavaScript thread.
//!
//! One thread-safe function per environment. Workers append to a list and wake the thread only
//! when it is not awake already; the thread takes the list in bounded bites, so that the host's
//! own timers get their turn.

use std::collections::{HashMap, HashSet};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use napi::bindgen_prelude::{Env, Function, JsValue};
use napi::{Error, Result, Status, Unknown, sys};
use parking_lot::Mutex;
use serde::Serialize;

use super::events::{Event, flat_list};
use crate::codelet::{EventSink, HostCall, LogEntry, RunRequest, Runner, Stats};
use crate::outcome::{Failure, Outcome, Usage};

/// Events handed over in one turn of the host's loop, and about how many bytes of text: what the
/// guest wrote is parsed on that loop.
const BITE: usize = 256;
const BITE_BYTES: usize = 256 * 1024;

/// An outcome as it crosses, but for the value, whose text crosses by itself.
#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
    logs: &'a [LogEntry],
    duration_ms: f64,
    usage: &'a Usage,
}

#[derive(Default)]
struct Mailbox {
    /// Null once the environment is gone.
    wake: Wake,
    events: Vec<Event>,
    awake: bool,
    open: HashSet<u64>,
}

/// The thread-safe function.
struct Wake(sys::napi_threadsafe_function);

impl Default for Wake {
    fn default() -> Wake {
        Wake(null_mut())
    }
}

// SAFETY: thread-safe functions are made to be called from any thread.
unsafe impl Send for Wake {}

/// One environment's bridge.
pub(super) struct Bridge {
    mailbox: Mutex<Mailbox>,
}

static BRIDGES: LazyLock<Mutex<HashMap<u32, Arc<Bridge>>>> = LazyLock::new(Mutex::default);
static RUNNERS: LazyLock<Mutex<HashMap<u32, Arc<Runner>>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicU32 = AtomicU32::new(1);

fn check(status: sys::napi_status, what: &str) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Error::new(Status::GenericFailure, format!("{what} failed with status {status}")))
    }
}

/// A run's number as JavaScript passes it back.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers we gave out")]
pub(super) fn run_number(run: f64) -> u64 {
    run as u64
}

/// Keeps a runner under a number.
pub(super) fn keep_runner(runner: Runner) -> u32 {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    RUNNERS.lock().insert(number, Arc::new(runner));
    number
}

fn runner(number: u32) -> Option<Arc<Runner>> {
    RUNNERS.lock().get(&number).map(Arc::clone)
}

/// Disposes a runner. Its number stays, so that its counts can still be asked.
pub(super) fn dispose_runner(number: u32) {
    if let Some(runner) = runner(number) {
        runner.dispose();
    }
}

/// A runner's counts.
pub(super) fn runner_stats(number: u32) -> Option<Stats> {
    runner(number).map(|runner| runner.stats())
}

/// Submits a run whose events go to `bridge`.
pub(super) fn submit(env: Env, bridge: u32, number: u32, request: RunRequest) -> Result<f64> {
    let unknown = |what: &str| Error::new(Status::InvalidArg, format!("no such {what}"));
    let bridge = BRIDGES.lock().get(&bridge).map(Arc::clone).ok_or_else(|| unknown("bridge"))?;
    let runner = runner(number).ok_or_else(|| unknown("runner"))?;
    let sink: Arc<dyn EventSink> = Arc::<Bridge>::clone(&bridge);
    let run = runner
        .submit(request, sink)
        .map_err(|error| Error::new(Status::Cancelled, error.to_string()))?;
    bridge.opened(env, run);
    #[expect(clippy::cast_precision_loss, reason = "run numbers stay far below 2^53")]
    Ok(run as f64)
}

/// Sends an empty call to the workers; its answer is an event of `bridge`.
pub(super) fn ping(env: Env, bridge: u32) -> Result<f64> {
    let unknown = || Error::new(Status::InvalidArg, "no such bridge".to_owned());
    let bridge = BRIDGES.lock().get(&bridge).map(Arc::clone).ok_or_else(unknown)?;
    let sink: Arc<dyn EventSink> = Arc::<Bridge>::clone(&bridge);
    let ping = Runner::ping(sink);
    bridge.opened(env, ping);
    #[expect(clippy::cast_precision_loss, reason = "run numbers stay far below 2^53")]
    Ok(ping as f64)
}

impl Bridge {
    /// Makes the bridge and its thread-safe function.
    pub(super) fn open(
        env: &Env,
        on_events: &Function<'_, Unknown<'_>, Unknown<'_>>,
    ) -> Result<u32> {
        let bridge = Arc::new(Bridge { mailbox: Mutex::default() });
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let context = Arc::into_raw(Arc::clone(&bridge)).cast_mut().cast::<c_void>();
        // SAFETY: on the environment's thread; the context is one strong reference, given back by
        // the cleanup hook, which runs before the function itself is torn down.
        unsafe {
            let mut name = null_mut();
            let text = "runlet";
            check(
                sys::napi_create_string_utf8(
                    env.raw(),
                    text.as_ptr().cast(),
                    text.len().cast_signed(),
                    &raw mut name,
                ),
                "naming the bridge",
            )?;
            let mut wake = null_mut();
            check(
                sys::napi_create_threadsafe_function(
                    env.raw(),
                    on_events.raw(),
                    null_mut(),
                    name,
                    0,
                    1,
                    null_mut(),
                    None,
                    context,
                    Some(deliver),
                    &raw mut wake,
                ),
                "opening the bridge",
            )?;
            // Idle, the library never keeps a process alive.
            check(sys::napi_unref_threadsafe_function(env.raw(), wake), "releasing the loop")?;
            bridge.mailbox.lock().wake = Wake(wake);
            let hook = Box::into_raw(Box::new((number, Arc::clone(&bridge)))).cast::<c_void>();
            check(
                sys::napi_add_env_cleanup_hook(env.raw(), Some(close), hook),
                "watching the end",
            )?;
        }
        BRIDGES.lock().insert(number, bridge);
        Ok(number)
    }

    /// The end of this one has to reach JavaScript, so the environment stays alive for it.
    fn opened(&self, env: Env, run: u64) {
        let mut mailbox = self.mailbox.lock();
        // The end may have come already: then it waits in the list, and the list keeps the loop alive.
        mailbox.open.insert(run);
        if mailbox.open.len() == 1 && !mailbox.wake.0.is_null() {
            // SAFETY: on the environment's own thread, with its live function.
            unsafe { sys::napi_ref_threadsafe_function(env.raw(), mailbox.wake.0) };
        }
    }

    fn post(&self, event: Event) {
        let mut mailbox = self.mailbox.lock();
        if mailbox.wake.0.is_null() {
            return;
        }
        mailbox.events.push(event);
        if !mailbox.awake {
            mailbox.awake = true;
            // SAFETY: not closed, which the lock keeps true during the call; it does not block.
            unsafe {
                sys::napi_call_threadsafe_function(
                    mailbox.wake.0,
                    null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                );
            }
        }
    }
}

impl EventSink for Bridge {
    fn log(&self, run: u64, entry: &LogEntry) {
        let LogEntry { level, message, timestamp, truncated } = entry.clone();
        self.post(Event::Log { run, level, message, timestamp, truncated });
    }

    fn calls(&self, run: u64, calls: Vec<HostCall>) {
        for call in calls {
            self.post(Event::Call { run, call });
        }
    }

    fn done(&self, run: u64, outcome: Outcome) {
        let report = Report {
            ok: outcome.failure.is_none(),
            error: outcome.failure.as_ref(),
            logs: &outcome.logs,
            duration_ms: outcome.duration_ms,
            usage: &outcome.usage,
        };
        // Numbers, strings and string-keyed maps: serialising them cannot fail.
        let report = serde_json::to_string(&report).unwrap_or_default();
        self.post(Event::Done { run, value: outcome.value, outcome: report });
    }

    fn pong(&self, ping: u64) {
        self.post(Event::Pong { ping });
    }
}

/// The environment ends: its runs are dropped and nothing is posted any more.
unsafe extern "C" fn close(hook: *mut c_void) {
    // SAFETY: the box made in `open`; hooks run once.
    let (number, bridge) = *unsafe { Box::from_raw(hook.cast::<(u32, Arc<Bridge>)>()) };
    BRIDGES.lock().remove(&number);
    let mut mailbox = bridge.mailbox.lock();
    mailbox.wake = Wake::default();
    mailbox.events.clear();
    let open = std::mem::take(&mut mailbox.open);
    drop(mailbox);
    for run in open {
        Runner::cancel(run);
    }
}

/// Runs on the JavaScript thread: hands over what has come.
unsafe extern "C" fn deliver(
    env: sys::napi_env,
    on_events: sys::napi_value,
    context: *mut c_void,
    _: *mut c_void,
) {
    if env.is_null() || on_events.is_null() {
        return;
    }
    // SAFETY: the reference made in `open`, alive as long as the function can be called.
    let bridge = unsafe { &*context.cast::<Bridge>() };
    let mut mailbox = bridge.mailbox.lock();
    let mut bytes = 0;
    let within = |event: &&Event| {
        bytes += event.bytes();
        bytes <= BITE_BYTES
    };
    let fitting = mailbox.events.iter().take(BITE).take_while(within).count();
    let count = fitting.max(1).min(mailbox.events.len());
    let events: Vec<Event> = mailbox.events.drain(..count).collect();
    if mailbox.events.is_empty() {
        mailbox.awake = false;
    } else if !mailbox.wake.0.is_null() {
        // SAFETY: as in `post`.
        unsafe {
            sys::napi_call_threadsafe_function(
                mailbox.wake.0,
                null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }
    drop(mailbox);
    // SAFETY: on the JavaScript thread, inside the scope N-API opened for this call.
    unsafe {
        let Some(list) = flat_list(env, &events) else { return };
        let mut receiver = null_mut();
        sys::napi_get_undefined(env, &raw mut receiver);
        let mut result = null_mut();
        sys::napi_call_function(env, receiver, on_events, 1, &raw const list, &raw mut result);
    }
    let mut mailbox = bridge.mailbox.lock();
    let before = mailbox.open.len();
    for event in &events {
        if let Event::Done { run, .. } | Event::Pong { ping: run } = event {
            mailbox.open.remove(run);
        }
    }
    if before > 0 && mailbox.open.is_empty() && !mailbox.wake.0.is_null() {
        // SAFETY: as above.
        unsafe { sys::napi_unref_threadsafe_function(env, mailbox.wake.0) };
    }
}
