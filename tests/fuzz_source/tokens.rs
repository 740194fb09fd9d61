//! Cuts a source text into tokens: not as the language does, but well enough that moving tokens
//! makes texts a parser follows for a while.

/// The tokens of a text; together they are the text.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = token_length(first, rest);
        let (token, behind) = rest.split_at(len);
        found.push(token);
        rest = behind;
    }
    found
}

/// The bracketed groups: where each begins, and where it ends behind its closing bracket.
pub(crate) fn groups(parts: &[&str]) -> Vec<(usize, usize)> {
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut found = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match *part {
            "(" => open.push((at, ")")),
            "[" => open.push((at, "]")),
            "{" | "${" => open.push((at, "}")),
            ")" | "]" | "}" => {
                if let Some((from, close)) = open.pop()
                    && close == *part
                {
                    found.push((from, at + 1));
                }
            }
            _ => {}
        }
    }
    found
}

/// What a group is likely to be: its bracket, and what stands before it.
pub(crate) fn role<'a>(parts: &[&'a str], at: usize) -> (&'a str, &'a str) {
    let before = parts[..at].iter().rev().find(|part| !part.trim().is_empty());
    let before = before.copied().unwrap_or("");
    let word = before.starts_with(|c: char| c.is_alphanumeric() || "_$#".contains(c));
    (parts[at], if word && !HEADS.contains(&before) { "a name" } else { before })
}

const HEADS: [&str; 17] = [
    "if", "for", "while", "switch", "catch", "function", "await", "return", "do", "else", "try",
    "finally", "static", "import", "export", "of", "in",
];

const LONG: [&str; 26] = [
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=",
    "<=", ">=", "&&", "||", "??", "?.", "++", "--", "**", "<<", ">>", "${",
];

fn token_length(first: char, rest: &str) -> usize {
    let while_true = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
    match first {
        '\'' | '"' => quoted(first, rest).unwrap_or(1),
        _ if first.is_alphanumeric() || "_$#@".contains(first) => {
            let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            first.len_utf8()
                + rest[first.len_utf8()..]
                    .find(|c| !word(c))
                    .unwrap_or(rest.len() - first.len_utf8())
        }
        _ if first.is_whitespace() => while_true(char::is_whitespace),
        _ => LONG
            .iter()
            .find(|long| rest.starts_with(**long))
            .map_or(first.len_utf8(), |long| long.len()),
    }
}

/// The length of the string that `rest` begins with, if it ends on its line.
fn quoted(quote: char, rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}
