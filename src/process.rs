//! Child processes: launched, fed, watched, and ended with everything they started.
//!
//! A [`Command`] becomes a [`Child`] in steps that each have a file:
//!
//! - [`launch`]: the system calls between the host and the program, without `fork`: what a launch
//!   costs does not depend on how much memory the host has;
//! - [`group`]: a filter that keeps every descendant in the child's process group, so that one
//!   signal to the group reaches the whole tree;
//! - [`launcher`]: the one thread that launches, since a child dies with the thread that made it;
//! - [`guardian`]: ends the trees of a host that was killed itself;
//! - [`feed`]: writes what it reads;
//! - [`channel`]: the host's end of what a child and its host say to each other;
//! - [`keeper`]: drains what the tree prints ([`capture`]), measures it ([`census`]), and ends it.
//!
//! A program of ours that runs untrusted code itself takes the last step itself: [`lockdown`].
//!
//! What the system lets a process be confined with is tried once: [`probe`].
//!
//! [`one_shot`] is all of that for callers who only want a program's output.
//!
//! Everything else waits on one thread of its own, the [`reactor`]. Nothing here knows of tools.

#![expect(
    unsafe_code,
    reason = "processes are made by system calls; every block states why it is sound"
)]

mod capture;
mod census;
mod channel;
mod command;
mod feed;
mod group;
mod guardian;
mod keeper;
mod launch;
mod launcher;
pub(crate) mod lockdown;
mod one_shot;
mod probe;
pub(crate) mod reactor;
mod seal;
mod signal;

pub(crate) use capture::Captured;
pub(crate) use channel::Channel;
pub(crate) use command::{Command, Limits};
pub(crate) use keeper::{Child, End, Exit, LogSink, Report, Stop};
pub(crate) use launch::LaunchError;
pub(crate) use one_shot::{Finished, Watch, run_blocking, start};
#[cfg(any(feature = "node", test))]
pub(crate) use probe::kernel;
pub(crate) use signal::signal_name;
