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

use rquickjs::qjs;

pub(super) use read::parse;
pub(super) use write::{write, write_list};

/// The engine's name for a property. Only ASCII may be looked up by its bytes: of any other text the
/// engine would look for what the same bytes say in Latin-1 first.
///
/// # Safety
/// Inside an entry, on `ctx`'s thread.
pub(super) unsafe fn atom_of(ctx: *mut qjs::JSContext, text: &[u8]) -> qjs::JSAtom {
    // SAFETY: the text is copied; the string is given back once it has its name.
    unsafe {
        if text.is_ascii() {
            return qjs::JS_NewAtomLen(ctx, text.as_ptr().cast(), text.len() as _);
        }
        let string = qjs::JS_NewStringLen(ctx, text.as_ptr().cast(), text.len() as _);
        let atom = qjs::JS_ValueToAtom(ctx, string);
        qjs::JS_FreeValue(ctx, string);
        atom
    }
}

/// Containers inside containers, at most; deeper texts and values are the engine's.
const MAX_DEPTH: usize = 256;
