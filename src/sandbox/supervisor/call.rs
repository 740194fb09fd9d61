//! One supervised system call.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::notify::{self, Place};
use super::{Connecting, Scope, lead, pool};

/// A listener, and what is being done for its child.
pub(super) struct Listener {
    fd: OwnedFd,
    pub(super) token: u64,
    closed: AtomicBool,
    /// A call of its child once took the leading thread: the next ones go to helpers.
    slow: AtomicBool,
    /// How many helpers work for it; changed under the pool's lock alone.
    pub(super) busy: AtomicUsize,
    /// The thread of the last call, and a descriptor of it.
    caller: Mutex<Option<(u32, OwnedFd)>>,
    /// Sockets that helpers are connecting, by the call that wanted it.
    connecting: Mutex<HashMap<u64, Arc<OwnedFd>>>,
}

impl Listener {
    pub(super) fn new(fd: OwnedFd, token: u64) -> io::Result<Listener> {
        // SAFETY: changes a flag of a descriptor that we hold.
        if unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
            return Err(io::Error::last_os_error());
        }
        notify::take_turns(&fd);
        Ok(Listener {
            fd,
            token,
            closed: AtomicBool::new(false),
            slow: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            caller: Mutex::default(),
            connecting: Mutex::default(),
        })
    }

    pub(super) fn raw(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn set_slow(&self) {
        self.slow.store(true, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        let connecting = self.connecting.lock();
        self.closed.store(true, Ordering::Release);
        connecting.values().for_each(break_off);
    }

    /// Breaks off connections that nobody waits for.
    pub(super) fn sweep(&self) {
        let connecting = self.connecting.lock();
        for (id, socket) in connecting.iter() {
            if !notify::is_valid(&self.fd, *id) {
                break_off(socket);
            }
        }
    }
}

/// Wakes a thread that connects the socket.
fn break_off(socket: &Arc<OwnedFd>) {
    // SAFETY: a system call on a descriptor that we hold.
    unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RDWR) };
}

/// One supervised system call of a child. It is answered exactly once: dropped unanswered it fails
/// with `EACCES`.
pub(crate) struct Call {
    listener: Arc<Listener>,
    id: u64,
    tid: u32,
    number: i64,
    arguments: [u64; 6],
    answered: bool,
}

