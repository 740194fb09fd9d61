//! Bytes on the channel between a host and an engine process.
//!
//! ```text
//! u32 length of what follows | u8 kind | fields, little-endian; texts and buffers behind a u32 length
//! ```
//!
//! Neither side believes the other: a length reserves nothing, a text must be UTF-8, and a frame with
//! anything too much or too little in it is none.

use crate::codelet::payload::{Form, Payload};

/// A frame that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A frame under construction.
pub(super) struct Writer(Vec<u8>);

const LENGTH: usize = 4;

/// A length as it is written. Whatever is longer than a field can say is cut off by the reader's own
/// bound, which is far below.
fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Writer {
    pub(super) fn new(kind: u8) -> Writer {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&[0; LENGTH]);
        bytes.push(kind);
        Writer(bytes)
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.u32(length(bytes.len()));
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn count(&mut self, count: usize) {
        self.u32(length(count));
    }

    pub(super) fn payload(&mut self, payload: Option<&Payload>) {
        let Some(payload) = payload else { return self.u8(0) };
        self.u8(match payload.form {
            Form::Json => 1,
            Form::Text => 2,
            Form::Tagged => 3,
        });
        self.text(&payload.text);
        self.count(payload.buffers.len());
        for buffer in &payload.buffers {
            self.bytes(buffer);
        }
    }

    /// The frame; `None` when it is longer than a frame can be.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        let len = u32::try_from(self.0.len() - LENGTH).ok()?;
        self.0[..LENGTH].copy_from_slice(&len.to_le_bytes());
        Some(self.0)
    }
}

/// The fields of a frame, read from front to back.
pub(super) struct Reader<'a>(&'a [u8]);

