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
    Deterministic, EventSink, Grants, HostCall, Language, ModuleSource, Plan, Reply, RunOptions,
    RunRequest, Values,
};
pub use runner::{Capabilities, Runner, RunnerOptions, Stats, capabilities, engine_commit};
