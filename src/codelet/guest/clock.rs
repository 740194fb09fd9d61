//! The clock a codelet sees: the machine's, or a virtual one that moves only with its timers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What `Date.now()`, timers and log entries read.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// Milliseconds since the epoch in a deterministic run; `None` is the machine's clock.
    virtual_now: Option<f64>,
    virtual_start: f64,
    /// Log entries never go back in time, even when the machine's clock does.
    last_stamp: f64,
}

impl Clock {
    /// A clock that starts now; with `virtual_now` it stands at that time.
    pub(crate) fn start(virtual_now: Option<f64>) -> Clock {
        Clock {
            started: Instant::now(),
            virtual_now,
            virtual_start: virtual_now.unwrap_or(0.0),
            last_stamp: 0.0,
        }
    }

    /// Milliseconds since the epoch, whole.
    pub(crate) fn now(&self) -> f64 {
        self.virtual_now.map_or_else(
            || {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                (since.as_secs_f64() * 1000.0).floor()
            },
            f64::floor,
        )
    }

    /// Milliseconds since the run began.
    pub(crate) fn elapsed(&self) -> f64 {
        self.virtual_now.map_or_else(
            || self.started.elapsed().as_secs_f64() * 1000.0,
            |now| now - self.virtual_start,
        )
    }

    /// The timestamp of a log entry.
    pub(crate) fn stamp(&mut self) -> f64 {
        self.last_stamp = self.now().max(self.last_stamp);
        self.last_stamp
    }

    /// True in a deterministic run.
    pub(crate) fn is_virtual(&self) -> bool {
        self.virtual_now.is_some()
    }

    /// Moves a virtual clock forward to `elapsed` milliseconds after the run's start.
    pub(crate) fn advance_to(&mut self, elapsed: f64) {
        if let Some(now) = &mut self.virtual_now {
            *now = now.max(self.virtual_start + elapsed);
        }
    }

    /// How long until `elapsed` milliseconds after the run's start, by the machine's clock.
    pub(crate) fn until(&self, elapsed: f64) -> Duration {
        let due = Duration::try_from_secs_f64(elapsed.max(0.0) / 1000.0).unwrap_or(Duration::MAX);
        due.saturating_sub(self.started.elapsed())
    }
}
