//! Throws damaged programs at the whole room: whatever the source text is, the run ends with a
//! value or a known code, and the next run is none the wiser.
//!
//! Under `scripts/sanitize.mjs` the engine is built with `AddressSanitizer` and tells which of its
//! code an input reached: inputs that reach more are damaged further. What the environment says:
//!
//! - `RUNLET_FUZZ_SEED`: the number all choices follow from (1).
//! - `RUNLET_FUZZ_INPUTS`: how many inputs (300), or
//! - `RUNLET_FUZZ_MINUTES`: how long.
//! - `RUNLET_FUZZ_FOLDER`: where inputs are left that failed, or under which the process ended.
//! - `RUNLET_FUZZ_REPLAY`: a file with one input, as a failure leaves it behind.
//!
//! The input under way lies in a file, so that it survives the end of the process. The mutations
//! follow from the seed alone; which inputs are kept depends on what was reached, and a run that its
//! time limit cut off counts for nothing there. To repeat a failure, replay its file.

#![expect(clippy::disallowed_methods, reason = "reads the repository and its own settings")]
#![expect(clippy::expect_used, reason = "a test that cannot read its settings has failed")]

#[path = "fuzz_source/coverage.rs"]
mod coverage;
#[path = "fuzz_source/input.rs"]
mod input;
#[path = "fuzz_source/mutate.rs"]
mod mutate;
#[path = "fuzz_source/panics.rs"]
mod panics;
#[expect(dead_code, reason = "the names are for the other user of the list")]
#[path = "../src/codelet/engine/tests/programs.rs"]
mod programs;
#[path = "fuzz_source/random.rs"]
mod random;
#[path = "fuzz_source/seeds.rs"]
mod seeds;
#[path = "fuzz_source/tokens.rs"]
mod tokens;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use coverage::Coverage;
use input::Input;
use random::Random;
use runlet::codelet::{Runner, RunnerOptions};
use runlet::{Code, Outcome};

/// How a codelet may end, besides with a value.
const ENDS: [Code; 7] = [
    Code::Timeout,
    Code::SyntaxError,
    Code::RuntimeError,
    Code::PolicyViolation,
    Code::MemoryLimit,
    Code::OutputLimit,
    Code::HostCallError,
];
/// A run of 20 ms that takes longer than this hangs.
const HANG_MS: f64 = 20_000.0;

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a whole number, not {text:?}")))
}

fn say(line: &str) {
    writeln!(std::io::stderr(), "fuzz: {line}").ok();
}

/// Where inputs are left: the one under way, and those that failed.
fn folder() -> PathBuf {
    let folder = env::var("RUNLET_FUZZ_FOLDER").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|_| Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz"));
    fs::create_dir_all(&folder).expect("a folder for failures");
    folder
}

struct Fuzz {
    runner: Runner,
    coverage: Coverage,
    under_way: PathBuf,
    ends: BTreeMap<&'static str, u64>,
}

/// What came of an input.
#[derive(Debug)]
struct Tried {
    /// It reached code that none before it had reached.
    new: bool,
    compiled: bool,
}

impl Fuzz {
    fn new() -> Fuzz {
        Fuzz {
            runner: Runner::new(RunnerOptions::default()),
            coverage: Coverage::default(),
            under_way: folder().join(format!("under-way-{}.json", std::process::id())),
            ends: BTreeMap::new(),
        }
    }

    /// Runs one input and the control program.
    fn try_one(&mut self, input: &Input) -> Result<Tried, String> {
        fs::write(&self.under_way, input.to_json()).expect("the input can be kept");
        coverage::clear();
        let outcome = input.run(&self.runner);
        let end = outcome.failure.as_ref().map(|failure| failure.code);
        let new = end != Some(Code::Timeout) && self.coverage.learn();
        let verdict = self.judge(&outcome).and_then(|()| input::control(&self.runner));
        let verdict = match panics::taken() {
            Some(panic) => Err(format!("somewhere it panicked: {panic}")),
            None => verdict,
        };
        if let Err(why) = verdict {
            let name = format!("failure-{:016x}.json", input.hash());
            let kept = folder().join(name);
            fs::rename(&self.under_way, &kept).expect("the failure can be kept");
            return Err(format!("{why}\nthe input is in {}", kept.display()));
        }
        Ok(Tried { new, compiled: end != Some(Code::SyntaxError) })
    }

