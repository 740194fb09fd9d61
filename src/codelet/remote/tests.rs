//! Through real processes of the real program.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::*;
use crate::codelet::{Isolation, RunOptions, RunRequest, Runner, RunnerOptions, Values};
use crate::error::Code;
use crate::limits::Limits;

/// The program, built by cargo for this test: a test of the library is not given its binaries.
#[expect(clippy::disallowed_methods, reason = "builds and finds what is tested")]
fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // target/debug/deps/runlet-… → target/debug
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().unwrap().parent().unwrap();
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let mut order = Command::new(cargo);
        order.args(["build", "--no-default-features", "--features", "engine-process"]);
        order.args(["--bin", "runlet-engine"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            order.arg("--release");
        }
        let built = order.output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        folder.join("runlet-engine")
    })
}

fn runner() -> Runner {
    enable(program()).unwrap();
    Runner::new(RunnerOptions::default())
}

fn apart() -> RunOptions {
    RunOptions { isolation: Isolation::Process, values: Values::Direct, ..RunOptions::default() }
}

fn request(code: &str) -> RunRequest {
    RunRequest::new(code).with_options(apart())
}

#[test]
fn a_run_goes_there_and_back() {
    let runner = runner();
    let code = "export const main = (input) => { console.info('here', input); return { doubled: input * 2 } }";
    for times in 0..5 {
        let outcome = runner.run_blocking(request(code).with_input(times.to_string()));
        let expected = format!(r#"{{"doubled":{}}}"#, times * 2);
        assert_eq!(outcome.json(), Some(expected.as_str()), "{:?}", outcome.failure);
        assert_eq!(outcome.logs[0].message, format!("here {times}"));
        assert!(outcome.usage.peak_memory_bytes > 0);
    }
    let stats = runner.stats();
    assert_eq!((stats.runs, stats.cache_hits, stats.running), (5, 4, 0));
}

#[test]
fn host_functions_answer_and_timers_pass() {
    let code = "export const main = async (input, { add }) => {
        const both = await Promise.all([add(1, 2), add(3, 4)]);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return [...both, await add(5, 6)] }";
    let mut options = apart();
    options.host = vec![vec!["add".into()]];
    options.allow.timers = true;
    let request = RunRequest::new(code).with_options(options);
    let mut asked = Vec::new();
    let outcome = runner().run_with(request, |call| {
        asked.push(call.seq);
        let numbers: Vec<i32> = serde_json::from_str(&call.arguments.text).unwrap();
        Ok(numbers.iter().sum::<i32>().to_string())
    });
    assert_eq!(outcome.json(), Some("[3,7,11]"), "{:?}", outcome.failure);
    assert_eq!(asked, [0, 1, 2]);
    // What passed before it was parked is not in that figure.
    assert!(outcome.usage.parked_ms > 0.0 && outcome.duration_ms >= 5.0, "{:?}", outcome.usage);
}

#[test]
fn limits_are_those_of_a_thread() {
    let limits = Limits { memory_limit_bytes: 8 << 20, ..Limits::default() };
    for (code, expected) in [
        ("while (true) {}", Code::Timeout),
        ("return [].join.call({ length: 2 ** 53 - 1 })", Code::Timeout),
        ("await new Promise(() => setTimeout(() => {}, 60000))", Code::Timeout),
        ("const a = []; for (;;) a.push(new Array(1000).fill(1))", Code::MemoryLimit),
        ("return 'x'.repeat(2e6)", Code::OutputLimit),
        ("const f = () => f() + 1; return f()", Code::RuntimeError),
        ("return require('fs')", Code::PolicyViolation),
        ("return )", Code::SyntaxError),
    ] {
        let mut options = apart();
        // What ends by itself has all the time that a busy machine may need.
        let timeout_ms = if expected == Code::Timeout { 50 } else { 60_000 };
        options.limits = Limits { timeout_ms, ..limits.clone() };
        options.allow.timers = true;
        let code = format!("export const main = async () => {{ {code} }}");
        let outcome = runner().run_blocking(RunRequest::new(&*code).with_options(options));
        let failure = outcome.failure.unwrap();
        assert_eq!(failure.code, expected, "{code}: {}", failure.message);
    }
}

#[test]
fn a_cancelled_run_ends_wherever_it_is() {
    let runner = runner();
    let mut options = apart();
    options.host = vec![vec!["wait".into()]];
    for code in ["for (;;) {}", "return await helpers.wait()"] {
        let code = format!("export const main = async (_, helpers) => {{ {code} }}");
        let desk = Arc::new(crate::codelet::runner::Desk::default());
        let sink: Arc<dyn crate::codelet::EventSink> =
            Arc::<crate::codelet::runner::Desk>::clone(&desk);
        let run =
            runner.submit(RunRequest::new(&*code).with_options(options.clone()), sink).unwrap();
        while runner.stats().running + runner.stats().parked == 0 {
            std::thread::yield_now();
        }
        Runner::cancel(run);
        let code = desk.outcome().failure.unwrap().code;
        assert_eq!(code, Code::Cancelled);
    }
}
