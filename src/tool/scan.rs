//! One look at a result before JavaScript parses it: is it UTF-8, one JSON value, and not too deep?
//!
//! `JSON.parse` of ten megabytes of `[` holds the caller's thread for most of a second, and what it makes of
//! them overflows the stack of whoever walks it. So the shape is checked here: a single pass without
//! recursion, which keeps one bit for each open array or object.

/// Most nesting that can be asked for; the bits of one scan then take 128 KiB.
pub const MOST_DEPTH: usize = 1 << 20;

/// A text that is one JSON value, and what it takes to hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned<'a> {
    /// The same bytes as text.
    pub text: &'a str,
    /// Deepest nesting of arrays and objects; 0 for a string, number, boolean or null.
    pub depth: usize,
    /// Values in it, names of members not counted.
    pub values: usize,
}

/// Why a text was refused. Positions are byte offsets from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// A byte that no UTF-8 text has there.
    #[error("not UTF-8 at byte {at}")]
    NotUtf8 {
        /// First byte that is wrong.
        at: usize,
    },
    /// More nesting than allowed; nothing after `at` was looked at.
    #[error("nested deeper than {limit} at byte {at}")]
    TooDeep {
        /// Where the bracket stands that is one too many.
        at: usize,
        /// What was allowed.
        limit: usize,
    },
    /// Not JSON.
    #[error("expected {expected} at byte {at}")]
    Malformed {
        /// Where it stops being JSON; the length of the text when it ends too early.
        at: usize,
        /// What could have stood there.
        expected: &'static str,
    },
}

/// Checks that `bytes` are one JSON value whose nesting is at most `max_depth`.
///
/// `JSON.parse` accepts exactly what this accepts. Depth is judged before UTF-8, so that a hostile
/// text costs no more than the part before its last allowed bracket.
pub fn scan(bytes: &[u8], max_depth: usize) -> Result<Scanned<'_>, ScanError> {
    let limit = max_depth.min(MOST_DEPTH);
    let mut scan = Scan { bytes, at: 0, open: Nesting::default(), deepest: 0, values: 0, limit };
    scan.run()?;
    let (depth, values) = (scan.deepest, scan.values);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Scanned { text, depth, values }),
        Err(error) => Err(ScanError::NotUtf8 { at: error.valid_up_to() }),
    }
}

/// The open arrays and objects: a bit each, set for an object.
#[derive(Debug, Default)]
struct Nesting {
    bits: Vec<u64>,
    depth: usize,
}

impl Nesting {
    fn push(&mut self, is_object: bool) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word == self.bits.len() {
            self.bits.push(0);
        }
        let mask = 1 << bit;
        self.bits[word] = if is_object { self.bits[word] | mask } else { self.bits[word] & !mask };
        self.depth += 1;
    }

    /// Whether the innermost is an object; nothing is open when there is none.
    fn innermost(&self) -> Option<bool> {
        let last = self.depth.checked_sub(1)?;
        Some(self.bits[last / 64] >> (last % 64) & 1 == 1)
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Nesting,
    deepest: usize,
    values: usize,
    limit: usize,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), ScanError> {
        'value: loop {
            // Here a value begins.
            self.values += 1;
            match self.next() {
                Some(bracket @ (b'[' | b'{')) => {
                    let is_object = bracket == b'{';
                    self.enter(is_object)?;
                    let close = if is_object { b'}' } else { b']' };
                    if self.next() != Some(close) {
                        if is_object {
                            self.name("a member's name or }")?;
                        }
                        continue 'value;
                    }
                    self.leave();
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.word(b"true")?,
                Some(b'f') => self.word(b"false")?,
                Some(b'n') => self.word(b"null")?,
                _ => return Err(self.expected("a value")),
            }
            // Here one has ended: what it was in goes on or ends as well.
            loop {
                let next = self.next();
                match (self.open.innermost(), next) {
                    (None, None) => return Ok(()),
                    (None, Some(_)) => return Err(self.expected("the end of the text")),
                    (Some(false), Some(b',')) => {
                        self.at += 1;
                        continue 'value;
                    }
                    (Some(true), Some(b',')) => {
                        self.at += 1;
                        self.next();
                        self.name("a member's name")?;
                        continue 'value;
                    }
                    (Some(false), Some(b']')) | (Some(true), Some(b'}')) => self.leave(),
                    (Some(false), _) => return Err(self.expected(", or ]")),
                    (Some(true), _) => return Err(self.expected(", or }")),
                }
            }
        }
    }

    fn expected(&self, expected: &'static str) -> ScanError {
        ScanError::Malformed { at: self.at, expected }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is not white space; stays there.
    fn next(&mut self) -> Option<u8> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn enter(&mut self, is_object: bool) -> Result<(), ScanError> {
        if self.open.depth == self.limit {
            return Err(ScanError::TooDeep { at: self.at, limit: self.limit });
        }
        self.open.push(is_object);
        self.deepest = self.deepest.max(self.open.depth);
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.open.depth -= 1;
        self.at += 1;
    }

    /// A member's name and its colon.
    fn name(&mut self, expected: &'static str) -> Result<(), ScanError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected(expected));
        }
        self.string()?;
        if self.next() != Some(b':') {
            return Err(self.expected(":"));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), ScanError> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), ScanError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ScanError> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == from { Err(self.expected("a digit")) } else { Ok(()) }
    }

    /// A string, from its opening quote to behind its closing one.
    fn string(&mut self) -> Result<(), ScanError> {
        self.at += 1;
        loop {
            self.at += plain_bytes(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return Err(self.expected("no control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.expected("the end of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), ScanError> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.expected("an escape of four hexadecimal digits"));
                }
                self.at += 6;
            }
            _ => return Err(self.expected("an escape")),
        }
        Ok(())
    }
}

