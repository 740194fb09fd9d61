//! Waiting for an answer on the JavaScript thread itself: most codelets take less time than it takes
//! a thread to fall asleep and be woken, and on virtual machines much less.
//!
//! The thread belongs to the host, so it waits for microseconds only, only for the one run that is
//! open, only while that pays, and only for a short while before the host's loop has to turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one answer is waited for.
const PATIENCE: Duration = Duration::from_micros(15);
/// How long answers may be had this way until the host's loop turns.
const TURN: Duration = Duration::from_micros(250);
/// After failing so often in a row, the longest pause is reached: 15 runs.
const MOST_FAILURES: u32 = 4;

/// Whether polling is worth it and fair, for one environment.
#[derive(Debug, Default)]
pub(super) struct Polls {
    /// The first since the loop is known to have turned.
    since: Option<Instant>,
    failures: u32,
    skip: u32,
}

impl Polls {
    /// The host's loop has turned: others have had their chance.
    pub(super) fn turned(&mut self) {
        self.since = None;
    }

    /// Whether to poll now.
    pub(super) fn may_begin(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.since.get_or_insert_with(Instant::now).elapsed() < TURN
    }

    /// Each failure in a row doubles the pause after it.
    pub(super) fn ended(&mut self, has_come: bool) {
        self.failures = if has_come { 0 } else { (self.failures + 1).min(MOST_FAILURES) };
        self.skip = (1 << self.failures) - 1;
    }
}

/// Waits until `ready` is set, or patience ends.
pub(super) fn wait(ready: &AtomicBool) -> bool {
    let began = Instant::now();
    loop {
        for _ in 0..8 {
            if ready.load(Ordering::Acquire) {
                return true;
            }
            std::hint::spin_loop();
        }
        if began.elapsed() >= PATIENCE {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_stops_until_the_loop_turns() {
        assert!(TURN <= Duration::from_millis(1), "a timer of 1 ms would be late by {TURN:?}");
        let mut polls = Polls::default();
        assert!(polls.may_begin());
        polls.ended(true);
        let began = Instant::now();
        while began.elapsed() < TURN {
            std::hint::spin_loop();
        }
        assert!(!polls.may_begin(), "the host's timers would starve");
        polls.turned();
        assert!(polls.may_begin());
    }

    #[test]
    fn polling_that_does_not_pay_pauses_ever_longer() {
        let mut polls = Polls::default();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let mut pause = 0;
            while !polls.may_begin() {
                polls.turned();
                pause += 1;
            }
            pauses.push(pause);
            polls.ended(false);
            polls.turned();
        }
        assert_eq!(pauses, [0, 1, 3, 7, 15, 15, 15, 15]);
        polls.ended(true);
        assert!(polls.may_begin());
    }
}
