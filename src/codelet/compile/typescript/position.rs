//! Lines and columns: of an offset in the source, and of rewritten code back to the source.

/// How positions in the code lead to positions in the caller's text.
#[derive(Debug)]
pub(super) enum Positions {
    /// They are the same.
    Same,
    /// Sorted by position in the code.
    Mapped(Box<[Mapping]>),
}

/// One place in the code that came from one place in the source. Lines and columns count from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) original_line: u32,
    pub(super) original_column: u32,
}

impl Positions {
    pub(super) fn mapped(mappings: impl Iterator<Item = Mapping>) -> Self {
        let mut mappings: Vec<Mapping> = mappings.collect();
        mappings.sort_by_key(|mapping| (mapping.line, mapping.column));
        Self::Mapped(mappings.into_boxed_slice())
    }

    /// Line and column, both from 1, of the source place the nearest preceding token came from.
    pub(super) fn original(&self, line: u32, column: u32) -> (u32, u32) {
        let Self::Mapped(mappings) = self else { return (line, column) };
        let at = (line.saturating_sub(1), column.saturating_sub(1));
        let after = mappings.partition_point(|mapping| (mapping.line, mapping.column) <= at);
        match after.checked_sub(1).and_then(|index| mappings.get(index)) {
            Some(mapping) => (mapping.original_line + 1, mapping.original_column + 1),
            None => (1, 1),
        }
    }
}

/// Line and UTF-16 column, both from 1, of a byte offset.
pub(super) fn line_and_column(source: &str, offset: usize) -> (u32, u32) {
    let (mut line, mut column) = (1, 1);
    let mut chars = source.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if at >= offset {
            break;
        }
        match c {
            // The second character ends the line.
            '\r' if chars.peek().is_some_and(|next| next.1 == '\n') => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
                line += 1;
                column = 1;
                continue;
            }
            _ => {}
        }
        column += u32::from(c.len_utf16() == 2) + 1;
    }
    (line, column)
}
