//! Takes the host's folders out of messages and stacks: the project root becomes `.`, every other
//! absolute path its last component.
//!
//! A path is recognised by how it begins (`/x`, `file:///x`, `C:\x`, `\\server\x`) and by what
//! stands before: `a/b`, `https://x/y` and a lone `/` are none. Where a path may hold spaces, its end
//! is taken from its surroundings: the closing quote, or the `:line:column` of a stack's frame.
//! A text that is not a path but looks like one (`GET /users/42`) loses its folders too: that is the
//! side to err on. One pass; each look ahead for an end is made once per end.

use std::borrow::Cow;

/// The folders of one project.
#[derive(Debug, Clone, Default)]
pub struct HostPaths {
    /// Without a slash at the end, longest first.
    roots: Vec<String>,
}

impl HostPaths {
    /// For a project whose folder is known by `roots`: as it was given, and resolved. Empty ones and
    /// `/` are left out.
    pub fn new<T: AsRef<str>>(roots: impl IntoIterator<Item = T>) -> HostPaths {
        let trimmed = |root: T| root.as_ref().trim_end_matches(['/', '\\']).to_owned();
        let mut roots: Vec<String> = roots.into_iter().map(trimmed).collect();
        roots.retain(|root| !root.is_empty());
        roots.sort_by_key(|root| std::cmp::Reverse(root.len()));
        HostPaths { roots }
    }

    /// The text without folders of the host; borrowed when there are none in it.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut scan = Scan { text, ends: Ends::default() };
        let mut clean = String::new();
        let mut copied = 0;
        let mut at = 0;
        while let Some(step) = memchr::memchr3(b'/', b'\\', b':', &text.as_bytes()[at..]) {
            at += step;
            let Some(found) = self.path_at(&mut scan, at, copied) else {
                at += 1;
                continue;
            };
            match found {
                Found::Url { end } => at = end,
                Found::Path { start, end, shown } => {
                    clean.push_str(&text[copied..start]);
                    clean.push_str(&shown);
                    copied = end;
                    at = end;
                }
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(&text[copied..]);
        Cow::Owned(clean)
    }

    /// What the slash, backslash or colon at `at` belongs to; nothing before `from` is part of it.
    fn path_at(&self, scan: &mut Scan<'_>, at: usize, from: usize) -> Option<Found> {
        let text = scan.text;
        let rest = &text[at..];
        if rest.starts_with("://") {
            let start = scheme_start(text, at, from)?;
            if !text[start..at].eq_ignore_ascii_case("file") {
                return Some(Found::Url { end: at + 3 + scan.url_length(at + 3) });
            }
            // `file:///C:/x` has a slash that is not the path's own, and a colon that ends no path.
            let drive = rest.get(4..).filter(|path| has_drive(path)).map_or(0, |_| 4);
            let end = scan.path_end(at + 3 + drive, start);
            let decoded = percent_decoded(text.get(at + 3..end)?);
            let path = decoded.strip_prefix('/').filter(|path| has_drive(path)).unwrap_or(&decoded);
            return Some(Found::Path { start, end, shown: self.shown(path) });
        }
        let start = match rest.as_bytes() {
            // `C:\x` and `C:/x`
            [b':', b'/' | b'\\', next, ..] if is_name(*next) || *next == b'\\' => {
                let start = at.checked_sub(1).filter(|start| *start >= from)?;
                text.is_char_boundary(start).then_some(start)?;
                if !has_drive(&text[start..]) {
                    return None;
                }
                start
            }
            // `\\server\x` and `\\?\C:\x`
            [b'\\', b'\\', next, ..] if is_name(*next) || *next == b'?' => at,
            [b'/', next, ..] if is_name(*next) => at,
            _ => return None,
        };
        if !may_precede(text[..start].chars().next_back()) {
            return None;
        }
        let root = self.root_of(&text[start..]);
        let known = root.map_or(start, |root| start + root.len());
        let opening = if rest.starts_with('/') { 1 } else { 2 };
        let end = scan.path_end(known.max(at + opening), start);
        let path = &text[start..end];
        // A closing tag.
        if text[..start].ends_with('<') && root.is_none() && !path[1..].contains('/') {
            return None;
        }
        Some(Found::Path { start, end, shown: self.shown(path) })
    }

    /// The root that `path` lies in or is.
    fn root_of(&self, path: &str) -> Option<&str> {
        let inside = |root: &&String| {
            path.get(..root.len()).is_some_and(|head| same_path(head, root))
                && !path[root.len()..].chars().next().is_some_and(goes_on)
        };
        self.roots.iter().find(inside).map(String::as_str)
    }

    /// An absolute path as it may be shown.
    fn shown(&self, path: &str) -> String {
        if let Some(root) = self.root_of(path) {
            return format!(".{}", &path[root.len()..]);
        }
        let folder = path.trim_end_matches(['/', '\\']);
        let name = folder.rfind(['/', '\\']).map_or(0, |slash| slash + 1);
        path[name..].to_owned()
    }
}

enum Found {
    /// To be left as it is.
    Url {
        end: usize,
    },
    Path {
        start: usize,
        end: usize,
        shown: String,
    },
}

struct Scan<'a> {
    text: &'a str,
    ends: Ends,
}

