//! Tools: functions of an entrypoint, each call in a process of its own.
//!
//! A [`Room`] is one runtime (Bun or Node) with one entrypoint. A call waits for its turn, gets a
//! process, and is told to the worker script in it over a channel of its own; what the tool prints
//! is only ever a log. A call's failure is a value ([`Failure`]).
//!
//! `room` (queue, retries, disposal) → `pool` (idle processes) → `attempt` (one process from launch
//! to end; `answer` and `ending` say what came of it) → `worker` (launch and first words) → `frame`
//! (bytes on the channel).

#[cfg(target_os = "linux")]
mod answer;
#[cfg(target_os = "linux")]
mod attempt;
#[cfg(target_os = "linux")]
mod confinement;
#[cfg(target_os = "linux")]
mod ending;
mod failure;
#[cfg(target_os = "linux")]
mod frame;
pub mod host_paths;
#[cfg(target_os = "linux")]
mod log_lines;
#[cfg(unix)]
pub mod native;
#[cfg(target_os = "linux")]
mod pool;
pub mod redact;
#[cfg(target_os = "linux")]
mod retry;
#[cfg(target_os = "linux")]
mod room;
pub mod rules;
pub mod scan;
pub mod schema;
mod spec;
#[cfg(target_os = "linux")]
mod worker;
pub mod yaml;

pub use failure::{Failure, Phase, ProcessFacts};
#[cfg(target_os = "linux")]
pub use log_lines::{LogLines, LogSink};
#[cfg(target_os = "linux")]
pub use pool::PoolStats;
#[cfg(target_os = "linux")]
pub use room::{Answer, Cancel, Logs, Outcome, Plan, Room, RoomStats};
pub use spec::{
    CallSpec, PlanSpec, ProcessLimits, RetrySpec, RoomSpec, SandboxSpec, Shape, ShapeRef, WarmSpec,
};
