//! Codelets in processes of their own: the same engine, the same contract, behind a wall of the kernel's.
//!
//! ```text
//! Runner::submit ─> room (queue of one runner) ─> engine process: one open run at a time
//!                     ^                              |  frames over a socket ([wire], [message])
//!                     '── events of the run <────────'  each held against what the run may do ([check])
//! ```
//!
//! An [`engine`] process is this package's own program, [`serve`]: the worker, compiler and caches of the
//! in-process way, for one run at a time, locked down before it hears of the first. It belongs to one
//! runner, so what one tenant's code might make of it, another's never meets. A process that dies takes
//! its own run with it and nothing else.

mod check;
mod engine;
mod message;
mod room;
pub(super) mod serve;
mod sweep;
mod wire;

// The sanitizer's build of the library has no program beside it.
#[cfg(test)]
#[cfg(not(feature = "sanitize"))]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::request::Reply;
use crate::error::Error;
use crate::process::reactor;
use engine::Engine;
pub(super) use room::Room;

/// The program that engine processes run, once one of them has started.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
/// The process that showed it, for the first runner that wants one.
static SPARE: Mutex<Option<Engine>> = Mutex::new(None);
/// How long it is kept for that.
const SPARE_TIME: Duration = Duration::from_secs(30);
/// One attempt at a time.
static TRYING: Mutex<()> = Mutex::new(());
/// Which room an open run is in.
static ROOMS: LazyLock<Mutex<FxHashMap<u64, Arc<Room>>>> = LazyLock::new(Mutex::default);

/// Makes sure that runs can live in processes of this program, by starting one. After the first success
/// there is nothing left to do.
pub(super) fn enable(program: &Path) -> Result<(), Error> {
    let _one = TRYING.lock();
    if PROGRAM.get().is_some() {
        return Ok(());
    }
    let engine = engine::start_blocking(program).map_err(|why| unenforceable(&why))?;
    *SPARE.lock() = Some(engine);
    let _ = PROGRAM.set(program.to_owned());
    reactor::spawn(async {
        tokio::time::sleep(SPARE_TIME).await;
        // Dropped, it is ended.
        SPARE.lock().take();
    });
    Ok(())
}

/// Whether runs can live in processes.
pub(super) fn is_enabled() -> bool {
    PROGRAM.get().is_some()
}

/// The program, if it is known to do.
fn program() -> Option<&'static Path> {
    PROGRAM.get().map(PathBuf::as_path)
}

/// What a runner is told that wants processes where there are none.
pub(super) fn unenforceable(why: &str) -> Error {
    Error::policy_unenforceable(why)
}

fn room_of(run: u64) -> Option<Arc<Room>> {
    ROOMS.lock().get(&run).map(Arc::clone)
}

/// Answers host calls; gives the answers back when the run is not one of these.
pub(super) fn reply(run: u64, replies: Vec<Reply>) -> Option<Vec<Reply>> {
    let Some(room) = room_of(run) else { return Some(replies) };
    room.reply(run, &replies);
    None
}

/// Ends a run; false when it is not one of these.
pub(super) fn cancel(run: u64, by: &'static str) -> bool {
    let Some(room) = room_of(run) else { return false };
    room.cancel(run, by);
    true
}
