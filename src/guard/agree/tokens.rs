//! Where words, comments, patterns and commands end.

use tree_sitter::Node;

use super::is_blank;
use crate::guard::parse::{Unclear, kind_of};

/// A `#` begins a comment only where a word could begin.
pub(super) fn comment(node: Node<'_>, text: &str, above: &[&'static str]) -> Result<(), Unclear> {
    let outer = above.iter().rposition(|kind| *kind == "command_substitution").unwrap_or(0);
    let statement = above.get(outer..).unwrap_or_default().iter().all(|kind| {
        matches!(
            *kind,
            "program"
                | "command_substitution"
                | "process_substitution"
                | "compound_statement"
                | "subshell"
                | "do_group"
                | "if_statement"
                | "elif_clause"
                | "else_clause"
                | "while_statement"
                | "for_statement"
                | "case_statement"
                | "case_item"
                | "list"
                | "pipeline"
                | "command"
                | "redirected_statement"
                | "function_definition"
                | "array"
                | "variable_assignment"
                | "negated_command"
                | "file_redirect"
                | "string"
                | "concatenation"
        )
    });
    let inner = matches!(above.last(), Some(&("string" | "concatenation")));
    if begins(node, text) && statement && !inner {
        Ok(())
    } else {
        Err(Unclear("a comment that is none"))
    }
}

fn begins(node: Node<'_>, text: &str) -> bool {
    let before = node.start_byte().checked_sub(1).and_then(|at| text.as_bytes().get(at));
    before.is_none_or(|c| is_blank(*c) || b";&|()".contains(c))
}

/// A word must hold no unquoted character that would end it, and begin with no `#`.
pub(super) fn word(
    node: Node<'_>,
    source: &str,
    text: &str,
    above: &[&'static str],
) -> Result<(), Unclear> {
    if source.starts_with('#') && begins(node, text) {
        return Err(Unclear("a comment read as a word"));
    }
    let in_expansion = above.iter().rev().take(2).any(|kind| *kind == "expansion");
    let ends: &[char] = if in_expansion {
        &['`']
    } else {
        &[' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')', '`', '"', '\'']
    };
    let mut escaped = false;
    for c in source.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if ends.contains(&c) => return Err(Unclear("a word that ends elsewhere")),
            _ => {}
        }
    }
    if escaped || expands(source) { Err(Unclear("an expansion within a token")) } else { Ok(()) }
}

/// The pieces of a word touch; the grammar joins some that do not.
pub(super) fn touching(node: Node<'_>) -> Result<(), Unclear> {
    let mut cursor = node.walk();
    let mut end = node.start_byte();
    for child in node.children(&mut cursor) {
        if child.start_byte() != end {
            return Err(Unclear("a word that ends elsewhere"));
        }
        end = child.end_byte();
    }
    Ok(())
}

/// A pattern ends where the shell would end it, which depends on where it stands.
pub(super) fn pattern(source: &str, above: &[&'static str]) -> Result<(), Unclear> {
    let within = above.iter().rev().find_map(|kind| match *kind {
        "expansion" | "case_item" | "test_command" | "command" => Some(*kind),
        _ => None,
    });
    let ends: &[char] = match within {
        Some("expansion") => &['}', '\'', '"'],
        Some("test_command" | "case_item") => &[' ', '\t', '\n', ';', '&'],
        _ => &[' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')'],
    };
    let (mut escaped, mut open) = (false, 0usize);
    for c in source.chars() {
        let closes = c == ')' && open == 0 && within != Some("expansion");
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if closes || ends.contains(&c) => {
                return Err(Unclear("a pattern that ends elsewhere"));
            }
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// A line end that is not continued ends a simple command.
pub(super) fn one_line(node: Node<'_>, text: &str) -> Result<(), Unclear> {
    let words = !matches!(kind_of(node), "variable_assignment" | "negated_command");
    let mut last = false;
    let mut cursor = node.walk();
    let mut end = node.start_byte();
    for child in node.children(&mut cursor) {
        let skipped = text.as_bytes().get(end..child.start_byte()).unwrap_or_default();
        // Two words that touch are one.
        let word = child.is_named() && !kind_of(child).ends_with("_redirect");
        if words && word && last && skipped.is_empty() {
            return Err(Unclear("a word that ends elsewhere"));
        }
        last = word;
        let ended = skipped
            .iter()
            .enumerate()
            .any(|(at, c)| *c == b'\n' && (at == 0 || skipped.get(at - 1) != Some(&b'\\')));
        if ended {
            return Err(Unclear("a command that ends elsewhere"));
        }
        end = child.end_byte();
    }
    Ok(())
}

/// Digits that touch a redirection are its descriptor, and nothing else is.
pub(super) fn descriptor(node: Node<'_>, text: &str) -> Result<(), Unclear> {
    let wrong = Err(Unclear("a descriptor read as a word"));
    if node.child(0).is_some_and(|child| kind_of(child) == "file_descriptor") {
        return if begins(node, text) { Ok(()) } else { wrong };
    }
    let before = text.get(..node.start_byte()).unwrap_or_default();
    let word = before.rsplit([' ', '\t', '\n', ';', '&', '|', '(', ')', '<', '>']).next();
    let word = word.unwrap_or_default();
    let digits = !word.is_empty() && word.bytes().all(|c| c.is_ascii_digit());
    if digits || word.starts_with('{') && word.ends_with('}') { wrong } else { Ok(()) }
}

/// True when a token holds what the shell would expand.
pub(super) fn expands(source: &str) -> bool {
    let mut escaped = false;
    let mut last = ' ';
    for c in source.chars() {
        match c {
            _ if escaped => {
                escaped = false;
                last = ' ';
                continue;
            }
            '\\' => escaped = true,
            '`' => return true,
            '(' if matches!(last, '$' | '<' | '>') => return true,
            '{' | '[' if last == '$' => return true,
            _ => {}
        }
        last = c;
    }
    false
}
