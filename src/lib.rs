//! runlet's core: runs code nobody should have to trust.
//!
//! The crate is the inside of the npm package of the same name. Its rooms:
//!
//! - [`codelet`]: small JavaScript and TypeScript programs in isolated QuickJS heaps, on threads of
//!   our own, under limits that nothing outlives;
//! - [`spawn`]: one command, confined to its permissions (Linux);
//! - [`guard`]: what a shell text would run, and whether it may;
//! - [`tool`]: functions of an entrypoint in Bun or Node, each call in a process of its own, whose
//!   permissions [`permission`] reads;
//! - [`workspace`]: files and search beneath one folder that nothing leaves.
//!
//! A guest's failure is a value ([`Outcome`]); only misuse is an [`Error`]. Every failure has a
//! stable [`Code`]; message texts are not part of the contract.
//!
//! ```
//! use runlet::codelet::{Runner, RunnerOptions, RunRequest};
//!
//! let runner = Runner::new(RunnerOptions::default());
//! let request = RunRequest::new("export const main = (input) => input.value * 2")
//!     .with_input(r#"{"value":21}"#);
//! let outcome = runner.run_blocking(request);
//! assert_eq!(outcome.json(), Some("42"));
//!
//! let endless = RunRequest::new("export const main = () => { while (true) {} }");
//! let outcome = runner.run_blocking(endless.with_timeout_ms(50));
//! assert_eq!(outcome.failure.unwrap().code, runlet::Code::Timeout);
//! ```
//!
//! Dependencies point one way: `node → {codelet, tool, spawn, guard, workspace} → {process, scoped_fs,
//! permission, outcome} → {limits, error}`. Only `node` names napi, only `codelet::engine` and
//! `codelet::guest` name the engine crate.

pub mod codelet;
mod error;
pub mod guard;
pub mod limits;
mod outcome;
pub mod permission;
#[cfg(target_os = "linux")]
mod process;
mod sandbox;
#[cfg(unix)]
mod scoped_fs;
#[cfg(target_os = "linux")]
pub mod spawn;
pub mod tool;
#[cfg(unix)]
pub mod workspace;

#[cfg(feature = "node")]
mod node;

pub use error::{Code, Error};
pub use outcome::{Failure, Outcome, Usage};
