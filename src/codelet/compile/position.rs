//! Places in texts: byte offsets and the engine's byte columns, as lines and UTF-16 columns.

use crate::codelet::guest::frames::Position;

/// 1-based line and UTF-16 column of a byte offset.
pub(in crate::codelet) fn position_of(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let starts = line_starts(before);
    let start = starts.last().copied().unwrap_or(0);
    let line = u32::try_from(starts.len()).unwrap_or(u32::MAX);
    Position { line, column: utf16_length(&before[start..]) + 1 }
}

/// The same for a line and a byte column, both from 1, as the engine gives them. `starts` are the
/// text's [`line_starts`].
pub(in crate::codelet) fn utf16_position(
    text: &str,
    starts: &[usize],
    line: u32,
    byte_column: u32,
) -> Position {
    let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(start) = starts.get(index).copied() else {
        return Position { line, column: byte_column };
    };
    let bytes = usize::try_from(byte_column.saturating_sub(1)).unwrap_or(usize::MAX);
    let end = text.floor_char_boundary(start.saturating_add(bytes).min(text.len()));
    Position { line, column: utf16_length(&text[start..end.max(start)]) + 1 }
}

fn utf16_length(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// Where each line begins. Lines end as the engine counts them: LF, CR LF, or CR alone.
pub(in crate::codelet) fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = (0..bytes.len()).filter(|at| {
        bytes[*at] == b'\n' || (bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
    });
    std::iter::once(0).chain(ends.map(|at| at + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units() {
        assert_eq!(position_of("ab\r\nc\u{1f600}d", 9), Position { line: 2, column: 4 });
        assert_eq!(
            utf16_position("x\n\u{e9}\u{1f600}y", &line_starts("x\n\u{e9}\u{1f600}y"), 2, 7),
            Position { line: 2, column: 4 }
        );
        assert_eq!(
            utf16_position("x\ry", &line_starts("x\ry"), 2, 1),
            Position { line: 2, column: 1 }
        );
    }

    #[test]
    fn a_place_outside_the_text_is_kept() {
        assert_eq!(utf16_position("x", &line_starts("x"), 9, 4), Position { line: 9, column: 4 });
        assert_eq!(utf16_position("x", &line_starts("x"), 1, 40), Position { line: 1, column: 2 });
    }
}
