//! Which core a thread is on.
//!
//! The scheduler likes to put a thread on the core of the one that woke it. For two threads that wake
//! each other in turns, as the host's and a worker do, that means one core for both: then neither can
//! wait for the other without keeping it from working, while another core idles.

/// The core the calling thread is on; `None` where nobody says.
#[cfg(target_os = "linux")]
pub(crate) fn core_here() -> Option<usize> {
    // SAFETY: asks for a number.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// Moves the calling thread to another core, if it may use one. It may come back later: what it may
/// use stays the same.
#[cfg(target_os = "linux")]
pub(crate) fn leave_core(core: usize) {
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: sets of cores are plain bits; both calls are about the calling thread (0) only.
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        if core >= 8 * size || libc::sched_getaffinity(0, size, &raw mut allowed) != 0 {
            return;
        }
        let mut others = allowed;
        libc::CPU_CLR(core, &mut others);
        if libc::CPU_COUNT(&others) == 0 || libc::sched_setaffinity(0, size, &raw const others) != 0
        {
            return;
        }
        libc::sched_setaffinity(0, size, &raw const allowed);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn core_here() -> Option<usize> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn leave_core(_: usize) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn allowed() -> Vec<usize> {
        // SAFETY: as in `leave_core`.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            let size = size_of::<libc::cpu_set_t>();
            assert_eq!(libc::sched_getaffinity(0, size, &raw mut set), 0);
            (0..8 * size).filter(|core| libc::CPU_ISSET(*core, &set)).collect()
        }
    }

    #[test]
    fn a_thread_leaves_its_core_and_may_come_back() {
        let before = allowed();
        // The scheduler may take it back at once, but not each time.
        let moved = (0..1000).any(|_| {
            let here = core_here().unwrap();
            leave_core(here);
            core_here() != Some(here)
        });
        assert_eq!(moved, before.len() > 1, "of the cores {before:?}");
        assert_eq!(allowed(), before);
    }

    #[test]
    fn a_core_that_is_none_is_not_left() {
        let before = allowed();
        leave_core(usize::MAX);
        assert_eq!(allowed(), before);
    }
}
