//! Where the grammar and the shell would not read the same, the text is unclear.
//!
//! The grammar is made for highlighting: it forgives much, and it takes more characters for space
//! than a shell does. Each check here compares what the tree says with what bash does.

mod heredoc;
mod tokens;

use std::ops::ControlFlow;
use std::sync::LazyLock;

use tree_sitter::Node;

use super::bounds;
use super::parse::{Unclear, kind_of, language, source, walk};
use super::words::ansi_c;
pub(super) use heredoc::delimiter;
use heredoc::heredoc;
use tokens::{comment, descriptor, expands, one_line, pattern, touching, word};

/// Every kind of node the guard knows the meaning of.
const KNOWN: &[&str] = &[
    "ansi_c_string",
    "arithmetic_expansion",
    "array",
    "binary_expression",
    "brace_expression",
    "c_style_for_statement",
    "case_item",
    "case_statement",
    "command",
    "command_name",
    "command_substitution",
    "comment",
    "compound_statement",
    "concatenation",
    "declaration_command",
    "do_group",
    "elif_clause",
    "else_clause",
    "expansion",
    "extglob_pattern",
    "file_descriptor",
    "file_redirect",
    "for_statement",
    "function_definition",
    "heredoc_body",
    "heredoc_content",
    "heredoc_end",
    "heredoc_redirect",
    "heredoc_start",
    "herestring_redirect",
    "if_statement",
    "list",
    "negated_command",
    "number",
    "parenthesized_expression",
    "pipeline",
    "postfix_expression",
    "process_substitution",
    "program",
    "raw_string",
    "redirected_statement",
    "regex",
    "simple_expansion",
    "special_variable_name",
    "string",
    "string_content",
    "subscript",
    "subshell",
    "ternary_expression",
    "test_command",
    "test_operator",
    "translated_string",
    "unary_expression",
    "unset_command",
    "variable_assignment",
    "variable_assignments",
    "variable_name",
    "while_statement",
    "word",
];

/// Words that begin or end something: as a plain command the grammar has misread them.
const RESERVED: &[&str] = &[
    "if", "then", "else", "elif", "fi", "case", "esac", "for", "select", "while", "until", "do",
    "done", "in", "function", "{", "}", "!", "[[", "]]", "]",
];

/// Which numbers of kinds are known: looked up for every node.
static KNOWN_NUMBERS: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let language = language();
    let kinds = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
    let known = |kind| language.node_kind_for_id(kind).is_some_and(|name| KNOWN.contains(&name));
    kinds.map(known).collect()
});

fn is_known(node: Node<'_>) -> bool {
    KNOWN_NUMBERS.get(usize::from(node.kind_id())).is_some_and(|known| *known)
}

/// Characters between two tokens that the shell takes for space too.
fn is_blank(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n')
}

/// Why a tree is not to be taken as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disagreement {
    /// The text is unclear; what is dangerous in its tree is dangerous still.
    Unclear(Unclear),
    /// It is too large or too deep for the walks that follow, some of which recurse.
    TooLarge,
}

/// Kinds that nest with every further part of a chain, such as `a && b && c`.
fn is_chain(kind: &str) -> bool {
    matches!(kind, "list" | "binary_expression" | "concatenation")
}

/// Looks at every node of a tree.
pub(super) fn agree(root: Node<'_>, text: &str) -> Result<(), Disagreement> {
    let mut wrong = None;
    let mut last: Option<Node<'_>> = None;
    let mut above: Vec<&'static str> = Vec::new();
    let (mut nodes, mut bodies, mut nested) = (0usize, 0usize, 0usize);
    let walked = walk(root, |entered| {
        let Some(node) = entered else {
            let kind = above.pop().unwrap_or_default();
            nested -= usize::from(!is_chain(kind));
            bodies -= usize::from(kind == "heredoc_body");
            return ControlFlow::Continue(());
        };
        let kind = kind_of(node);
        nodes += 1;
        if nodes > bounds::NODES || above.len() > bounds::TREE_DEPTH {
            return ControlFlow::Break(());
        }
        nested += usize::from(!is_chain(kind));
        // After the first fault only the size counts.
        if wrong.is_none() {
            let mut found = if nested > bounds::DEPTH {
                Err(Unclear("a text that is nested too deeply"))
            } else {
                check(node, kind, text, &above)
            };
            let leaf = kind == "heredoc_body" || node.child_count() == 0;
            if found.is_ok() && leaf && bodies == 0 {
                found = between(last, node, text);
                last = Some(node);
            }
            wrong = found.err();
        }
        above.push(kind);
        bodies += usize::from(kind == "heredoc_body");
        ControlFlow::Continue(())
    });
    if walked.is_break() {
        return Err(Disagreement::TooLarge);
    }
    let end = last.map_or(0, |node| node.end_byte());
    match wrong {
        Some(unclear) => Err(Disagreement::Unclear(unclear)),
        None if gap(text.as_bytes().get(end..).unwrap_or_default()) => Ok(()),
        None => Err(Disagreement::Unclear(Unclear("characters that are skipped"))),
    }
}

