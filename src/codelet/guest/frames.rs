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

/// No trace is read further than this: function names in it are the guest's.
const TRACE_BYTES: usize = 64 * 1024;
/// The engine records ten frames; names that look like frames must not cost more than these.
const MAX_FRAMES: usize = 24;

fn bounded(trace: &str) -> &str {
    &trace[..trace.floor_char_boundary(TRACE_BYTES)]
}

/// Longest function name shown.
const NAME_CHARS: usize = 200;

/// The frames of a trace. A function's name is the guest's and may hold line ends: what does not
/// begin like a frame belongs to the one before.
fn frames_of(trace: &str) -> impl Iterator<Item = &str> {
    let first = trace.strip_prefix("    at ").unwrap_or(trace);
    let frames = first.split("\n    at ").take(MAX_FRAMES);
    frames.map(|frame| frame.strip_suffix('\n').unwrap_or(frame))
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
        for frame in frames_of(bounded(trace)).filter_map(|line| self.frame(line)) {
            let name = self.program.modules[frame.module].name();
            let Position { line, column } = frame.position;
            let before = text.len();
            let gap = if text.is_empty() { "" } else { "\n" };
            // Writing to a String cannot fail.
            let _ = match frame.function {
                Some(function) => {
                    let function: String =
                        function.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
                    write!(text, "{gap}    at {function} ({name}:{line}:{column})")
                }
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
        frames_of(bounded(trace))
            .find_map(|line| self.frame(line))
            .map(|frame| (frame.module, frame.position))
    }

    /// `name (file:line:column)` or `file:line:column`.
    fn frame<'t>(&self, line: &'t str) -> Option<Frame<'t>> {
        let (function, place) = match line.strip_suffix(')').and_then(|r| r.rsplit_once(" (")) {
            // A name with a bracket in it could look like a place.
            Some((function, place)) => (function.split(" (").next(), place),
            None => (None, line),
        };
        let (front, column) = place.rsplit_once(':')?;
        let (file, line) = front.rsplit_once(':')?;
        let module = self.program.modules.iter().position(|module| module.name() == file)?;
        let (line, column): (u32, u32) = (line.parse().ok()?, column.parse().ok()?);
        if line > self.program.modules[module].lines() + 1 {
            // Function names are the guest's: this "frame" was part of one.
            return None;
        }
        let position = self.program.modules[module].original(line, column);
        Some(Frame { function, module, position })
    }
}
