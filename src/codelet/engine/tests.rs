//! The engine's promises, each on a bare isolate: whatever a run does and however it ends, the
//! next one starts from the same bytes.

mod injection;
mod one_liners;
#[cfg(feature = "sanitize")]
mod poisoning;
mod programs;

use std::sync::Arc;

use super::cell::{Cell, Landing};
use super::compiler::Compiler;
use super::image::Image;
use super::isolate::Isolate;
use super::run::{Ending, Prepare, Run, Start};
use crate::codelet::compile;
use crate::codelet::guest::clock::Clock;
use crate::codelet::guest::frames::Frames;
use crate::codelet::guest::host::Host;
use crate::codelet::guest::logs::Logs;
use crate::codelet::guest::random::Random;
use crate::codelet::payload::Payload;
use crate::codelet::program::Program;
use crate::codelet::request::{RunRequest, Values};
use crate::codelet::start::Nobody;

/// Touches most kinds of engine objects, so that allocations of every sort are made.
const BUSY: &str = r"
export async function main(input, { logger }) {
  const text = input.words.map((word, at) => `${at}:${word.toUpperCase()}`).join('|')
  const map = new Map(input.words.map((word) => [word, { word, at: word.length }]))
  const set = new Set([...map.keys(), 1n << 70n, Symbol('s')])
  class Pair { #a; constructor(a) { this.#a = a } get a() { return this.#a } static of(a) { return new Pair(a) } }
  function* walk(n) { for (let i = 0; i < n; i++) yield Pair.of({ i, sub: [i, [i]] }) }
  const pairs = Array.from(walk(20), (pair) => pair.a)
  const bytes = new Uint8Array(300).map((_, i) => i)
  const sorted = [...bytes].sort((a, b) => b - a)
  const matches = [...text.matchAll(/(\d+):(?<word>[A-Z]+)/g)].map((match) => match.groups.word)
  const proxy = new Proxy({}, { get: (_, key) => key })
  let caught = ''
  try { null.x } catch (error) { caught = error.message }
  const parsed = JSON.parse(JSON.stringify({ pairs, date: new Date(0), sorted }))
  await Promise.all([1, 2, 3].map(async (n) => { await null; return n }))
  logger.info('busy', pairs.length, map, set, bytes, proxy)
  return { text: text.length, matches, caught, key: proxy.key, parsed: parsed.sorted.length, weak: new WeakRef(parsed).deref() === parsed }
}";

struct Bench {
    cell: &'static Cell,
    isolate: Option<Isolate>,
    fingerprint: u64,
}

impl Bench {
    fn new() -> Bench {
        let cell = Cell::leak();
        let isolate = Isolate::guest(64 << 20, cell).expect("an isolate");
        let fingerprint = isolate.fingerprint();
        Bench { cell, isolate: Some(isolate), fingerprint }
    }

    /// One run; afterwards the isolate must be what it was.
    fn run(&mut self, program: &Arc<Program>, memory_limit: usize) -> Ending {
        self.run_loaded(program, memory_limit, None)
    }

    fn run_loaded(
        &mut self,
        program: &Arc<Program>,
        memory_limit: usize,
        image: Option<&Image>,
    ) -> Ending {
        let input = Payload::json(r#"{"words":["alpha","beta","gamma"]}"#);
        let mut isolate = self.isolate.take().expect("idle");
        let host = Box::new(host(program));
        let mut run = match image {
            Some(image) => {
                assert!(isolate.load(image));
                Run::loaded(isolate, host, 1 << 20, image)
            }
            None => Run::new(isolate, host, 1 << 20),
        };
        let start = Start {
            config: None,
            globals: None,
            export_name: None,
            input: Some(&input),
            memory_limit,
            max_stack: 1 << 20,
        };
        let ending = run.start(self.cell, &start);
        (isolate, _) = run.into_parts();
        isolate.reset();
        assert_eq!(isolate.fingerprint(), self.fingerprint, "not pristine after {ending:?}");
        self.isolate = Some(isolate);
        ending
    }
}

fn host(program: &Arc<Program>) -> Host {
    Host {
        run: 1,
        clock: Clock::start(Some(0.0)),
        random: Random::seeded("engine tests"),
        logs: Logs::new(100, 1 << 16),
        program: Arc::clone(program),
        frames: Frames::new(Arc::clone(program)),
        sink: Arc::new(Nobody),
        live_logs: false,
        max_host_calls: 16,
        max_host_arg_bytes: 1 << 16,
        pending_bytes: 0,
        memory_limit: 1 << 20,
        outgoing: Vec::new(),
        may_send: 0,
        sent: Vec::new(),
        calls_made: 0,
        denials: 0,
        imports_closed: false,
        values: Values::Json,
        buffers: Vec::new(),
        scratch: Vec::new(),
        kept_export: None,
        kept_input: None,
    }
}

fn compiled(cell: &'static Cell, code: &str) -> Arc<Program> {
    let mut compiler = Compiler::new(cell).expect("a compiler");
    Arc::new(compile::compile(&RunRequest::new(code), &mut compiler, 1).expect("compiles"))
}

fn value(ending: Ending) -> Option<String> {
    match ending {
        Ending::Value(value) => value.map(|value| value.text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_leaves_no_byte_behind() {
    let mut bench = Bench::new();
    let program = compiled(bench.cell, BUSY);
    let first = value(bench.run(&program, 32 << 20));
    assert!(first.as_ref().is_some_and(|text| text.contains("\"weak\":true")), "{first:?}");
    for _ in 0..50 {
        assert_eq!(value(bench.run(&program, 32 << 20)), first);
    }
}

#[test]
fn a_program_loaded_by_its_image_runs_as_one_that_was_read() {
    let mut bench = Bench::new();
    let program = compiled(bench.cell, BUSY);
    let whole = value(bench.run(&program, 32 << 20));
    let mut loading =
        Run::new(bench.isolate.take().expect("idle"), Box::new(host(&program)), 1 << 20);
    let bounds = Prepare { plain: true, memory_limit: 32 << 20, max_stack: 1 << 20 };
    let image = loading.prepare(bench.cell, &bounds).expect("an image");
    let (mut isolate, _) = loading.into_parts();
    isolate.reset();
    assert_eq!(isolate.fingerprint(), bench.fingerprint, "loading leaves something behind");
    assert!(image.bytes() < 64 << 10, "{} bytes for a small program", image.bytes());
    bench.isolate = Some(isolate);
    for limit in (150_000..1_200_000).step_by(7919).chain([32 << 20; 20]) {
        let fresh = bench.run(&program, limit);
        let loaded = bench.run_loaded(&program, limit, Some(&image));
        match (fresh, loaded) {
            // With the program there already, a little more or less of the limit is left.
            (Ending::Left(Landing::OutOfMemory), Ending::Left(Landing::OutOfMemory)) => {}
            (fresh, loaded) => {
                let both = [fresh, loaded].map(|ending| match ending {
                    Ending::Left(Landing::OutOfMemory) => whole.clone(),
                    other => value(other),
                });
                assert_eq!(both, [whole.clone(), whole.clone()]);
            }
        }
    }
}

#[test]
fn memory_may_end_at_any_allocation() {
    let mut bench = Bench::new();
    let program = compiled(bench.cell, BUSY);
    let whole = value(bench.run(&program, 32 << 20));
    let mut ended = 0;
    // From "nothing fits" upwards in small steps: the limit falls into every part of the run.
    for limit in (150_000..1_200_000).step_by(613) {
        match bench.run(&program, limit) {
            Ending::Left(Landing::OutOfMemory) => ended += 1,
            other => assert_eq!(value(other), whole),
        }
    }
    assert!(ended > 100, "only {ended} runs met their limit");
    assert_eq!(value(bench.run(&program, 32 << 20)), whole);
}

#[test]
fn a_stop_request_for_another_run_is_ignored() {
    let mut bench = Bench::new();
    let program = compiled(bench.cell, BUSY);
    bench.cell.request_stop(2);
    assert!(matches!(bench.run(&program, 32 << 20), Ending::Value(_)));
    bench.cell.request_stop(1);
    assert!(matches!(bench.run(&program, 32 << 20), Ending::Left(Landing::Stopped)));
    bench.cell.request_stop(0);
    assert!(matches!(bench.run(&program, 32 << 20), Ending::Value(_)));
}

#[test]
fn a_refused_call_keeps_none_of_its_buffers() {
    let program = compiled(Cell::leak(), BUSY);
    let mut host = host(&program);
    let too_large = vec![0; host.max_host_arg_bytes + 1];
    assert_eq!((host.put_buffer(&too_large), host.call(0, b"[]"), host.buffered()), (0, -2, 0));
    host.pending_bytes = host.memory_limit - 1;
    assert_eq!((host.put_buffer(b"x"), host.call(0, b"[]"), host.buffered()), (0, -3, 0));
    host.pending_bytes = 0;
    host.max_host_calls = 1;
    assert_eq!((host.put_buffer(b"x"), host.call(0, b"[]"), host.buffered()), (0, 0, 0));
    assert_eq!((host.put_buffer(b"x"), host.call(0, b"[]"), host.buffered()), (0, -1, 0));
}
