//! A run does not wait for an endless one while a thread is free.
//!
//! A process of its own: the fault this guards against shows only while one worker sleeps and
//! another has not been started yet. Both runs are submitted before the sleeper can wake.

#![expect(clippy::expect_used, reason = "a test whose sink breaks has failed")]

#[path = "support/ends.rs"]
mod ends;

use std::sync::Arc;
use std::time::Duration;

use ends::channel_of_ends;
use runlet::codelet::{RunRequest, Runner, RunnerOptions};

#[test]
fn a_quick_run_overtakes_an_endless_one() {
    let (sink, ends) = channel_of_ends();
    let runner = Runner::new(RunnerOptions::default());
    let submit = |code: &str| {
        let request = RunRequest::new(code).with_timeout_ms(3000);
        runner.submit(request, Arc::clone(&sink)).expect("open")
    };
    submit("export default () => 1");
    ends.recv().expect("the first end");
    // Nothing comes: until the worker sleeps.
    assert!(ends.recv_timeout(Duration::from_millis(200)).is_err());
    submit("export default () => { for (;;); }");
    let quick = submit("export default () => 2");
    let (first, outcome) = ends.recv().expect("an end");
    assert_eq!(first, quick, "the endless run ended first");
    assert!(outcome.usage.queue_wait_ms < 1500.0, "waited {} ms", outcome.usage.queue_wait_ms);
    runner.dispose();
}
