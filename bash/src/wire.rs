//! What the host and this process say to each other: frames on stdin and stdout. A frame is the length of
//! its content in four bytes, the least first, a byte for its kind, and the content.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// The host is trusted, but a length that was read in the wrong place is better found early.
const LONGEST: usize = 1 << 30;
const HEAD: usize = 5;

/// A frame to the host.
#[derive(Debug)]
pub(crate) enum Frame {
    /// Anything but what a script prints.
    Message(Value),
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
}

/// Where frames to the host go. Sending waits while the host does not read, and with it the script.
#[derive(Debug, Clone)]
pub(crate) struct Outbox(Arc<Mutex<File>>);

impl Outbox {
    /// Takes stdout.
    pub(crate) fn open() -> io::Result<Outbox> {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Outbox(Arc::new(Mutex::new(File::from(stdout)))))
    }

    pub(crate) fn send(&self, frame: &Frame) -> io::Result<()> {
        let text;
        let (kind, content) = match frame {
            Frame::Message(value) => {
                text = serde_json::to_vec(value)?;
                (b'J', &text)
            }
            Frame::Stdout(bytes) => (b'O', bytes),
            Frame::Stderr(bytes) => (b'E', bytes),
        };
        let length = u32::try_from(content.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        // In one piece: the host is woken once.
        let mut whole = Vec::with_capacity(HEAD + content.len());
        whole.extend_from_slice(&length.to_le_bytes());
        whole.push(kind);
        whole.extend_from_slice(content);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&whole)
    }
}

/// The next message of the host; nothing once the host is gone.
pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Value>> {
    let mut head = [0; HEAD];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        answer => answer?,
    }
    let [a, b, c, d, _] = head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut content = vec![0; length];
    from.read_exact(&mut content)?;
    Ok(Some(serde_json::from_slice(&content)?))
}
