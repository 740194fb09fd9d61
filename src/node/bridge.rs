//! The bridge of one environment: events of its runs, batched, onto its JavaScript thread.
//!
//! One thread-safe function per environment. Workers append to a list and wake the thread only
//! when it is not awake already; the thread takes the list in bounded bites, so that the host's
//! own timers get their turn.

use std::collections::{HashMap, HashSet};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use napi::bindgen_prelude::{Env, Function, JsValue};
use napi::{Error, Result, Status, Unknown, sys};
use parking_lot::Mutex;

use super::events::{self, Event};
use super::poll::{self, Polls};
use crate::codelet::{
    EventSink, Form, HostCall, LogEntry, Payload, Plan, Reply, RunRequest, Runner, Stats,
};
use crate::outcome::Outcome;

/// Events handed over in one turn of the host's loop, and about how many bytes of text: what the
/// guest wrote is parsed on that loop.
const BITE: usize = 256;
const BITE_BYTES: usize = 256 * 1024;

/// Host calls of one run that cross as one text, at most.
const CALLS: usize = 64;

#[derive(Default)]
struct Mailbox {
    /// Null once the environment is gone.
    wake: Wake,
    events: Vec<Event>,
    awake: bool,
    open: HashSet<u64>,
    /// The array of doubles that JavaScript reads events from.
    numbers: Numbers,
    /// The environment's thread waits for an event right now: it needs no waking.
    polling: bool,
    polls: Polls,
}

/// A reference to a `Float64Array`, given back by nobody: the environment takes it with it.
struct Numbers(sys::napi_ref);

impl Default for Numbers {
    fn default() -> Numbers {
        Numbers(null_mut())
    }
}

// SAFETY: only the environment's own thread uses it.
unsafe impl Send for Numbers {}

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
    /// Set for the thread that polls: something has come.
    ready: AtomicBool,
}

static BRIDGES: LazyLock<Mutex<HashMap<u32, Arc<Bridge>>>> = LazyLock::new(Mutex::default);
static RUNNERS: LazyLock<Mutex<HashMap<u32, Kept>>> = LazyLock::new(Mutex::default);
/// A runner and the plans that JavaScript refers to by number.
#[derive(Clone)]
struct Kept {
    runner: Arc<Runner>,
    plans: Arc<Mutex<HashMap<u32, Arc<Plan>>>>,
}

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
    let kept = Kept { runner: Arc::new(runner), plans: Arc::default() };
    RUNNERS.lock().insert(number, kept);
    number
}

fn runner(number: u32) -> Option<Kept> {
    RUNNERS.lock().get(&number).cloned()
}

/// Keeps a plan with its runner, so that many runs need not send it.
pub(super) fn keep_plan(number: u32, plan: Plan) -> Result<u32> {
    let unknown = || Error::new(Status::InvalidArg, "no such runner".to_owned());
    let kept = runner(number).ok_or_else(unknown)?;
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    kept.plans.lock().insert(id, Arc::new(plan));
    Ok(id)
}

/// Forgets a plan. Runs of it go on.
pub(super) fn drop_plan(number: u32, plan: u32) {
    if let Some(kept) = runner(number) {
        kept.plans.lock().remove(&plan);
    }
}

/// A kept plan.
pub(super) fn plan(number: u32, plan: u32) -> Result<Arc<Plan>> {
    let found = runner(number).and_then(|kept| kept.plans.lock().get(&plan).map(Arc::clone));
    found.ok_or_else(|| Error::new(Status::InvalidArg, "no such plan".to_owned()))
}

/// Disposes a runner. Its number stays, so that its counts can still be asked.
pub(super) fn dispose_runner(number: u32) {
    if let Some(kept) = runner(number) {
        kept.runner.dispose();
        kept.plans.lock().clear();
    }
}

/// A runner's counts.
pub(super) fn runner_stats(number: u32) -> Option<Stats> {
    runner(number).map(|kept| kept.runner.stats())
}

/// Submits a run whose events go to `bridge`.
pub(super) fn submit(env: Env, bridge: u32, number: u32, request: RunRequest) -> Result<f64> {
    let unknown = |what: &str| Error::new(Status::InvalidArg, format!("no such {what}"));
    let bridge = BRIDGES.lock().get(&bridge).map(Arc::clone).ok_or_else(|| unknown("bridge"))?;
    let runner = runner(number).ok_or_else(|| unknown("runner"))?.runner;
    let sink: Arc<dyn EventSink> = Arc::<Bridge>::clone(&bridge);
    let run = runner
        .submit(request, sink)
        .map_err(|error| Error::new(Status::Cancelled, error.to_string()))?;
    bridge.opened(env, run);
    #[expect(clippy::cast_precision_loss, reason = "run numbers stay far below 2^53")]
    Ok(run as f64)
}

/// Answers host calls of a run: lines of a call's number, `=` or `!`, and JSON of its value or of
/// what to say of its failure; without the JSON the value is undefined. JSON has no line breaks.
pub(super) fn reply(run: f64, lines: &str) {
    let replies = lines.lines().filter_map(|line| {
        let end = line.find(['=', '!'])?;
        let (seq, rest) = line.split_at(end);
        let value = (rest.len() > 1).then(|| Payload::json(&rest[1..]));
        Some(Reply { seq: seq.parse().ok()?, ok: rest.starts_with('='), value })
    });
    Runner::reply(run_number(run), replies.collect());
}

