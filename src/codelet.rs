//! Codelets: small untrusted programs in isolated heaps, on threads of our own.
//!
//! ```text
//! Runner::submit ─> queue (per runner, bounded) ─> worker threads ─> EventSink
//!                      ^                              |      ^
//!                      |                     waits for host  | reply, timer, deadline
//!                      '-- OVERLOADED beyond it       '─> parked ─'
//! ```
//!
//! A worker takes a job, gets its program (compiled or from the cache), runs it in a pristine
//! isolate and hands the outcome over. A run that waits for the host is parked: it keeps its
//! isolate and gives its thread back. One watchdog thread ends what is late, wherever it is.

mod compile;
mod conclude;
mod cpu_meter;
mod deadline;
mod engine;
mod guest;
mod parked;
mod payload;
mod pool;
mod program;
#[cfg(target_os = "linux")]
mod remote;
mod request;
mod runner;
mod start;
mod worker;

#[cfg(test)]
mod tests;

#[cfg(feature = "node")]
pub(crate) use engine::library::keep_loaded;
pub use guest::logs::{Level, LogEntry};
pub use payload::{Form, Payload};
pub use request::{
    Deterministic, EventSink, Grants, HostCall, Isolation, Language, ModuleSource, Plan, Reply,
    RunOptions, RunRequest, Values,
};
pub use runner::{Capabilities, Runner, RunnerOptions, Stats, capabilities, engine_commit};

/// Makes [`Isolation::Process`] possible: tries the package's own program for it, by starting it once.
///
/// Fails with [`Code::PolicyUnenforceable`](crate::Code::PolicyUnenforceable) and the reason where such a
/// process cannot be started or cannot give up its privileges.
#[cfg(target_os = "linux")]
pub fn enable_processes(program: &std::path::Path) -> Result<(), crate::Error> {
    remote::enable(program)
}

/// The same with the program that lies beside the file this code was loaded from.
#[cfg(all(target_os = "linux", feature = "node"))]
pub(crate) fn enable_processes_here() -> Result<(), crate::Error> {
    let unknown = || remote::unenforceable("the addon does not know where it lies");
    let addon = engine::library::own_file().ok_or_else(unknown)?;
    remote::enable(&addon.with_file_name("runlet-engine"))
}

/// Elsewhere there are none.
#[cfg(all(not(target_os = "linux"), feature = "node"))]
pub(crate) fn enable_processes_here() -> Result<(), crate::Error> {
    Err(crate::Error::policy_unenforceable("it needs Linux"))
}

/// The main function of that program: serves the host that launched it, locked down, until it ends.
#[cfg(target_os = "linux")]
pub fn serve() -> std::process::ExitCode {
    remote::serve::serve()
}