/// Blank or continued lines only.
fn gap(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return true,
            [b'\\', b'\n', rest @ ..] => rest,
            [c, rest @ ..] if is_blank(*c) => rest,
            _ => return false,
        };
    }
}

/// What lies between two neighbouring tokens.
fn between(last: Option<Node<'_>>, node: Node<'_>, text: &str) -> Result<(), Unclear> {
    let start = last.map_or(0, |last| last.end_byte());
    let Some(skipped) = text.as_bytes().get(start..node.start_byte()) else {
        // Heredoc bodies stand after what follows their operator.
        return Ok(());
    };
    if !gap(skipped) {
        return Err(Unclear("characters that are skipped"));
    }
    // A backslash before the end of a line joins what stands on both sides.
    let mut continued = false;
    let mut blank = false;
    let mut bytes = skipped.iter();
    while let Some(c) = bytes.next() {
        if *c == b'\\' {
            continued = true;
            bytes.next();
        } else {
            blank = true;
        }
    }
    if continued && !blank && last.is_some_and(|last| is_operator(last) == is_operator(node)) {
        return Err(Unclear("a word that is continued on the next line"));
    }
    Ok(())
}

fn is_operator(node: Node<'_>) -> bool {
    matches!(kind_of(node), ";" | "&" | "|" | "||" | "&&" | "|&" | ";;" | "(" | ")")
}

fn check(
    node: Node<'_>,
    kind: &'static str,
    text: &str,
    above: &[&'static str],
) -> Result<(), Unclear> {
    if node.is_error() || node.is_missing() {
        return Err(Unclear("shell"));
    }
    if node.is_named() && !is_known(node) {
        return Err(Unclear("a form the guard does not know"));
    }
    let Some(source) = text.get(node.byte_range()) else {
        return Err(Unclear("a character that is cut"));
    };
    match kind {
        "comment" => comment(node, text, above),
        "word" => word(node, source, text, above),
        "ansi_c_string" if ansi_c(source).1 != source.len() => {
            Err(Unclear("a string that ends elsewhere"))
        }
        "string_content"
        | "heredoc_content"
        | "regex"
        | "extglob_pattern"
        | "variable_name"
        | "special_variable_name"
        | "test_operator"
            if node.child_count() == 0 && expands(source) =>
        {
            Err(Unclear("an expansion within a token"))
        }
        "regex" | "extglob_pattern" => pattern(source, above),
        "command_name" if RESERVED.contains(&source) => Err(Unclear("a reserved word")),
        "concatenation" => touching(node),
        "command"
        | "declaration_command"
        | "unset_command"
        | "variable_assignments"
        | "variable_assignment"
        | "negated_command"
        | "redirected_statement" => one_line(node, text),
        "file_redirect" | "herestring_redirect" => {
            descriptor(node, text)?;
            one_line(node, text)
        }
        "heredoc_redirect" => {
            descriptor(node, text)?;
            heredoc(node, text)
        }
        "test_command" => test(node, text),
        _ => Ok(()),
    }
}

/// `[` is a command like any other, so an operator ends it; `[[` needs a blank to be one.
fn test(node: Node<'_>, text: &str) -> Result<(), Unclear> {
    let source = source(node, text);
    let inner = if source.starts_with("[[") { (2, 2) } else { (1, 1) };
    let inside = source.get(inner.0..source.len() - inner.1).unwrap_or_default().as_bytes();
    let spaced =
        inside.first().is_some_and(|c| is_blank(*c)) && inside.last().is_some_and(|c| is_blank(*c));
    if !spaced {
        return Err(Unclear("a test without blanks"));
    }
    if inner.0 == 2 {
        return Ok(());
    }
    let mut operator = inside.contains(&b'\n');
    let _ = walk(node, |entered| {
        let Some(inner) = entered else { return ControlFlow::Continue(()) };
        let foreign = matches!(
            kind_of(inner),
            "&&" | "||"
                | "<"
                | ">"
                | "<="
                | ">="
                | "<<"
                | ">>"
                | "&"
                | "|"
                | "("
                | ")"
                | ";"
                | "redirected_statement"
                | "+="
                | "-="
                | "&="
                | "|="
                | "?"
                | ":"
        );
        let direct = inner.parent().is_some_and(|parent| {
            let kind = kind_of(parent);
            kind.ends_with("_expression") || kind == "test_command"
        });
        operator |= foreign && direct;
        ControlFlow::Continue(())
    });
    if operator { Err(Unclear("an operator within [ ]")) } else { Ok(()) }
}
