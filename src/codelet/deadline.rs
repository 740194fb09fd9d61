//! The watchdog: one thread that ends what is late.
//!
//! For a run inside the engine there are three layers. The watchdog sets the cell's stop request,
//! which the engine polls; five milliseconds later it starts to send the kill signal, for native
//! code that never polls; the handler has the last word, with its own look at the clock. Runs that
//! wait (in the queue or for the host) are ended through the pool.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::engine::cell::Cell;
use super::engine::kill;
use super::engine::time::{self, now_nanos, thread_cpu_nanos};

/// From the stop request to the first kill.
const GRACE: i64 = 5_000_000;
/// Between two kills of the same run, when one was refused.
const RETRY: i64 = 1_000_000;
/// How long the watchdog stays awake after the last run began.
const TICK: i64 = 250_000_000;
/// After this long without an acknowledgement a kill is sent again.
const RESEND: i64 = 20_000_000;
/// How often it looks for news from outside, where it does: that a run is cancelled.
const NEWS: i64 = 5_000_000;
const NEVER: i64 = i64::MAX;

/// Why a run was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopReason {
    Wall,
    Cpu,
    Cancelled,
}

/// What the watchdog knows of one worker.
#[derive(Debug)]
struct Slot {
    run: u64,
    deadline: i64,
    /// CPU clock reading at which the run's share is used up.
    cpu_deadline: i64,
    /// When to read the CPU clock next.
    cpu_look: i64,
    stopped: Option<(StopReason, i64)>,
    kill_next: i64,
    kills_sent: u64,
    kill_sent_at: i64,
    /// A run that was cancelled after the worker took it and before it was armed here.
    cancelled_early: u64,
}

/// Something due for a run that is not inside the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// Its wall-clock deadline.
    Deadline,
    /// A timer of the guest.
    Timer,
    /// Its patience in the queue.
    Queue,
}

/// Called by the watchdog for runs outside the engine.
pub(super) trait Overdue: Send + Sync {
    fn overdue(&self, run: u64, due: Due);
    /// Looks for news from outside while the worker is busy.
    fn look(&self) {}
}

