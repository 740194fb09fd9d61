//! Read-only walks over source text that need no syntax tree: white space, comments, words.

/// Source text addressed by byte offset. Every method is total: an offset past the end reads as
/// the end of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'s> {
    source: &'s str,
}

impl<'s> Text<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source }
    }

    pub(super) fn len(self) -> usize {
        self.source.len()
    }

    /// The byte at `at`, or 0 past the end (NUL is not a token of the language either).
    pub(super) fn byte(self, at: usize) -> u8 {
        self.source.as_bytes().get(at).copied().unwrap_or(0)
    }

    pub(super) fn char(self, at: usize) -> Option<char> {
        self.source.get(at..)?.chars().next()
    }

    pub(super) fn slice(self, start: usize, end: usize) -> &'s str {
        self.source.get(start..end).unwrap_or("")
    }

    pub(super) fn starts_with(self, at: usize, what: &str) -> bool {
        self.source.get(at..).is_some_and(|rest| rest.starts_with(what))
    }

    /// Whether a line terminator lies in the range.
    pub(super) fn has_newline(self, start: usize, end: usize) -> bool {
        self.slice(start, end).contains(is_line_terminator)
    }

    /// The first offset at or after `at` that is neither white space nor inside a comment, and
    /// whether a line terminator was passed on the way. An unterminated comment runs to the end.
    pub(super) fn skip_trivia(self, at: usize) -> (usize, bool) {
        let mut at = at;
        let mut newline = false;
        loop {
            match self.byte(at) {
                b' ' | b'\t' | 0x0b | 0x0c => at += 1,
                b'\n' | b'\r' => {
                    newline = true;
                    at += 1;
                }
                b'/' if self.byte(at + 1) == b'/' => at = self.line_end(at),
                b'/' if self.byte(at + 1) == b'*' => {
                    let end = self.source.get(at + 2..).and_then(|rest| rest.find("*/"));
                    let end = end.map_or(self.len(), |found| at + 2 + found + 2);
                    newline |= self.has_newline(at, end);
                    at = end;
                }
                byte if byte >= 0x80 => match self.char(at) {
                    Some(c) if is_line_terminator(c) => {
                        newline = true;
                        at += c.len_utf8();
                    }
                    Some(c) if is_space(c) => at += c.len_utf8(),
                    _ => return (at, newline),
                },
                _ => return (at, newline),
            }
        }
    }

    /// The first offset at or after `at` that holds a token.
    pub(super) fn token_at(self, at: usize) -> usize {
        self.skip_trivia(at).0
    }

    /// The offset of the line terminator that ends the line `at` lies on.
    pub(super) fn line_end(self, at: usize) -> usize {
        let found = self.source.get(at..).and_then(|rest| rest.find(is_line_terminator));
        found.map_or(self.len(), |found| at + found)
    }

    /// The end of the identifier, keyword or number that starts at `at` (`at` if none does).
    /// `\u` escapes are taken along, so that an escaped identifier is one word.
    pub(super) fn word_end(self, at: usize) -> usize {
        let mut at = at;
        loop {
            match self.byte(at) {
                b'\\' if self.starts_with(at, "\\u{") => {
                    let close = self.source.get(at..).and_then(|rest| rest.find('}'));
                    at = close.map_or(self.len(), |found| at + found + 1);
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | b'\\' => at += 1,
                byte if byte >= 0x80 => match self.char(at) {
                    Some(c) if !is_space(c) && !is_line_terminator(c) => at += c.len_utf8(),
                    _ => return at,
                },
                _ => return at,
            }
        }
    }

    /// The word that starts at `at`, or `""`.
    pub(super) fn word(self, at: usize) -> &'s str {
        self.slice(at, self.word_end(at))
    }
}

/// White space beyond ASCII, as the parser has it: zero-width space and byte order mark included.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')
}

/// The four line terminators of the language (`\r\n` is two characters but one line break).
pub(super) fn is_line_terminator(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}
