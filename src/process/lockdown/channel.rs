//! The one descriptor that is left: the way to the host.

use std::ffi::c_int;
use std::io;
use std::ptr::{null, null_mut};

/// The channel that a launched process finds as its descriptor 3.
#[derive(Debug)]
pub(crate) struct HostChannel(c_int);

impl HostChannel {
    /// To be made once, in a process that was launched with one.
    pub(crate) fn inherited() -> HostChannel {
        HostChannel(super::CHANNEL)
    }

    /// Reads what has come; 0 when the host is gone. Without `wait`, fails with
    /// [`io::ErrorKind::WouldBlock`] when nothing has.
    pub(crate) fn read(&self, into: &mut [u8], wait: bool) -> io::Result<usize> {
        let how = if wait { 0 } else { libc::MSG_DONTWAIT };
        loop {
            // SAFETY: writes at most its length into a buffer of ours. The address of the sender is not
            // asked for.
            let read = unsafe { libc::recv(self.0, into.as_mut_ptr().cast(), into.len(), how) };
            match usize::try_from(read) {
                Ok(read) => return Ok(read),
                Err(_) => retry()?,
            }
        }
    }

    /// Writes all of it; waits for the host to read where it has to.
    pub(crate) fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // SAFETY: reads a slice of ours. A host that is gone is an error, not a signal.
            let sent = unsafe {
                libc::send(self.0, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL)
            };
            match usize::try_from(sent) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(_) => retry()?,
            }
        }
        Ok(())
    }
}

/// Waits on the channel in a way that other threads can end.
#[derive(Debug)]
pub(crate) struct Interruptible {
    thread: libc::pid_t,
    process: libc::pid_t,
    /// What is blocked while it waits: all that was, but the signal that ends it.
    mask: libc::sigset_t,
}

/// Ignored unless somebody has a use for it.
const INTERRUPT: c_int = libc::SIGURG;

extern "C" fn nothing_more(_: c_int) {}

impl Interruptible {
    /// For the calling thread, which has the signal blocked from here on but while it waits.
    pub(crate) fn here() -> Interruptible {
        // SAFETY: a handler that does nothing, for a signal that nothing else here uses; the masks are
        // values of ours.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let handler: extern "C" fn(c_int) = nothing_more;
            action.sa_sigaction = handler as libc::sighandler_t;
            libc::sigaction(INTERRUPT, &raw const action, null_mut());
            let mut blocked: libc::sigset_t = std::mem::zeroed();
            libc::sigaddset(&raw mut blocked, INTERRUPT);
            let mut mask: libc::sigset_t = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const blocked, &raw mut mask);
            libc::sigdelset(&raw mut mask, INTERRUPT);
            Interruptible { thread: libc::gettid(), process: libc::getpid(), mask }
        }
    }

    /// Waits until the channel has something, or until it is interrupted; by an interruption from before
    /// the call as well. On the thread that made it.
    pub(crate) fn wait(&self, channel: &HostChannel) {
        // SAFETY: a set with one descriptor that we hold. `select`, since `poll` wants a limit of
        // descriptors above none.
        unsafe {
            let mut set: libc::fd_set = std::mem::zeroed();
            libc::FD_SET(channel.0, &raw mut set);
            let ends = channel.0 + 1;
            let none = null_mut();
            libc::pselect(ends, &raw mut set, none, none, null(), &raw const self.mask);
        }
    }

    /// Has `wait` return; from another thread.
    pub(crate) fn interrupt(&self) {
        // SAFETY: a signal with a handler, to a thread of this process that never ends.
        unsafe { libc::syscall(libc::SYS_tgkill, self.process, self.thread, INTERRUPT) };
    }
}

/// The error of the last call, unless a signal interrupted it.
fn retry() -> io::Result<()> {
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) }
}
