//! Where a heredoc ends, and what of it is expanded.

use tree_sitter::Node;

use super::expands;
use crate::guard::parse::{Unclear, kind_of, source};
use crate::guard::words::unescaped;

/// A heredoc ends at the first line that is its delimiter, and at no other.
pub(super) fn heredoc(node: Node<'_>, text: &str) -> Result<(), Unclear> {
    let child = |kind: &str| {
        let mut cursor = node.walk();
        node.children(&mut cursor).find(|child| kind_of(*child) == kind)
    };
    let wrong = Err(Unclear("a heredoc that ends elsewhere"));
    let (Some(start), Some(end)) = (child("heredoc_start"), child("heredoc_end")) else {
        return wrong;
    };
    let dashed = child("<<-").is_some();
    let (plain, quoted) = delimiter(source(start, text));
    let simple = |c: char| c.is_ascii_alphanumeric() || "_-.+=:!%@,/".contains(c);
    if plain.is_empty() || !plain.chars().all(simple) {
        return wrong;
    }
    let Some(newline) = text.get(start.end_byte()..end.start_byte()).and_then(|s| s.find('\n'))
    else {
        return wrong;
    };
    let first = start.end_byte() + newline + 1;
    let body = child("heredoc_body");
    let begins = body.map_or(first, |body| body.start_byte());
    let before = text.get(first..begins).unwrap_or_default();
    let touches = begins <= first || text.as_bytes().get(begins - 1) == Some(&b'\n');
    if !before.trim_matches(['\n', ' ', '\t']).is_empty() || !touches && before.contains('\n') {
        return wrong;
    }
    let mut at = first;
    loop {
        let Some(rest) = text.get(at..) else { return wrong };
        let line = rest.split('\n').next().unwrap_or_default();
        let shown = if dashed { line.trim_start_matches('\t') } else { line };
        if shown == plain {
            let ends = at + line.len() == end.end_byte() && source(end, text).trim_start() == plain;
            let agreed = body.is_none_or(|body| literal_where_it_seems(body, text, quoted));
            return if ends && agreed { Ok(()) } else { wrong };
        }
        // An unquoted body joins continued lines, which may hide its end.
        if at + line.len() >= text.len() || (!quoted && line.ends_with('\\')) {
            return wrong;
        }
        at += line.len() + 1;
    }
}

/// A heredoc's delimiter without its quotes, and whether it had any.
pub(crate) fn delimiter(source: &str) -> (String, bool) {
    let quoted = source.contains(['\'', '"', '\\']);
    let plain = match source.as_bytes() {
        [b'\'', .., b'\''] | [b'"', .., b'"'] => source[1..source.len() - 1].to_owned(),
        _ => unescaped(source),
    };
    (plain, quoted)
}

/// A quoted heredoc holds no expansions; in another one, all of them are nodes.
fn literal_where_it_seems(body: Node<'_>, text: &str, quoted: bool) -> bool {
    let mut cursor = body.walk();
    let mut at = body.start_byte();
    for child in body.named_children(&mut cursor) {
        if kind_of(child) == "heredoc_content" {
            continue;
        }
        if quoted || text.get(at..child.start_byte()).is_none_or(expands) {
            return false;
        }
        at = child.end_byte();
    }
    quoted || !text.get(at..body.end_byte()).is_none_or(expands)
}
