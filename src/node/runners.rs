//! The runners that JavaScript refers to by number, their kept plans, and the numbers of runs.

use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use napi::{Error, Result, Status};
use parking_lot::Mutex;

use crate::codelet::{Payload, Plan, Reply, Runner, Stats};

/// A runner and the plans that JavaScript refers to by number.
#[derive(Clone)]
struct Kept {
    runner: Arc<Runner>,
    plans: Arc<Mutex<FxHashMap<u32, Arc<Plan>>>>,
}

/// Every runner of the process, of whichever environment.
static RUNNERS: LazyLock<Mutex<FxHashMap<u32, Kept>>> = LazyLock::new(Mutex::default);
/// The next number of a runner or of a plan.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// What is kept under a runner's number.
fn kept(number: u32) -> Option<Kept> {
    RUNNERS.lock().get(&number).cloned()
}

/// JavaScript gave a number that nothing is kept under.
fn unknown(what: &str) -> Error {
    Error::new(Status::InvalidArg, format!("no such {what}"))
}

/// Keeps a runner under a number.
pub(super) fn keep_runner(runner: Runner) -> u32 {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let kept = Kept { runner: Arc::new(runner), plans: Arc::default() };
    RUNNERS.lock().insert(number, kept);
    number
}

/// A kept runner, disposed or not.
pub(super) fn runner(number: u32) -> Result<Arc<Runner>> {
    kept(number).map(|kept| kept.runner).ok_or_else(|| unknown("runner"))
}

/// Disposes a runner. Its number stays, so that its counts can still be asked.
pub(super) fn dispose_runner(number: u32) {
    if let Some(kept) = kept(number) {
        kept.runner.dispose();
        kept.plans.lock().clear();
    }
}

/// A runner's counts.
pub(super) fn runner_stats(number: u32) -> Result<Stats> {
    runner(number).map(|runner| runner.stats())
}

/// Keeps a plan with its runner, so that many runs need not send it.
pub(super) fn keep_plan(number: u32, plan: Plan) -> Result<u32> {
    let kept = kept(number).ok_or_else(|| unknown("runner"))?;
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    kept.plans.lock().insert(id, Arc::new(plan));
    Ok(id)
}

/// Forgets a plan. Runs of it go on.
pub(super) fn drop_plan(number: u32, plan: u32) {
    if let Some(kept) = kept(number) {
        kept.plans.lock().remove(&plan);
    }
}

/// A kept runner and one of its plans.
pub(super) fn planned(number: u32, plan: u32) -> Result<(Arc<Runner>, Arc<Plan>)> {
    let runners = RUNNERS.lock();
    let kept = runners.get(&number).ok_or_else(|| unknown("runner"))?;
    let plan = kept.plans.lock().get(&plan).map(Arc::clone).ok_or_else(|| unknown("plan"))?;
    Ok((Arc::clone(&kept.runner), plan))
}

/// A run's number as JavaScript passes it back.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers we gave out")]
pub(super) fn run_number(run: f64) -> u64 {
    run as u64
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
