//! The shell's ways of quoting, undone.

/// Unquoted text without its backslashes.
pub(crate) fn unescaped(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(next) => text.push(next),
            },
            _ => text.push(c),
        }
    }
    text
}

/// The inside of `"…"`, where a backslash quotes only a few characters.
pub(crate) fn double_quoted(source: &str) -> String {
    quoted_by_backslash(source, &['$', '`', '"', '\\'])
}

/// The inside of `` `…` ``, as the shell reads it again.
pub(crate) fn backquoted(source: &str, in_double_quotes: bool) -> String {
    let special: &[char] =
        if in_double_quotes { &['$', '`', '\\', '"'] } else { &['$', '`', '\\'] };
    let mut text = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && special.contains(next) => {
                text.push(*next);
                chars.next();
            }
            // The pair stays: what it means is decided when the inside is read.
            Some(next) if c == '\\' => {
                text.extend([c, *next]);
                chars.next();
            }
            _ => text.push(c),
        }
    }
    text
}

fn quoted_by_backslash(source: &str, special: &[char]) -> String {
    let mut text = String::with_capacity(source.len());
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('\n') => {}
            Some(next) if special.contains(&next) => text.push(next),
            Some(next) => text.extend(['\\', next]),
            None => text.push('\\'),
        }
    }
    text
}

/// `$'…'` decoded, and how many bytes of `source` the shell takes for it.
pub(crate) fn ansi_c(source: &str) -> (String, usize) {
    let mut bytes = Vec::with_capacity(source.len());
    let mut ended = false;
    let mut chars = source.char_indices().skip(2).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return (text_of(bytes), at + 1),
            _ if c != '\\' => push(&mut bytes, c, ended),
            _ => {
                let Some((_, kind)) = chars.next() else { break };
                let mut digits = |radix: u32, most: usize, first: Option<char>| {
                    let mut value = first.and_then(|c| c.to_digit(radix));
                    for _ in 0..most {
                        let Some(digit) = chars.peek().and_then(|(_, c)| c.to_digit(radix)) else {
                            break;
                        };
                        value = Some(value.unwrap_or(0).wrapping_mul(radix).wrapping_add(digit));
                        chars.next();
                    }
                    value
                };
                match kind {
                    'n' => push(&mut bytes, '\n', ended),
                    't' => push(&mut bytes, '\t', ended),
                    'r' => push(&mut bytes, '\r', ended),
                    'a' => push(&mut bytes, '\u{7}', ended),
                    'b' => push(&mut bytes, '\u{8}', ended),
                    'f' => push(&mut bytes, '\u{c}', ended),
                    'v' => push(&mut bytes, '\u{b}', ended),
                    'e' | 'E' => push(&mut bytes, '\u{1b}', ended),
                    '\\' | '\'' | '"' | '?' => push(&mut bytes, kind, ended),
                    'x' | '0'..='7' => {
                        let value = match kind {
                            'x' => digits(16, 2, None),
                            _ => digits(8, 2, Some(kind)),
                        };
                        match value.map(|value| (value & 0xff) as u8) {
                            // The shell ends the string here.
                            Some(0) => ended = true,
                            Some(byte) if !ended => bytes.push(byte),
                            Some(_) => {}
                            None => bytes.extend(b"\\x"),
                        }
                    }
                    'u' | 'U' => {
                        let value = digits(16, if kind == 'u' { 4 } else { 8 }, None);
                        match value.map(char::from_u32) {
                            Some(Some('\0')) => ended = true,
                            Some(Some(c)) => push(&mut bytes, c, ended),
                            _ => bytes.push(0),
                        }
                    }
                    // A control character: none of them means anything to the guard.
                    'c' => {
                        chars.next();
                        push(&mut bytes, '\u{1}', ended);
                    }
                    other => {
                        push(&mut bytes, '\\', ended);
                        push(&mut bytes, other, ended);
                    }
                }
            }
        }
    }
    ("\0".to_owned(), source.len() + 1)
}

fn push(bytes: &mut Vec<u8>, c: char, ended: bool) {
    if !ended {
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Text that is no UTF-8 is unknown.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|_| "\0".to_owned())
}
