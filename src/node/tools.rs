//! The N-API face of tools: rooms by number, calls as promises.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use napi::bindgen_prelude::{Either, FnArgs, Function, Object};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Error, JsDeferred, Result, Status};
use napi_derive::napi;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;

use super::invalid;
use crate::tool::{CallSpec, Cancel, LogLines, Outcome, Plan, Room, RoomSpec, Shape, WarmSpec};

type Texts = Vec<String>;
type Settle = Box<dyn FnOnce(Env) -> Result<Texts> + Send>;
type Deferred = JsDeferred<Texts, Settle>;
/// Number of the call, number of the stream, text.
type Log =
    ThreadsafeFunction<(u32, u32, String), (), FnArgs<(u32, u32, String)>, Status, false, true>;

struct Kept {
    room: Arc<Room>,
    log: Arc<Log>,
    calls: Arc<Mutex<HashMap<u32, Cancel>>>,
}

static ROOMS: LazyLock<Mutex<HashMap<u32, Kept>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicU32 = AtomicU32::new(1);

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(invalid)
}

fn with<T>(number: u32, work: impl FnOnce(&Kept) -> T) -> Result<T> {
    let unknown = || Error::new(Status::InvalidArg, "no such room".to_owned());
    ROOMS.lock().get(&number).map(work).ok_or_else(unknown)
}

/// Opens a room; gives its number. `onLog` gets what calls that ask for it print: number of the call,
/// 1 for stdout or 2 for stderr, whole lines.
#[napi(
    catch_unwind,
    ts_args_type = "specText: string, onLog: (call: number, stream: number, text: string) => void"
)]
pub fn tool_open(
    env: Env,
    spec_text: String,
    on_log: Function<'_, FnArgs<(u32, u32, String)>, ()>,
) -> Result<u32> {
    let spec: RoomSpec = read(&spec_text)?;
    let log = on_log
        .build_threadsafe_function::<(u32, u32, String)>()
        .weak::<true>()
        .callee_handled::<false>()
        .build_callback(|context| Ok(FnArgs::from(context.value)))?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let kept = Kept { room: Room::new(spec), log: Arc::new(log), calls: Arc::default() };
    ROOMS.lock().insert(number, kept);
    // An environment that ends, as a worker thread's does, takes its processes along.
    env.add_env_cleanup_hook(number, |number| {
        let kept = ROOMS.lock().remove(&number);
        if let Some(kept) = kept {
            kept.room.dispose(|| {});
        }
    })?;
    Ok(number)
}

/// Keeps the shape of processes with a room; gives its number.
#[napi(catch_unwind)]
pub fn tool_shape(room: u32, shape_text: String) -> Result<u32> {
    let shape: Shape = read(&shape_text)?;
    with(room, |kept| kept.room.keep_shape(shape))
}

/// Starts processes of a kept shape in advance.
#[napi(catch_unwind)]
pub fn tool_warm(room: u32, shape: u32, warm_text: String) -> Result<()> {
    let warm: WarmSpec = read(&warm_text)?;
    with(room, |kept| kept.room.warm(shape, warm))
}

fn plan_of(room: &Room, plan_text: &str) -> Result<Arc<Plan>> {
    room.plan(read(plan_text)?).ok_or_else(|| invalid("no such shape"))
}

/// Keeps with a room what the calls of a tool have in common; gives its number.
#[napi(catch_unwind)]
pub fn tool_plan(room: u32, plan_text: String) -> Result<u32> {
    with(room, |kept| Ok(kept.room.keep_plan(plan_of(&kept.room, &plan_text)?)))?
}

/// Makes a call under a number of the caller's own, by a kept plan or one of its own. Gives the outcome as JSON, the tool's value as
/// JSON (empty when it failed), the path-free text of a heap snapshot (empty without one), and how
/// often `onLog` was or will be called for it: that comes another way, and some of it may come later.
#[napi(catch_unwind, ts_return_type = "Promise<string[]>")]
pub fn tool_call(
    env: &Env,
    room: u32,
    call: u32,
    plan: Either<u32, String>,
    exec_id: String,
    timeout_ms: i64,
    elapsed_ms: f64,
    input: String,
    config: Option<String>,
    wants_log: bool,
) -> Result<Object<'_>> {
    let spec = CallSpec { exec_id, timeout_ms: u64::try_from(timeout_ms).unwrap_or(0), elapsed_ms };
    let (deferred, promise): (Deferred, Object<'_>) = env.create_deferred()?;
    with(room, |kept| {
        let plan = match plan {
            Either::A(number) => {
                kept.room.kept_plan(number).ok_or_else(|| invalid("no such plan"))?
            }
            Either::B(text) => plan_of(&kept.room, &text)?,
        };
        let handed = Arc::new(AtomicU32::new(0));
        let lines = wants_log.then(|| {
            let (log, handed) = (Arc::clone(&kept.log), Arc::clone(&handed));
            LogLines::new(move |stream, text| {
                let mode = ThreadsafeFunctionCallMode::NonBlocking;
                if log.call((call, stream, text), mode) == Status::Ok {
                    handed.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let sink = lines.as_ref().map(LogLines::sink);
        let calls = Arc::clone(&kept.calls);
        // Held until the call is noted: it may end before.
        let mut noted = kept.calls.lock();
        let cancel = kept.room.call(plan, spec, input, config, sink, move |outcome| {
            calls.lock().remove(&call);
            // The rest of a line that was not ended, before the outcome.
            drop(lines);
            let handed = handed.load(Ordering::Relaxed);
            deferred.resolve(Box::new(move |_| Ok(texts(outcome, handed))));
        });
        noted.insert(call, cancel);
        Ok::<(), Error>(())
    })??;
    Ok(promise)
}

fn texts(outcome: Outcome, handed: u32) -> Texts {
    let facts = serde_json::to_string(&outcome).unwrap_or_default();
    let heap = String::from_utf8(outcome.heap).unwrap_or_default();
    let answer = outcome.answer.map(|answer| answer.json).unwrap_or_default();
    vec![facts, answer, heap, handed.to_string()]
}

/// Ends a call early; nothing when it has ended.
#[napi(catch_unwind)]
pub fn tool_cancel(room: u32, call: u32) -> Result<()> {
    with(room, |kept| {
        if let Some(cancel) = kept.calls.lock().get(&call) {
            cancel.cancel();
        }
    })
}

/// Counts of a room as JSON.
#[napi(catch_unwind)]
pub fn tool_stats(room: u32) -> Result<String> {
    with(room, |kept| serde_json::to_string(&kept.room.stats()).unwrap_or_default())
}

/// Ends every call and process of a room; fulfilled once all are gone.
#[napi(catch_unwind, ts_return_type = "Promise<string[]>")]
pub fn tool_dispose(env: &Env, room: u32) -> Result<Object<'_>> {
    let (deferred, promise): (Deferred, Object<'_>) = env.create_deferred()?;
    let kept = with(room, |kept| Arc::clone(&kept.room))?;
    kept.dispose(move || {
        ROOMS.lock().remove(&room);
        deferred.resolve(Box::new(|_| Ok(Vec::new())));
    });
    Ok(promise)
}