impl Call {
    /// Takes the next call. `None` when its caller has ended meanwhile.
    pub(super) fn receive(listener: &Arc<Listener>) -> io::Result<Option<Call>> {
        let found = match notify::receive(&listener.fd) {
            Ok(found) => found,
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        Ok(Some(Call {
            listener: Arc::clone(listener),
            id: found.id,
            tid: found.pid,
            number: i64::from(found.data.nr),
            arguments: found.data.args,
            answered: false,
        }))
    }

    /// The number of the system call.
    pub(crate) fn number(&self) -> i64 {
        self.number
    }

    /// Its arguments as they stood in the registers.
    pub(crate) fn arguments(&self) -> [u64; 6] {
        self.arguments
    }

    /// The thread that made the call. It means this thread only while [`Call::is_valid`] says so.
    #[cfg(test)]
    pub(crate) fn tid(&self) -> u32 {
        self.tid
    }

    /// True while the caller waits and its child is watched. What was looked up by the thread's
    /// number counts only if this holds afterwards: the number may have been given to another.
    pub(crate) fn is_valid(&self) -> bool {
        !self.listener.is_closed() && notify::is_valid(&self.listener.fd, self.id)
    }

    fn check(&self) -> io::Result<()> {
        if self.is_valid() { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    }

    /// Copies memory of the caller once, as far as it is there. The caller may change it at any time,
    /// so whatever was decided holds for this copy alone.
    pub(crate) fn read(&self, address: u64, into: &mut [u8]) -> io::Result<usize> {
        let count = match self.read_memory(address, into) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS)) => {
                self.read_file(address, into)?
            }
            result => result?,
        };
        self.check()?;
        Ok(count)
    }

    fn read_memory(&self, address: u64, into: &mut [u8]) -> io::Result<usize> {
        let address = usize::try_from(address).map_err(|_| invalid())?;
        let ours = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        let theirs = libc::iovec {
            iov_base: std::ptr::without_provenance_mut(address),
            iov_len: into.len(),
        };
        // SAFETY: the kernel writes into `into` alone, and checks the other address itself.
        let count = unsafe {
            libc::process_vm_readv(
                self.tid.cast_signed(),
                &raw const ours,
                1,
                &raw const theirs,
                1,
                0,
            )
        };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }

    fn read_file(&self, address: u64, into: &mut [u8]) -> io::Result<usize> {
        let file = self.open_proc("mem")?;
        let address = libc::off_t::try_from(address).map_err(|_| invalid())?;
        // SAFETY: the kernel writes into `into` alone.
        let count =
            unsafe { libc::pread(file.as_raw_fd(), into.as_mut_ptr().cast(), into.len(), address) };
        usize::try_from(count).map_err(|_| match io::Error::last_os_error() {
            // What this file says of memory that is not there; everything else says the other.
            error if error.raw_os_error() == Some(libc::EIO) => {
                io::Error::from_raw_os_error(libc::EFAULT)
            }
            error => error,
        })
    }

    /// Opens `/proc/TID/name` for reading. It is the caller's only if the call is valid afterwards.
    fn open_proc(&self, name: &str) -> io::Result<OwnedFd> {
        let path = std::ffi::CString::new(format!("/proc/{}/{name}", self.tid))?;
        // SAFETY: opens a path for reading.
        notify::owned(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) })
    }

    /// A duplicate of the caller's descriptor.
    pub(crate) fn descriptor(&self, fd: i32) -> io::Result<OwnedFd> {
        // The thread of the last call as a rule makes the next. A descriptor of a thread means no other
        // for ever, and without one that has ended no descriptor can be had.
        let known = self.listener.caller.lock().take_if(|known| known.0 == self.tid);
        let known =
            known.map_or_else(|| self.open_process().map(|opened| (self.tid, opened)), Ok)?;
        let duplicate = match duplicate(&known.1, fd) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {
                duplicate(&self.open_process()?, fd)
            }
            result => {
                *self.listener.caller.lock() = Some(known);
                result
            }
        };
        let duplicate = duplicate?;
        self.check()?;
        Ok(duplicate)
    }

    fn open_process(&self) -> io::Result<OwnedFd> {
        // SAFETY: makes a descriptor that nothing else knows; it is closed on exec.
        let open = |id: u32, flags: u32| unsafe { libc::syscall(libc::SYS_pidfd_open, id, flags) };
        let owned = |fd: i64| notify::owned(RawFd::try_from(fd).unwrap_or(-1));
        match owned(open(self.tid, libc::PIDFD_THREAD)) {
            // Kernels before 6.9.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                owned(open(self.process()?, 0))
            }
            result => result,
        }
    }

    /// The process of the thread.
    fn process(&self) -> io::Result<u32> {
        let text = self.read_proc("status", 4096)?;
        let line = text.lines().find_map(|line| line.strip_prefix("Tgid:"));
        line.and_then(|number| number.trim().parse().ok()).ok_or_else(invalid)
    }

    /// Text of `/proc/TID/name`, at most so many bytes.
    pub(crate) fn read_proc(&self, name: &str, most: usize) -> io::Result<String> {
        let file = self.open_proc(name)?;
        let mut text = vec![0_u8; most];
        // SAFETY: the kernel writes into `text` alone.
        let count = unsafe { libc::read(file.as_raw_fd(), text.as_mut_ptr().cast(), most) };
        text.truncate(usize::try_from(count).map_err(|_| io::Error::last_os_error())?);
        self.check()?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Where the link `/proc/TID/name` leads.
    pub(crate) fn read_link(&self, name: &str) -> io::Result<String> {
        let path = std::ffi::CString::new(format!("/proc/{}/{name}", self.tid))?;
        let mut text = [0_u8; 256];
        // SAFETY: the kernel writes into `text` alone.
        let count = unsafe { libc::readlink(path.as_ptr(), text.as_mut_ptr().cast(), text.len()) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        self.check()?;
        Ok(String::from_utf8_lossy(&text[..count]).into_owned())
    }

    /// Opens what the link `/proc/TID/name` leads to, only to name it: it is not opened for use.
    pub(crate) fn open_place(&self, name: &str) -> io::Result<OwnedFd> {
        let path = std::ffi::CString::new(format!("/proc/{}/{name}", self.tid))?;
        // SAFETY: opens a path; nothing happens to what it leads to.
        let fd = unsafe { libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
        let opened = notify::owned(fd)?;
        self.check()?;
        Ok(opened)
    }

    /// Gives the caller a duplicate of `ours` in place of its descriptor `over`. Waits until the
    /// caller's thread has run.
    pub(crate) fn replace(
        &self,
        ours: BorrowedFd<'_>,
        over: u32,
        close_on_exec: bool,
    ) -> io::Result<()> {
        let place = Place::Over(over);
        notify::give(&self.listener.fd, self.id, ours.as_raw_fd(), &place, close_on_exec).map(drop)
    }

    /// Gives the caller a duplicate of `ours`, whose number is the answer. `EACCES` if that fails for
    /// want of anything but numbers. Waits until the caller's thread has run.
    pub(crate) fn answer_with(mut self, ours: BorrowedFd<'_>, close_on_exec: bool) -> bool {
        let fd = &self.listener.fd;
        match notify::give(fd, self.id, ours.as_raw_fd(), &Place::Answer, close_on_exec) {
            Ok(_) => {
                self.answered = true;
                true
            }
            Err(error) if error.raw_os_error() == Some(libc::EMFILE) => {
                self.answer(Err(libc::EMFILE));
                false
            }
            Err(_) => false,
        }
    }

    /// Answers the call: its result, or an errno.
    pub(crate) fn answer(mut self, answer: Result<i64, i32>) {
        self.answered = true;
        let _ = notify::send(&self.listener.fd, self.id, answer);
    }

    /// Goes on with what should not block: here, unless the child is known for calls that do.
    pub(crate) fn promptly(self, work: impl FnOnce(Call) + Send + 'static) {
        if lead::is_here() && !self.listener.slow.load(Ordering::Relaxed) {
            work(self);
        } else {
            self.later(work);
        }
    }

    /// Goes on with the call on a helper thread, where it may block.
    pub(crate) fn later(self, work: impl FnOnce(Call) + Send + 'static) {
        let listener = Arc::clone(&self.listener);
        pool::run(listener, Box::new(move || work(self)));
    }

    /// Where descriptors of the caller's child are served.
    pub(crate) fn scope(&self) -> Scope {
        Scope::of(&self.listener)
    }

    /// Runs something that blocks until `socket` is connected. It is broken off when the caller ends.
    pub(crate) fn connecting<T>(
        &self,
        socket: &Arc<OwnedFd>,
        connect: impl FnOnce() -> T,
    ) -> io::Result<T> {
        {
            let mut connecting = self.listener.connecting.lock();
            self.check()?;
            connecting.insert(self.id, Arc::clone(socket));
        }
        let count = Connecting::new();
        let result = connect();
        self.listener.connecting.lock().remove(&self.id);
        drop(count);
        Ok(result)
    }
}

fn duplicate(process: &OwnedFd, fd: i32) -> io::Result<OwnedFd> {
    // SAFETY: makes a descriptor that nothing else knows; it is closed on exec.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) };
    notify::owned(RawFd::try_from(fd).unwrap_or(-1))
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.answered {
            let _ = notify::send(&self.listener.fd, self.id, Err(libc::EACCES));
        }
    }
}

fn invalid() -> io::Error {
    io::Error::from_raw_os_error(libc::EINVAL)
}