/// Waits a moment for the next events of `bridge`; nothing when none came or others are open.
pub(super) fn poll(env: Env, bridge: u32) -> Option<sys::napi_value> {
    let bridge = BRIDGES.lock().get(&bridge).map(Arc::clone)?;
    bridge.poll(env.raw())
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
        numbers: &Unknown<'_>,
    ) -> Result<u32> {
        let bridge = Arc::new(Bridge { mailbox: Mutex::default(), ready: AtomicBool::new(false) });
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
            let mut kept = null_mut();
            check(
                sys::napi_create_reference(env.raw(), numbers.raw(), 1, &raw mut kept),
                "keeping the array of numbers",
            )?;
            bridge.mailbox.lock().numbers = Numbers(kept);
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
        if mailbox.polling {
            self.ready.store(true, Ordering::Release);
            return;
        }
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
        let mut calls = calls.into_iter().peekable();
        while let Some(call) = calls.next() {
            if call.arguments.form != Form::Json {
                self.post(Event::Call { run, call });
                continue;
            }
            let mut text = String::from("[");
            push_call(&mut text, &call);
            let mut count = 1;
            while count < CALLS && text.len() < BITE_BYTES / 4 {
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

/// A call as an element of a JSON array. The arguments are JSON of the guest's own engine.
fn push_call(text: &mut String, call: &HostCall) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(text, "[{},{},{}]", call.seq, call.function, call.arguments.text);
}

/// The doubles behind a `Float64Array`.
///
/// # Safety
/// On the environment's thread; the slice must not outlive the call from JavaScript.
unsafe fn shared_numbers<'a>(env: sys::napi_env, numbers: &Numbers) -> Option<&'a mut [f64]> {
    // SAFETY: asks for the array's own facts; its kind is checked before its data is believed.
    unsafe {
        let mut array = null_mut();
        if sys::napi_get_reference_value(env, numbers.0, &raw mut array) != sys::Status::napi_ok
            || array.is_null()
        {
            return None;
        }
        let (mut kind, mut len, mut data) = (-1, 0, null_mut());
        let status = sys::napi_get_typedarray_info(
            env,
            array,
            &raw mut kind,
            &raw mut len,
            &raw mut data,
            null_mut(),
            null_mut(),
        );
        let usable = status == sys::Status::napi_ok
            && kind == sys::TypedarrayType::float64_array
            && !data.is_null();
        usable.then(|| std::slice::from_raw_parts_mut(data.cast::<f64>(), len))
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
    bridge.mailbox.lock().polls.turned();
    // SAFETY: on the JavaScript thread, inside the scope N-API opened for this call.
    unsafe {
        let Some(list) = bridge.take(env) else { return };
        let mut receiver = null_mut();
        sys::napi_get_undefined(env, &raw mut receiver);
        let mut result = null_mut();
        sys::napi_call_function(env, receiver, on_events, 1, &raw const list, &raw mut result);
    }
}

impl Bridge {
    /// Waits a moment for the next events, if that is likely to be worth it: the list of their
    /// values, or nothing.
    pub(super) fn poll(&self, env: sys::napi_env) -> Option<sys::napi_value> {
        {
            let mut mailbox = self.mailbox.lock();
            // With more runs open there is always something to do in the meantime.
            if mailbox.open.len() != 1 || !mailbox.polls.may_begin() {
                return None;
            }
            self.ready.store(!mailbox.events.is_empty(), Ordering::Release);
            mailbox.polling = true;
        }
        let has_come = poll::wait(&self.ready);
        {
            let mut mailbox = self.mailbox.lock();
            mailbox.polling = false;
            let has_come = has_come || !mailbox.events.is_empty();
            mailbox.polls.ended(has_come);
        }
        // SAFETY: on the environment's own thread, called from JavaScript.
        unsafe { self.take(env) }
    }

    /// Takes the next bite of events and writes it for JavaScript.
    ///
    /// # Safety
    /// On the environment's thread, inside a handle scope.
    unsafe fn take(&self, env: sys::napi_env) -> Option<sys::napi_value> {
        let mut mailbox = self.mailbox.lock();
        if mailbox.events.is_empty() {
            // Somebody polled faster.
            mailbox.awake = false;
            return None;
        }
        // SAFETY: the array is kept by its reference; the slice is used in this call only, on the
        // thread that owns it, before any JavaScript runs.
        let numbers = (unsafe { shared_numbers(env, &mailbox.numbers) })?;
        let (mut bytes, mut weight) = (0, 0);
        let within = |event: &&Event| {
            bytes += event.bytes();
            weight += event.weight();
            bytes <= BITE_BYTES && weight <= BITE
        };
        let room = events::fitting(numbers.len());
        let fitting = mailbox.events.iter().take(room).take_while(within).count();
        let count = fitting.max(1).min(mailbox.events.len());
        let events: Vec<Event> = mailbox.events.drain(..count).collect();
        if mailbox.events.is_empty() {
            mailbox.awake = false;
        } else if !mailbox.wake.0.is_null() {
            mailbox.awake = true;
            // SAFETY: as in `post`.
            unsafe {
                sys::napi_call_threadsafe_function(
                    mailbox.wake.0,
                    null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                );
            }
        }
        let before = mailbox.open.len();
        for run in events.iter().filter_map(Event::ends) {
            mailbox.open.remove(&run);
        }
        if before > 0 && mailbox.open.is_empty() && !mailbox.wake.0.is_null() {
            // SAFETY: on the environment's own thread, with its live function.
            unsafe { sys::napi_unref_threadsafe_function(env, mailbox.wake.0) };
        }
        drop(mailbox);
        // SAFETY: on the JavaScript thread, inside the scope N-API opened for this call.
        unsafe { events::write(env, &events, numbers) }
    }
}