    fn judge(&mut self, outcome: &Outcome) -> Result<(), String> {
        let end = outcome.failure.as_ref().map_or("a value", |failure| failure.code.as_str());
        *self.ends.entry(end).or_default() += 1;
        if let Some(failure) = &outcome.failure
            && !ENDS.contains(&failure.code)
        {
            return Err(format!("ended as {end}: {}", failure.message));
        }
        if outcome.duration_ms > HANG_MS {
            return Err(format!("took {} ms", outcome.duration_ms));
        }
        Ok(())
    }
}

#[test]
fn no_source_text_breaks_the_room() {
    panics::watch();
    let mut fuzz = Fuzz::new();
    // What is built at the first run would take the first input's time.
    input::control(&fuzz.runner).unwrap_or_else(|why| panic!("before any input: {why}"));
    if let Ok(file) = env::var("RUNLET_FUZZ_REPLAY") {
        for input in Input::read(Path::new(&file)) {
            let verdict = fuzz.try_one(&input);
            say(&format!("replayed {file}: {verdict:?}, {:?}", fuzz.ends));
            assert!(verdict.is_ok(), "{verdict:?}");
        }
        fs::remove_file(&fuzz.under_way).ok();
        return;
    }
    let seed = setting("RUNLET_FUZZ_SEED").unwrap_or(1);
    let minutes = setting("RUNLET_FUZZ_MINUTES").map(|minutes| Duration::from_secs(minutes * 60));
    let inputs = match minutes {
        Some(_) => u64::MAX,
        None => setting("RUNLET_FUZZ_INPUTS").unwrap_or(300),
    };
    let mut random = Random::new(seed);
    let mut corpus = seeds::all();
    let found = corpus.len();
    // The seeds as they are: what they reach is not new, and what does not compile is no program.
    corpus.retain(|text| {
        let input = Input::whole(text.clone());
        fuzz.try_one(&input).unwrap_or_else(|why| panic!("a seed: {why}")).compiled
    });
    let seeds = corpus.len();
    assert!(seeds > 150, "only {seeds} of {found} texts found in the repository compile");
    say(&format!("seed {seed}, {seeds} programs out of {found} texts found in the repository"));
    fuzz.ends.clear();
    let began = Instant::now();
    let mut done = 0;
    while done < inputs && minutes.is_none_or(|limit| began.elapsed() < limit) {
        let input = Input::new(mutate::mutated(&corpus, &mut random), &mut random);
        let tried = fuzz.try_one(&input).unwrap_or_else(|why| panic!("input {done}: {why}"));
        // What does not compile is damaged enough.
        if tried.new && tried.compiled {
            corpus.push(input.code);
        }
        done += 1;
    }
    fs::remove_file(&fuzz.under_way).ok();
    say(&format!("{done} inputs in {} s: {:?}", began.elapsed().as_secs(), fuzz.ends));
    say(&match fuzz.coverage.reached() {
        Some(edges) => {
            format!("{} inputs kept, {edges} edges of the engine reached", corpus.len() - seeds)
        }
        None => "no record of what was reached: built without the feature `sanitize`".to_owned(),
    });
    if inputs >= 300 {
        for end in ["a value", "SYNTAX_ERROR", "RUNTIME_ERROR"] {
            assert!(fuzz.ends.contains_key(end), "nothing ended with {end}: {:?}", fuzz.ends);
        }
    }
}
