//! Step 2: what a word is once the shell has undone its quoting.

mod quotes;

use tree_sitter::Node;

use super::parse::{kind_of, source};

pub(super) use quotes::{ansi_c, backquoted, double_quoted, unescaped};

/// Stands in a word's text for what only the run itself decides. A source never holds it.
pub(super) const UNKNOWN: char = '\0';
/// Stands in a word's text for a home folder. A source that holds it is only judged more strictly.
pub(super) const HOME: char = '\u{1}';

/// One word.
#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    /// Its text without quotes, with [`UNKNOWN`] and [`HOME`] for what is not literal.
    pub(super) text: String,
    /// Holds an unquoted pattern or braces: it may become other words.
    pub(super) pattern: bool,
    /// Holds an unquoted expansion: it may become none or many words.
    pub(super) splits: bool,
    /// Where it stands in its text.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Word {
    /// A word that stands for itself, at the place of another.
    pub(super) fn literal(text: &str, place: &Word) -> Word {
        Word { text: text.to_owned(), start: place.start, end: place.end, ..Word::default() }
    }

    /// True when the run itself decides what it is.
    pub(super) fn dynamic(&self) -> bool {
        self.text.contains([UNKNOWN, HOME])
    }

    /// Its text when it can become nothing else.
    pub(super) fn fixed(&self) -> Option<&str> {
        (!self.dynamic() && !self.pattern).then_some(&*self.text)
    }

    /// True for an option, or for what may become one.
    pub(super) fn may_be_option(&self) -> bool {
        self.text.starts_with(['-', UNKNOWN]) || self.may_be_several()
    }

    /// True when more than one word, or none, may come of it.
    pub(super) fn may_be_several(&self) -> bool {
        self.splits || (self.pattern && self.text.contains('{'))
    }
}

/// Reads the word that a node is. Whatever is not understood becomes [`UNKNOWN`].
pub(super) fn resolve(node: Node<'_>, text: &str) -> Word {
    let mut word = Word { start: node.start_byte(), end: node.end_byte(), ..Word::default() };
    append(node, text, &mut word);
    word
}

fn append(node: Node<'_>, text: &str, word: &mut Word) {
    let source = source(node, text);
    match kind_of(node) {
        "raw_string" => word.text.push_str(source.trim_matches('\'')),
        "ansi_c_string" => word.text.push_str(&ansi_c(source).0),
        "string" => append_string(node, text, word),
        "translated_string" => match node.named_child(0) {
            Some(string) => append(string, text, word),
            None => word.text.push(UNKNOWN),
        },
        "concatenation" | "command_name" => append_children(node, text, word),
        "simple_expansion" | "expansion" => {
            word.text.push(expanded(source));
            word.splits = true;
        }
        "command_substitution" | "arithmetic_expansion" | "array" => {
            word.text.push(UNKNOWN);
            word.splits = true;
        }
        // A number may hold an expansion: `10#$x`.
        "number" if node.child_count() > 0 => word.text.push(UNKNOWN),
        "brace_expression" => {
            word.pattern = true;
            word.text.push_str(source);
        }
        "word" | "number" | "variable_name" | "test_operator" | "{" | "}" | "[" | "]" | "=="
        | "=~" | "=" | "$" | "file_descriptor" => append_plain(source, word),
        "``" => {}
        _ if !node.is_named() => append_plain(source, word),
        _ => word.text.push(UNKNOWN),
    }
}

/// The pieces of a concatenation have to touch: between them the shell would see two words.
fn append_children(node: Node<'_>, text: &str, word: &mut Word) {
    let mut cursor = node.walk();
    let mut end = node.start_byte();
    for child in node.children(&mut cursor) {
        if child.start_byte() != end {
            word.text.push(UNKNOWN);
        }
        end = child.end_byte();
        append(child, text, word);
    }
}

/// Everything between the quotes that is no expansion is literal, whatever the tree calls it.
fn append_string(node: Node<'_>, text: &str, word: &mut Word) {
    let mut cursor = node.walk();
    let mut at = node.start_byte() + 1;
    let end = node.end_byte().saturating_sub(1);
    for child in node.named_children(&mut cursor) {
        let mark = match kind_of(child) {
            "simple_expansion" | "expansion" => expanded(source(child, text)),
            "command_substitution" | "arithmetic_expansion" => UNKNOWN,
            _ => continue,
        };
        let literal = text.get(at..child.start_byte()).unwrap_or("\0");
        word.text.push_str(&double_quoted(literal));
        word.text.push(mark);
        at = child.end_byte();
    }
    word.text.push_str(&double_quoted(text.get(at..end).unwrap_or("\0")));
}

fn expanded(source: &str) -> char {
    let name = source.trim_start_matches('$').trim_start_matches('{');
    let rest = name.strip_prefix("HOME");
    match rest.map(|rest| rest.chars().next()) {
        Some(None | Some('}' | ':' | '-' | '%' | '#' | '/' | '=')) => HOME,
        _ => UNKNOWN,
    }
}

/// Unquoted text: backslashes, tildes, patterns, braces.
fn append_plain(source: &str, word: &mut Word) {
    let mut rest = source;
    let after_equals = word.text.ends_with('=');
    let tilde = match source.find("=~") {
        _ if (word.text.is_empty() || after_equals) && source.starts_with('~') => Some(0),
        Some(at) => Some(at + 1),
        None => None,
    };
    if let Some(at) = tilde {
        word.text.push_str(&unescaped(&source[..at]));
        let user = source[at..].find(['/', ':']).map_or(source.len(), |length| at + length);
        word.text.push(HOME);
        rest = &source[user..];
    }
    word.pattern |= has_pattern(rest);
    word.text.push_str(&unescaped(rest));
}

fn has_pattern(source: &str) -> bool {
    let mut escaped = false;
    for c in source.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '*' | '?' | '[' | '{' | '}' => return true,
            _ => {}
        }
    }
    false
}
