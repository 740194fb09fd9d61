//! The function that calls itself twice at once.

use std::ops::ControlFlow;

use tree_sitter::Node;

use super::parse::{kind_of, walk};
use super::words::resolve;

/// True for a function whose body calls it at least twice, in a pipe or in the background.
pub(super) fn is_one(function: Node<'_>, text: &str) -> bool {
    let Some(name) = function.child_by_field_name("name") else { return false };
    let own = resolve(name, text).text;
    let mut calls = 0usize;
    let mut at_once = false;
    if let Some(body) = function.child_by_field_name("body") {
        let _ = walk(body, |entered| {
            if let Some(node) = entered {
                match kind_of(node) {
                    "command_name" => calls += usize::from(resolve(node, text).text == own),
                    "|" | "|&" | "&" => at_once = true,
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        });
    }
    at_once && calls >= 2
}
