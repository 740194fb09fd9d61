//! JSON between text and engine values, for what crosses the boundary.
//!
//! The engine's own parser and writer are the rule: what [`parse`] and [`write`] make is the same,
//! to the byte. They are faster on plain data, because a key is looked up once per text and not
//! once per object, and nothing is written twice. Whatever is not plain (proxies, getters, a
//! `toJSON`, values without JSON, deep nesting, bad syntax) they leave alone before any code of the
//! guest has run, and the engine does it from the start.
//!
//! The rules of `native.rs` hold here: nothing is owned across an engine call, and all memory is
//! the arena's.

mod buffer;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::parse;
pub(super) use write::write;

/// Containers inside containers, at most; deeper texts and values are the engine's.
const MAX_DEPTH: usize = 256;
