//! The bridge of one environment: events of its runs, batched, onto its JavaScript thread.
//!
//! One thread-safe function per environment. Workers append to a list and wake the thread only
//! when it is not awake already; the thread takes the list in bounded bites, so that the host's
//! own timers get their turn.

mod mailbox;

use rustc_hash::FxHashMap;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use napi::bindgen_prelude::{Env, Function, JsValue};
use napi::{Error, Result, Status, Unknown, sys};
use parking_lot::Mutex;

use super::events::{self, Event};
use super::poll::wait;
use crate::codelet::{EventSink, Form, HostCall, LogEntry, RunRequest, Runner};
use crate::outcome::Outcome;
use mailbox::{BITE_BYTES, Mailbox};

/// Host calls of one run that cross as one text, at most.
const CALLS: usize = 64;
/// About how many bytes that text has, at most.
const CALLS_BYTES: usize = BITE_BYTES / 4;

/// One environment's bridge.
pub(super) struct Bridge {
    /// What JavaScript does not have yet.
    mailbox: Mutex<Mailbox>,
    /// Set for the thread that polls: something has come.
    ready: AtomicBool,
}

/// Every bridge of the process that is open.
static BRIDGES: LazyLock<Mutex<FxHashMap<u32, Arc<Bridge>>>> = LazyLock::new(Mutex::default);
/// The next number of a bridge.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The open bridge of that number.
fn bridge(number: u32) -> Result<Arc<Bridge>> {
    let unknown = || Error::new(Status::InvalidArg, "no such bridge".to_owned());
    BRIDGES.lock().get(&number).map(Arc::clone).ok_or_else(unknown)
}

/// A run's number as JavaScript gets it.
#[expect(clippy::cast_precision_loss, reason = "run numbers stay far below 2^53")]
fn as_double(run: u64) -> f64 {
    run as f64
}

/// An error that says what was tried, unless N-API did it.
fn check(status: sys::napi_status, what: &str) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Error::new(Status::GenericFailure, format!("{what} failed with status {status}")))
    }
}

/// Submits a run whose events go to the bridge of that number; gives the run's number.
pub(super) fn submit(env: Env, number: u32, runner: &Runner, request: RunRequest) -> Result<f64> {
    let bridge = bridge(number)?;
    let sink: Arc<dyn EventSink> = Arc::<Bridge>::clone(&bridge);
    let run = runner
        .submit(request, sink)
        .map_err(|error| Error::new(Status::Cancelled, error.to_string()))?;
    bridge.opened(env, run);
    Ok(as_double(run))
}

/// Waits a moment for the next events of a bridge; nothing when none came or others are open.
pub(super) fn poll(env: Env, number: u32) -> Option<sys::napi_value> {
    bridge(number).ok()?.poll(env.raw())
}

/// Takes the next events of a bridge in a turn of their own; nothing when none came.
pub(super) fn turn(env: Env, number: u32) -> Option<sys::napi_value> {
    bridge(number).ok()?.turn(env.raw())
}

/// Sends an empty call to the workers; its answer is an event of the bridge. Gives its number.
pub(super) fn ping(env: Env, number: u32) -> Result<f64> {
    let bridge = bridge(number)?;
    let sink: Arc<dyn EventSink> = Arc::<Bridge>::clone(&bridge);
    let ping = Runner::ping(sink);
    bridge.opened(env, ping);
    Ok(as_double(ping))
}

