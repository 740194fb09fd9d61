//! The N-API face: what JavaScript calls, and how events go back. Only this room names napi.
//!
//! Values cross as [`Payload`]s: text, which is JSON, a string as it is or JSON with marks, and for
//! the last the buffers it refers to. The package's own TypeScript is the only caller; it has checked
//! what users gave and turns texts into errors and promises.

#![expect(unsafe_code, reason = "N-API is C; every block states why it is sound")]
#![expect(unreachable_pub, reason = "the macro registers the functions by name and wants them pub")]
#![expect(clippy::too_many_arguments, reason = "an object would cost a property read for each")]
#![expect(clippy::needless_pass_by_value, reason = "N-API hands over owned strings")]
#![cfg_attr(
    test,
    allow(dead_code, clippy::allow_attributes, reason = "the macro registers nothing in tests")
)]

mod bridge;
mod documents;
mod events;
mod facts;
mod guard;
mod native_tools;
mod permissions;
mod poll;
mod runners;
mod schemas;
#[cfg(target_os = "linux")]
mod spawn;
mod texts;
#[cfg(target_os = "linux")]
mod tools;
#[cfg(unix)]
mod workspace;

use std::sync::Arc;

use napi::bindgen_prelude::{Env, FromNapiValue, Function, Uint8Array};
use napi::{Error, Result, Status, Unknown};
use napi_derive::{module_init, napi};

use crate::codelet::{Form, Payload, Plan, Reply, RunOptions, RunRequest, Runner};
use crate::limits::RunnerLimits;
use bridge::Bridge;

/// Runs when the library is loaded, before anything else of it.
#[module_init]
fn load() {
    // A panic becomes an INTERNAL error; its text must not appear on the host's stderr.
    std::panic::set_hook(Box::new(|_| {}));
    crate::codelet::keep_loaded();
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::new(Status::InvalidArg, error.to_string())
}

/// A value from its three parts; without a text it is undefined.
fn payload(
    text: Option<String>,
    form: Option<u32>,
    buffers: Option<Vec<Uint8Array>>,
) -> Option<Payload> {
    let form = match form {
        Some(1) => Form::Text,
        Some(2) => Form::Tagged,
        _ => Form::Json,
    };
    let buffers = buffers.unwrap_or_default().iter().map(|bytes| bytes.to_vec()).collect();
    text.map(|text| Payload { form, text, buffers })
}

/// Constants of the core as JSON: limits, codes, capabilities, engine, names of globals.
#[napi(catch_unwind)]
pub fn facts() -> String {
    facts::json()
}

/// Opens a bridge for the calling environment, which stays alive while runs of the bridge are open. Gives the bridge's number.
///
/// Each call of `onEvents` gets a list of values; the numbers of its events stand in `numbers`
/// meanwhile, a `Float64Array` (see events.rs).
#[napi(catch_unwind, ts_args_type = "onEvents: (values: unknown[]) => void, numbers: Float64Array")]
pub fn open(
    env: Env,
    on_events: Function<'_, Unknown<'_>, Unknown<'_>>,
    numbers: Unknown<'_>,
) -> Result<u32> {
    Bridge::open(&env, &on_events, &numbers)
}

/// Makes a runner from JSON bounds; gives its number.
#[napi(catch_unwind)]
pub fn create_runner(options: String) -> Result<u32> {
    let limits: RunnerLimits = serde_json::from_str(&options).map_err(invalid)?;
    let runner = Runner::with_checked(limits).map_err(invalid)?;
    Ok(runners::keep_runner(runner))
}

/// Makes runs in processes of their own possible, by starting one; gives the reason where it is not.
/// After the first success there is nothing left to do.
#[napi(catch_unwind)]
pub fn enable_processes() -> Option<String> {
    crate::codelet::enable_processes_here().err().map(|error| error.to_string())
}

/// Submits a run; its outcome arrives as an event. Gives the run's number.
///
/// `form` says how `input` is spelled: 0 or nothing is JSON, 1 the string itself, 2 tagged text,
/// which refers to `buffers` by index.
#[napi(catch_unwind)]
pub fn submit(
    env: Env,
    bridge: u32,
    runner: u32,
    code: String,
    options: String,
    input: Option<String>,
    form: Option<u32>,
    buffers: Option<Vec<Uint8Array>>,
) -> Result<f64> {
    let plan = Arc::new(read_plan(code, &options)?);
    let runner = runners::runner(runner)?;
    start(env, bridge, &runner, plan, payload(input, form, buffers))
}

