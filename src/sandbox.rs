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
//!
//! All of that is Linux. `macos` and `windows` are written for those systems and tested here as far as
//! they are pure; [`platform`](backend) says what that comes to.

#![cfg_attr(
    any(target_os = "linux", windows),
    expect(unsafe_code, reason = "system calls; every block states why it is sound")
)]
#![cfg_attr(
    unix,
    expect(
        clippy::disallowed_methods,
        reason = "looks at what rules are about; opens none of it for a guest"
    )
)]
#![cfg_attr(
    not(target_os = "linux"),
    allow(
        dead_code,
        unused_imports,
        clippy::allow_attributes,
        reason = "nothing starts processes there yet"
    )
)]

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod code;
#[cfg(target_os = "linux")]
mod connect;
#[cfg(target_os = "macos")]
mod connect {
    pub(super) mod rules;
}
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod denials;
#[cfg(target_os = "linux")]
mod dns;
#[cfg(target_os = "macos")]
mod dns {
    pub(super) mod message;
}
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod files;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod known;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(any(target_os = "macos", all(test, target_os = "linux")))]
mod macos;
#[cfg(target_os = "linux")]
mod metadata;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod named;
#[cfg(target_os = "linux")]
mod network;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod pins;
#[cfg(any(test, not(target_os = "linux")))]
mod platform;
#[cfg(target_os = "linux")]
mod policy;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod programs;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod resolve;
#[cfg(target_os = "linux")]
mod supervisor;
#[cfg(target_os = "linux")]
mod system;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod trial;
#[cfg(any(test, windows))]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use connect::Proof;
#[cfg(all(feature = "node", target_os = "linux"))]
pub(crate) use connect::SocketAccess;
#[cfg(target_os = "linux")]
pub(crate) use denials::Denial;
#[cfg(target_os = "linux")]
pub(crate) use filter::Program;
#[cfg(target_os = "linux")]
pub(crate) use kernel::{Flaw, Kernel};
#[cfg(target_os = "linux")]
pub(crate) use landlock::ruleset;
#[cfg(target_os = "linux")]
pub(crate) use named::Missing;
#[cfg(target_os = "linux")]
pub(crate) use network::{NetworkOrder, Supervision};
#[cfg(target_os = "linux")]
pub(crate) use pins::Pins;
#[cfg(all(feature = "node", not(target_os = "linux")))]
pub(crate) use platform::backend;
#[cfg(target_os = "linux")]
pub(crate) use policy::{Order, Policy};
