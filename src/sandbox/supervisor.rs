//! One thread that receives the supervised system calls of all children.
//!
//! A seccomp filter hands a call over to whoever holds its listener; the caller stands still until
//! the call is answered. [`watch`] gives a listener to the thread, which asks a [`Decide`] about each
//! call. What blocks goes to helper threads ([`Call::later`]), and what should not but might is done at
//! once ([`Call::promptly`]): if it takes too long, another thread takes the calls from there on
//! ([`lead`]), and such a child's calls are helpers' work. So no child waits for another.
//!
//! A call is never let through to the kernel: whoever decides does the work on its own copy of the
//! arguments, since the child can change its memory at any time. Without an answer a call fails, and
//! so does every call after the listener is closed.
//!
//! Whoever installs the filter should set `SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV` where the kernel
//! has it (5.19): without it a signal to the caller withdraws a call that is being worked on, and a
//! connection may be made twice.

mod call;
mod lead;
mod notify;
mod pool;

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub(crate) use call::Call;
use call::Listener;
use lead::Lead;

/// How long the thread sleeps while helper threads connect for children that may have ended.
const SWEEP_MS: libc::c_int = 1000;
const SWEEP: Duration = Duration::from_secs(1);
/// Wakes the thread.
const WAKE: u64 = 0;

/// Decides about the supervised calls of one child.
pub(crate) trait Decide: Send + Sync {
    /// Answers the call, here or later. Runs on the thread of all children and MUST NOT block.
    fn decide(&self, call: Call);
}

/// A descriptor that is served on the same thread for as long as its child is watched.
pub(crate) trait Serve: Send + Sync {
    /// The descriptor, the same each time.
    fn descriptor(&self) -> RawFd;
    /// Does what can be done without blocking. Nothing comes again before [`Scope::resume`] with
    /// `token`, the registration's number.
    fn ready(self: Arc<Self>, scope: &Scope, token: u64);
}

enum Source {
    Listener { listener: Arc<Listener>, decide: Arc<dyn Decide> },
    Stream { owner: u64, stream: Arc<dyn Serve> },
}

/// How many connections helpers are making.
static CONNECTING: AtomicUsize = AtomicUsize::new(0);

/// One connection that a helper is making.
struct Connecting;

impl Connecting {
    fn new() -> Connecting {
        // The thread itself looks at the number before it sleeps.
        if CONNECTING.fetch_add(1, Ordering::AcqRel) == 0
            && !lead::is_here()
            && let Ok(supervisor) = supervisor()
        {
            let one = 1_u64;
            let fd = supervisor.wake.as_raw_fd();
            // SAFETY: reads a number of our own.
            unsafe { libc::write(fd, (&raw const one).cast(), size_of::<u64>()) };
        }
        Connecting
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        CONNECTING.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Supervisor {
    epoll: OwnedFd,
    /// Written to when the thread should look at the clock from now on.
    wake: OwnedFd,
    sources: Mutex<HashMap<u64, Source>>,
    next: AtomicU64,
    lead: Lead,
    swept: Mutex<Instant>,
}

static SUPERVISOR: LazyLock<Result<&'static Supervisor, i32>> = LazyLock::new(|| {
    let errno = |error: io::Error| error.raw_os_error().unwrap_or(libc::EAGAIN);
    // SAFETY: makes a descriptor that nothing else knows.
    let epoll = notify::owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) });
    // SAFETY: as above.
    let wake = notify::owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) });
    let supervisor: &'static Supervisor = Box::leak(Box::new(Supervisor {
        epoll: epoll.map_err(errno)?,
        wake: wake.map_err(errno)?,
        sources: Mutex::default(),
        next: AtomicU64::new(1),
        lead: Lead::new().map_err(errno)?,
        swept: Mutex::new(Instant::now()),
    }));
    let wake = supervisor.wake.as_raw_fd();
    let edge = libc::EPOLLIN | libc::EPOLLET;
    supervisor.control(libc::EPOLL_CTL_ADD, wake, edge, WAKE).map_err(errno)?;
    supervisor.lead.begin(take).map_err(errno)?;
    Ok(supervisor)
});