/// Where the next of each closing byte stands, remembered, so that texts full of opening ones are
/// not searched to their end for each.
#[derive(Default)]
struct Ends {
    known: [Option<usize>; 5],
}

const CLOSING: [u8; 5] = [b'\n', b')', b'\'', b'"', b'`'];

impl Ends {
    /// The next `CLOSING[which]` at or behind `from`, else the end of the text.
    fn next(&mut self, text: &str, which: usize, from: usize) -> usize {
        let known = &mut self.known[which];
        match known {
            Some(at) if *at >= from => *at,
            _ => {
                let rest = &text.as_bytes()[from..];
                *known
                    .insert(memchr::memchr(CLOSING[which], rest).map_or(text.len(), |at| from + at))
            }
        }
    }
}

impl Scan<'_> {
    /// The length of a URL's remainder: up to white space, a quote or a bracket.
    fn url_length(&self, from: usize) -> usize {
        let rest = &self.text[from..];
        rest.find(|c: char| c.is_whitespace() || "\"'`<>()[]{}|".contains(c)).unwrap_or(rest.len())
    }

    /// The end of a path that starts at `start` and of which all before `known` is sure.
    fn path_end(&mut self, known: usize, start: usize) -> usize {
        let text = self.text;
        let line = self.ends.next(text, 0, known);
        let before = &text[..start];
        let closing = match before.bytes().next_back() {
            Some(b'(') => Some(1).filter(|_| {
                let close = self.ends.next(text, 1, known);
                close <= line && has_position(&text[known..close])
            }),
            Some(b'\'') => Some(2),
            Some(b'"') => Some(3),
            Some(b'`') => Some(4),
            _ => None,
        };
        if let Some(which) = closing {
            let close = self.ends.next(text, which, known);
            if close < line || (close == line && close < text.len()) {
                return close;
            }
        }
        // A frame without a function's name: `    at /some folder/x.js:1:2`.
        if before.ends_with("at ") && has_position(&text[known..line]) {
            return line;
        }
        let rest = &text[known..];
        let mut places = rest.char_indices().peekable();
        while let Some((at, c)) = places.next() {
            let next = places.peek().map(|(_, next)| *next);
            let ends = match c {
                c if c.is_whitespace() => true,
                '"' | '\'' | '`' | '(' | ')' | '<' | '>' | '|' | '[' | ']' | '{' | '}' => true,
                // A list of paths, or the end of a clause.
                ':' | ',' | ';' => next.is_none_or(|next| next == '/' || next.is_whitespace()),
                '.' => next.is_none_or(char::is_whitespace),
                _ => false,
            };
            if ends {
                return known + at;
            }
        }
        text.len()
    }
}

/// Whether a text ends in `:line` or `:line:column`.
fn has_position(text: &str) -> bool {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    digits > 0 && digits < 10 && text[..text.len() - digits].ends_with(':')
}

/// Where the scheme that ends at `colon` begins; none is longer than 32 letters.
fn scheme_start(text: &str, colon: usize, from: usize) -> Option<usize> {
    let head = &text.as_bytes()[from..colon];
    let letters = head.iter().rev().take(32);
    let length = letters
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        .count();
    (length > 0).then(|| colon - length)
}

/// Whether a path may begin behind this character. Behind a letter or another path's end, a slash
/// is a divider.
fn may_precede(before: Option<char>) -> bool {
    before.is_none_or(|c| !c.is_alphanumeric() && !"_/\\.-~*%)]}".contains(c))
}

/// Whether a file's name may begin with this byte.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"_.@~%$-+#".contains(&byte)
}

/// Whether a component that has this character next is longer than it looked.
fn goes_on(c: char) -> bool {
    c.is_alphanumeric() || "_.-~@%$+#".contains(c)
}

fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// Equal, or on Windows differing in case or in the direction of slashes.
fn same_path(one: &str, other: &str) -> bool {
    if !has_drive(other) && !other.starts_with("\\\\") {
        return one == other;
    }
    let folded = |byte: u8| if byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() };
    one.len() == other.len() && one.bytes().map(folded).eq(other.bytes().map(folded))
}

/// `%20` and alike undone; what is not UTF-8 then stays as it was.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match tail {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes.push(code.map_or(*first, |(high, low)| high << 4 | low));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests;
