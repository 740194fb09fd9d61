//! What the kernel lets a child process do.
//!
//! The network's part: the [`supervisor`] receives the system calls of children that a seccomp
//! filter hands over, [`connect`] decides about connections and makes them itself, [`dns`] answers
//! the child's questions for names with addresses of its own, [`resolve`] finds the real ones, and
//! [`denials`] remembers what was refused.

#![expect(
    unsafe_code,
    reason = "the kernel is asked by system calls; every block states why it is sound"
)]
#![cfg_attr(not(test), expect(dead_code, reason = "nothing launches children under it yet"))]

mod connect;
mod denials;
mod dns;
mod resolve;
mod supervisor;
#[cfg(test)]
mod trial;
