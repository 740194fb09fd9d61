//! Tests of the room as a whole: through the public face, on the real pool.

use super::{
    EventSink, HostCall, Language, LogEntry, ModuleSource, Reply, RunOptions, RunRequest, Runner,
    RunnerOptions,
};
use crate::error::Code;
use crate::outcome::{Cache, Outcome, StoppedBy};

fn run(code: &str) -> Outcome {
    Runner::new(RunnerOptions::default()).run_blocking(RunRequest::new(code))
}

fn value(code: &str) -> String {
    let outcome = run(code);
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    outcome.json().unwrap_or("undefined").to_owned()
}

fn code_of(outcome: &Outcome) -> Code {
    outcome.failure.as_ref().map(|failure| failure.code).expect("a failure")
}

#[test]
fn a_codelet_gives_a_value() {
    assert_eq!(
        value("export async function main() { return { a: [1, 'x', null] } }"),
        r#"{"a":[1,"x",null]}"#
    );
}

#[test]
fn input_and_logger_work() {
    let runner = Runner::new(RunnerOptions::default());
    let code = "export async function main(input, { logger }) { logger.info('Processing input:', input); return { result: input.value * 2 } }";
    let outcome = runner.run_blocking(RunRequest::new(code).with_input(r#"{"value":21}"#));
    assert_eq!(outcome.json(), Some(r#"{"result":42}"#), "{:?}", outcome.failure);
    assert_eq!(outcome.logs[0].message, "Processing input: { value: 21 }");
}

#[test]
fn the_third_run_of_a_program_finds_it_loaded() {
    let runner = Runner::new(RunnerOptions { max_concurrent: Some(1), ..RunnerOptions::default() });
    let request = RunRequest::new(
        "import { next } from 'counter'; import { other } from './ring.js'; let own = 0
         globalThis.Object.prototype.mark ??= 0
         export const main = (step) => { Object.prototype.mark += step; return [++own, next(), other(), Object.prototype.mark] }",
    );
    let module = |name: &str, code: &str| ModuleSource {
        name: name.into(),
        code: code.into(),
        language: Language::Auto,
    };
    let modules = vec![
        module("counter", "let n = 0; export const next = () => ++n"),
        module(
            "ring.js",
            "import { next } from 'counter'; import * as self from './ring.js'; export const other = () => [next(), Object.keys(self)]",
        ),
    ];
    let request = request.with_options(RunOptions { modules, ..RunOptions::default() });
    let mut seen = Vec::new();
    for step in 1..40 {
        let outcome = runner.run_blocking(request.clone().with_input(step.to_string()));
        let expected = format!(r#"[1,1,[2,["other"]],{step}]"#);
        assert_eq!(outcome.json(), Some(expected.as_str()), "{:?}", outcome.failure);
        seen.push(outcome.usage.cache);
    }
    assert_eq!(seen[0], Cache::Miss);
    assert_eq!(seen[1], Cache::Bytecode);
    assert_eq!(seen[39 - 1], Cache::Image, "{seen:?}");
    let stats = runner.stats();
    assert!(stats.prepared_images > 0 && stats.image_bytes > 0, "{stats:?}");
    runner.dispose();
    assert_eq!(runner.stats().prepared_images, 0);
}

#[test]
fn endless_code_is_stopped_in_every_form() {
    for code in [
        "export const main = () => { while (true) {} }",
        "export async function main() { await 1; while (true) {} }",
        "export async function main() { while (true) await 1 }",
        "while (true) {}",
        "export const main = () => ({ toJSON() { while (true) {} } })",
        "export const main = () => { throw { get message() { while (true) {} } } }",
        "export const main = () => { try { while (true) {} } catch { return 1 } finally { while (true) {} } }",
        "export const main = () => [].join.call({ length: 2 ** 53 - 1 })",
        "export const main = () => Array(2 ** 32 - 1).reverse()",
    ] {
        let runner = Runner::new(RunnerOptions::default());
        let outcome = runner.run_blocking(RunRequest::new(code).with_timeout_ms(60));
        assert_eq!(code_of(&outcome), Code::Timeout, "{code}: {:?}", outcome.failure);
        assert!(outcome.duration_ms < 5000.0, "{code}: {}", outcome.duration_ms);
        assert_eq!(value("export const main = () => 1"), "1");
    }
}

#[test]
fn each_layer_of_the_deadline_does_its_own_part() {
    let stopped_by = |code: &str| {
        let runner = Runner::new(RunnerOptions::default());
        runner.run_blocking(RunRequest::new(code).with_timeout_ms(60)).usage.stopped_by
    };
    // On a busy machine the thread may not get its turn between the flag and the first kill.
    let mut polled = (0..100).map(|_| stopped_by("export const main = () => { while (true) {} }"));
    assert!(polled.any(|by| by == Some(StoppedBy::Interrupt)));
    let reverse = "export const main = () => Array(2 ** 32 - 1).reverse()";
    let mut unpolled = (0..20).map(|_| stopped_by(reverse));
    assert!(unpolled.any(|by| by == Some(StoppedBy::Kill)));
}

#[test]
fn memory_ends_at_the_limit() {
    for code in [
        "export const main = () => { const a = []; for (;;) a.push(new Array(1000).fill(1)) }",
        "export const main = () => { const a = []; for (let s = 'x';; s += 'y') a.push(s.repeat(1000)) }",
        "export const main = () => { const a = []; for (;;) { try { a.push(new Uint8Array(1 << 20)) } catch {} } }",
        "export const main = () => new Array(5e8).fill(0)",
    ] {
        let mut options = RunOptions::default();
        options.limits.memory_limit_bytes = 16 << 20;
        let request = RunRequest::new(code).with_options(options);
        let outcome = Runner::new(RunnerOptions::default()).run_blocking(request);
        assert_eq!(code_of(&outcome), Code::MemoryLimit, "{code}: {:?}", outcome.failure);
        assert!(outcome.usage.peak_memory_bytes <= 16 << 20, "{code}: {:?}", outcome.usage);
    }
}

#[test]
fn an_uncaught_refusal_is_a_policy_violation() {
    for (code, capability) in [
        ("export const main = () => require('fs')", "require"),
        ("export const main = () => eval('1')", "eval"),
        ("export const main = () => new Function('return 1')", "eval"),
        ("export const main = () => (async () => {}).constructor('return 1')", "eval"),
        ("import fs from 'fs'; export const main = () => fs", "import"),
        ("export const main = async () => (await import('fs')).default", "import"),
        ("export const main = () => fetch('http://x')", "fetch"),
        ("export const main = () => setTimeout(() => {}, 1)", "timers"),
        ("export const main = () => { globalThis.x = 1 }", "globals"),
        ("export const main = () => { Math = 1 }", "globals"),
        ("export const main = (i, h) => { h.x = 1 }", "globals"),
        ("export const main = () => WebAssembly.compile(1)", "WebAssembly"),
        ("export const main = () => new SharedArrayBuffer(1)", "SharedArrayBuffer"),
        ("export const main = (i, h) => h.env", "env"),
    ] {
        let outcome = run(code);
        assert_eq!(code_of(&outcome), Code::PolicyViolation, "{code}: {:?}", outcome.failure);
        let details = &outcome.failure.as_ref().unwrap().details;
        assert_eq!(details["capability"], capability, "{code}: {details:?}");
    }
}

#[test]
fn modules_resolve_by_name() {
    let module = |name: &str, code: &str| ModuleSource {
        name: name.into(),
        code: code.into(),
        language: Language::Auto,
    };
    let options = RunOptions {
        modules: vec![
            module("lib/a.js", "import { b } from './b.js'; export const a = b + 1"),
            module("lib/b.js", "export const b = 1"),
        ],
        ..RunOptions::default()
    };
    let code = "import { a } from 'lib/a.js'; export const main = async () => a + (await import('./lib/b.js')).b";
    let outcome = Runner::new(RunnerOptions::default())
        .run_blocking(RunRequest::new(code).with_options(options));
    assert_eq!(outcome.json(), Some("3"), "{:?}", outcome.failure);
}

#[test]
fn host_calls_are_answered() {
    let options =
        RunOptions { host: vec![vec!["tools".into(), "double".into()]], ..RunOptions::default() };
    let code = "export const main = async (i, { tools }) => { const a = await tools.double(4); const b = await Promise.all([1, 2, 3].map((n) => tools.double(n))); return [a, ...b] }";
    let outcome = Runner::new(RunnerOptions::default()).run_with(
        RunRequest::new(code).with_options(options),
        |call| {
            let args: Vec<i64> = serde_json::from_str(&call.arguments.text).unwrap();
            Ok((args[0] * 2).to_string())
        },
    );
    assert_eq!(outcome.json(), Some("[8,2,4,6]"), "{:?}", outcome.failure);
    assert_eq!(outcome.usage.host_calls, 4);
}

#[test]
fn the_entry_is_the_export_of_that_very_name() {
    let code =
        "const a = () => 'a'; const b = () => 'b'; export { a as '\u{c3}\u{a9}', b as '\u{e9}' }";
    let options = RunOptions { export_name: Some("\u{e9}".to_owned()), ..RunOptions::default() };
    let request = RunRequest::new(code).with_options(options);
    let outcome = Runner::new(RunnerOptions::default()).run_blocking(request);
    assert_eq!(outcome.json(), Some("\"b\""), "{:?}", outcome.failure);
}

/// Answers each call while it is being made.
struct Prompt(std::sync::Mutex<std::sync::mpsc::Sender<Outcome>>);

impl EventSink for Prompt {
    fn log(&self, _: u64, _: &LogEntry) {}
    fn calls(&self, run: u64, calls: Vec<HostCall>) {
        let answer = |call: HostCall| Reply { seq: call.seq, ok: true, value: None };
        Runner::reply(run, calls.into_iter().map(answer).collect());
    }
    fn done(&self, _: u64, outcome: Outcome) {
        self.0.lock().unwrap().send(outcome).unwrap();
    }
}

#[test]
fn answers_that_are_always_there_already_cost_no_stack() {
    let mut options = RunOptions { host: vec![vec!["f".into()]], ..RunOptions::default() };
    options.limits.max_host_calls = 60_000;
    let code = "export const main = async (_, { f }) => { for (let i = 0; i < 50_000; i++) await f(i); return 'all' }";
    let request = RunRequest::new(code).with_options(options).with_timeout_ms(60_000);
    let (sender, outcomes) = std::sync::mpsc::channel();
    let sink = std::sync::Arc::new(Prompt(std::sync::Mutex::new(sender)));
    let runner = Runner::new(RunnerOptions::default());
    runner.submit(request, sink).unwrap();
    let outcome = outcomes.recv().unwrap();
    assert_eq!(outcome.json(), Some("\"all\""), "{:?}", outcome.failure);
}

/// Announces slowly that the input was the slow one.
struct Slow(std::sync::Mutex<std::sync::mpsc::Sender<u64>>);

impl EventSink for Slow {
    fn log(&self, _: u64, _: &LogEntry) {}
    fn calls(&self, _: u64, _: Vec<HostCall>) {}
    #[expect(clippy::disallowed_methods, reason = "a sink that is busy, with nothing to wait for")]
    fn done(&self, run: u64, outcome: Outcome) {
        if outcome.json() == Some("\"slow\"") {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        self.0.lock().unwrap().send(run).unwrap();
    }
}

#[test]
fn one_at_a_time_end_in_the_order_of_submission() {
    let (sender, ends) = std::sync::mpsc::channel();
    let sink = std::sync::Arc::new(Slow(std::sync::Mutex::new(sender)));
    let options = RunnerOptions { max_concurrent: Some(1), ..RunnerOptions::default() };
    let runner = Runner::new(options);
    // After the second run of a program its worker takes an image: another one goes on meanwhile.
    let runs = ["quick", "slow", "quick", "quick"].map(|input| {
        let request = RunRequest::new("export const main = (input) => input")
            .with_input(format!("\"{input}\""));
        runner.submit(request, sink.clone()).unwrap()
    });
    assert_eq!(runs.map(|_| ends.recv().unwrap()), runs);
}

/// What a run sends, in order.
enum Sent {
    Calls(Vec<HostCall>),
    Done(Box<Outcome>),
}

struct Listening(std::sync::Mutex<std::sync::mpsc::Sender<Sent>>);

impl EventSink for Listening {
    fn log(&self, _: u64, _: &LogEntry) {}
    fn calls(&self, _: u64, calls: Vec<HostCall>) {
        self.0.lock().unwrap().send(Sent::Calls(calls)).unwrap();
    }
    fn done(&self, _: u64, outcome: Outcome) {
        self.0.lock().unwrap().send(Sent::Done(Box::new(outcome))).unwrap();
    }
}

#[test]
fn many_calls_are_handed_over_while_the_guest_goes_on() {
    let (sender, sent) = std::sync::mpsc::channel();
    let sink = std::sync::Arc::new(Listening(std::sync::Mutex::new(sender)));
    let mut options = RunOptions { host: vec![vec!["f".into()]], ..RunOptions::default() };
    options.limits.max_host_calls_in_flight = 1000;
    let code =
        "export const main = (_, { f }) => { for (let i = 0; i < 100; i++) f(i); for (;;); }";
    let request = RunRequest::new(code).with_options(options).with_timeout_ms(2_000);
    let runner = Runner::new(RunnerOptions::default());
    runner.submit(request, sink).unwrap();
    let mut calls = 0;
    let outcome = loop {
        match sent.recv().unwrap() {
            Sent::Calls(batch) => calls += batch.len(),
            Sent::Done(outcome) => break outcome,
        }
    };
    assert_eq!(outcome.failure.unwrap().code, Code::Timeout);
    assert_eq!(calls, 96, "all but the last, smaller lot");
    assert_eq!(outcome.usage.detached_host_calls, 100);
}

#[test]
fn calls_handed_over_early_count_as_in_flight() {
    let (sender, sent) = std::sync::mpsc::channel();
    let sink = std::sync::Arc::new(Listening(std::sync::Mutex::new(sender)));
    let mut options = RunOptions { host: vec![vec!["f".into()]], ..RunOptions::default() };
    options.limits.max_host_calls_in_flight = 40;
    let code = "export const main = async (_, { f }) => { const all = []; for (let i = 0; i < 200; i++) all.push(f(i)); return (await Promise.all(all)).length }";
    let request = RunRequest::new(code).with_options(options).with_timeout_ms(60_000);
    let runner = Runner::new(RunnerOptions::default());
    let run = runner.submit(request, sink).unwrap();
    let mut in_flight = std::collections::VecDeque::new();
    let mut most = 0;
    let outcome = loop {
        match sent.recv().unwrap() {
            Sent::Calls(calls) => {
                in_flight.extend(calls);
                most = most.max(in_flight.len());
                let call: HostCall = in_flight.pop_front().unwrap();
                Runner::reply(run, vec![Reply { seq: call.seq, ok: true, value: None }]);
            }
            Sent::Done(outcome) => break outcome,
        }
        // The last ones are followed by no more calls.
        if most == 40 && in_flight.front().is_some_and(|call| call.seq >= 160) {
            let rest = in_flight.drain(..);
            let answer = |call: HostCall| Reply { seq: call.seq, ok: true, value: None };
            Runner::reply(run, rest.map(answer).collect());
        }
    };
    assert_eq!(outcome.json(), Some("200"), "{:?}", outcome.failure);
    assert_eq!(most, 40);
}

#[test]
fn a_timer_due_while_its_run_comes_to_wait_wakes_it() {
    // Each wait begins from 0 to 20 microseconds before its timer is due.
    let code = "export const main = async () => { for (let i = 0; i < 2000; i++) await new Promise((done) => { const due = performance.now() + 1; setTimeout(done, 1); while (performance.now() < due - (i % 20) / 1000); }); }";
    let mut options = RunOptions::default();
    options.allow.timers = true;
    let request = RunRequest::new(code).with_options(options).with_timeout_ms(60_000);
    let outcome = Runner::new(RunnerOptions::default()).run_blocking(request);
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
}

#[test]
fn errors_have_positions_and_guest_frames_only() {
    let outcome =
        run("const f = () => {\n  throw new TypeError('bad')\n}\nexport const main = () => f()");
    let failure = outcome.failure.unwrap();
    assert_eq!((failure.line, failure.column), (Some(2), Some(13)), "{failure:?}");
    assert_eq!(failure.name.as_deref(), Some("TypeError"));
    let stack = failure.stack.unwrap();
    assert!(stack.lines().all(|line| line.contains("codelet.js:")), "{stack}");
    let outcome = run("export const main = () => {\n  let x = ;\n}");
    let failure = outcome.failure.unwrap();
    assert_eq!(failure.code, Code::SyntaxError);
    assert_eq!(failure.line, Some(2), "{failure:?}");
}

#[test]
fn the_isolate_is_pristine_after_every_run() {
    use super::engine::cell::Cell;
    use super::engine::isolate::Isolate;
    let cell = Cell::leak();
    let mut isolate = Isolate::guest(64 << 20, cell).unwrap();
    let before = isolate.fingerprint();
    isolate.reset();
    assert_eq!(isolate.fingerprint(), before);
}
