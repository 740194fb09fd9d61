//! The parts of one simple command: assignments, redirections, the words of a test.

use tree_sitter::Node;

use crate::guard::agree::delimiter;
use crate::guard::invocation::{Input, Invocation, Redirection};
use crate::guard::parse::{kind_of, source};
use crate::guard::words::{Word, resolve};

const LITERALS: &[&str] = &[
    "word",
    "string",
    "raw_string",
    "translated_string",
    "ansi_c_string",
    "number",
    "expansion",
    "simple_expansion",
    "command_substitution",
    "process_substitution",
    "arithmetic_expansion",
    "brace_expression",
    "concatenation",
    "test_operator",
    "extglob_pattern",
    "regex",
];

pub(super) fn assignment_word(node: Node<'_>, text: &str) -> Word {
    let mut word = Word { start: node.start_byte(), end: node.end_byte(), ..Word::default() };
    let name = node.child_by_field_name("name");
    word.text.push_str(name.map_or("", |name| source(name, text)));
    word.text.push('=');
    if let Some(value) = node.child_by_field_name("value") {
        let value = resolve(value, text);
        word.text.push_str(&value.text);
        word.pattern = value.pattern;
    }
    word
}

pub(super) fn read_assignment(node: Node<'_>, text: &str, invocation: &mut Invocation) {
    let name = node.child_by_field_name("name");
    let name = name.map_or("", |name| source(name, text));
    let name = name.split('[').next().unwrap_or_default().to_owned();
    let value = node.child_by_field_name("value").map(|value| resolve(value, text));
    invocation.assignments.push((name, value.unwrap_or_default()));
}

/// The literals of a test.
pub(super) fn test_words(node: Node<'_>, text: &str, words: &mut Vec<Word>) {
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        if kind_of(child).ends_with("_expression") {
            test_words(child, text, words);
        } else {
            words.push(resolve(child, text));
        }
    }
}

/// Takes over what a redirection says: its target, the input it makes, and the words after it,
/// which are the command's.
pub(super) fn read_redirect(node: Node<'_>, text: &str, invocation: &mut Invocation) {
    let mut cursor = node.walk();
    let children: Vec<Node<'_>> = node.children(&mut cursor).collect();
    match kind_of(node) {
        "herestring_redirect" => {
            let word = children.last().map(|child| resolve(*child, text)).unwrap_or_default();
            let literal = (!word.dynamic()).then_some(word.text);
            invocation.input = Input::Text(literal);
        }
        "file_redirect" => {
            let operator = children.iter().find(|child| !child.is_named());
            let operator = operator.map_or("", |operator| kind_of(*operator));
            let mut literals = children.iter().filter(|child| LITERALS.contains(&kind_of(**child)));
            let target = literals.next().map(|child| resolve(*child, text)).unwrap_or_default();
            if operator == "<" {
                invocation.input = Input::Text(None);
            }
            invocation.redirections.push(Redirection { operator: operator.to_owned(), target });
            invocation.words.extend(literals.map(|child| resolve(*child, text)));
        }
        _ => {
            let mut quoted = false;
            for child in children {
                match kind_of(child) {
                    "heredoc_start" => quoted = delimiter(source(child, text)).1,
                    "heredoc_body" => {
                        let literal = quoted || child.named_child_count() == 0;
                        let body = literal.then(|| source(child, text).to_owned());
                        invocation.input = Input::Text(body);
                    }
                    "file_redirect" | "herestring_redirect" => {
                        read_redirect(child, text, invocation);
                    }
                    kind if LITERALS.contains(&kind) => {
                        invocation.words.push(resolve(child, text));
                    }
                    _ => {}
                }
            }
        }
    }
}
