//! TypeScript to JavaScript by removing the types, with every position leading back.
//!
//! No type is checked and no configuration read; the source is one ES module. There are two paths:
//!
//! 1. **Blanking**, the usual one. The source is parsed, and whatever is only type (annotations,
//!    interfaces, casts, modifiers, `import type` …) is overwritten with spaces of the same UTF-16
//!    width; line terminators stay. Nothing moves, so a position in the JavaScript *is* the
//!    position in the source. Where a type held two statements apart, a `;` stands in its place.
//! 2. **Rewriting**, only for sources with TypeScript that has a value: `enum`, `namespace`,
//!    parameter properties, `import a = b.c`, and the few casts blanking would get wrong. The
//!    program is transformed and printed anew, and a source map leads positions back to the start
//!    of the nearest preceding token. Nothing but TypeScript is lowered.
//!
//! Both paths keep an import unless it is marked `type` (`import type …`, `import { type … }`), as
//! Node's type stripping and TypeScript's `verbatimModuleSyntax` do: whether a name is a type
//! cannot be told from one module. So an unmarked import of a type fails when the module is linked.
//!
//! Refused with a message: JSX, decorators, `export =`, `import … = require(…)`, `export let` in a
//! namespace, and sources nested so deeply or so cunningly that parsing them would exhaust stack,
//! memory or time (see [`nesting`]).

mod blanks;
mod erase;
mod lower;
mod nesting;
mod position;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use oxc_allocator::Allocator;
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::Parser;
use oxc_span::SourceType;

use erase::Erasure;
use position::Positions;
use tokens::Refused;

/// Stack a source may need before it gets a thread of its own. Callers have at least 2 MiB.
const INLINE_STACK: usize = 1 << 20;

/// Longest message taken over from the parser, in bytes.
const MAX_MESSAGE: usize = 300;

/// JavaScript made from TypeScript, and the way back to the caller's positions.
#[derive(Debug)]
pub(crate) struct Stripped {
    /// The JavaScript: one ES module.
    pub(crate) code: String,
    positions: Positions,
}

impl Stripped {
    /// Leads a position in [`code`](Self::code) back to the text given to [`strip`]. Lines and
    /// UTF-16 columns count from 1; a byte order mark has no column. Lines end as the engine counts
    /// them: at LF, CR LF, or CR alone.
    pub(crate) fn original_position(&self, line: u32, column: u32) -> (u32, u32) {
        self.positions.original(line, column)
    }
}

/// Why a source could not be stripped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StripError {
    /// One sentence, lower case, without a full stop.
    pub(crate) message: String,
    /// Line of the cause, from 1.
    pub(crate) line: u32,
    /// Column of the cause in UTF-16 units, from 1.
    pub(crate) column: u32,
}

/// Removes the types from one TypeScript module.
///
/// Takes any text, hostile text included: the result is JavaScript or an error, never a panic, and
/// time and memory are linear in the length of the source. Plain JavaScript comes back as it is.
/// A byte order mark is dropped; `#!` stays.
pub(crate) fn strip(source: &str) -> Result<Stripped, StripError> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    if u32::try_from(source.len()).is_err() {
        return Err(StripError { message: "the source is too long".into(), line: 1, column: 1 });
    }
    let shape = nesting::measure(source).map_err(|refused| StripError::refused(source, refused))?;
    let stack = shape.depth as usize * nesting::STACK_PER_UNIT;
    // A bug of the parser must end this codelet, not the process.
    let guarded = || catch_unwind(AssertUnwindSafe(|| strip_measured(source))).ok();
    let result = if stack <= INLINE_STACK {
        guarded()
    } else {
        thread::scope(|scope| {
            let deep = thread::Builder::new().stack_size(stack + INLINE_STACK);
            deep.spawn_scoped(scope, guarded).ok()?.join().ok()?
        })
    };
    result.unwrap_or_else(|| Err(StripError::at(source, 0, "the source could not be parsed")))
}

/// Strips a source that is known to be harmless.
fn strip_measured(source: &str) -> Result<Stripped, StripError> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, SourceType::ts().with_module(true)).parse();
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Err(StripError::from_diagnostic(source, diagnostic));
    }
    match erase::erase(source, &parsed.program) {
        Erasure::Blanked(blanks) => {
            Ok(Stripped { code: blanks.apply(source), positions: Positions::Same })
        }
        Erasure::Rewrite => lower::lower(&allocator, source, parsed.program),
        Erasure::Refused(refused) => Err(StripError::refused(source, refused)),
    }
}

impl StripError {
    fn at(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let (line, column) = position::line_and_column(source, offset);
        Self { message: message.into(), line, column }
    }

    fn refused(source: &str, refused: Refused) -> Self {
        Self::at(source, refused.at, refused.message)
    }

    fn from_diagnostic(source: &str, diagnostic: &OxcDiagnostic) -> Self {
        let offset = diagnostic.labels.first().map_or(0, oxc_span::LabeledSpan::offset);
        Self::at(source, offset as usize, sentence(&diagnostic.message))
    }
}

/// One line in the house style: no capital, no full stop, bounded length.
fn sentence(message: &str) -> String {
    let message = message.lines().next().unwrap_or("").trim_end_matches('.');
    let mut end = message.len().min(MAX_MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let mut chars = message.get(..end).unwrap_or("").chars();
    match (chars.next(), chars.as_str()) {
        // An acronym stays as it is.
        (Some(first), rest) if !rest.starts_with(|c: char| c.is_uppercase()) => {
            first.to_lowercase().chain(rest.chars()).collect()
        }
        _ => message.get(..end).unwrap_or("").to_owned(),
    }
}
