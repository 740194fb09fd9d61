//! The sandbox of macOS: a Seatbelt profile, and a proxy for what a profile cannot say of hosts.
//!
//! [`compile`] makes [`Terms`] of permissions; those are a profile's text ([`profile`]), which
//! `/usr/bin/sandbox-exec` puts on before the program begins ([`Invocation`]). Rules for hosts are kept by the
//! [`proxy`]: the profile lets a process reach nothing but its port, so a program that uses no proxy,
//! such as one that connects sockets itself, reaches nothing at all.
//!
//! Written after what is published of Seatbelt, and tested by an interpreter of its own; not yet run
//! on a Mac, so nothing starts processes with it.
//!
//! What differs from Linux, always to the safe side:
//! - where files may be written and not be read, none is removed or renamed: a rename within what may
//!   be written would take a file to where it may be read;
//! - hard links are not made;
//! - a folder around what is denied cannot be renamed.

mod compile;
mod invocation;
mod profile;
mod proxy;
mod system;
#[cfg(test)]
mod tests;

pub(crate) use compile::{Compiled, Order, compile};
pub(crate) use invocation::Invocation;
pub(crate) use profile::{Network, Terms};
pub(crate) use proxy::Proxy;
