//! What a script prints, on its way to the host.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bashkit::{Error, Result};

use crate::wire::{Frame, Outbox};

/// Bytes of stderr that are read for what the engine says of its bounds.
const LAST: usize = 64 * 1024;

/// Both streams, up to a number of bytes together.
pub(crate) struct Output {
    outbox: Outbox,
    most: u64,
    printed: Arc<AtomicU64>,
    full: Arc<AtomicBool>,
    last: Mutex<VecDeque<u8>>,
}

impl Output {
    pub(crate) fn new(outbox: Outbox, most: u64) -> Output {
        Output {
            outbox,
            most,
            printed: Arc::default(),
            full: Arc::default(),
            last: Mutex::default(),
        }
    }

    /// True once more was printed than the host wants: then the script is to end.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::SeqCst)
    }

    pub(crate) fn stdout(
        &self,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<()>> + Send + 'static {
        self.take(bytes, Frame::Stdout)
    }

    pub(crate) fn stderr(
        &self,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<()>> + Send + 'static {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.extend(&bytes);
        let beyond = last.len().saturating_sub(LAST);
        last.drain(..beyond);
        drop(last);
        self.take(bytes, Frame::Stderr)
    }

    /// The end of what was printed to stderr.
    pub(crate) fn last_errors(&self) -> String {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(last.make_contiguous()).into_owned()
    }

    fn take(
        &self,
        mut bytes: Vec<u8>,
        frame: fn(Vec<u8>) -> Frame,
    ) -> impl Future<Output = Result<()>> + Send + 'static {
        let (outbox, full) = (self.outbox.clone(), Arc::clone(&self.full));
        let before = self.printed.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        let left = usize::try_from(self.most.saturating_sub(before)).unwrap_or(usize::MAX);
        let fits = bytes.len() <= left;
        async move {
            bytes.truncate(left);
            let gone = |_| Error::Cancelled;
            if !bytes.is_empty() {
                outbox.send(&frame(bytes)).map_err(gone)?;
            }
            if fits {
                return Ok(());
            }
            full.store(true, Ordering::SeqCst);
            Err(Error::Cancelled)
        }
    }
}
