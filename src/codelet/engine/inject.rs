//! Ends a run at a chosen allocation, as the memory limit would: tests ask what every such end
//! leaves behind.
//!
//! The countdown belongs to the thread and not to the arena: it must outlive the reset, and it must
//! not be part of the image whose sameness is being tested.

use std::cell::Cell;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
    static SEEN: Cell<u64> = const { Cell::new(0) };
}

/// Lets the `at`-th allocation from now on be the last of its run; 0 lets all of them pass.
pub(super) fn arm(at: u64) {
    LEFT.set(at);
    SEEN.set(0);
}

/// Allocations since [`arm`], the fatal one included.
pub(super) fn seen() -> u64 {
    SEEN.get()
}

/// Counts an allocation; true when it is the one to fail.
pub(super) fn is_due() -> bool {
    SEEN.set(SEEN.get() + 1);
    match LEFT.get() {
        0 => false,
        left => {
            LEFT.set(left - 1);
            left == 1
        }
    }
}
