//! Lines and columns: of an offset in the source, and of rewritten code back to the source.
//!
//! Lines end as the engine counts them: at LF, CR LF, or CR alone. Source maps also end them at
//! U+2028 and U+2029, so what comes from one is converted once.

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
    /// Takes the places of a source map.
    pub(super) fn mapped(mut mappings: Vec<Mapping>, code: &str, source: &str) -> Self {
        let (code, source) = (MapLines::of(code), MapLines::of(source));
        for mapping in &mut mappings {
            (mapping.line, mapping.column) = code.place(mapping.line, mapping.column);
            (mapping.original_line, mapping.original_column) =
                source.place(mapping.original_line, mapping.original_column);
        }
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

/// Where the lines of a source map begin in lines of the engine.
struct MapLines(Vec<(u32, u32)>);

impl MapLines {
    fn of(text: &str) -> Self {
        // Nearly no text has the two characters that make the difference.
        if !text.contains(['\u{2028}', '\u{2029}']) {
            return Self(Vec::new());
        }
        let mut starts = vec![(0, 0)];
        let mut places = Places::new(text);
        while let Some((_, c)) = places.next() {
            if places.column == 0 || matches!(c, '\u{2028}' | '\u{2029}') {
                starts.push((places.line, places.column));
            }
        }
        Self(starts)
    }

    fn place(&self, line: u32, column: u32) -> (u32, u32) {
        match self.0.get(line as usize) {
            Some(&(line, start)) => (line, start + column),
            None => (line, column),
        }
    }
}

/// The characters of a text; between them, the line and UTF-16 column of the next, from 0.
struct Places<'t> {
    chars: std::iter::Peekable<std::str::CharIndices<'t>>,
    line: u32,
    column: u32,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        Self { chars: text.char_indices().peekable(), line: 0, column: 0 }
    }
}

impl Iterator for Places<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<(usize, char)> {
        let (at, c) = self.chars.next()?;
        // Of CR LF the second character ends the line.
        let ends = match c {
            '\n' => true,
            '\r' => self.chars.peek().is_none_or(|next| next.1 != '\n'),
            _ => false,
        };
        if ends {
            self.line += 1;
            self.column = 0;
        } else {
            self.column += if c.len_utf16() == 2 { 2 } else { 1 };
        }
        Some((at, c))
    }
}

/// Line and UTF-16 column, both from 1, of a byte offset.
pub(super) fn line_and_column(source: &str, offset: usize) -> (u32, u32) {
    let mut places = Places::new(source);
    while places.chars.peek().is_some_and(|next| next.0 < offset) {
        places.next();
    }
    (places.line + 1, places.column + 1)
}
