//! JSON text to engine values.

use rquickjs::qjs;

use super::buffer::Buffer;
use super::{MAX_DEPTH, atom_of};
use crate::codelet::engine::cell::Cell;

/// Keys remembered at once; a power of two.
const KEYS: usize = 256;
/// A longer key is looked up each time.
const LONGEST_KEY: usize = 64;

/// A key of the text and the engine's name for it.
#[derive(Clone, Copy)]
struct Key {
    at: usize,
    len: usize,
    atom: qjs::JSAtom,
}

const NO_KEY: Key = Key { at: 0, len: usize::MAX, atom: 0 };

/// Why the text is the engine's to read.
struct Unusual;

type Read<T> = Result<T, Unusual>;

/// The value of a text, or `None` when the engine has to read it: it is no JSON, or unusual.
///
/// # Safety
/// Inside an entry, on `ctx`'s thread; `cell` is its cell.
pub(in crate::codelet::engine) unsafe fn parse(
    ctx: *mut qjs::JSContext,
    cell: *const Cell,
    text: &str,
) -> Option<qjs::JSValue> {
    let mut reader = Reader {
        ctx,
        cell,
        text: text.as_bytes(),
        at: 0,
        keys: [NO_KEY; KEYS],
        values: Buffer::new(ctx),
        scratch: Buffer::new(ctx),
    };
    // SAFETY: as this function.
    let value = unsafe { reader.document() }.ok()?;
    reader.values.free();
    reader.scratch.free();
    Some(value)
}

struct Reader<'a> {
    ctx: *mut qjs::JSContext,
    cell: *const Cell,
    text: &'a [u8],
    at: usize,
    keys: [Key; KEYS],
    /// Elements of the arrays that are open, the innermost last.
    values: Buffer<qjs::JSValue>,
    /// A string without its escapes.
    scratch: Buffer<u8>,
}

