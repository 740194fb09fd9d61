//! The memory limit at any allocation, for programs that touch every part of the engine: what an
//! end leaves behind is nothing.
//!
//! `RUNLET_INJECT` says how many allocations of each program are tried, spread evenly with a fixed
//! seed, or `all` for every one.

#![expect(clippy::disallowed_methods, reason = "reads how much is to be tried")]

use std::io::Write;
use std::sync::Arc;

use super::programs::{INPUT, SAMPLES, Sample};
use super::{
    BUSY, Cell, Compiler, Ending, Image, Isolate, Landing, Payload, Prepare, Program, Run,
    RunRequest, Start, Values,
};
use crate::codelet::RunOptions;
use crate::codelet::compile::{self, Fault};
use crate::codelet::engine::inject;
use crate::codelet::guest::random::Random;
use crate::codelet::request::{
    Deterministic, EventSink, Grants, HostCall, Language, ModuleSource, Reply,
};
use crate::codelet::start::{Nobody, config_of, host_for, loading_host};

/// Tried of each program where nothing is said.
const SPREAD: u64 = 12;
/// After so many ends the whole isolate is put to work.
const FOLLOW_UP: u64 = 16;

/// The programs that end with an error; all others give a value.
const THROW: [&str; 4] = ["thrown", "thrown-value", "missing-export", "bad-result"];

/// The programs whose values also cross in other forms than JSON.
const OTHER_FORMS: [&str; 6] =
    ["json", "result-shapes", "host-calls", "strings", "bad-result", "thrown-value"];

fn request(sample: &Sample) -> RunRequest {
    let modules = sample.modules.iter().map(|(name, code)| ModuleSource {
        name: (*name).to_owned(),
        code: (*code).to_owned(),
        language: Language::Auto,
    });
    let allow = Grants {
        env: Some([("NAME".to_owned(), "value".to_owned())].into()),
        random: true,
        now: true,
        fetch: false,
        timers: true,
    };
    // With a virtual clock timers fire at once, but there is nothing that could see a collection.
    let sees_collection = sample.code.contains("WeakRef");
    let fixed = Deterministic { seed: "injection".into(), now_ms: 1e12 };
    let tool = |name: &str| vec!["tools".to_owned(), name.to_owned()];
    let options = RunOptions {
        modules: modules.collect(),
        host: vec![tool("double"), tool("fail")],
        allow,
        deterministic: (!sees_collection).then_some(fixed),
        ..RunOptions::default()
    };
    RunRequest::new(sample.code).with_input(INPUT).with_options(options)
}

fn follow_up() -> Sample {
    Sample { name: "busy", code: BUSY, modules: &[] }
}

fn answer(call: &HostCall) -> Reply {
    if call.function == 1 {
        return Reply::failed(call.seq, "the host said no", "THREW");
    }
    let args: Vec<serde_json::Value> =
        serde_json::from_str(&call.arguments.text).unwrap_or_default();
    let doubled = args.first().and_then(serde_json::Value::as_f64).map(|n| n * 2.0);
    let value = Payload::json(serde_json::json!(doubled).to_string());
    Reply { seq: call.seq, ok: true, value: Some(value) }
}

/// A guest isolate, and what it was like before anything ran.
struct Guest {
    cell: &'static Cell,
    isolate: Option<Isolate>,
    fingerprint: u64,
}

impl Guest {
    fn new(cell: &'static Cell) -> Guest {
        let isolate = Isolate::guest(64 << 20, cell).expect("an isolate");
        let fingerprint = isolate.fingerprint();
        Guest { cell, isolate: Some(isolate), fingerprint }
    }

    /// Runs to the end, answering the host's part, with the `at`-th allocation failing; 0 for none.
    fn run(&mut self, work: &Work, at: u64) -> Ending {
        let Work { request, program, image } = work;
        let sink: Arc<dyn EventSink> = Arc::new(Nobody);
        let mut host = host_for(1, request, program, &sink, Random::seeded("injection"));
        host.kept_input.clone_from(&request.input);
        let mut isolate = self.isolate.take().expect("idle");
        let mut run = match image {
            Some(image) => {
                assert!(isolate.load(image), "the image is not loaded");
                Run::loaded(isolate, Box::new(host), 1 << 20, image)
            }
            None => Run::new(isolate, Box::new(host), 1 << 20),
        };
        let config = config_of(request);
        let start = Start {
            config: config.as_deref(),
            globals: None,
            export_name: None,
            input: request.input.as_ref(),
            memory_limit: 32 << 20,
            max_stack: STACK,
        };
        inject::arm(at);
        let mut ending = run.start(self.cell, &start);
        while let Ending::Waiting { .. } = ending {
            let calls = std::mem::take(&mut run.host().outgoing);
            assert!(!calls.is_empty(), "waits for nothing");
            let replies: Vec<Reply> = calls.iter().map(answer).collect();
            ending = run.resume(self.cell, &replies, false);
        }
        self.take_back(run);
        ending
    }