type Read<T> = Result<T, Malformed>;

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    fn take(&mut self, len: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub(super) fn u8(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn bool(&mut self) -> Read<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    pub(super) fn u32(&mut self) -> Read<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Read<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Read<f64> {
        self.u64().map(f64::from_bits)
    }

    /// A time or a duration: anything that is no number would not survive the way to JavaScript.
    pub(super) fn finite(&mut self) -> Read<f64> {
        self.f64().and_then(|value| if value.is_finite() { Ok(value) } else { Err(Malformed) })
    }

    pub(super) fn bytes(&mut self) -> Read<&'a [u8]> {
        let len = self.u32()? as usize;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Read<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    /// Several of something that each have at least `least` bytes: no more than there can be.
    pub(super) fn many<T>(
        &mut self,
        least: usize,
        mut one: impl FnMut(&mut Reader<'a>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let count = self.u32()? as usize;
        if count > self.0.len() / least {
            return Err(Malformed);
        }
        (0..count).map(|_| one(self)).collect()
    }

    pub(super) fn payload(&mut self) -> Read<Option<Payload>> {
        let form = match self.u8()? {
            0 => return Ok(None),
            1 => Form::Json,
            2 => Form::Text,
            3 => Form::Tagged,
            _ => return Err(Malformed),
        };
        let text = self.text()?.to_owned();
        let buffers = self.many(LENGTH, |reader| reader.bytes().map(<[u8]>::to_vec))?;
        if form != Form::Tagged && !buffers.is_empty() {
            return Err(Malformed);
        }
        Ok(Some(Payload { form, text, buffers }))
    }

    /// The value that was read, if nothing stands behind it.
    pub(super) fn end<T>(self, value: T) -> Read<T> {
        if self.0.is_empty() { Ok(value) } else { Err(Malformed) }
    }
}

/// Bytes as they come, cut into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// What has been handed out of them.
    from: usize,
}

/// A buffer that grew beyond this for one frame is given back.
const KEPT: usize = 64 * 1024;

/// Room for what comes next: little for one that is quiet, more in the middle of something long.
const STEP: usize = 8 * 1024;
const LONG_STEP: usize = 256 * 1024;

impl Frames {
    /// Takes in what `read` puts into the space it is given: how much that was.
    pub(super) fn fill(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> std::io::Result<usize>,
    ) -> std::io::Result<usize> {
        let len = self.bytes.len();
        self.bytes.resize(len + if len > STEP { LONG_STEP } else { STEP }, 0);
        let read = read(&mut self.bytes[len..]);
        self.bytes.truncate(len + *read.as_ref().unwrap_or(&0));
        read
    }

    /// Kind and fields of the next frame, if all of it is there. One of more than `limit` bytes is
    /// refused as soon as it says so.
    pub(super) fn next(&mut self, limit: u64) -> Result<Option<(u8, &[u8])>, Malformed> {
        let rest = &self.bytes[self.from..];
        let Some((len, rest)) = rest.split_first_chunk::<LENGTH>() else {
            self.give_back();
            return Ok(None);
        };
        let len = u32::from_le_bytes(*len) as usize;
        if len as u64 > limit {
            return Err(Malformed);
        }
        if rest.len() < len {
            self.give_back();
            return Ok(None);
        }
        let at = self.from + LENGTH;
        self.from = at + len;
        let (kind, fields) = self.bytes[at..at + len].split_first().ok_or(Malformed)?;
        Ok(Some((*kind, fields)))
    }

    fn give_back(&mut self) {
        if self.from > 0 {
            self.bytes.drain(..self.from);
            self.from = 0;
        }
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::new(7);
        write(&mut writer);
        writer.finish().unwrap()
    }

    fn payloads() -> [Option<Payload>; 4] {
        let tagged = Payload {
            form: Form::Tagged,
            text: "[0]".into(),
            buffers: vec![vec![], vec![1, 2, 3]],
        };
        let text = Payload { form: Form::Text, text: "é\u{0}😀".into(), buffers: Vec::new() };
        [None, Some(Payload::json("{\"a\":1}")), Some(text), Some(tagged)]
    }

    #[test]
    fn what_is_written_is_read() {
        for payload in payloads() {
            let bytes = written(|writer| {
                writer.u64(u64::MAX);
                writer.payload(payload.as_ref());
                writer.f64(-0.5);
            });
            let mut frames = Frames { bytes, from: 0 };
            let (kind, fields) = frames.next(1 << 20).unwrap().unwrap();
            assert_eq!(kind, 7);
            let mut reader = Reader::new(fields);
            assert_eq!(reader.u64(), Ok(u64::MAX));
            assert_eq!(reader.payload(), Ok(payload));
            let last = reader.finite();
            assert_eq!(reader.end(last), Ok(Ok(-0.5)));
            assert_eq!(frames.next(1 << 20), Ok(None));
        }
    }

    #[test]
    fn a_frame_is_taken_whole_however_it_comes() {
        let all: Vec<u8> =
            (0..50_u32).flat_map(|number| written(|writer| writer.u32(number))).collect();
        for step in [1, 2, 3, 7, 64, 1000] {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for piece in all.chunks(step) {
                frames.bytes.extend_from_slice(piece);
                while let Some((_, fields)) = frames.next(100).unwrap() {
                    found.push(Reader::new(fields).u32().unwrap());
                }
            }
            assert_eq!(found, (0..50).collect::<Vec<u32>>(), "in steps of {step}");
        }
    }

    #[test]
    fn every_cut_and_every_addition_is_noticed() {
        for payload in payloads() {
            let bytes = written(|writer| writer.payload(payload.as_ref()));
            let fields = &bytes[5..];
            for len in 0..fields.len() {
                let mut reader = Reader::new(&fields[..len]);
                let read = reader.payload();
                assert!(
                    read.and_then(|read| reader.end(read)).is_err(),
                    "{payload:?} cut at {len}"
                );
            }
            let more: Vec<u8> = fields.iter().copied().chain([0]).collect();
            let mut reader = Reader::new(&more);
            let read = reader.payload();
            assert!(read.and_then(|read| reader.end(read)).is_err());
        }
    }

    #[test]
    fn a_claim_reserves_nothing() {
        let mut frames = Frames { bytes: u32::MAX.to_le_bytes().to_vec(), from: 0 };
        assert_eq!(frames.next(u64::MAX), Ok(None));
        assert_eq!(frames.next(1000), Err(Malformed));
        let many = written(|writer| writer.u32(u32::MAX));
        let read = Reader::new(&many[5..]).many(1, Reader::u8);
        assert_eq!(read, Err(Malformed));
        let not_utf8 = written(|writer| writer.bytes(&[0xff]));
        assert_eq!(Reader::new(&not_utf8[5..]).text(), Err(Malformed));
    }
}
