//! The CPU time of a thread's runs, without a system call for each.
//!
//! The thread's CPU clock takes a system call to read, which is a good part of what a small codelet
//! takes. The monotonic clock takes none, and within moments the two go alike: a thread that goes on
//! uses the CPU all the time. So for up to [`MOMENT`] the one stands for the other.

use super::engine::time::{now_nanos, thread_cpu_nanos};

/// In nanoseconds. What the CPU time of an entry may be wrong by.
const MOMENT: i64 = 50_000;

/// Reads of both clocks at the same time, the last of one thread.
#[derive(Debug, Default)]
pub(super) struct CpuMeter {
    cpu: i64,
    wall: i64,
}

/// The beginning of an entry into the engine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    cpu: i64,
    wall: i64,
}

impl CpuMeter {
    /// Begins to count. `now` is the monotonic clock.
    pub(super) fn begin(&mut self, now: i64) -> Began {
        let since = now - self.wall;
        if !(0..MOMENT).contains(&since) {
            self.read(now);
        }
        Began { cpu: self.cpu + (now - self.wall), wall: now }
    }

    /// CPU time in nanoseconds since it began.
    pub(super) fn used(&mut self, began: Began) -> i64 {
        let now = now_nanos();
        let wall = now - began.wall;
        if wall < MOMENT {
            return wall;
        }
        self.read(now);
        (self.cpu - began.cpu).max(0)
    }

    fn read(&mut self, now: i64) {
        (self.cpu, self.wall) = (thread_cpu_nanos(), now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Off the CPU.
    #[expect(clippy::disallowed_methods, reason = "sleep is what is measured")]
    fn rest() {
        std::thread::sleep(Duration::from_millis(20));
    }

    fn burn(nanos: i64) {
        let until = now_nanos() + nanos;
        while now_nanos() < until {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn sleep_is_no_cpu_time() {
        let mut meter = CpuMeter::default();
        let began = meter.begin(now_nanos());
        rest();
        let used = meter.used(began);
        assert!(used < 10_000_000, "{used}");
    }

    #[test]
    fn sleep_between_two_entries_belongs_to_neither() {
        let mut meter = CpuMeter::default();
        let began = meter.begin(now_nanos());
        burn(2 * MOMENT);
        meter.used(began);
        rest();
        let began = meter.begin(now_nanos());
        burn(2 * MOMENT);
        let used = meter.used(began);
        let own = thread_cpu_nanos();
        assert!(used > 0 && used <= own, "{used} of {own}");
    }

    #[test]
    fn work_counts_whether_the_clock_is_read_or_not() {
        let mut meter = CpuMeter::default();
        let own = thread_cpu_nanos();
        let mut used = 0;
        for nanos in [MOMENT / 10, 4 * MOMENT].repeat(50) {
            let began = meter.begin(now_nanos());
            burn(nanos);
            used += meter.used(began);
        }
        let own = thread_cpu_nanos() - own;
        // Each entry may be wrong by a moment, and a busy machine may interrupt a short one.
        assert!((used - own).abs() <= 100 * MOMENT, "{used}, the thread {own}");
        assert!(used > own / 2, "{used}, the thread {own}");
    }
}