/// The watchdog's shared half.
#[derive(Debug)]
pub(super) struct Watchdog {
    slots: Vec<(&'static Cell, Mutex<Slot>, AtomicI64)>,
    heap: Mutex<BinaryHeap<Reverse<(i64, u64, Due)>>>,
    sleep: Mutex<()>,
    wake: Condvar,
    next_look: AtomicI64,
    arms: AtomicU64,
    /// The thread has begun.
    up: AtomicBool,
    /// Whether to look for news from outside while there are runs: nobody would wake this thread for it.
    looks: AtomicBool,
}

impl Watchdog {
    pub(super) fn new(cells: &[&'static Cell]) -> Watchdog {
        let slot = || Slot {
            run: 0,
            deadline: NEVER,
            cpu_deadline: NEVER,
            cpu_look: NEVER,
            stopped: None,
            kill_next: NEVER,
            kills_sent: 0,
            kill_sent_at: 0,
            cancelled_early: 0,
        };
        let slots = cells.iter().map(|cell| (*cell, Mutex::new(slot()), AtomicI64::new(-1)));
        Watchdog {
            slots: slots.collect(),
            heap: Mutex::new(BinaryHeap::new()),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
            next_look: AtomicI64::new(NEVER),
            arms: AtomicU64::new(0),
            up: AtomicBool::new(false),
            looks: AtomicBool::new(false),
        }
    }

    /// Whether the thread has begun, and not only been made.
    #[cfg(target_os = "linux")]
    pub(super) fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    /// From here on, looks for news from outside while a run is inside the engine.
    #[cfg(target_os = "linux")]
    pub(super) fn look_for_work(&self) {
        self.looks.store(true, Ordering::Release);
    }

    /// Starts the thread. False when the system gives none.
    pub(super) fn spawn(self: &Arc<Self>, overdue: Arc<dyn Overdue>) -> bool {
        let watchdog = Arc::clone(self);
        std::thread::Builder::new()
            .name("runlet-watchdog".into())
            .stack_size(256 * 1024)
            .spawn(move || watchdog.watch(&*overdue))
            .is_ok()
    }

    /// Tells which thread works behind slot `worker`; called on it.
    pub(super) fn adopt(&self, worker: usize) {
        self.slots[worker].2.store(time::clock_of_this_thread(), Ordering::Release);
    }

    /// A run begins, or goes on, on `worker`.
    pub(super) fn arm(&self, worker: usize, run: u64, deadline: i64, cpu_left: Option<i64>) {
        let (cell, slot, _) = &self.slots[worker];
        let now = now_nanos();
        let mut slot = slot.lock();
        slot.run = run;
        slot.deadline = deadline;
        slot.stopped = None;
        slot.kill_next = NEVER;
        slot.cpu_deadline = cpu_left.map_or(NEVER, |left| thread_cpu_nanos() + left);
        slot.cpu_look = cpu_left.map_or(NEVER, |left| now + left);
        cell.set_kill_after(deadline);
        let mut first = slot.deadline.min(slot.cpu_look);
        if self.looks.load(Ordering::Relaxed) {
            first = first.min(now + NEWS);
        }
        if slot.cancelled_early == run {
            Self::stop(cell, &mut slot, StopReason::Cancelled, now);
            first = now + GRACE;
        }
        drop(slot);
        self.arms.fetch_add(1, Ordering::Relaxed);
        self.look_by(first);
    }

    /// The run left `worker`. Says whether and why it had been asked to stop.
    pub(super) fn disarm(&self, worker: usize) -> Option<StopReason> {
        let (cell, slot, _) = &self.slots[worker];
        let mut slot = slot.lock();
        slot.run = 0;
        slot.deadline = NEVER;
        slot.cpu_look = NEVER;
        slot.kill_next = NEVER;
        cell.set_kill_after(NEVER);
        slot.stopped.take().map(|(reason, _)| reason)
    }

    /// Asks the run on `worker` to stop now, if it is still `run`.
    pub(super) fn cancel(&self, worker: usize, run: u64) {
        let (cell, slot, _) = &self.slots[worker];
        let now = now_nanos();
        let mut slot = slot.lock();
        if slot.run != run {
            slot.cancelled_early = run;
        } else if slot.stopped.is_none() {
            Self::stop(cell, &mut slot, StopReason::Cancelled, now);
            drop(slot);
            self.look_by(now + GRACE);
        }
    }

    /// Reports `due` for a run outside the engine at the given time.
    pub(super) fn remind(&self, at: i64, run: u64, due: Due) {
        self.heap.lock().push(Reverse((at, run, due)));
        self.look_by(at);
    }

    /// Kill signals refused so far, because a thread was outside the engine's code.
    pub(super) fn refusals(&self) -> u64 {
        self.slots.iter().map(|(cell, ..)| cell.refused()).sum()
    }

    fn stop(cell: &'static Cell, slot: &mut Slot, reason: StopReason, now: i64) {
        slot.stopped = Some((reason, now));
        slot.kill_next = now + GRACE;
        cell.request_stop(slot.run);
    }

    /// Makes sure the thread looks by `at`.
    fn look_by(&self, at: i64) {
        if at < self.next_look.load(Ordering::Acquire) {
            let _held = self.sleep.lock();
            if at < self.next_look.load(Ordering::Acquire) {
                self.next_look.store(at, Ordering::Release);
                self.wake.notify_one();
            }
        }
    }

    fn watch(&self, overdue: &dyn Overdue) {
        self.up.store(true, Ordering::Release);
        let mut seen = 0;
        loop {
            // Who asks from here on for an early look finds a value to undercut.
            self.next_look.store(NEVER, Ordering::Release);
            let now = now_nanos();
            let mut next = NEVER;
            for index in 0..self.slots.len() {
                next = next.min(self.look_at(index, now));
            }
            if self.looks.load(Ordering::Acquire) && self.is_busy() {
                overdue.look();
                next = next.min(now + NEWS);
            }
            while let Some((run, due)) = self.pop_due(now) {
                overdue.overdue(run, due);
            }
            if let Some(Reverse((at, ..))) = self.heap.lock().peek() {
                next = next.min(*at);
            }
            // Runs come and go: stay awake for a tick after the last, so that the next one finds
            // a look due in time and need not wake this thread.
            let arms = self.arms.load(Ordering::Relaxed);
            if arms != seen {
                seen = arms;
                next = next.min(now + TICK);
            }
            let mut held = self.sleep.lock();
            next = next.min(self.next_look.load(Ordering::Acquire));
            self.next_look.store(next, Ordering::Release);
            if next == NEVER {
                self.wake.wait(&mut held);
            } else if let Ok(nanos @ 1..) = u64::try_from(next - now_nanos()) {
                self.wake.wait_for(&mut held, Duration::from_nanos(nanos));
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.slots.iter().any(|(_, slot, _)| slot.lock().run != 0)
    }

    fn pop_due(&self, now: i64) -> Option<(u64, Due)> {
        let mut heap = self.heap.lock();
        match heap.peek() {
            Some(Reverse((at, ..))) if *at <= now => {
                heap.pop().map(|Reverse((_, run, due))| (run, due))
            }
            _ => None,
        }
    }

    /// Ends the run on one worker if it is late; says when to look again.
    fn look_at(&self, index: usize, now: i64) -> i64 {
        let (cell, slot, thread_clock) = &self.slots[index];
        let mut slot = slot.lock();
        if slot.run == 0 {
            return NEVER;
        }
        if slot.stopped.is_none() {
            if slot.deadline <= now {
                Self::stop(cell, &mut slot, StopReason::Wall, now);
            } else if slot.cpu_look <= now {
                let used = time::read(thread_clock.load(Ordering::Acquire));
                if used >= slot.cpu_deadline {
                    Self::stop(cell, &mut slot, StopReason::Cpu, now);
                } else {
                    slot.cpu_look = now + (slot.cpu_deadline - used).max(200_000);
                }
            }
        }
        if slot.stopped.is_none() {
            return slot.deadline.min(slot.cpu_look);
        }
        if slot.kill_next <= now {
            slot.kill_next = now + RETRY;
            // One signal outstanding at most, so that stale ones do not pile up; but one that was
            // never acknowledged does not keep the next away for long.
            let acked = cell.acked();
            let due = acked >= slot.kills_sent || now - slot.kill_sent_at >= RESEND;
            if due && cell.armed() == slot.run && kill::available() {
                // Read before sending: the answer may come before this thread goes on.
                slot.kills_sent = acked + 1;
                slot.kill_sent_at = now;
                kill::send(cell, u32::try_from(index).unwrap_or(0), slot.run);
            }
        }
        slot.kill_next
    }
}
