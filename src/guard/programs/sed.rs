//! sed: `e` runs its text, `w` and `s///w` write files.

use super::super::payload::Step;
use super::super::words::Word;
use super::UNREAD;

pub(super) fn steps(arguments: &[Word]) -> Vec<Step> {
    let mut scripts: Vec<&str> = Vec::new();
    let mut first_operand = None;
    let mut given = false;
    let mut words = arguments.iter();
    let mut unread = false;
    while let Some(word) = words.next() {
        let text = &*word.text;
        if word.may_be_several() || text.starts_with('\0') && first_operand.is_none() && !given {
            unread = true;
        }
        match text {
            "-e" | "--expression" => {
                given = true;
                scripts.extend(words.next().map(|word| &*word.text));
            }
            "-f" | "--file" => {
                given = true;
                unread |= words.next().is_some_and(super::is_input);
            }
            "-l" | "--line-length" => {
                words.next();
            }
            "-s" | "-n" | "-i" | "-E" | "-r" | "-z" | "-u" | "--" | "-" => {}
            _ if text.starts_with("--expression=") => {
                given = true;
                scripts.extend(text.split_once('=').map(|(_, script)| script));
            }
            _ if text.starts_with("--file=") => given = true,
            _ if text.starts_with("--") => {}
            // `-i.bak` takes the rest of its cluster.
            _ if text.starts_with('-') && !text.starts_with("-i") => {
                match text.find(['e', 'f', 'i']) {
                    Some(at) if text[at..].starts_with('i') => {}
                    Some(at) if text.len() > at + 1 => {
                        given = true;
                        if text[at..].starts_with('e') {
                            scripts.push(&text[at + 1..]);
                        }
                    }
                    Some(at) => {
                        given = true;
                        let value = words.next();
                        if text[at..].starts_with('e') {
                            scripts.extend(value.map(|word| &*word.text));
                        }
                    }
                    None => {}
                }
            }
            _ if text.starts_with('-') => {}
            _ if first_operand.is_none() => first_operand = Some(text),
            _ => {}
        }
    }
    if !given {
        scripts.extend(first_operand);
    }
    if unread || scripts.iter().any(|script| !is_plain(script)) {
        return vec![Step::Note(UNREAD)];
    }
    Vec::new()
}

/// True for a script that the guard reads to its end and that neither runs nor writes anything.
pub(super) fn is_plain(script: &str) -> bool {
    let mut rest = script;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', ';', '{', '}']);
        let Some(after) = address(rest) else { return false };
        rest = after.trim_start_matches([' ', '\t', '!']);
        let Some(command) = rest.chars().next() else { return true };
        rest = &rest[command.len_utf8()..];
        let line = |rest: &str| rest.find('\n').unwrap_or(rest.len());
        let taken = match command {
            '{' | '}' | '=' | 'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'n' | 'N' | 'p' | 'P' | 'x'
            | 'z' | 'F' => Some(0),
            'q' | 'Q' | 'l' | 'L' => {
                Some(rest.find(|c: char| !c.is_ascii_digit() && c != ' ').unwrap_or(rest.len()))
            }
            ':' | 'b' | 't' | 'T' => Some(rest.find(['\n', ';']).unwrap_or(rest.len())),
            'a' | 'i' | 'c' => Some(text_lines(rest)),
            'r' | 'R' | '#' => Some(line(rest)),
            's' => substitution(rest),
            'y' => delimited(rest, 2),
            _ => None,
        };
        match taken.and_then(|taken| rest.get(taken..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

/// Text that ends at a line end without a backslash.
fn text_lines(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return at,
            _ => {}
        }
    }
    rest.len()
}

/// What follows an address; `None` when it has no end.
fn address(script: &str) -> Option<&str> {
    let mut rest = script;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || " \t$,~+0".contains(c));
        let length = match rest.chars().next() {
            Some('/') => delimited(rest, 1)?,
            Some('\\') => 1 + delimited(rest.get(1..)?, 1)?,
            _ => return Some(rest),
        };
        rest = rest.get(length..)?.trim_start_matches(['I', 'M']);
    }
}

/// The length of `/…/` with `parts` parts.
fn delimited(text: &str, parts: usize) -> Option<usize> {
    let delimiter = text
        .chars()
        .next()
        .filter(|c| !c.is_alphanumeric() && *c != '\\' && *c != '\n' && *c != '\0')?;
    let (mut left, mut escaped, mut class) = (parts, false, false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // Whether a delimiter within brackets ends them differs from sed to sed.
            _ if c == delimiter && class => return None,
            '[' if left == parts && delimiter != '[' => class = true,
            _ if c == delimiter => {
                left -= 1;
                if left == 0 {
                    return Some(at + c.len_utf8());
                }
            }
            _ => {}
        }
        class &= c != ']' && left == parts;
    }
    None
}

fn substitution(rest: &str) -> Option<usize> {
    let end = delimited(rest, 2)?;
    let flags = rest.get(end..)?;
    let length = flags.find(|c: char| !"gpiIm0123456789M".contains(c)).unwrap_or(flags.len());
    let next = flags[length..].chars().next();
    // Anything but an end here is a flag that runs or writes: e, w.
    next.is_none_or(|c| " \t\n;}".contains(c)).then_some(end + length)
}
