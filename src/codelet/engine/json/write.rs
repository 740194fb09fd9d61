//! Engine values to JSON text.

use rquickjs::qjs;

use super::MAX_DEPTH;
use super::buffer::Buffer;
use crate::codelet::engine::cell::Cell;
use crate::codelet::engine::plain::{CLASS_ARRAY, CLASS_OBJECT, Names, ToJson, own_value};

/// Keys remembered at once; a power of two.
const KEYS: usize = 256;

/// Where in the text a key was written before, quotes and colon included.
#[derive(Clone, Copy)]
struct Key {
    atom: qjs::JSAtom,
    at: usize,
    len: usize,
}

/// Why the value is the engine's to write.
struct Unusual;

type Written = Result<(), Unusual>;

/// The text of plain data, in the arena, or `None` when the engine has to write it. No code of the
/// guest runs in here.
///
/// # Safety
/// Inside an entry, on `ctx`'s thread; `cell` is its cell; `value` is alive.
pub(in crate::codelet::engine) unsafe fn write(
    ctx: *mut qjs::JSContext,
    cell: *const Cell,
    value: qjs::JSValue,
) -> Option<(*const u8, usize)> {
    // SAFETY: as this function.
    unsafe {
        let mut writer = Writer::new(ctx, cell);
        let whole = writer.value(value, 0).is_ok();
        writer.end(whole)
    }
}

/// The text of an array of these values, as [`write()`].
///
/// # Safety
/// As [`write()`].
pub(in crate::codelet::engine) unsafe fn write_list(
    ctx: *mut qjs::JSContext,
    cell: *const Cell,
    values: &[qjs::JSValue],
) -> Option<(*const u8, usize)> {
    // SAFETY: as this function.
    unsafe {
        let mut writer = Writer::new(ctx, cell);
        let whole = writer.list(values).is_ok();
        writer.end(whole)
    }
}

struct Writer {
    ctx: *mut qjs::JSContext,
    cell: *const Cell,
    to_json: ToJson,
    /// Made with the first key: most texts of host calls have none.
    keys: Option<[Key; KEYS]>,
    text: Buffer<u8>,
}

impl Writer {
    unsafe fn new(ctx: *mut qjs::JSContext, cell: *const Cell) -> Writer {
        // SAFETY: as `write`.
        unsafe {
            Writer { ctx, cell, to_json: ToJson::new(ctx), keys: None, text: Buffer::new(ctx) }
        }
    }

    /// What was written, if that is the whole of it.
    fn end(self, whole: bool) -> Option<(*const u8, usize)> {
        if whole {
            return Some((self.text.as_ptr(), self.text.len()));
        }
        self.text.free();
        None
    }

    unsafe fn list(&mut self, values: &[qjs::JSValue]) -> Written {
        self.text.push(b'[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            // SAFETY: as `write`.
            unsafe { self.element(*value, 0)? };
        }
        self.text.push(b']');
        Ok(())
    }

    /// A value in a list: what has no JSON is null there.
    unsafe fn element(&mut self, value: qjs::JSValue, depth: usize) -> Written {
        if !has_json(value) {
            self.text.extend(b"null");
            return Ok(());
        }
        // SAFETY: as `value`.
        unsafe { self.value(value, depth) }
    }

    /// Writes a value; what JSON drops (undefined, functions, symbols) is left to the caller.
    unsafe fn value(&mut self, value: qjs::JSValue, depth: usize) -> Written {
        // SAFETY: tags are looked at before the value is read as what they say.
        unsafe {
            match qjs::JS_VALUE_GET_NORM_TAG(value) {
                qjs::JS_TAG_INT => self.integer(qjs::JS_VALUE_GET_INT(value)),
                qjs::JS_TAG_FLOAT64 => self.number(qjs::JS_VALUE_GET_FLOAT64(value)),
                qjs::JS_TAG_NULL => self.text.extend(b"null"),
                qjs::JS_TAG_BOOL if qjs::JS_VALUE_GET_BOOL(value) => self.text.extend(b"true"),
                qjs::JS_TAG_BOOL => self.text.extend(b"false"),
                qjs::JS_TAG_STRING | qjs::JS_TAG_STRING_ROPE => self.string(value)?,
                qjs::JS_TAG_OBJECT => return self.container(value, depth),
                _ => return Err(Unusual),
            }
        }
        Ok(())
    }

    unsafe fn container(&mut self, value: qjs::JSValue, depth: usize) -> Written {
        // A cycle ends here, too.
        if depth > MAX_DEPTH {
            return Err(Unusual);
        }
        // SAFETY: the class says what the object is.
        unsafe {
            if (*self.cell).stop_requested() {
                (*self.cell).leave_stopped();
            }
            match qjs::JS_GetClassID(value) {
                CLASS_OBJECT => self.object(value, depth),
                CLASS_ARRAY => self.array(value, depth),
                _ => Err(Unusual),
            }
        }
    }

    unsafe fn own_value(
        &self,
        object: qjs::JSValue,
        key: qjs::JSAtom,
    ) -> Result<qjs::JSValue, Unusual> {
        // SAFETY: an ordinary object: anything else was left to the engine.
        unsafe { own_value(self.ctx, object, key).ok_or(Unusual) }
    }