fn supervisor() -> io::Result<&'static Supervisor> {
    SUPERVISOR.as_ref().map(|found| *found).map_err(|errno| io::Error::from_raw_os_error(*errno))
}

/// Where the descriptors of one child are registered; lives no longer than its [`Watch`].
#[derive(Clone)]
pub(crate) struct Scope {
    token: u64,
    listener: Arc<Listener>,
}

/// Keeps a listener watched. Dropping it closes the listener: later calls fail with `ENOSYS`, calls
/// that wait for an answer fail, and connections that helpers are making are broken off.
pub(crate) struct Watch {
    scope: Scope,
}

/// Watches a listener until the guard is dropped or the tree is gone.
pub(crate) fn watch(listener: OwnedFd, decide: Arc<dyn Decide>) -> io::Result<Watch> {
    let supervisor = supervisor()?;
    let token = supervisor.next.fetch_add(1, Ordering::Relaxed);
    let listener = Arc::new(Listener::new(listener, token)?);
    let source = Source::Listener { listener: Arc::clone(&listener), decide };
    supervisor.add(token, listener.raw(), libc::EPOLLIN, source)?;
    Ok(Watch { scope: Scope { token, listener } })
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Ok(supervisor) = supervisor() {
            supervisor.end(self.scope.token);
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("token", &self.scope.token).finish()
    }
}

impl Scope {
    fn of(listener: &Arc<Listener>) -> Scope {
        Scope { token: listener.token, listener: Arc::clone(listener) }
    }

    /// Serves a descriptor until [`Scope::forget`] or the end of the watch.
    pub(crate) fn serve(&self, stream: Arc<dyn Serve>) -> io::Result<()> {
        let supervisor = supervisor()?;
        let token = supervisor.next.fetch_add(1, Ordering::Relaxed);
        let fd = stream.descriptor();
        let source = Source::Stream { owner: self.token, stream };
        supervisor.add(token, fd, libc::EPOLLIN | libc::EPOLLONESHOT, source)?;
        if self.listener.is_closed() {
            supervisor.forget(token);
            return Err(io::Error::from_raw_os_error(libc::ECONNREFUSED));
        }
        Ok(())
    }

    /// Waits for the descriptor again.
    pub(crate) fn resume(&self, token: u64) {
        let Ok(supervisor) = supervisor() else { return };
        let sources = supervisor.sources.lock();
        if let Some(Source::Stream { stream, owner }) = sources.get(&token)
            && *owner == self.token
        {
            let events = libc::EPOLLIN | libc::EPOLLONESHOT;
            let _ = supervisor.control(libc::EPOLL_CTL_MOD, stream.descriptor(), events, token);
        }
    }

    /// Stops serving a descriptor.
    pub(crate) fn forget(&self, token: u64) {
        if self.token != token
            && let Ok(supervisor) = supervisor()
        {
            supervisor.forget(token);
        }
    }

    /// Does work that may block on a helper thread. The work is dropped undone when the watch ends.
    pub(crate) fn later(&self, work: impl FnOnce() + Send + 'static) {
        pool::run(Arc::clone(&self.listener), Box::new(work));
    }
}

