//! Telling text from other files, and cutting it between characters.

/// Bytes looked at.
const SAMPLE: usize = 8 * 1024;

/// True if the first 8 KiB hold a NUL or are no UTF-8.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if sample.contains(&0) {
        return true;
    }
    match std::str::from_utf8(sample) {
        Ok(_) => false,
        // A character that the sample's end cuts in two is no fault, the end of the file's is.
        Err(error) => error.error_len().is_some() || bytes.len() <= SAMPLE,
    }
}

/// The start of `text`, at most `max` bytes, ending with a whole character.
pub(super) fn clipped(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_every_script_for_text() {
        assert!(!is_binary("日本語のテキスト, Ελληνικά, עברית, 😀".as_bytes()));
        assert!(!is_binary(b""));
        assert!(is_binary(b"a\0b"));
        assert!(is_binary(b"caf\xE9 latin"));
        assert!(is_binary("日".as_bytes().split_last().unwrap().1));
    }

    #[test]
    fn lets_the_sample_end_within_a_character() {
        for before in 0..4 {
            let text = "a".repeat(SAMPLE - before) + "日本語";
            assert!(!is_binary(text.as_bytes()), "{before}");
        }
        let late = [&[b'a'; SAMPLE][..], b"\0\xFF"].concat();
        assert!(!is_binary(&late), "only the sample decides");
    }

    #[test]
    fn clips_between_characters() {
        assert_eq!(clipped("añb", 2), "a");
        assert_eq!(clipped("añb", 3), "añ");
        assert_eq!(clipped("añb", 99), "añb");
    }
}
