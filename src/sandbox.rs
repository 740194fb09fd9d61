//! Confines a tree of processes: what it may read and write, start and reach.
//!
//! `policy` makes of a [`PermissionSet`](crate::permission::PermissionSet) what the kernel is told:
//! rules for files (`files`, from `code` and `system` what a runtime cannot do without), the terms of
//! a filter of system calls (`filter`), and who is asked about connections. `landlock` hands the rules
//! for files to the kernel. Which process is confined, and how it is started, is the process room's.

#![expect(unsafe_code, reason = "system calls; every block states why it is sound")]

mod code;
mod files;
mod filter;
mod kernel;
mod landlock;
mod policy;
mod system;
#[cfg(test)]
mod tests;

pub(crate) use filter::Program;
pub(crate) use kernel::Kernel;
pub(crate) use landlock::ruleset;
pub(crate) use policy::{Missing, Order, Policy};
