//! Bytes on the channel between the host and a worker.
//!
//! ```text
//! u32 length of the payload | 16 bytes token | u8 kind | payload
//! ```
//!
//! The worker learns its token from the first frame and puts it into each of its own; a frame without
//! it was written by somebody else in the process. Later frames of the host carry none: whoever takes
//! one from the channel learns nothing that makes its own frames believed.

use std::io::{self, ErrorKind, IoSlice};

use crate::process::Channel;

pub(super) type Token = [u8; 16];

const HEADER: usize = 4 + 16 + 1;
/// Read ahead of what has come, at most: a length that a guest claims reserves nothing.
const STEP: usize = 1 << 20;

pub(super) const HELLO: u8 = 1;
pub(super) const REQUEST: u8 = 2;
pub(super) const READY: u8 = 16;
pub(super) const RESULT: u8 = 17;
pub(super) const FAILED: u8 = 18;
pub(super) const HEAP: u8 = 19;

/// What a worker sent.
#[derive(Debug)]
pub(super) struct Frame {
    pub kind: u8,
    pub payload: Vec<u8>,
}

/// Why no frame was read.
#[derive(Debug)]
pub(super) enum FrameError {
    /// The worker's end is closed.
    Closed,
    /// Not written by the worker.
    Forged,
    /// A kind that a worker does not send.
    Unknown(u8),
    /// Longer than allowed.
    TooLarge,
    /// The system's word.
    Io(io::Error),
}

/// Reads one frame of at most `limit` bytes of payload.
pub(super) async fn read(
    channel: &Channel,
    token: &Token,
    limit: u64,
) -> Result<Frame, FrameError> {
    let mut header = Vec::with_capacity(HEADER);
    fill(channel, &mut header, HEADER).await?;
    let kind = header[HEADER - 1];
    if header[4..HEADER - 1] != token[..] {
        return Err(FrameError::Forged);
    }
    if !matches!(kind, READY | RESULT | FAILED | HEAP) {
        return Err(FrameError::Unknown(kind));
    }
    let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
    if length as u64 > limit {
        return Err(FrameError::TooLarge);
    }
    let mut payload = Vec::new();
    fill(channel, &mut payload, length).await?;
    Ok(Frame { kind, payload })
}

/// True when something stands behind the frame that should have been the last.
pub(super) fn has_more(channel: &Channel) -> bool {
    channel.try_read(&mut [0]).is_ok_and(|read| read > 0)
}

async fn fill(channel: &Channel, into: &mut Vec<u8>, length: usize) -> Result<(), FrameError> {
    while into.len() < length {
        let start = into.len();
        into.resize(length.min(start + STEP), 0);
        let read = loop {
            match channel.try_read(&mut into[start..]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    channel.readable().await.map_err(FrameError::Io)?;
                }
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return Err(FrameError::Closed);
                }
                read => break read.map_err(FrameError::Io)?,
            }
        };
        if read == 0 {
            return Err(FrameError::Closed);
        }
        into.truncate(start + read);
    }
    Ok(())
}

/// Writes one frame without a token, without waiting; true when the system took all of it.
pub(super) fn write_now(channel: &Channel, kind: u8, pieces: &[&[u8]]) -> bool {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let Ok(count) = u32::try_from(length) else { return false };
    let mut head = [0; HEADER];
    head[..4].copy_from_slice(&count.to_le_bytes());
    head[HEADER - 1] = kind;
    let mut slices = vec![IoSlice::new(&head)];
    slices.extend(pieces.iter().map(|piece| IoSlice::new(piece)));
    channel.try_write_vectored(&slices).is_ok_and(|sent| sent == HEADER + length)
}

/// Writes one frame whose payload is the pieces one after another.
pub(super) async fn write(
    channel: &Channel,
    token: &Token,
    kind: u8,
    pieces: &[&[u8]],
) -> io::Result<()> {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let length = u32::try_from(length).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    let mut head = Vec::with_capacity(HEADER);
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(token);
    head.push(kind);
    let mut slices: Vec<IoSlice<'_>> =
        std::iter::once(&head.as_slice()).chain(pieces).map(|piece| IoSlice::new(piece)).collect();
    let mut rest = slices.as_mut_slice();
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match channel.try_write_vectored(rest) {
            Ok(sent) => IoSlice::advance_slices(&mut rest, sent),
            Err(error) if error.kind() == ErrorKind::WouldBlock => channel.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
