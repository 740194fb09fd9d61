//! Stack traces: only the guest's own frames, in the positions of the text the caller gave.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::codelet::program::Program;
use crate::limits;

/// Reads the engine's traces for one program.
#[derive(Debug, Clone)]
pub(crate) struct Frames {
    program: Arc<Program>,
}

/// A place in the caller's text: 1-based, columns in UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

struct Frame<'t> {
    function: Option<&'t str>,
    module: usize,
    position: Position,
}

impl Frames {
    pub(crate) fn new(program: Arc<Program>) -> Frames {
        Frames { program }
    }

    /// The trace with foreign frames left out, at most 4 KiB.
    pub(crate) fn guest_only(&self, trace: &str) -> String {
        let mut text = String::new();
        for frame in trace.lines().filter_map(|line| self.frame(line)) {
            let name = self.program.modules[frame.module].name();
            let Position { line, column } = frame.position;
            let before = text.len();
            let gap = if text.is_empty() { "" } else { "\n" };
            // Writing to a String cannot fail.
            let _ = match frame.function {
                Some(function) => write!(text, "{gap}    at {function} ({name}:{line}:{column})"),
                None => write!(text, "{gap}    at {name}:{line}:{column}"),
            };
            if text.len() > limits::STACK_BYTES {
                text.truncate(before);
                break;
            }
        }
        text
    }

    /// Where the first guest frame is, and in which module.
    pub(crate) fn first(&self, trace: &str) -> Option<(usize, Position)> {
        trace.lines().find_map(|line| self.frame(line)).map(|frame| (frame.module, frame.position))
    }

    /// `    at name (file:line:column)` or `    at file:line:column`.
    fn frame<'t>(&self, line: &'t str) -> Option<Frame<'t>> {
        let rest = line.trim_start().strip_prefix("at ")?;
        let (function, place) = match rest.strip_suffix(')').and_then(|r| r.rsplit_once(" (")) {
            Some((function, place)) => (Some(function), place),
            None => (None, rest),
        };
        let (front, column) = place.rsplit_once(':')?;
        let (file, line) = front.rsplit_once(':')?;
        let module = self.program.modules.iter().position(|module| module.name() == file)?;
        let position = Position { line: line.parse().ok()?, column: column.parse().ok()? };
        Some(Frame { function, module, position: self.program.modules[module].original(position) })
    }
}
