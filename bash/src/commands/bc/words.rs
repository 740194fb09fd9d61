//! The words of the language.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Number(String),
    Text(String),
    Name(String),
    /// An operator, a bracket or a separator.
    Sign(&'static str),
    Line,
}

const SIGNS: &[&str] = &[
    "+=", "-=", "*=", "/=", "%=", "^=", "==", "<=", ">=", "!=", "&&", "||", "++", "--", "+", "-",
    "*", "/", "%", "^", "=", "<", ">", "!", "(", ")", "{", "}", "[", "]", ",", ";",
];

/// The words of a text, each with its line. A character that belongs to none is a fault.
pub(super) fn words_of(text: &str) -> Vec<(u32, Result<Word, String>)> {
    let mut words = Vec::new();
    let mut line = 1;
    // A number may go on in the next line.
    let joined = text.replace("\\\n", "");
    let mut rest = joined.as_str();
    while let Some(first) = rest.chars().next() {
        let starts = |sign: &&&str| rest.starts_with(**sign);
        if first == '\n' {
            words.push((line, Ok(Word::Line)));
            line += 1;
            rest = &rest[1..];
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '#' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
            line += lines_in(&rest[..end]);
            rest = &rest[end..];
        } else if first == '"' {
            let end = rest[1..].find('"').map_or(rest.len(), |end| end + 1);
            words.push((line, Ok(Word::Text(rest[1..end].to_owned()))));
            line += lines_in(&rest[..end]);
            rest = rest.get(end + 1..).unwrap_or("");
        } else if first.is_ascii_digit() || first.is_ascii_uppercase() || first == '.' {
            let is_part = |letter: char| {
                letter.is_ascii_digit() || letter.is_ascii_uppercase() || letter == '.'
            };
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            let mut number = &rest[..end];
            // A second point begins another number.
            if let Some((at, _)) = number.match_indices('.').nth(1) {
                number = &number[..at];
            }
            rest = &rest[number.len()..];
            let word =
                if number == "." { Word::Name("last".into()) } else { Word::Number(number.into()) };
            words.push((line, Ok(word)));
        } else if first.is_ascii_lowercase() {
            let is_part = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
            };
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            words.push((line, Ok(Word::Name(rest[..end].to_owned()))));
            rest = &rest[end..];
        } else if let Some(sign) = SIGNS.iter().find(starts) {
            words.push((line, Ok(Word::Sign(sign))));
            rest = &rest[sign.len()..];
        } else {
            words.push((line, Err(format!("illegal character: {first}"))));
            rest = &rest[first.len_utf8()..];
        }
    }
    words.push((line, Ok(Word::Line)));
    words
}

fn lines_in(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}
