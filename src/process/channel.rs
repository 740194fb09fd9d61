//! The host's end of a child's descriptor 3.
//!
//! Watched for reading only: whoever is watched for writing is woken each time the other side has read,
//! which is just when the child begins to work.

use std::io::{self, IoSlice, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// One end of a channel, which never blocks.
#[derive(Debug)]
pub(crate) struct Channel(AsyncFd<UnixStream>);

impl Channel {
    /// To be called on the reactor.
    pub(crate) fn new(descriptor: OwnedFd) -> io::Result<Channel> {
        let stream = UnixStream::from(descriptor);
        stream.set_nonblocking(true)?;
        watched(stream, Interest::READABLE).map(Channel)
    }

    /// Waits until there is something to read, or nothing more to come. It may come back too early.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.0.readable().await.map(|mut ready| ready.retain_ready())
    }

    /// Reads what there is; 0 when the other end is closed.
    pub(crate) fn try_read(&self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_io(Interest::READABLE, |stream| (&mut &*stream).read(into))
    }

    /// Waits until something can be written. It may come back too early.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        // Only a frame that the other end does not take whole is waited for.
        let twin = self.0.get_ref().try_clone()?;
        let watched = watched(twin, Interest::WRITABLE)?;
        watched.writable().await.map(|mut ready| ready.retain_ready())
    }

    /// Writes as much as the system takes now.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_write_vectored(&[IoSlice::new(bytes)])
    }

    /// The same of several pieces. That the other end is closed is an error and no signal, which would
    /// end a host that does not ignore it.
    pub(crate) fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        // SAFETY: plain data, for which zero is a value.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        // The standard library's slices are the system's; they are only read from.
        message.msg_iov = pieces.as_ptr().cast_mut().cast();
        // The C libraries differ in the type.
        #[cfg_attr(
            target_env = "gnu",
            expect(trivial_numeric_casts, reason = "the same type here")
        )]
        let count = pieces.len() as _;
        message.msg_iovlen = count;
        let how = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        // SAFETY: the message refers to slices that live during the call.
        let sent = unsafe { libc::sendmsg(self.as_raw_fd(), &raw const message, how) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

fn watched(stream: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    // SAFETY: an owned descriptor always gives the same number and stays open while it is owned.
    let watched = unsafe { AsyncFd::register_with_interest(stream, interest) };
    watched.map_err(io::Error::from)
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
