//! Clocks: the monotonic one, which the kill handler reads too, and the threads' CPU clocks, by
//! number, so that one thread can read another's.

/// Nanoseconds of the monotonic clock.
pub(crate) fn now_nanos() -> i64 {
    now(libc::CLOCK_MONOTONIC)
}

/// CPU time of the calling thread in nanoseconds.
pub(crate) fn thread_cpu_nanos() -> i64 {
    now(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Milliseconds since a reading of the monotonic clock.
pub(crate) fn millis_since(start: i64) -> f64 {
    as_millis(now_nanos() - start)
}

/// Nanoseconds as milliseconds.
#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 nanoseconds")]
pub(crate) fn as_millis(nanos: i64) -> f64 {
    nanos as f64 / 1e6
}

/// Milliseconds as nanoseconds, without overflow.
pub(crate) fn millis(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}

/// A reading of the clock with this number; 0 when there is none.
pub(crate) fn read(id: i64) -> i64 {
    libc::clockid_t::try_from(id).map_or(0, now)
}

/// The number of the calling thread's CPU clock.
#[cfg(target_os = "linux")]
pub(crate) fn clock_of_this_thread() -> i64 {
    let mut id: libc::clockid_t = 0;
    // SAFETY: asks for the calling thread's own clock.
    unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &raw mut id) };
    i64::from(id)
}

/// Elsewhere there is no such clock; the CPU limit then counts wall time on the thread.
#[cfg(not(target_os = "linux"))]
pub(crate) fn clock_of_this_thread() -> i64 {
    i64::from(libc::CLOCK_MONOTONIC)
}

fn now(id: libc::clockid_t) -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills the struct it is given.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
