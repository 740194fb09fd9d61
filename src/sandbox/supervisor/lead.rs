//! Who leads: the one thread that takes the calls of all children, and does what is quick itself.
//!
//! To hand each call over would wake one more thread for it, which takes longer than the work. So the
//! leading thread works, and says so ([`Lead::work`]). One more thread follows: while there is work, a
//! timer wakes it now and then, and if it finds the same piece of work twice, it leads from there on.
//! The thread that was too slow ends with what it did.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::call::Listener;
use super::notify;

/// How long a piece of work may take, at least, until another thread leads; at most twice as long.
const PATIENCE_NS: libc::c_long = 2_000_000;
/// Between attempts to have a thread.
const RETRY: Duration = Duration::from_millis(10);
const NAME: &str = "runlet-supervisor";
/// No work is being done.
const NONE: u64 = 0;

thread_local! {
    /// True on the thread that leads, until another does.
    static LEADS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is the one that takes the calls.
pub(super) fn is_here() -> bool {
    LEADS.get()
}

pub(super) struct Lead {
    /// The piece of work that the leading thread does, by number.
    at: AtomicU64,
    /// Whose it is, or was.
    whose: Mutex<Option<Arc<Listener>>>,
    last: AtomicU64,
    /// Wakes the thread that follows.
    timer: OwnedFd,
    /// The timer will go off.
    armed: AtomicBool,
}

impl Lead {
    pub(super) fn new() -> io::Result<Lead> {
        // SAFETY: makes a descriptor that nothing else knows.
        let timer = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) };
        let timer = notify::owned(timer)?;
        let (at, last) = (AtomicU64::new(NONE), AtomicU64::new(NONE));
        Ok(Lead { at, whose: Mutex::default(), last, timer, armed: AtomicBool::new(false) })
    }

    /// Starts the first thread that leads.
    pub(super) fn begin(&'static self, take: fn()) -> io::Result<()> {
        let thread = std::thread::Builder::new().name(NAME.to_owned());
        thread.spawn(move || self.insist(take)).map(drop)
    }

    /// Has this thread lead. It takes calls in turns of `take`, until another thread leads. Beforehand
    /// a thread that follows is started; without one nobody leads.
    fn run(&'static self, take: fn()) -> io::Result<()> {
        let thread = std::thread::Builder::new().name(NAME.to_owned());
        thread.spawn(move || self.follow(take))?;
        LEADS.set(true);
        while LEADS.get() {
            take();
        }
        Ok(())
    }

    /// Does a piece of work for a child on the leading thread. If it takes so long that another leads
    /// meanwhile, the child is known as slow from there on.
    pub(super) fn work(&self, whose: &Arc<Listener>, work: impl FnOnce()) {
        /// Ends the piece of work, also by a panic.
        struct End<'a>(&'a Lead, u64);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                let ended =
                    self.0.at.compare_exchange(self.1, NONE, Ordering::SeqCst, Ordering::SeqCst);
                LEADS.set(ended.is_ok());
                if ended.is_ok() {
                    // Held, its listener would not close with its watch.
                    *self.0.whose.lock() = None;
                }
            }
        }
        *self.whose.lock() = Some(Arc::clone(whose));
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.at.store(number, Ordering::SeqCst);
        let end = End(self, number);
        if !self.armed.swap(true, Ordering::SeqCst) {
            self.wake_later();
        }
        work();
        drop(end);
    }

    #[cfg(test)]
    pub(super) fn at(&self) -> u64 {
        self.at.load(Ordering::SeqCst)
    }

    /// Looks after the leading thread, and leads when that does not come to an end.
    fn follow(&'static self, take: fn()) {
        let mut seen = NONE;
        loop {
            self.sleep();
            // First: work that begins from here on sets the timer itself.
            self.armed.store(false, Ordering::SeqCst);
            let at = self.at.load(Ordering::SeqCst);
            if at != NONE && at == seen && self.take_over(at, take) {
                return;
            }
            seen = at;
            if at != NONE && !self.armed.swap(true, Ordering::SeqCst) {
                self.wake_later();
            }
        }
    }

    /// Leads from here on, unless the work has ended meanwhile or no thread can be had.
    fn take_over(&'static self, at: u64, take: fn()) -> bool {
        if self.at.compare_exchange(at, NONE, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return false;
        }
        // Whoever did it does not change this any more.
        if let Some(slow) = self.whose.lock().take() {
            slow.set_slow();
        }
        self.insist(take);
        true
    }

    /// Leads as soon as there is a thread to follow; until then the calls of all children wait.
    fn insist(&'static self, take: fn()) {
        while self.run(take).is_err() {
            std::thread::sleep(RETRY);
        }
    }

    fn wake_later(&self) {
        let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let patience = libc::timespec { tv_sec: 0, tv_nsec: PATIENCE_NS };
        let once = libc::itimerspec { it_interval: none, it_value: patience };
        // SAFETY: sets a timer of ours.
        unsafe {
            libc::timerfd_settime(self.timer.as_raw_fd(), 0, &raw const once, std::ptr::null_mut())
        };
    }

    /// Until the timer goes off.
    fn sleep(&self) {
        let mut times = 0_u64;
        // SAFETY: the kernel writes one number.
        unsafe { libc::read(self.timer.as_raw_fd(), (&raw mut times).cast(), size_of::<u64>()) };
    }
}