    unsafe fn array(&mut self, array: qjs::JSValue, depth: usize) -> Written {
        // SAFETY: an array's length is its own and no getter.
        unsafe {
            if self.to_json.is_above(self.ctx, array) || self.to_json.is_own(self.ctx, array) {
                return Err(Unusual);
            }
            let mut len = 0;
            if qjs::JS_GetLength(self.ctx, array, &raw mut len) < 0 {
                return Err(Unusual);
            }
            let len = u32::try_from(len).map_err(|_| Unusual)?;
            self.text.push(b'[');
            for index in 0..len {
                if index > 0 {
                    self.text.push(b',');
                }
                let key = qjs::JS_NewAtomUInt32(self.ctx, index);
                let value = self.own_value(array, key)?;
                self.element(value, depth + 1)?;
            }
            self.text.push(b']');
        }
        Ok(())
    }

    unsafe fn object(&mut self, object: qjs::JSValue, depth: usize) -> Written {
        // SAFETY: an ordinary object's keys; the list is given back below or goes with the arena.
        unsafe {
            if self.to_json.is_above(self.ctx, object) {
                return Err(Unusual);
            }
            let names = Names::of(self.ctx, object).ok_or(Unusual)?;
            // An own toJSON may be hidden from the list; asked after it, so that a small object
            // costs one look.
            if self.to_json.is_own(self.ctx, object) {
                return Err(Unusual);
            }
            self.text.push(b'{');
            let mut first = true;
            for name in names.as_slice() {
                let key = name.atom;
                let value = self.own_value(object, key)?;
                if !has_json(value) {
                    continue;
                }
                if !first {
                    self.text.push(b',');
                }
                first = false;
                self.key(key)?;
                self.value(value, depth + 1)?;
            }
            self.text.push(b'}');
            names.free(self.ctx);
        }
        Ok(())
    }

    /// A key with its quotes and colon. Atoms stay what they are while objects that use them live.
    unsafe fn key(&mut self, atom: qjs::JSAtom) -> Written {
        let slot = atom as usize % KEYS;
        #[expect(clippy::unnecessary_lazy_evaluations, reason = "to write them takes time")]
        let keys = self.keys.get_or_insert_with(|| [Key { atom: 0, at: 0, len: 0 }; KEYS]);
        let known = keys[slot];
        if known.len > 0 && known.atom == atom {
            self.text.repeat(known.at, known.len);
            return Ok(());
        }
        let at = self.text.len();
        // SAFETY: the text is given back after it was copied.
        unsafe {
            let mut len = 0;
            let name = qjs::JS_AtomToCStringLen(self.ctx, &raw mut len, atom);
            if name.is_null() {
                return Err(Unusual);
            }
            let len = usize::try_from(len).unwrap_or(0);
            self.quoted(std::slice::from_raw_parts(name.cast(), len));
            qjs::JS_FreeCString(self.ctx, name);
        }
        self.text.push(b':');
        if let Some(keys) = &mut self.keys {
            keys[slot] = Key { atom, at, len: self.text.len() - at };
        }
        Ok(())
    }

    unsafe fn string(&mut self, value: qjs::JSValue) -> Written {
        // SAFETY: as `key`.
        unsafe {
            let mut len: usize = 0;
            let text = qjs::JS_ToCStringLen(self.ctx, &raw mut len, value);
            if text.is_null() {
                return Err(Unusual);
            }
            self.quoted(std::slice::from_raw_parts(text.cast(), len));
            qjs::JS_FreeCString(self.ctx, text);
        }
        Ok(())
    }

    /// The text as a JSON string. It is the engine's UTF-8, in which lone surrogates have three
    /// bytes of their own.
    fn quoted(&mut self, text: &[u8]) {
        self.text.reserve(text.len() + 2);
        self.text.push(b'"');
        let mut done = 0;
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            if PLAIN[usize::from(byte)] {
                at += 1;
                continue;
            }
            if byte == 0xed && text.get(at + 1).is_none_or(|next| *next < 0xa0) {
                at += 1;
                continue;
            }
            self.text.extend(&text[done..at]);
            at += if byte == 0xed { self.surrogate(&text[at..]) } else { self.escape(byte) };
            done = at;
        }
        self.text.extend(&text[done..]);
        self.text.push(b'"');
    }

    fn escape(&mut self, byte: u8) -> usize {
        let letter = match byte {
            b'"' | b'\\' => byte,
            8 => b'b',
            12 => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                self.unit(u16::from(byte));
                return 1;
            }
        };
        self.text.extend(&[b'\\', letter]);
        1
    }

    fn surrogate(&mut self, text: &[u8]) -> usize {
        let bits = |at: usize| u16::from(text.get(at).copied().unwrap_or(0x80) & 0x3f);
        self.unit(0xd000 | bits(1) << 6 | bits(2));
        text.len().min(3)
    }

    fn unit(&mut self, unit: u16) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |shift: u16| DIGITS[usize::from(unit >> shift & 15)];
        self.text.extend(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
    }

    fn integer(&mut self, value: i32) {
        let mut digits = [0_u8; 11];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            let digit = (rest % 10) as u8;
            digits[at] = b'0' + digit;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            at -= 1;
            digits[at] = b'-';
        }
        self.text.extend(&digits[at..]);
    }

    fn number(&mut self, value: f64) {
        if value.is_finite() {
            self.text.extend(ryu_js::Buffer::new().format_finite(value).as_bytes());
        } else {
            self.text.extend(b"null");
        }
    }
}

/// Whether JSON has a form for a value; the others are dropped.
fn has_json(value: qjs::JSValue) -> bool {
    // SAFETY: a look at the tag.
    let tag = unsafe { qjs::JS_VALUE_GET_NORM_TAG(value) };
    // A function is an object by its tag and unusual by its class: the engine drops it.
    !matches!(tag, qjs::JS_TAG_UNDEFINED | qjs::JS_TAG_SYMBOL)
}

/// Bytes that stand for themselves inside a JSON string.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = false;
        byte += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain[0xed] = false;
    plain
};
