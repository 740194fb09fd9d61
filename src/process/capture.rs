//! What is kept of a stream: its beginning and its end.

use std::collections::VecDeque;

/// Keeps the first and the last bytes of a stream, half of the room each.
#[derive(Debug)]
pub(super) struct Capture {
    room: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: u64,
}

/// A captured stream.
#[derive(Debug, Default, Clone)]
pub(crate) struct Captured {
    /// The text; what is not UTF-8 is replaced, and a marker stands where bytes were left out.
    pub text: String,
    /// Bytes that were left out.
    pub dropped: u64,
}

impl Capture {
    pub(super) fn new(room: usize) -> Capture {
        Capture { room, head: Vec::new(), tail: VecDeque::new(), dropped: 0 }
    }

    pub(super) fn add(&mut self, mut bytes: &[u8]) {
        let free = (self.room / 2).saturating_sub(self.head.len());
        let (head, rest) = bytes.split_at(free.min(bytes.len()));
        self.head.extend_from_slice(head);
        bytes = rest;
        let room = self.room - self.room / 2;
        if bytes.len() > room {
            self.dropped += (bytes.len() - room) as u64;
            bytes = &bytes[bytes.len() - room..];
        }
        let over = (self.tail.len() + bytes.len()).saturating_sub(room);
        self.tail.drain(..over);
        self.dropped += over as u64;
        self.tail.extend(bytes);
    }

    /// What was kept. Decoded at the end, so that a character split over two reads survives.
    pub(super) fn captured(&self) -> Captured {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.dropped == 0 {
            let text =
                String::from_utf8_lossy(&[self.head.as_slice(), &tail].concat()).into_owned();
            return Captured { text, dropped: 0 };
        }
        let head = String::from_utf8_lossy(whole_start(&self.head));
        let tail = String::from_utf8_lossy(whole_end(&tail));
        let text = format!("{head}...[{} bytes dropped]...{tail}", self.dropped);
        Captured { text, dropped: self.dropped }
    }
}

/// Without a character that was cut at the end.
fn whole_start(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// Without the rest of a character that was cut at the start.
fn whole_end(bytes: &[u8]) -> &[u8] {
    let rest = bytes.iter().take(3).take_while(|byte| *byte & 0xC0 == 0x80).count();
    &bytes[rest..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(room: usize, pieces: &[&[u8]]) -> Captured {
        let mut capture = Capture::new(room);
        for piece in pieces {
            capture.add(piece);
        }
        capture.captured()
    }

    #[test]
    fn a_short_stream_is_kept_whole() {
        let kept = captured(10, &[b"abc", b"defghij"]);
        assert_eq!((kept.text.as_str(), kept.dropped), ("abcdefghij", 0));
    }

    #[test]
    fn a_long_stream_keeps_its_beginning_and_its_end() {
        for pieces in [&[b"0123456789abcdef".as_slice()][..], &[b"01", b"23456789abc", b"d", b"ef"]]
        {
            let kept = captured(8, pieces);
            assert_eq!((kept.text.as_str(), kept.dropped), ("0123...[8 bytes dropped]...cdef", 8));
        }
    }

    #[test]
    fn a_character_split_over_two_reads_survives() {
        let bytes = "ä€😀".as_bytes();
        for cut in 0..bytes.len() {
            assert_eq!(captured(64, &[&bytes[..cut], &bytes[cut..]]).text, "ä€😀");
        }
    }

    #[test]
    fn a_character_cut_by_the_gap_is_left_out() {
        let kept = captured(6, &["€€€€€".as_bytes()]);
        assert_eq!(kept.text, "€...[9 bytes dropped]...€");
        let kept = captured(8, &["€€€€€".as_bytes()]);
        assert_eq!(kept.text, "€...[7 bytes dropped]...€");
    }

    #[test]
    fn no_room_keeps_nothing() {
        assert_eq!(captured(0, &[b"abc"]).text, "...[3 bytes dropped]...");
    }
}