    /// Loads the program and no more, with the `at`-th allocation failing.
    fn prepare(&mut self, work: &Work, at: u64) -> Option<Image> {
        let isolate = self.isolate.take().expect("idle");
        let mut run = Run::new(isolate, Box::new(loading_host(1, &work.program)), 1 << 20);
        inject::arm(at);
        let image = run.prepare(
            self.cell,
            &Prepare { plain: false, memory_limit: 32 << 20, max_stack: STACK },
        );
        self.take_back(run);
        image
    }

    fn take_back(&mut self, run: Run) {
        let (mut isolate, _) = run.into_parts();
        isolate.reset();
        assert_eq!(isolate.fingerprint(), self.fingerprint, "not pristine afterwards");
        self.isolate = Some(isolate);
    }
}

const STACK: usize = 256 << 10;

/// A program, ready to be run: by its bytecode, or by the image of it.
struct Work {
    request: RunRequest,
    program: Arc<Program>,
    image: Option<Image>,
}

/// How a run that was left alone ended, in a form that can be compared.
fn text_of(ending: Ending) -> String {
    match ending {
        Ending::Value(value) => value.map(|value| value.text).unwrap_or_default(),
        Ending::Thrown { report, .. } => report,
        other => panic!("ended by itself as {other:?}"),
    }
}

/// Which of `count` allocations are tried.
fn chosen(count: u64, seed: &str) -> Vec<u64> {
    let wish = std::env::var("RUNLET_INJECT").unwrap_or_default();
    let wish = match wish.as_str() {
        "all" => count,
        "" => SPREAD,
        text => text.parse().expect("RUNLET_INJECT is a number or \"all\""),
    };
    if wish >= count {
        return (1..=count).collect();
    }
    let mut random = Random::seeded(seed);
    // One out of each equal part.
    let mut part = |index: u64| {
        let (from, to) = (index * count / wish, (index + 1) * count / wish);
        let room = u32::try_from(to - from).expect("fewer allocations than that");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below room")]
        let step = (random.unit() * f64::from(room)) as u64;
        from + 1 + step
    };
    (0..wish).map(&mut part).collect()
}

/// Says what was tried: a count that nobody sees proves nothing.
fn say(what: &str, programs: usize, tried: u64, of: u64) {
    let line = format!("{what}: {programs} programs, ended at {tried} of {of} allocations\n");
    std::io::stderr().write_all(line.as_bytes()).ok();
}

/// Ends the guest's work at its allocations, and now and then does something else in between.
struct Ends {
    guest: Guest,
    busy: Work,
    busy_text: String,
    tried: u64,
    of: u64,
}

impl Ends {
    fn new(compile: &mut impl FnMut(RunRequest) -> Work, cell: &'static Cell) -> Ends {
        let mut guest = Guest::new(cell);
        let busy = compile(request(&follow_up()));
        let busy_text = text_of(guest.run(&busy, 0));
        assert!(busy_text.contains("\"weak\":true"), "{busy_text}");
        Ends { guest, busy, busy_text, tried: 0, of: 0 }
    }

    /// `act` does the work with the given allocation failing, and says whether that ended it.
    fn at_each(&mut self, what: &str, mut act: impl FnMut(&mut Guest, u64) -> bool) {
        assert!(!act(&mut self.guest, 0), "{what} does not end by itself");
        let count = inject::seen();
        self.of += count;
        for at in chosen(count, what) {
            assert!(act(&mut self.guest, at), "{what} goes on after allocation {at} of {count}");
            self.tried += 1;
            if self.tried.is_multiple_of(FOLLOW_UP) {
                let after = text_of(self.guest.run(&self.busy, 0));
                assert_eq!(after, self.busy_text, "after {what} ended at allocation {at}");
            }
        }
        assert!(!act(&mut self.guest, 0), "{what} does not end by itself any more");
        assert_eq!(inject::seen(), count, "{what} afterwards");
    }

