//! Confines a tree of processes: what it may read and write, start and reach.
//!
//! [`policy`] makes of a [`PermissionSet`](crate::permission::PermissionSet) what the kernel is told:
//! rules for files ([`files`], from [`code`] and [`system`] what a runtime cannot do without, and [`programs`]), which
//! [`landlock`] hands over, and a [`filter`] of system calls. What no rule can say is asked while the
//! processes run: the [`supervisor`] receives the calls that the filter hands over, [`connect`] decides
//! about connections and makes them itself, [`metadata`] about modes and times of files, [`dns`] answers questions for names with addresses of its
//! own, [`resolve`] finds the real ones, and [`denials`] remembers what was refused.
//!
//! Which process is confined, and how it is started, is the process room's.

#![expect(unsafe_code, reason = "system calls; every block states why it is sound")]
#![expect(
    clippy::disallowed_methods,
    reason = "looks at what rules are about; opens none of it for a guest"
)]

mod code;
mod connect;
mod denials;
mod dns;
mod files;
mod filter;
mod kernel;
mod known;
mod landlock;
mod metadata;
mod network;
mod pins;
mod policy;
mod programs;
mod resolve;
mod supervisor;
mod system;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trial;

pub(crate) use connect::Proof;
#[cfg(feature = "node")]
pub(crate) use connect::SocketAccess;
pub(crate) use denials::Denial;
pub(crate) use filter::Program;
pub(crate) use kernel::{Flaw, Kernel};
pub(crate) use landlock::ruleset;
pub(crate) use network::{NetworkOrder, Supervision};
pub(crate) use pins::Pins;
pub(crate) use policy::{Missing, Order, Policy};