impl Reader<'_> {
    unsafe fn document(&mut self) -> Read<qjs::JSValue> {
        // SAFETY: as `parse`.
        let value = unsafe { self.value(0) }?;
        self.skip_space();
        if self.at == self.text.len() { Ok(value) } else { Err(Unusual) }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Read<u8> {
        self.skip_space();
        self.text.get(self.at).copied().ok_or(Unusual)
    }

    fn word(&mut self, word: &[u8], value: qjs::JSValue) -> Read<qjs::JSValue> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Unusual);
        }
        self.at += word.len();
        Ok(value)
    }

    unsafe fn value(&mut self, depth: usize) -> Read<qjs::JSValue> {
        if depth > MAX_DEPTH {
            return Err(Unusual);
        }
        // SAFETY: as `parse`.
        unsafe {
            match self.peek()? {
                b'{' => self.object(depth),
                b'[' => self.array(depth),
                b'"' => self.string(),
                b't' => self.word(b"true", qjs::JS_TRUE),
                b'f' => self.word(b"false", qjs::JS_FALSE),
                b'n' => self.word(b"null", qjs::JS_NULL),
                _ => self.number(),
            }
        }
    }

    unsafe fn object(&mut self, depth: usize) -> Read<qjs::JSValue> {
        // SAFETY: properties are defined, not set, so no code of the guest can be behind them.
        unsafe {
            if (*self.cell).stop_requested() {
                (*self.cell).leave_stopped();
            }
            let object = qjs::JS_NewObject(self.ctx);
            self.at += 1;
            if self.peek()? == b'}' {
                self.at += 1;
                return Ok(object);
            }
            loop {
                if self.peek()? != b'"' {
                    return Err(Unusual);
                }
                let key = self.key()?;
                if self.peek()? != b':' {
                    return Err(Unusual);
                }
                self.at += 1;
                let value = self.value(depth + 1)?;
                let flags = qjs::JS_PROP_C_W_E.cast_signed();
                if qjs::JS_DefinePropertyValue(self.ctx, object, key, value, flags) < 0 {
                    return Err(Unusual);
                }
                match self.peek()? {
                    b',' => self.at += 1,
                    b'}' => {
                        self.at += 1;
                        return Ok(object);
                    }
                    _ => return Err(Unusual),
                }
            }
        }
    }

    unsafe fn array(&mut self, depth: usize) -> Read<qjs::JSValue> {
        // SAFETY: the elements are moved into the array, which owns them from then on.
        unsafe {
            if (*self.cell).stop_requested() {
                (*self.cell).leave_stopped();
            }
            let start = self.values.len();
            self.at += 1;
            if self.peek()? == b']' {
                self.at += 1;
                return Ok(qjs::JS_NewArray(self.ctx));
            }
            loop {
                let value = self.value(depth + 1)?;
                self.values.push(value);
                match self.peek()? {
                    b',' => self.at += 1,
                    b']' => break,
                    _ => return Err(Unusual),
                }
            }
            self.at += 1;
            let elements = self.values.tail(start);
            let count = i32::try_from(elements.len()).map_err(|_| Unusual)?;
            let array = qjs::JS_NewArrayFrom(self.ctx, count, elements.as_ptr());
            self.values.truncate(start);
            Ok(array)
        }
    }

    /// Where the string at hand ends, and whether it holds an escape. `at` is behind its quote.
    fn string_end(&self) -> Read<(usize, bool)> {
        let rest = &self.text[self.at..];
        let first = memchr::memchr2(b'"', b'\\', rest).ok_or(Unusual)?;
        let control = |bytes: &[u8]| bytes.iter().any(|byte| *byte < 0x20);
        if rest[first] == b'"' {
            return if control(&rest[..first]) { Err(Unusual) } else { Ok((first, false)) };
        }
        let mut end = first;
        loop {
            // Over the escape and the letter behind it.
            end += 2;
            let next = rest.get(end..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest));
            end += next.ok_or(Unusual)?;
            if rest[end] == b'"' {
                return if control(&rest[..end]) { Err(Unusual) } else { Ok((end, true)) };
            }
        }
    }

    /// The text of the string at hand, from the source or from the scratch.
    fn string_text(&mut self) -> Read<(*const u8, usize)> {
        self.at += 1;
        let (len, escaped) = self.string_end()?;
        let start = self.at;
        self.at += len + 1;
        if !escaped {
            return Ok((self.text[start..].as_ptr(), len));
        }
        self.scratch.truncate(0);
        unescape(&self.text[start..start + len], &mut self.scratch)?;
        Ok((self.scratch.as_ptr(), self.scratch.len()))
    }

    unsafe fn string(&mut self) -> Read<qjs::JSValue> {
        let (text, len) = self.string_text()?;
        // SAFETY: the text is UTF-8 and copied by the engine.
        let value = unsafe { qjs::JS_NewStringLen(self.ctx, text.cast(), len as _) };
        // SAFETY: a look at the tag.
        if unsafe { qjs::JS_IsException(value) } { Err(Unusual) } else { Ok(value) }
    }

    unsafe fn key(&mut self) -> Read<qjs::JSAtom> {
        let start = self.at + 1;
        let (text, len) = self.string_text()?;
        let in_source = std::ptr::eq(text, self.text[start..].as_ptr());
        // SAFETY: as `string`; a remembered atom keeps the reference it was made with.
        unsafe {
            if !in_source || len == 0 || len > LONGEST_KEY {
                return Ok(atom_of(self.ctx, std::slice::from_raw_parts(text, len)));
            }
            let bytes = &self.text[start..start + len];
            let slot = usize::from(bytes[0])
                .wrapping_mul(31)
                .wrapping_add(usize::from(bytes[len - 1]).wrapping_mul(7))
                .wrapping_add(usize::from(bytes[len / 2]).wrapping_mul(131))
                .wrapping_add(len)
                % KEYS;
            let known = self.keys[slot];
            if known.len == len && self.text[known.at..known.at + len] == *bytes {
                return Ok(known.atom);
            }
            let atom = atom_of(self.ctx, bytes);
            self.keys[slot] = Key { at: start, len, atom };
            Ok(atom)
        }
    }

    unsafe fn number(&mut self) -> Read<qjs::JSValue> {
        let start = self.at;
        let digits = |from: usize| {
            let rest = self.text[from..].iter();
            rest.take_while(|byte| byte.is_ascii_digit()).count()
        };
        let mut at = start;
        let negative = self.text[at] == b'-';
        at += usize::from(negative);
        let whole = digits(at);
        if whole == 0 || (whole > 1 && self.text[at] == b'0') {
            return Err(Unusual);
        }
        at += whole;
        let mut is_integer = true;
        if self.text.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            if fraction == 0 {
                return Err(Unusual);
            }
            is_integer = false;
            at += 1 + fraction;
        }
        if let Some(b'e' | b'E') = self.text.get(at) {
            let sign = usize::from(matches!(self.text.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(at + 1 + sign);
            if exponent == 0 {
                return Err(Unusual);
            }
            is_integer = false;
            at += 1 + sign + exponent;
        }
        self.at = at;
        let text = &self.text[start..at];
        if is_integer && whole <= 9 && text != b"-0" {
            let value = text[usize::from(negative)..]
                .iter()
                .fold(0_i32, |value, digit| value * 10 + i32::from(digit - b'0'));
            return Ok(qjs::JS_MKVAL(qjs::JS_TAG_INT, if negative { -value } else { value }));
        }
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
        Ok(qjs::JS_NewFloat64(number.ok_or(Unusual)?))
    }
}

/// Writes a string's text without its escapes. Escaped surrogates are unusual: they may stand alone.
fn unescape(text: &[u8], out: &mut Buffer<u8>) -> Read<()> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend(&rest[..at]);
        let letter = *rest.get(at + 1).ok_or(Unusual)?;
        rest = &rest[at + 2..];
        out.push(match letter {
            b'"' | b'\\' | b'/' => letter,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let digits =
                    rest.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
                let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let letter = unit.and_then(char::from_u32).ok_or(Unusual)?;
                out.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[4..];
                continue;
            }
            _ => return Err(Unusual),
        });
    }
    out.extend(rest);
    Ok(())
}