    /// Ends a run at its allocations; left alone it ends as `whole` says.
    fn runs(&mut self, what: &str, work: &Work, whole: &str) {
        self.at_each(what, |guest, at| match guest.run(work, at) {
            Ending::Left(Landing::OutOfMemory) => true,
            other => {
                assert_eq!(text_of(other), whole, "{what}");
                false
            }
        });
    }
}

fn compiling(cell: &'static Cell) -> impl FnMut(RunRequest) -> Work {
    let mut compiler = Compiler::new(cell).expect("a compiler");
    move |request| {
        let program = compile::compile(&request, &mut compiler, 1).expect("compiles");
        Work { request, program: Arc::new(program), image: None }
    }
}

#[test]
fn a_run_may_end_at_any_allocation() {
    let cell = Cell::leak();
    let mut compile = compiling(cell);
    let mut ends = Ends::new(&mut compile, cell);
    for sample in SAMPLES {
        let name = sample.name;
        let work = compile(request(sample));
        let whole = text_of(ends.guest.run(&work, 0));
        assert_eq!(whole.starts_with("{\"code\":"), THROW.contains(&name), "{name}: {whole}");
        ends.runs(name, &work, &whole);
    }
    say("guest isolate", SAMPLES.len(), ends.tried, ends.of);
}

#[test]
fn a_prepared_run_may_end_at_any_allocation() {
    let cell = Cell::leak();
    let mut compile = compiling(cell);
    let mut ends = Ends::new(&mut compile, cell);
    for sample in SAMPLES {
        let name = sample.name;
        let mut work = compile(request(sample));
        let whole = text_of(ends.guest.run(&work, 0));
        let Some(image) = ends.guest.prepare(&work, 0) else {
            assert_eq!(name, "missing-export", "{name} cannot be loaded");
            continue;
        };
        ends.at_each(name, |guest, at| guest.prepare(&work, at).is_none());
        work.image = Some(image);
        ends.runs(name, &work, &whole);
    }
    say("guest isolate with prepared images", SAMPLES.len(), ends.tried, ends.of);
}

#[test]
fn values_that_cross_in_other_forms_may_end_at_any_allocation() {
    let cell = Cell::leak();
    let mut compile = compiling(cell);
    let mut ends = Ends::new(&mut compile, cell);
    for values in [Values::Direct, Values::Clone] {
        for name in OTHER_FORMS {
            let sample = SAMPLES.iter().find(|sample| sample.name == name).expect("a program");
            let request = request(sample);
            let options = RunOptions { values, ..request.plan.options.clone() };
            let request = request.with_options(options);
            let work = compile(request);
            let whole = text_of(ends.guest.run(&work, 0));
            ends.runs(name, &work, &whole);
        }
    }
    say("guest isolate, other forms of values", OTHER_FORMS.len(), ends.tried, ends.of);
}

#[test]
fn a_compilation_may_end_at_any_allocation() {
    let cell = Cell::leak();
    let mut compiler = Compiler::new(cell).expect("a compiler");
    let pristine = compiler.fingerprint();
    let busy = request(&follow_up());
    let code_of = |program: Program| -> Vec<Vec<u8>> {
        program.modules.into_iter().map(|module| module.bytecode).collect()
    };
    let whole = |compiler: &mut Compiler, request: &RunRequest| {
        inject::arm(0);
        code_of(compile::compile(request, compiler, 1).expect("compiles"))
    };
    let busy_code = whole(&mut compiler, &busy);
    let (mut tried, mut of) = (0, 0);
    for sample in SAMPLES {
        let name = sample.name;
        let request = request(sample);
        let code = whole(&mut compiler, &request);
        let count = inject::seen();
        of += count;
        for at in chosen(count, name) {
            inject::arm(at);
            let ended = compile::compile(&request, &mut compiler, 1);
            let left = matches!(ended, Err(Fault::Left(Landing::OutOfMemory)));
            assert!(left, "{name}, allocation {at} of {count}: {ended:?}");
            assert_eq!(compiler.fingerprint(), pristine, "{name}, allocation {at} of {count}");
            tried += 1;
            if tried % FOLLOW_UP == 0 {
                assert_eq!(whole(&mut compiler, &busy), busy_code, "after {name}, {at}");
            }
        }
        assert_eq!(whole(&mut compiler, &request), code, "{name} afterwards");
    }
    say("compiler isolate", SAMPLES.len(), tried, of);
}
