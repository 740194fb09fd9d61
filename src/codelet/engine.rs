//! The engine: QuickJS heaps that can be thrown away and made pristine again in microseconds.
//!
//! An [`isolate::Isolate`] is one runtime and one realm inside one [`arena`]. It is built once,
//! the prelude is executed in it, and a copy of the whole heap is kept. A run happens between
//! [`cell::Cell::enter`] and its landing; afterwards the copy goes back over the heap, so the next
//! run starts from the same bytes whatever this one did and however it ended. A program that comes again
//! is not even read again: an [`image::Image`] puts the heap back to where it was just loaded.
//!
//! Compiling happens in a second kind of isolate, the only one with a parser; guests run bytecode
//! in realms that cannot compile text at all.
//!
//! ```text
//! worker ── enter(cell) ──> body ──> engine ──> callbacks (native.rs)
//!    ^                                  |
//!    '── landing: returned, stopped, out of memory, killed
//! ```
//!
//! This room and `node` hold the crate's unsafe code.

#![expect(unsafe_code, reason = "the engine is C; every block states why it is sound")]

mod arena;
mod body;
pub(crate) mod cell;
pub(super) mod compiler;
mod hostcall;
pub(super) mod image;
#[cfg(test)]
mod inject;
pub(super) mod isolate;
mod json;
pub(crate) mod kill;
#[cfg(feature = "node")]
pub(crate) mod library;
mod mapping;
mod modules;
mod native;
pub(crate) mod placement;
mod plain;
#[cfg(feature = "sanitize")]
mod poison;
#[cfg(not(feature = "sanitize"))]
#[path = "engine/unpoisoned.rs"]
mod poison;
pub(crate) mod priority;
pub(super) mod run;
mod survey;
#[cfg(test)]
mod tests;
pub(crate) mod time;

/// Commit of QuickJS-ng that the pinned engine crate bundles; `docs/engine-revision.md` says how
/// it was checked.
pub(crate) const ENGINE_COMMIT: &str = "2c620e4";
