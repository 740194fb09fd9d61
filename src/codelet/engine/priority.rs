//! Who goes first when there are more busy threads than cores: the host.

/// Steps below the host's own threads. Measured with 64 runs in flight on two cores: with equal
/// priority the host's event loop waits for whole time slices of the workers and keeps 85 % of a
/// 5 ms timer's ticks; five steps behind it keeps 98 %, and more runs are done, since it is the
/// loop that hands them out.
#[cfg(target_os = "linux")]
const STEPS: libc::c_int = 5;

/// Puts the calling thread behind the host's. Where that is not possible it stays where it is.
pub(crate) fn after_the_host() {
    #[cfg(target_os = "linux")]
    // SAFETY: on Linux a priority belongs to a thread, and 0 names the calling one.
    unsafe {
        let here = libc::getpriority(libc::PRIO_PROCESS, 0);
        libc::setpriority(libc::PRIO_PROCESS, 0, here + STEPS);
    }
}