/// Makes a plan that many runs may use, and keeps it with its runner; gives its number.
#[napi(catch_unwind)]
pub fn keep_plan(runner: u32, code: String, options: String) -> Result<u32> {
    runners::keep_plan(runner, read_plan(code, &options)?)
}

/// Forgets a kept plan.
#[napi(catch_unwind)]
pub fn drop_plan(runner: u32, plan: u32) {
    runners::drop_plan(runner, plan);
}

/// As `submit`, with a kept plan.
#[napi(catch_unwind)]
pub fn submit_plan(
    env: Env,
    bridge: u32,
    runner: u32,
    plan: u32,
    input: Option<String>,
    form: Option<u32>,
    buffers: Option<Vec<Uint8Array>>,
) -> Result<f64> {
    let (runner, plan) = runners::planned(runner, plan)?;
    start(env, bridge, &runner, plan, payload(input, form, buffers))
}

fn read_plan(code: String, options: &str) -> Result<Plan> {
    let options: RunOptions = serde_json::from_str(options).map_err(invalid)?;
    Ok(Plan::new(code, options))
}

fn start(
    env: Env,
    bridge: u32,
    runner: &Runner,
    plan: Arc<Plan>,
    input: Option<Payload>,
) -> Result<f64> {
    let mut request = RunRequest::from(plan);
    if let Some(input) = input {
        request = request.with_payload(input);
    }
    bridge::submit(env, bridge, runner, request)
}

/// Waits some microseconds for the next events, where that is likely to be shorter than to sleep:
/// what `onEvents` would get, or nothing.
#[napi(catch_unwind, ts_return_type = "unknown[] | undefined")]
pub fn poll(env: Env, bridge: u32) -> Result<Option<Unknown<'static>>> {
    let list = bridge::poll(env, bridge);
    // SAFETY: a value of this environment, made in the scope of this call, to which it is returned.
    list.map(|list| unsafe { Unknown::from_napi_value(env.raw(), list) }).transpose()
}

/// Takes events that came since `onEvents` was called, in a turn of the host's loop after that call:
/// what `onEvents` would get, or nothing. After each call of `onEvents` this has to be called once in
/// a later turn, and again after each list it gives: until then `onEvents` is not called.
#[napi(catch_unwind, ts_return_type = "unknown[] | undefined")]
pub fn turn(env: Env, bridge: u32) -> Result<Option<Unknown<'static>>> {
    let list = bridge::turn(env, bridge);
    // SAFETY: as in `poll`.
    list.map(|list| unsafe { Unknown::from_napi_value(env.raw(), list) }).transpose()
}

/// Sends an empty call to the workers and back: its answer is an event. For measurements.
#[napi(catch_unwind)]
pub fn ping(env: Env, bridge: u32) -> Result<f64> {
    bridge::ping(env, bridge)
}

/// Answers host calls of a run, each on a line of its own; see `runners::reply`.
#[napi(catch_unwind)]
pub fn reply(run: f64, lines: String) {
    runners::reply(run, &lines);
}

/// Answers host call `seq` of a run with a value in any form.
#[napi(catch_unwind)]
pub fn reply_value(
    run: f64,
    seq: u32,
    text: Option<String>,
    form: Option<u32>,
    buffers: Option<Vec<Uint8Array>>,
) {
    let value = payload(text, form, buffers);
    Runner::reply(runners::run_number(run), vec![Reply { seq, ok: true, value }]);
}

/// Aborts a run.
#[napi(catch_unwind)]
pub fn cancel(run: f64) {
    Runner::cancel(runners::run_number(run));
}

/// Ends the process of a run that gave what is no value.
#[napi(catch_unwind)]
pub fn distrust(runner: u32, run: f64) -> Result<()> {
    runners::runner(runner)?.distrust(runners::run_number(run));
    Ok(())
}

/// Ends every run of a runner and frees what it holds.
#[napi(catch_unwind)]
pub fn dispose_runner(runner: u32) {
    runners::dispose_runner(runner);
}

/// A runner's counts as JSON.
#[napi(catch_unwind)]
pub fn stats(runner: u32) -> Result<String> {
    serde_json::to_string(&runners::runner_stats(runner)?).map_err(invalid)
}
