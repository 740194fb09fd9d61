//! Makes lines of what a tool prints.

use std::sync::Arc;

use parking_lot::Mutex;

/// A longer line is handed on in parts.
const LONGEST: usize = 64 * 1024;

/// Takes what a process writes: 1 for stdout or 2 for stderr, and the bytes.
pub type LogSink = Arc<dyn Fn(u8, &[u8]) + Send + Sync>;

type Hand = Box<dyn Fn(u32, String) + Send + Sync>;

struct Lines {
    /// Of stdout and of stderr: what has no line end yet.
    rest: [Mutex<Vec<u8>>; 2],
    hand: Hand,
}

/// Hands on whole lines, and at its end what is left of the last ones.
pub struct LogLines(Arc<Lines>);

impl std::fmt::Debug for LogLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogLines").finish_non_exhaustive()
    }
}

impl LogLines {
    /// `hand` gets 1 for stdout or 2 for stderr, and a text of one or more lines.
    pub fn new(hand: impl Fn(u32, String) + Send + Sync + 'static) -> LogLines {
        LogLines(Arc::new(Lines {
            rest: [Mutex::default(), Mutex::default()],
            hand: Box::new(hand),
        }))
    }

    /// Takes what the tool prints.
    pub fn sink(&self) -> LogSink {
        let lines = Arc::clone(&self.0);
        Arc::new(move |stream, bytes| lines.add(stream, bytes))
    }
}

impl Drop for LogLines {
    fn drop(&mut self) {
        for stream in [1, 2] {
            let rest = std::mem::take(&mut *self.0.of(stream).lock());
            self.0.hand_on(stream, &rest);
        }
    }
}

impl Lines {
    fn of(&self, stream: u8) -> &Mutex<Vec<u8>> {
        &self.rest[usize::from(stream == 2)]
    }

    fn add(&self, stream: u8, bytes: &[u8]) {
        let mut rest = self.of(stream).lock();
        rest.extend_from_slice(bytes);
        let end = match memchr::memrchr(b'\n', &rest) {
            Some(at) => at + 1,
            None if rest.len() > LONGEST => rest.len(),
            None => return,
        };
        let left = rest.split_off(end);
        let whole = std::mem::replace(&mut *rest, left);
        drop(rest);
        self.hand_on(stream, &whole);
    }

    fn hand_on(&self, stream: u8, bytes: &[u8]) {
        if !bytes.is_empty() {
            (self.hand)(stream.into(), String::from_utf8_lossy(bytes).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handed(pieces: &[(u8, &[u8])]) -> Vec<(u32, String)> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&seen);
        let lines = LogLines::new(move |stream, text| into.lock().push((stream, text)));
        let sink = lines.sink();
        for (stream, bytes) in pieces {
            sink(*stream, bytes);
        }
        drop(lines);
        let seen = seen.lock();
        seen.clone()
    }

    #[test]
    fn lines_are_whole_and_streams_apart() {
        let seen = handed(&[(1, b"a"), (2, b"x\ny"), (1, b"b\nc"), (1, "€".as_bytes())]);
        let expected = [(2, "x\n"), (1, "ab\n"), (1, "c€"), (2, "y")];
        assert_eq!(seen, expected.map(|(stream, text)| (stream, text.to_owned())));
    }

    #[test]
    fn a_line_without_end_is_handed_on_in_parts() {
        let long = vec![b'x'; LONGEST + 1];
        assert_eq!(handed(&[(1, &long), (1, b"y")]).len(), 2);
    }
}
