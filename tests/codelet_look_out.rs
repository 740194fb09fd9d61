//! A run does not wait for an endless one because a worker was awake when both came.
//!
//! A process of its own: the fault this guards against shows only while one worker looks out for
//! work and no other has been started yet.

#![expect(clippy::expect_used, reason = "a test whose sink breaks has failed")]

#[path = "support/ends.rs"]
mod ends;

use std::sync::Arc;

use ends::channel_of_ends;
use runlet::codelet::{RunRequest, Runner, RunnerOptions};

#[test]
fn what_comes_while_a_worker_looks_out_is_shared_with_the_others() {
    let (sink, ends) = channel_of_ends();
    let runner = Runner::new(RunnerOptions::default());
    let submit = |code: &str| {
        let request = RunRequest::new(code).with_timeout_ms(3000);
        runner.submit(request, Arc::clone(&sink)).expect("open")
    };
    // The first run starts the first worker; the others come right behind its end.
    submit("export default () => 1");
    ends.recv().expect("the first end");
    let endless = submit("export default () => { for (;;); }");
    let quick = [(); 4].map(|()| submit("export default () => 2"));
    for _ in quick {
        let (run, outcome) = ends.recv().expect("an end");
        assert_ne!(run, endless, "the endless run ended first");
        assert!(outcome.usage.queue_wait_ms < 1500.0, "waited {} ms", outcome.usage.queue_wait_ms);
    }
    runner.dispose();
}
