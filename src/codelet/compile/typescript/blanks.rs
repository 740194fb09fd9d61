//! Text with spans replaced by white space of the same width, so that nothing else moves.

use super::text::is_line_terminator;

/// Spans to blank and the few characters that must stand in them.
#[derive(Debug, Default)]
pub(super) struct Blanks {
    spans: Vec<(usize, usize)>,
    marks: Vec<(usize, char)>,
}

impl Blanks {
    /// Blanks the bytes from `start` to `end`. Spans may touch, overlap and come in any order.
    pub(super) fn blank(&mut self, start: usize, end: usize) {
        if start < end {
            self.spans.push((start, end));
        }
    }

    /// Blanks a span and leaves `mark` in place of its first character.
    pub(super) fn blank_but(&mut self, start: usize, end: usize, mark: char) {
        self.blank(start, end);
        self.mark(start, mark);
    }

    /// Puts a character where a blanked one begins; it is one UTF-16 unit, as every mark is.
    pub(super) fn mark(&mut self, at: usize, mark: char) {
        self.marks.push((at, mark));
    }

    /// The text with the spans blanked. Line terminators stay, so every line and every UTF-16
    /// column of what is left is the same as before.
    pub(super) fn apply(mut self, source: &str) -> String {
        self.spans.sort_unstable();
        self.marks.sort_unstable();
        let mut marks = self.marks.into_iter().peekable();
        let mut code = String::with_capacity(source.len());
        let mut at = 0;
        for (start, end) in self.spans {
            let start = start.max(at);
            let (Some(kept), Some(blanked)) = (source.get(at..start), source.get(start..end))
            else {
                continue;
            };
            code.push_str(kept);
            for (offset, c) in blanked.char_indices() {
                let here = start + offset;
                while marks.next_if(|mark| mark.0 < here).is_some() {}
                let mut width = c.len_utf16();
                if let Some((_, mark)) = marks.next_if(|mark| mark.0 == here) {
                    code.push(mark);
                    width -= 1;
                } else if is_line_terminator(c) {
                    code.push(c);
                    width = 0;
                }
                code.extend(std::iter::repeat_n(' ', width));
            }
            at = end;
        }
        code.push_str(source.get(at..).unwrap_or(""));
        code
    }
}