impl Bridge {
    /// Makes the bridge and its thread-safe function.
    pub(super) fn open(
        env: &Env,
        on_events: &Function<'_, Unknown<'_>, Unknown<'_>>,
        numbers: &Unknown<'_>,
    ) -> Result<u32> {
        let bridge = Arc::new(Bridge { mailbox: Mutex::default(), ready: AtomicBool::new(false) });
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let context = Arc::into_raw(Arc::clone(&bridge)).cast_mut().cast::<c_void>();
        // SAFETY: on the environment's thread; the context is one strong reference that is
        // never given back, so that no call still under way at the end can find it gone.
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
            let mut kept = null_mut();
            check(
                sys::napi_create_reference(env.raw(), numbers.raw(), 1, &raw mut kept),
                "keeping the array of numbers",
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
            bridge.mailbox.lock().attach(wake, kept);
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
        // SAFETY: whoever has the environment at hand is on its thread.
        unsafe { self.mailbox.lock().opened(env.raw(), run) };
    }

    /// For JavaScript; from any thread.
    fn post(&self, event: Event) {
        let mut mailbox = self.mailbox.lock();
        if mailbox.put(event) {
            self.ready.store(true, Ordering::Release);
        }
    }

    /// Waits a moment for the next events, if that is likely to be worth it: the list of their
    /// values, or nothing.
    fn poll(&self, env: sys::napi_env) -> Option<sys::napi_value> {
        {
            let mut mailbox = self.mailbox.lock();
            if !mailbox.begin_poll() {
                return None;
            }
            self.ready.store(!mailbox.is_empty(), Ordering::Release);
        }
        let has_come = wait(&self.ready);
        self.mailbox.lock().end_poll(has_come);
        // SAFETY: on the environment's own thread, called from JavaScript.
        let list = unsafe { self.take(env) };
        self.mailbox.lock().wake_for_rest();
        list
    }

    /// Takes what has come since the events before it were handed over, at the beginning of a turn of
    /// the host's loop. When there is nothing, the next event wakes the thread.
    fn turn(&self, env: sys::napi_env) -> Option<sys::napi_value> {
        let mut mailbox = self.mailbox.lock();
        mailbox.turned();
        if mailbox.is_empty() {
            mailbox.rest();
            return None;
        }
        drop(mailbox);
        // SAFETY: on the environment's own thread, called from JavaScript or from `deliver`.
        unsafe { self.take(env) }
    }

    /// Takes the next bite of events and writes it for JavaScript.
    ///
    /// # Safety
    /// On the environment's thread, inside a handle scope.
    unsafe fn take(&self, env: sys::napi_env) -> Option<sys::napi_value> {
        // SAFETY: the array is used in this call only, on the thread that owns it, before any
        // JavaScript runs.
        let (events, numbers) = (unsafe { self.mailbox.lock().take(env) })?;
        // SAFETY: on the JavaScript thread, inside the scope N-API opened for this call.
        unsafe { events::write(env, &events, numbers) }
    }
}

impl EventSink for Bridge {
    fn log(&self, run: u64, entry: &LogEntry) {
        let LogEntry { level, message, timestamp, truncated } = entry.clone();
        self.post(Event::Log { run, level, message, timestamp, truncated });
    }

    fn calls(&self, run: u64, calls: Vec<HostCall>) {
        let mut calls = calls.into_iter().peekable();
        while let Some(call) = calls.next() {
            if call.arguments.form != Form::Json {
                self.post(Event::Call { run, call });
                continue;
            }
            let mut text = String::from("[");
            push_call(&mut text, &call);
            let mut count = 1;
            while count < CALLS && text.len() < CALLS_BYTES {
                let Some(call) = calls.next_if(|call| call.arguments.form == Form::Json) else {
                    break;
                };
                text.push(',');
                push_call(&mut text, &call);
                count += 1;
            }
            text.push(']');
            self.post(Event::Calls { run, count, text });
        }
    }

    fn done(&self, run: u64, outcome: Outcome) {
        let Outcome { value, failure, logs, duration_ms, usage } = outcome;
        // Strings, numbers and string-keyed maps: serialising them cannot fail.
        let error = failure.map(|failure| serde_json::to_string(&failure).unwrap_or_default());
        let logs = (!logs.is_empty()).then(|| serde_json::to_string(&logs).unwrap_or_default());
        let usage = Box::new(usage);
        self.post(Event::Done { run, value, error, logs, duration_ms, usage });
    }

    fn pong(&self, ping: u64) {
        self.post(Event::Pong { ping });
    }
}

/// A call as an element of a JSON array. The arguments are JSON of the guest's own engine.
fn push_call(text: &mut String, call: &HostCall) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(text, "[{},{},{}]", call.seq, call.function, call.arguments.text);
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
    let Some(list) = bridge.turn(env) else { return };
    // SAFETY: on the JavaScript thread, inside the scope N-API opened for this call.
    unsafe {
        let mut receiver = null_mut();
        sys::napi_get_undefined(env, &raw mut receiver);
        let mut result = null_mut();
        sys::napi_call_function(env, receiver, on_events, 1, &raw const list, &raw mut result);
    }
}

/// The environment ends: its runs are dropped and nothing is posted any more.
unsafe extern "C" fn close(hook: *mut c_void) {
    // SAFETY: the box made in `open`; hooks run once.
    let (number, bridge) = *unsafe { Box::from_raw(hook.cast::<(u32, Arc<Bridge>)>()) };
    BRIDGES.lock().remove(&number);
    let open = bridge.mailbox.lock().detach();
    for run in open {
        Runner::cancel(run);
    }
}
