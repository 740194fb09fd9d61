//! Step 1: text to tree, under bounds.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::time::Instant;

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree};

use super::bounds;

/// Why a text could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclear(pub(super) &'static str);

/// Reads a text. A tree that holds errors is given too: what is dangerous in it is dangerous still.
pub(super) fn parse(text: &str, deadline: Instant) -> Result<Tree, Unclear> {
    if text.len() > bounds::TEXT_BYTES {
        return Err(Unclear("a text that is too long"));
    }
    if text.contains('\0') {
        return Err(Unclear("a NUL character"));
    }
    // The scanner keeps open heredocs in 1,024 bytes and loses its place beyond.
    if text.matches("<<").count() > bounds::HEREDOCS {
        return Err(Unclear("too many heredocs"));
    }
    // A parser of its own for each text: the grammar's scanner does not forget the heredocs of the
    // last one.
    let mut parser = Parser::new();
    parser.set_language(&language()).map_err(|_| Unclear("a grammar of another version"))?;
    let mut steps = 0usize;
    let most = bounds::PARSE_STEPS + text.len() / bounds::BYTES_PER_PARSE_STEP;
    let mut over = |_: &ParseState| {
        steps += 1;
        // A step in the recovery from errors may cost milliseconds: the clock is looked at as well.
        steps > most || Instant::now() > deadline
    };
    let masked = masked(text);
    let bytes = &*masked;
    let mut read = |at: usize, _| bytes.get(at..).unwrap_or_default();
    let options = ParseOptions::new().progress_callback(&mut over);
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    tree.ok_or(Unclear("a text that takes too long to read"))
}

pub(super) fn language() -> Language {
    Language::new(tree_sitter_bash::LANGUAGE)
}

/// The text as the grammar gets it, byte for byte: characters that are no printable ASCII become
/// letters, which is how a shell takes them. The grammar would take some of them for space, and its
/// scanner looks characters up in tables that end with one byte.
fn masked(text: &str) -> Cow<'_, [u8]> {
    let plain = |c: u8| matches!(c, b' '..=b'~' | b'\t' | b'\n');
    if text.bytes().all(plain) {
        return Cow::Borrowed(text.as_bytes());
    }
    text.bytes().map(|c| if plain(c) { c } else { b'z' }).collect()
}

/// The source of a node. What cannot be cut out of the text is unknown.
pub(super) fn source<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or("\0")
}

/// The names of kinds by their numbers: they are asked for at every node, and the grammar has them as
/// texts whose length has to be counted.
static KINDS: LazyLock<Vec<Option<&'static str>>> = LazyLock::new(|| {
    let language = language();
    let kinds = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
    kinds.map(|kind| language.node_kind_for_id(kind)).collect()
});

/// The kind of a node.
pub(super) fn kind_of(node: Node<'_>) -> &'static str {
    let known = KINDS.get(usize::from(node.kind_id())).copied().flatten();
    known.unwrap_or_else(|| node.kind())
}

/// Goes over a tree without recursion, entering each node and leaving it.
pub(super) fn walk<'t>(
    root: Node<'t>,
    mut visit: impl FnMut(Option<Node<'t>>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut cursor = root.walk();
    loop {
        visit(Some(cursor.node()))?;
        if cursor.goto_first_child() {
            continue;
        }
        loop {
            visit(None)?;
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return ControlFlow::Continue(());
            }
        }
    }
}