/// How many bytes at the start are neither a quote, a backslash nor a control character, rounded
/// down to a multiple of eight: eight are looked at together.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // A byte of `x` below `n` borrows and so sets its high bit; bytes that had it set are masked.
    let below = |x: u64, n: u64| x.wrapping_sub(ONES * n) & !x & HIGH;
    let mut plain = 0;
    for chunk in bytes.chunks_exact(8) {
        let Ok(eight) = chunk.try_into() else { break };
        let x = u64::from_ne_bytes(eight);
        let quote = below(x ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(x ^ (ONES * u64::from(b'\\')), 1);
        if quote | backslash | below(x, 0x20) != 0 {
            break;
        }
        plain += 8;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{ScanError, Scanned, scan};
    use serde::de::IgnoredAny;
    use std::time::{Duration, Instant};

    fn malformed(text: &str) -> (usize, &'static str) {
        match scan(text.as_bytes(), 10) {
            Err(ScanError::Malformed { at, expected }) => (at, expected),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn counts_depth_and_values() {
        let scanned = |text| scan(text, 10).unwrap();
        let text = " {\"a\" : [1, {\"b\":null} ,-0.5e+7], \"\":\"\\u00e9\\\"\"}\n";
        assert_eq!(scanned(text.as_bytes()), Scanned { text, depth: 3, values: 7 });
        assert_eq!(scanned(b"7"), Scanned { text: "7", depth: 0, values: 1 });
        assert_eq!(scanned(b"[]"), Scanned { text: "[]", depth: 1, values: 1 });
        assert_eq!(scanned(b"{}").depth, 1);
    }

    #[test]
    fn names_the_place_and_what_was_expected() {
        assert_eq!(malformed(""), (0, "a value"));
        assert_eq!(malformed("[1 2]"), (3, ", or ]"));
        assert_eq!(malformed("[1,]"), (3, "a value"));
        assert_eq!(malformed("{,}"), (1, "a member's name or }"));
        assert_eq!(malformed("{\"a\":1,}"), (7, "a member's name"));
        assert_eq!(malformed("{\"a\" 1}"), (5, ":"));
        assert_eq!(malformed("{\"a\":1]"), (6, ", or }"));
        assert_eq!(malformed("1 2"), (2, "the end of the text"));
        assert_eq!(malformed("\"a\nb\""), (2, "no control character in a string"));
        assert_eq!(malformed("\"abc"), (4, "the end of a string"));
        assert_eq!(malformed("-"), (1, "a digit"));
        assert_eq!(malformed("1."), (2, "a digit"));
        assert_eq!(malformed("1e+"), (3, "a digit"));
        assert_eq!(malformed("nul"), (0, "a value"));
        assert_eq!(malformed("\"\\x\""), (1, "an escape"));
        assert_eq!(malformed("\"\\u12g4\""), (1, "an escape of four hexadecimal digits"));
    }

    #[test]
    fn refuses_one_level_too_many_and_bytes_that_are_no_text() {
        assert!(scan(b"[[[]]]", 3).is_ok());
        assert_eq!(scan(b"[[[]]]", 2), Err(ScanError::TooDeep { at: 2, limit: 2 }));
        assert_eq!(scan(b"[{\"a\":{}}]", 2), Err(ScanError::TooDeep { at: 6, limit: 2 }));
        assert_eq!(scan(b"[]", 0), Err(ScanError::TooDeep { at: 0, limit: 0 }));
        assert_eq!(scan(b"\"ab\xff\"", 2), Err(ScanError::NotUtf8 { at: 3 }));
        // Half a surrogate pair in CESU-8, which is not UTF-8.
        assert_eq!(scan(b"\"\xed\xa0\x80\"", 2), Err(ScanError::NotUtf8 { at: 1 }));
    }

    /// Every text within one edit of a seed is judged as another parser judges it.
    #[test]
    fn agrees_with_a_parser_on_every_single_edit() {
        let seeds = [
            r#"{"a":[1,-2.5e3,true],"b":{"c":null,"d":"x\n\u0041"}}"#,
            r#"[0,10,"abcdefgh\\",{},[[]],false]"#,
            "  -0.0E-1 ",
        ];
        let edits = b"{}[]\",:\\0129.eE+-tfnu \x00\x1f\x7f";
        let mut texts = 0;
        for seed in seeds {
            for at in 0..=seed.len() {
                let mut variants = vec![seed.as_bytes()[..at].to_vec()];
                for edit in edits {
                    let mut inserted = seed.as_bytes().to_vec();
                    inserted.insert(at, *edit);
                    variants.push(inserted);
                    if at < seed.len() {
                        let mut replaced = seed.as_bytes().to_vec();
                        replaced[at] = *edit;
                        variants.push(replaced);
                    }
                }
                for text in variants {
                    let theirs = serde_json::from_slice::<IgnoredAny>(&text).is_ok();
                    let shown = String::from_utf8_lossy(&text);
                    assert_eq!(scan(&text, 100).is_ok(), theirs, "{shown}");
                    texts += 1;
                }
            }
        }
        assert!(texts > 3_000, "{texts}");
    }

    #[test]
    fn finds_every_special_byte_wherever_it_stands_among_plain_ones() {
        for length in 0..40 {
            for at in 0..=length {
                for (special, accepted) in [
                    ("\\\"", true),
                    ("\"", false),
                    ("\u{1f}", false),
                    ("\u{20}", true),
                    ("é", true),
                ] {
                    let text =
                        format!("\"{}{special}{}\"", "a".repeat(at), "\u{7f}".repeat(length - at));
                    assert_eq!(scan(text.as_bytes(), 1).is_ok(), accepted, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn depth_costs_no_stack_and_hostile_texts_no_time() {
        let small = std::thread::Builder::new().stack_size(64 * 1024);
        let deep = small.spawn(|| {
            let depth = 1_000_000;
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            scan(text.as_bytes(), depth).map(|scanned| scanned.depth)
        });
        assert_eq!(deep.unwrap().join().unwrap(), Ok(1_000_000));
        // Ten megabytes each, in a build without optimisation: only work that is not linear hangs.
        let started = Instant::now();
        let ten = 10 << 20;
        assert!(scan(&vec![b'['; ten], 1_000).is_err());
        assert!(scan(format!("\"{}", "\\\\".repeat(ten / 2)).as_bytes(), 1_000).is_err());
        assert!(scan(format!("[{}0]", "{},".repeat(ten / 3)).as_bytes(), 1_000).is_ok());
        assert!(scan("1".repeat(ten).as_bytes(), 1_000).is_ok());
        assert!(started.elapsed() < Duration::from_mins(1));
    }
}