impl Supervisor {
    fn control(&self, what: i32, fd: RawFd, events: i32, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events.cast_unsigned(), u64: token };
        // SAFETY: both descriptors are open, and the event is read during the call.
        let done = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), what, fd, &raw mut event) };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    fn add(&self, token: u64, fd: RawFd, events: i32, source: Source) -> io::Result<()> {
        // Under the lock: the thread may see the event before this call returns.
        let mut sources = self.sources.lock();
        self.control(libc::EPOLL_CTL_ADD, fd, events, token)?;
        sources.insert(token, source);
        Ok(())
    }

    /// Stops serving a stream; a listener stays.
    fn forget(&self, token: u64) {
        let mut sources = self.sources.lock();
        let Some(Source::Stream { stream, .. }) = sources.get(&token) else { return };
        let _ = self.control(libc::EPOLL_CTL_DEL, stream.descriptor(), 0, token);
        let removed = sources.remove(&token);
        // Outside of the lock: what it owns may want it.
        drop(sources);
        drop(removed);
    }

    /// Ends a watch: its listener, what is served for it and what helpers do for it.
    fn end(&self, token: u64) {
        let mut removed = Vec::new();
        let mut sources = self.sources.lock();
        if let Some(Source::Listener { listener, .. }) = sources.get(&token) {
            let _ = self.control(libc::EPOLL_CTL_DEL, listener.raw(), 0, token);
            listener.close();
        }
        removed.extend(sources.remove(&token));
        let streams: Vec<u64> = sources
            .iter()
            .filter(|(_, one)| matches!(one, Source::Stream { owner, .. } if *owner == token))
            .map(|(token, _)| *token)
            .collect();
        for token in streams {
            if let Some(Source::Stream { stream, .. }) = sources.get(&token) {
                let _ = self.control(libc::EPOLL_CTL_DEL, stream.descriptor(), 0, token);
            }
            removed.extend(sources.remove(&token));
        }
        drop(sources);
        // Outside of the lock: what they own may want it.
        drop(removed);
    }

    /// Waits for one event, and does what it calls for. One only: what it is about may take the thread
    /// from the others.
    fn take(&self) {
        let connecting = CONNECTING.load(Ordering::Acquire) > 0;
        let wait = if connecting { SWEEP_MS } else { -1 };
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: the kernel writes at most one event.
        let count = unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), &raw mut event, 1, wait) };
        if count == 1 {
            let (what, token) = (event.events.cast_signed(), event.u64);
            if catch_unwind(AssertUnwindSafe(|| self.dispatch(token, what))).is_err() {
                // What it worked on was dropped, and with that refused.
                self.forget(token);
            }
        }
        if connecting && self.swept.lock().elapsed() >= SWEEP {
            self.sweep();
            *self.swept.lock() = Instant::now();
        }
    }

    /// Breaks off connections whose callers have ended.
    fn sweep(&self) {
        let listener = |source: &Source| match source {
            Source::Listener { listener, .. } => Some(Arc::clone(listener)),
            Source::Stream { .. } => None,
        };
        let listeners: Vec<_> = self.sources.lock().values().filter_map(listener).collect();
        for listener in listeners {
            listener.sweep();
        }
    }

    fn dispatch(&self, token: u64, what: i32) {
        let found = match self.sources.lock().get(&token) {
            Some(Source::Listener { listener, decide }) => {
                Ok((Arc::clone(listener), Arc::clone(decide)))
            }
            Some(Source::Stream { owner, stream }) => Err((*owner, Arc::clone(stream))),
            None => return,
        };
        match found {
            Ok((listener, decide)) => {
                if what & libc::EPOLLIN != 0 {
                    match Call::receive(&listener) {
                        Ok(Some(call)) => self.lead.work(&listener, || decide.decide(call)),
                        Ok(None) => {}
                        // It would fail for ever; closed, the listener refuses every call.
                        Err(_) => self.end(token),
                    }
                } else if what & (libc::EPOLLHUP | libc::EPOLLERR) != 0 {
                    self.end(token);
                }
            }
            Err((owner, stream)) => {
                let owner = match self.sources.lock().get(&owner) {
                    Some(Source::Listener { listener, .. }) => Scope::of(listener),
                    _ => return,
                };
                stream.ready(&owner, token);
            }
        }
    }
}

/// One turn of the thread that leads.
fn take() {
    if let Ok(supervisor) = supervisor() {
        supervisor.take();
    }
}

#[cfg(test)]
mod tests;
