//! Random permissions: what a profile allows is what the pure model says.

use std::path::{Path, PathBuf};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::interpreter::{Profile, Target};
use super::*;
use crate::sandbox::files::Access;

const ROUNDS: usize = 400;
/// What rules name, and what is tried; the last is a command.
const FILES: [&str; 8] =
    ["a/one", "a/b/two", "a/b/c/three", "ab/four", "d e/\"five\"", "d e/six\\", "g", "bin/prog"];
const NAMED: [&str; 11] =
    ["a", "a/b", "a/b/c", "a/one", "ab", "d e", "d e/\"five\"", "d e/six\\", "g", ".", "*"];

struct Dice(ChaCha12Rng);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % u64::try_from(end).unwrap()).unwrap()
    }

    fn flags(&mut self, kinds: &[&str]) -> Vec<String> {
        let mut flags = Vec::new();
        for kind in kinds {
            for (effect, most) in [("allow", 4), ("deny", 3)] {
                for _ in 0..self.below(most) {
                    let name = NAMED[self.below(NAMED.len())];
                    let name = match *kind {
                        "run" if name == "g" => "prog".to_owned(),
                        "run" if name != "*" => format!("./{name}"),
                        _ => name.to_owned(),
                    };
                    // Everything of a kind is rare enough to leave room for the rest.
                    if name != "*" || self.below(3) == 0 {
                        flags.push(format!("--{effect}-{kind}={name}"));
                    }
                }
            }
        }
        flags
    }
}

/// Counts answers, so that no sweep passes because one of them never came up.
#[derive(Default)]
struct Tally([usize; 2]);

impl Tally {
    fn equal(&mut self, found: bool, expected: bool, what: &str) {
        assert_eq!(found, expected, "{what}");
        self.0[usize::from(found)] += 1;
    }
}

#[test]
fn profiles_allow_what_the_model_allows() {
    let project = Project::new("model");
    let files: Vec<PathBuf> = FILES.iter().map(|name| project.file(name)).collect();
    let root = project.0.as_path();
    let mut dice = Dice(ChaCha12Rng::seed_from_u64(7));
    let (mut read, mut write, mut run, mut unlink) =
        (Tally::default(), Tally::default(), Tally::default(), Tally::default());
    for round in 0..ROUNDS {
        let flags = dice.flags(&["read", "write", "run"]);
        let order = project.order(&flags);
        let compiled = compile(&order, Missing::IsWrong).unwrap();
        let Some(terms) = compiled.terms else { continue };
        let profile = Profile::read(&terms.profile().unwrap());
        let set = &order.permissions;
        let look_up = |name: &str| (name == "prog").then(|| root.join("bin/prog"));
        let outside = Path::new("/somewhere/else").to_owned();
        for path in files.iter().chain([&outside]) {
            let file = Target::Path { path, folder: false };
            let what = |operation: &str| format!("{round}: {flags:?} {operation} {path:?}");
            // A program that may be started may be read to start it.
            let reads = set.judge_read(root, path).allows();
            let starts = set.judge_run(root, path, &look_up).allows();
            if !terms.granted.access_to(path).has(Access::EXECUTE) {
                for operation in ["file-read-data", "file-read-xattr", "file-map-executable"] {
                    read.equal(profile.allows(operation, file), reads, &what(operation));
                }
            }
            let writes = set.judge_write(root, path).allows();
            for operation in ["file-write-data", "file-write-create", "file-write-mode"] {
                write.equal(profile.allows(operation, file), writes, &what(operation));
            }
            run.equal(profile.allows("process-exec", file), starts, &what("process-exec"));
            assert!(profile.allows("file-read-metadata", file), "{}", what("stat"));
            assert!(!profile.allows("file-write-setugid", file), "{}", what("setuid"));
            assert!(!profile.allows("file-link", file), "{}", what("link"));
            // What may be moved may be written where it lies, and read already.
            let moves = profile.allows("file-write-unlink", file);
            assert!(!moves || writes, "{}", what("unlink"));
            if !terms.granted.access_to(path).has(Access::EXECUTE) {
                assert!(!moves || reads, "{}", what("unlink"));
                let around = terms.denied.iter().any(|(denied, _)| denied.starts_with(path));
                unlink.equal(moves, reads && writes && !around, &what("unlink"));
            }
            // Names of what lies in a folder, as on Linux, go with writing there.
            let folder = Target::Path { path, folder: true };
            if reads {
                assert!(profile.allows("file-read-data", folder), "{}", what("list"));
            }
        }
        assert_eq!(profile.allows("process-fork", Target::Nothing), terms.processes);
    }
    for (name, tally) in [("read", read), ("write", write), ("run", run), ("unlink", unlink)] {
        assert!(tally.0.iter().all(|count| *count > ROUNDS / 10), "{name}: {:?}", tally.0);
    }
}

#[test]
fn what_is_denied_stays_where_the_denial_names_it() {
    let project = Project::new("moves");
    let secret = project.file("a/b/secret/key");
    project.file("a/other");
    for flags in [
        ["--allow-read=a", "--allow-write=a", "--deny-read=a/b/secret"],
        ["--allow-read", "--allow-write", "--deny-read=a/b/secret"],
        ["--allow-read=a", "--allow-write=a", "--deny-write=a/b/secret"],
    ] {
        let terms = project.compile(&flags).terms.unwrap();
        let profile = Profile::read(&terms.profile().unwrap());
        let moves = |path: &Path, folder| {
            profile.allows("file-write-unlink", Target::Path { path, folder })
        };
        assert!(!moves(&secret, false), "{flags:?}");
        for around in secret.ancestors().skip(1) {
            assert!(!moves(around, true), "{flags:?}: {around:?}");
        }
        assert!(moves(&project.0.join("a/other"), false), "{flags:?}");
    }
}

#[test]
fn what_may_be_written_and_not_read_is_not_moved_to_where_it_may() {
    let project = Project::new("inout");
    let out = project.file("out/x");
    let data = project.file("data/x");
    let flags = ["--allow-write=out,data", "--allow-read=data"];
    let mut order = project.order(&flags);
    let scratch = project.0.join("own");
    order.scratch = Some(scratch.clone());
    let terms = compile(&order, Missing::IsWrong).unwrap().terms.unwrap();
    let profile = Profile::read(&terms.profile().unwrap());
    let may = |operation: &str, path: &Path| {
        profile.allows(operation, Target::Path { path, folder: false })
    };
    assert!(may("file-write-create", &out) && may("file-write-data", &out));
    assert!(!may("file-read-data", &out) && !may("file-write-unlink", &out));
    for path in [&data, &scratch.join("x")] {
        for operation in ["file-read-data", "file-write-create", "file-write-unlink"] {
            assert!(may(operation, path), "{operation} {path:?}");
        }
    }
    // Its names are known to who writes there.
    let folder = Target::Path { path: out.parent().unwrap(), folder: true };
    assert!(profile.allows("file-read-data", folder));
}
