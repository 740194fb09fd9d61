//! When a call is tried again, and after what pause.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::failure::Failure;
use super::spec::RetrySpec;
use crate::Code;

/// A pause is up to this part shorter or longer.
const JITTER: f64 = 0.2;

/// The pauses of one call.
pub(super) struct Retry<'a> {
    spec: &'a RetrySpec,
    pauses: ExponentialBackoff,
    attempts: u32,
}

impl<'a> Retry<'a> {
    pub(super) fn new(spec: &'a RetrySpec) -> Retry<'a> {
        let pauses = ExponentialBuilder::default()
            .with_factor(2.0)
            .with_min_delay(Duration::from_millis(spec.initial_interval_ms))
            .with_max_delay(Duration::from_millis(spec.max_interval_ms))
            .without_max_times()
            .build();
        Retry { spec, pauses, attempts: 0 }
    }

    /// Attempts that have failed.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The pause after a failure; none when it is the last word. `elapsed` is the time since the call
    /// began, `rest` what it has left.
    pub(super) fn pause(
        &mut self,
        failure: &Failure,
        elapsed: Duration,
        rest: Duration,
    ) -> Option<Duration> {
        self.attempts += 1;
        if !self.may_repeat(failure)
            || self.spec.max_attempts.is_some_and(|most| self.attempts >= most)
        {
            return None;
        }
        let pause = self.pauses.next()?.mul_f64(1.0 + JITTER * (2.0 * random() - 1.0));
        let until = elapsed.saturating_add(pause);
        let in_time = until <= Duration::from_millis(self.spec.max_elapsed_time_ms) && pause < rest;
        in_time.then_some(pause)
    }

    /// By default only what certainly did not run the tool. Otherwise the tool's word is needed, or
    /// the caller's.
    fn may_repeat(&self, failure: &Failure) -> bool {
        let never = matches!(
            failure.code,
            Code::Cancelled
                | Code::InvalidArgument
                | Code::ValidationError
                | Code::PolicyViolation
                | Code::PolicyUnenforceable
                | Code::PermissionDenied
        );
        let lost = failure.code == Code::WorkerLost && failure.before_request;
        let by_the_tool = failure.details.get("retryable").is_some_and(|word| word == true);
        let by_the_caller = self.spec.on.iter().any(|code| code == failure.code.as_str());
        !never && (lost || by_the_tool || by_the_caller)
    }
}

/// From 0 to 1; the middle where the system has no random numbers.
fn random() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Phase;

    const LONG: Duration = Duration::from_secs(100);

    fn spec() -> RetrySpec {
        RetrySpec {
            on: Vec::new(),
            max_attempts: None,
            initial_interval_ms: 100,
            max_interval_ms: 1000,
            max_elapsed_time_ms: 30_000,
        }
    }

    fn lost() -> Failure {
        Failure::new(Code::WorkerLost, Phase::Start, "")
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_vary_by_a_fifth() {
        let spec = spec();
        let mut retry = Retry::new(&spec);
        for expected in [100.0, 200.0, 400.0, 800.0, 1000.0, 1000.0] {
            let pause = retry.pause(&lost(), Duration::ZERO, LONG).unwrap().as_secs_f64() * 1000.0;
            assert!((expected * 0.8..=expected * 1.2).contains(&pause), "{pause} for {expected}");
        }
    }

    #[test]
    fn what_may_have_run_the_tool_is_not_repeated() {
        let spec = spec();
        for failure in [
            Failure::new(Code::RuntimeError, Phase::Run, ""),
            Failure::new(Code::ProcessExit, Phase::Start, ""),
            Failure::timeout(Phase::Run, 1),
            Failure::new(Code::WorkerLost, Phase::Run, ""),
            Failure::new(Code::MemoryLimit, Phase::Run, ""),
        ] {
            let code = failure.code;
            assert_eq!(Retry::new(&spec).pause(&failure, Duration::ZERO, LONG), None, "{code:?}");
        }
    }

    #[test]
    fn the_tool_or_the_caller_may_say_otherwise() {
        let threw = Failure::new(Code::RuntimeError, Phase::Run, "");
        let listed = RetrySpec { on: vec!["RUNTIME_ERROR".to_owned()], ..spec() };
        assert!(Retry::new(&listed).pause(&threw, Duration::ZERO, LONG).is_some());
        let willing = threw.with("retryable", true);
        assert!(Retry::new(&spec()).pause(&willing, Duration::ZERO, LONG).is_some());
        let denied = Failure::new(Code::PermissionDenied, Phase::Run, "").with("retryable", true);
        assert_eq!(Retry::new(&spec()).pause(&denied, Duration::ZERO, LONG), None);
    }

    #[test]
    fn attempts_and_time_are_bounded() {
        let twice = RetrySpec { max_attempts: Some(2), ..spec() };
        let mut retry = Retry::new(&twice);
        assert!(retry.pause(&lost(), Duration::ZERO, LONG).is_some());
        assert_eq!(retry.pause(&lost(), Duration::ZERO, LONG), None);
        assert_eq!(retry.attempts(), 2);
        let spec = spec();
        assert_eq!(Retry::new(&spec).pause(&lost(), Duration::from_secs(30), LONG), None);
        assert_eq!(
            Retry::new(&spec).pause(&lost(), Duration::ZERO, Duration::from_millis(70)),
            None
        );
        let never = RetrySpec { max_elapsed_time_ms: 0, ..spec.clone() };
        assert_eq!(Retry::new(&never).pause(&lost(), Duration::ZERO, LONG), None);
    }
}
