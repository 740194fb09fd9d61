//! The N-API face of sandboxed commands: one opening for each environment, commands as promises.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use napi::bindgen_prelude::{FnArgs, Function, Object, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Error, JsDeferred, Result, Status};
use napi_derive::napi;
use parking_lot::Mutex;
use serde_json::json;

use super::invalid;
use crate::spawn::{Cancel, NotStarted, Outcome, Ready, Spec};
use crate::tool::LogLines;

type Texts = Vec<String>;
type Settle = Box<dyn FnOnce(Env) -> Result<Texts> + Send>;
type Deferred = JsDeferred<Texts, Settle>;
/// Number of the command, number of the stream, text.
type Output =
    ThreadsafeFunction<(u32, u32, String), (), FnArgs<(u32, u32, String)>, Status, false, true>;

struct Opening {
    output: Arc<Output>,
    /// None for one that is being started.
    commands: Arc<Mutex<HashMap<u32, Option<Cancel>>>>,
}

static OPENINGS: LazyLock<Mutex<HashMap<u32, Opening>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicU32 = AtomicU32::new(1);

fn with<T>(number: u32, work: impl FnOnce(&Opening) -> T) -> Result<T> {
    let unknown = || Error::new(Status::InvalidArg, "no such opening".to_owned());
    OPENINGS.lock().get(&number).map(work).ok_or_else(unknown)
}

/// Makes an opening for commands of the calling environment; gives its number. `onOutput` gets what
/// commands that ask for it print: number of the command, 1 for stdout or 2 for stderr, whole lines.
#[napi(
    catch_unwind,
    ts_args_type = "onOutput: (command: number, stream: number, text: string) => void"
)]
pub fn spawn_open(
    env: Env,
    on_output: Function<'_, FnArgs<(u32, u32, String)>, ()>,
) -> Result<u32> {
    let output = on_output
        .build_threadsafe_function::<(u32, u32, String)>()
        .weak::<true>()
        .callee_handled::<false>()
        .build_callback(|context| Ok(FnArgs::from(context.value)))?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    OPENINGS.lock().insert(number, Opening { output: Arc::new(output), commands: Arc::default() });
    // An environment that ends, as a worker thread's does, takes its commands along.
    env.add_env_cleanup_hook(number, |number| {
        let ended = OPENINGS.lock().remove(&number);
        for command in
            ended.iter().flat_map(|ended| ended.commands.lock().drain().collect::<Vec<_>>())
        {
            if let (_, Some(cancel)) = command {
                cancel.cancel();
            }
        }
    })?;
    Ok(number)
}

/// Starts a command under a number of the caller's own. Gives JSON of what came of it, or of why it
/// was not started (`{error: {code, field, reason}}`), and how often `onOutput` was or will be called
/// for it: that comes another way, and some of it may come later.
#[napi(catch_unwind, ts_return_type = "Promise<string[]>")]
pub fn spawn_run(
    env: &Env,
    opening: u32,
    number: u32,
    spec_text: String,
    input: Option<Uint8Array>,
    wants_output: bool,
) -> Result<Object<'_>> {
    let spec: Spec = serde_json::from_str(&spec_text).map_err(invalid)?;
    let input = input.map(|bytes| bytes.to_vec());
    let (deferred, promise): (Deferred, Object<'_>) = env.create_deferred()?;
    let ready = match Ready::new(&spec) {
        Ok(ready) => ready,
        Err(error) => {
            let told = texts(Err(NotStarted::from(&error)), 0);
            deferred.resolve(Box::new(move |_| Ok(told)));
            return Ok(promise);
        }
    };
    with(opening, |opening| {
        let handed = Arc::new(AtomicU32::new(0));
        let lines = wants_output.then(|| {
            let (output, handed) = (Arc::clone(&opening.output), Arc::clone(&handed));
            LogLines::new(move |stream, text| {
                let mode = ThreadsafeFunctionCallMode::NonBlocking;
                if output.call((number, stream, text), mode) == Status::Ok {
                    handed.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let sink = lines.as_ref().map(LogLines::sink);
        let commands = Arc::clone(&opening.commands);
        // Noted first: it may end before this function does.
        commands.lock().insert(number, None);
        let cancel = ready.start(input, sink, move |outcome| {
            commands.lock().remove(&number);
            // The rest of a line that was not ended, before the outcome.
            drop(lines);
            let handed = handed.load(Ordering::Relaxed);
            deferred.resolve(Box::new(move |_| Ok(texts(outcome, handed))));
        });
        if let Some(noted) = opening.commands.lock().get_mut(&number) {
            *noted = Some(cancel);
        }
    })?;
    Ok(promise)
}

fn texts(outcome: std::result::Result<Outcome, NotStarted>, handed: u32) -> Texts {
    let told = match outcome {
        Ok(outcome) => serde_json::to_string(&outcome),
        Err(error) => serde_json::to_string(&json!({ "error": error })),
    };
    vec![told.unwrap_or_default(), handed.to_string()]
}

/// Ends a command early; nothing when it has ended.
#[napi(catch_unwind)]
pub fn spawn_cancel(opening: u32, number: u32) -> Result<()> {
    with(opening, |opening| {
        if let Some(Some(cancel)) = opening.commands.lock().get(&number) {
            cancel.cancel();
        }
    })
}
