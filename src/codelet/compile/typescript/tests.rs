//! What stripping promises, checked on source text alone: nothing here runs the JavaScript.

mod bounds;
mod erasing;
mod errors;
mod hazards;
mod modules;
mod rewriting;

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

use super::position::Positions;
use super::{StripError, Stripped, strip};

fn stripped(source: &str) -> Stripped {
    strip(source).unwrap_or_else(|error| panic!("{error:?} in\n{source}"))
}

/// Strips by path one, checks that nothing moved, and returns the code.
fn blanked(source: &str) -> String {
    let stripped = stripped(source);
    assert!(matches!(stripped.positions, Positions::Same), "rewritten:\n{source}");
    assert_eq!(stripped.original_position(3, 7), (3, 7));
    assert_in_place(source, &stripped.code);
    stripped.code
}

/// Strips by path two and returns the code.
fn rewritten(source: &str) -> Stripped {
    let stripped = stripped(source);
    assert!(matches!(stripped.positions, Positions::Mapped(_)), "not rewritten:\n{source}");
    reprinted(&stripped.code);
    stripped
}

fn error(source: &str) -> StripError {
    match strip(source) {
        Err(error) => error,
        Ok(stripped) => panic!("accepted\n{source}\nas\n{}", stripped.code),
    }
}

/// Every UTF-16 unit of the code is the one of the source, or white space, or one of the marks
/// that keep the meaning. So each line and each kept token stands where it stood.
fn assert_in_place(source: &str, code: &str) {
    let before: Vec<u16> = source.encode_utf16().collect();
    let after: Vec<u16> = code.encode_utf16().collect();
    assert_eq!(before.len(), after.len(), "width changed:\n{source}\n{code}");
    for (index, (old, new)) in before.iter().zip(&after).enumerate() {
        let mark = [b' ', b';', b'(', b')'].map(u16::from).contains(new);
        assert!(old == new || mark, "unit {index} changed:\n{source}\n{code}");
        let terminator = [0x0a, 0x0d, 0x2028, 0x2029].contains(old);
        assert!(old == new || !terminator, "a line ending is gone:\n{source}\n{code}");
    }
}

/// The code as a JavaScript module, printed in one fixed style.
fn reprinted(code: &str) -> String {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, code, SourceType::mjs()).parse();
    assert!(parsed.diagnostics.is_empty(), "{:?} in\n{code}", parsed.diagnostics.first());
    let options =
        CodegenOptions { comments: CommentOptions::disabled(), ..CodegenOptions::default() };
    let printed = Codegen::new().with_options(options).build(&parsed.program).code;
    // Empty statements stand where types stood; they do nothing.
    let lines = printed.lines().filter(|line| line.trim() != ";");
    lines.collect::<Vec<_>>().join("\n")
}

/// Line and UTF-16 column, from 1, of the only occurrence of `what`.
fn place(text: &str, what: &str) -> (u32, u32) {
    assert_eq!(text.matches(what).count(), 1, "{what} in\n{text}");
    super::position::line_and_column(text, text.find(what).unwrap())
}
