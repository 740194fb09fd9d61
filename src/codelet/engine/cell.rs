//! The cell: what a worker, the watchdog and the kill signal share about the run under way.
//!
//! One cell per worker thread, never freed, at a fixed address: the kill handler may look at it at
//! any instant. Layout is mirrored from `shim.c`.

use std::ffi::c_void;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

/// Why a run came back from the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landing {
    /// The body returned by itself.
    Returned,
    /// The interrupt handler or the job loop saw the stop request.
    Stopped,
    /// The arena reached its limit.
    OutOfMemory,
    /// The kill signal moved the thread out of a built-in that never polls.
    Killed,
    /// Native recursion reached the guard below the thread's stack.
    Overflowed,
}

const STOPPED: i32 = 1;
const OUT_OF_MEMORY: i32 = 2;
const KILLED: i32 = 3;

/// The head of `runlet_cell`; the landing buffer behind it belongs to the shim alone.
#[repr(C)]
pub(crate) struct Cell {
    armed: AtomicU64,
    stop_for: AtomicU64,
    kill_after: AtomicI64,
    in_host: AtomicU32,
    kill_noted: AtomicU32,
    acked: AtomicU64,
    refused: AtomicU64,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cell").field("armed", &self.armed).finish_non_exhaustive()
    }
}

unsafe extern "C" {
    fn runlet_cell_size() -> usize;
    fn runlet_enter(
        cell: *const Cell,
        run: u64,
        body: unsafe extern "C" fn(*mut c_void),
        arg: *mut c_void,
    ) -> i32;
    fn runlet_leave(cell: *const Cell, reason: i32) -> !;
    fn runlet_host_enter(cell: *const Cell);
    fn runlet_host_exit(cell: *const Cell);
}

impl Cell {
    /// A new cell that lives for the rest of the process.
    pub(crate) fn leak() -> &'static Cell {
        // SAFETY: asks the shim for a constant.
        let size = unsafe { runlet_cell_size() };
        let words = size.div_ceil(16);
        let memory: &'static mut [u128] = Box::leak(vec![0_u128; words].into_boxed_slice());
        super::poison::meant_to_leak(memory.as_ptr().cast());
        // SAFETY: zeroed, 16-aligned, large enough for the shim's struct, of which `Cell` is the
        // head; every field of the head is an atomic, for which all-zero is a valid value.
        unsafe { &*memory.as_ptr().cast::<Cell>() }
    }

    /// Runs `body(arg)` with this cell as the place to land.
    ///
    /// # Safety
    /// `body` and all it calls may be abandoned at any engine call: no frame below may own
    /// anything with a destructor across one. The cell must belong to the calling thread.
    pub(super) unsafe fn enter(
        &self,
        run: u64,
        body: unsafe extern "C" fn(*mut c_void),
        arg: *mut c_void,
    ) -> Landing {
        // SAFETY: the caller vouches for `body`; the cell is as large as the shim expects.
        match unsafe { runlet_enter(self, run, body, arg) } {
            0 => Landing::Returned,
            STOPPED => Landing::Stopped,
            OUT_OF_MEMORY => Landing::OutOfMemory,
            KILLED => Landing::Killed,
            _ => Landing::Overflowed,
        }
    }

    /// Abandons the run at its memory limit.
    ///
    /// # Safety
    /// Only inside `enter`, on the cell's own thread, with no destructor pending above it.
    pub(super) unsafe fn leave_out_of_memory(&self) -> ! {
        // SAFETY: as above.
        unsafe { runlet_leave(self, OUT_OF_MEMORY) }
    }

    /// Abandons the run because it was asked to stop.
    ///
    /// # Safety
    /// As for [`Cell::leave_out_of_memory`].
    pub(super) unsafe fn leave_stopped(&self) -> ! {
        // SAFETY: as above.
        unsafe { runlet_leave(self, STOPPED) }
    }

    /// True once the run now inside the engine was asked to stop.
    pub(super) fn stop_requested(&self) -> bool {
        let armed = self.armed.load(Ordering::Relaxed);
        armed != 0 && self.stop_for.load(Ordering::Relaxed) == armed
    }

    /// The id of the run inside the engine, 0 when none is.
    pub(crate) fn armed(&self) -> u64 {
        self.armed.load(Ordering::Acquire)
    }

    /// Asks `run` to stop; does nothing to any other run.
    pub(crate) fn request_stop(&self, run: u64) {
        self.stop_for.store(run, Ordering::Release);
    }

    /// From when on the kill signal may act, in nanoseconds of the monotonic clock.
    pub(crate) fn set_kill_after(&self, nanos: i64) {
        self.kill_after.store(nanos, Ordering::Release);
    }

    /// Kill signals handled so far.
    pub(crate) fn acked(&self) -> u64 {
        self.acked.load(Ordering::Acquire)
    }

    /// Kill signals refused so far, because the thread was outside the engine's code.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Runs `work` outside the engine: while it runs no kill lands, so it may lock, allocate and
    /// copy. It must not call the engine.
    pub(super) fn outside<T>(&self, work: impl FnOnce() -> T) -> T {
        // SAFETY: plain stores on the thread's own cell.
        unsafe { runlet_host_enter(self) };
        let value = work();
        // SAFETY: a noted kill jumps from here: `work` has returned and its captures are gone; the
        // value is handed over only if it does not. Callers return plain data (checked by review:
        // numbers and pointers), so a jump drops nothing.
        unsafe { runlet_host_exit(self) };
        value
    }
}
