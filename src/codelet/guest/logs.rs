//! The log of one run: bounded in entries and bytes, oldest first, what does not fit is counted.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::limits;

/// The four levels, in the order the guest numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `console.log`, `debug` and `trace`.
    Log,
    /// `console.info`, `logger.info`.
    Info,
    /// `console.warn`, `logger.warn`.
    Warn,
    /// `console.error`, `logger.error`.
    Error,
}

impl Level {
    /// The level by its number in the prelude.
    pub(crate) fn from_index(index: i32) -> Level {
        match index {
            1 => Level::Info,
            2 => Level::Warn,
            3 => Level::Error,
            _ => Level::Log,
        }
    }

    /// As it appears in a result.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Log => "log",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogEntry {
    /// Which function was called.
    pub level: Level,
    /// The formatted text.
    pub message: String,
    /// Milliseconds since the epoch.
    pub timestamp: f64,
    /// True when the text was cut.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// The list under its bounds.
#[derive(Debug)]
pub(crate) struct Logs {
    entries: Vec<LogEntry>,
    max_entries: usize,
    bytes_left: usize,
    dropped: u64,
    bytes_dropped: u64,
}

impl Logs {
    pub(crate) fn new(max_entries: usize, max_bytes: usize) -> Logs {
        Logs {
            entries: Vec::new(),
            max_entries,
            bytes_left: max_bytes,
            dropped: 0,
            bytes_dropped: 0,
        }
    }

    /// True while another entry fits; otherwise the attempt is counted as dropped.
    pub(crate) fn room(&mut self) -> bool {
        let room = self.entries.len() < self.max_entries && self.bytes_left > 0;
        if !room {
            self.dropped += 1;
        }
        room
    }

    /// Adds an entry and gives it back for the live listener; `None` when it was dropped.
    /// Text that is not UTF-8 is mended, but only as much of it as is kept.
    pub(crate) fn push(&mut self, level: Level, text: &[u8], timestamp: f64) -> Option<&LogEntry> {
        if self.entries.len() >= self.max_entries || self.bytes_left == 0 {
            self.dropped += 1;
            self.bytes_dropped += text.len() as u64;
            return None;
        }
        let bound = self.bytes_left.min(limits::LOG_MESSAGE_BYTES);
        let truncated = text.len() > bound;
        let (kept, lost) = text.split_at(border(text, bound));
        let mut message = String::from_utf8_lossy(kept).into_owned();
        self.bytes_left = self.bytes_left.saturating_sub(kept.len());
        if truncated {
            self.bytes_dropped += lost.len() as u64;
            // Writing to a String cannot fail.
            let _ = write!(message, "… [truncated {} chars]", chars(lost));
        }
        self.entries.push(LogEntry { level, message, timestamp, truncated });
        self.entries.last()
    }

    /// The entries kept, then how many entries and bytes were dropped.
    pub(crate) fn into_parts(self) -> (Vec<LogEntry>, u64, u64) {
        (self.entries, self.dropped, self.bytes_dropped)
    }
}

/// The largest length up to `bound` that does not cut a character.
fn border(text: &[u8], bound: usize) -> usize {
    let mut at = bound.min(text.len());
    while at > 0 && at < text.len() && is_continuation(text[at]) {
        at -= 1;
    }
    at
}

/// Characters in well-formed text; a close count in any other.
fn chars(text: &[u8]) -> usize {
    text.iter().filter(|byte| !is_continuation(**byte)).count()
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_first_entries_and_counts_the_rest() {
        let mut logs = Logs::new(2, 1000);
        for index in 0..5 {
            if logs.room() {
                logs.push(Level::Log, format!("entry {index}").as_bytes(), 0.0);
            }
        }
        let (entries, dropped, _) = logs.into_parts();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].message, "entry 1");
        assert_eq!(dropped, 3);
    }

    #[test]
    fn cuts_on_a_character_border_and_says_so() {
        let mut logs = Logs::new(10, 5);
        logs.push(Level::Warn, "aaaäöü".as_bytes(), 0.0);
        let (entries, _, bytes) = logs.into_parts();
        assert_eq!(entries[0].message, "aaaä… [truncated 2 chars]");
        assert!(entries[0].truncated);
        assert_eq!(bytes, 4);
    }
}
