//! The hard kill: a signal that moves a worker out of native code that never polls.

use std::ffi::c_void;
use std::sync::OnceLock;

use super::cell::Cell;

unsafe extern "C" {
    fn runlet_kill_install(table: *const *const Cell, count: u32) -> i32;
    fn runlet_kill_adopt(cell: *const Cell, number: i32, stack: *mut c_void, size: usize) -> i32;
    fn runlet_kill_send(cell: *const Cell, index: u32, run: u64, number: i32) -> i32;
}

/// Stack of the signal handler, one per worker.
const HANDLER_STACK: usize = 64 * 1024;

static SIGNAL: OnceLock<i32> = OnceLock::new();

/// Installs the handler for these cells, once per process. True when the platform has a hard kill
/// and a signal was free for it.
pub(crate) fn install(cells: &'static [&'static Cell]) -> bool {
    *SIGNAL.get_or_init(|| {
        let count = u32::try_from(cells.len().min(255)).unwrap_or(0);
        // SAFETY: the table and the cells live for the rest of the process; a reference and a
        // pointer have one layout.
        unsafe { runlet_kill_install(cells.as_ptr().cast(), count) }
    }) > 0
}

/// True when runs can be killed out of built-ins that never poll.
pub(crate) fn available() -> bool {
    SIGNAL.get().is_some_and(|number| *number > 0)
}

/// Prepares the calling worker thread: handler stack, signal mask.
pub(crate) fn adopt(cell: &'static Cell) {
    let stack: &'static mut [u8] = Box::leak(vec![0_u8; HANDLER_STACK].into_boxed_slice());
    let number = SIGNAL.get().copied().unwrap_or(0);
    // SAFETY: the stack is leaked, so it outlives the thread; called on the thread itself.
    unsafe { runlet_kill_adopt(cell, number, stack.as_mut_ptr().cast(), HANDLER_STACK) };
}

/// Sends one kill for `run` to the worker `index`. The handler decides whether it is due.
pub(crate) fn send(cell: &'static Cell, index: u32, run: u64) {
    let number = SIGNAL.get().copied().unwrap_or(0);
    // SAFETY: the cell lives for ever and its thread never ends.
    unsafe { runlet_kill_send(cell, index, run, number) };
}
