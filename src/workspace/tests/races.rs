//! Somebody swaps a directory for a link to one outside, over and over, while we work in it.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::super::{Cancel, Workspace};
use super::open;
use crate::scoped_fs::tests::Scratch;

const SWAPS: usize = 800;

/// The directory gives way to a link. Whoever writes may have made a new one in between.
fn swap(scratch: &Scratch) {
    fs::rename(scratch.inside("dir"), scratch.outside("../moved")).unwrap();
    while std::os::unix::fs::symlink(scratch.outside(""), scratch.inside("dir")).is_err() {
        let _ = fs::remove_dir_all(scratch.inside("dir"));
    }
}

/// The directory comes back.
fn swap_back(scratch: &Scratch) {
    let _ = fs::remove_file(scratch.inside("dir"));
    while fs::rename(scratch.outside("../moved"), scratch.inside("dir")).is_err() {
        let _ = fs::remove_file(scratch.inside("dir"));
        let _ = fs::remove_dir_all(scratch.inside("dir"));
    }
}

/// Every few rounds things stay as they are until the other side has had whole turns, so that both
/// states are met however the threads are scheduled.
fn linger(turns: &AtomicUsize, round: usize) {
    let now = turns.load(Ordering::Acquire);
    for _ in 0..if round.is_multiple_of(16) { 200_000 } else { 1 } {
        if turns.load(Ordering::Acquire) > now + 1 {
            break;
        }
        thread::yield_now();
    }
}

/// Says that the attack is over, also when it failed.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What most programs do: work the path out, look whether it is inside, then open it by name.
fn by_name(scratch: &Scratch, between: impl FnOnce()) -> Option<String> {
    let real = scratch.inside("dir/secret").canonicalize().ok()?;
    if !real.starts_with(scratch.inside("")) {
        return None;
    }
    between();
    fs::read_to_string(real).ok()
}

#[derive(Default)]
struct Counts {
    tries: usize,
    worked: usize,
    escapes: Vec<String>,
}

impl Counts {
    fn judge(&self, scratch: &Scratch) {
        let Counts { tries, worked, escapes } = self;
        println!("ours: {} escapes in {tries} operations, {worked} answered", escapes.len());
        assert_eq!(*escapes, Vec::<String>::new());
        let listed = fs::read_dir(scratch.outside("")).unwrap();
        let mut outside: Vec<_> = listed.map(|entry| entry.unwrap().file_name()).collect();
        outside.sort();
        assert_eq!(outside, ["only-outside", "secret"], "something was written or removed outside");
        assert_eq!(fs::read(scratch.outside("secret")).unwrap(), b"outside");
        assert!(*worked > tries / 10, "the race was none: {worked} of {tries}");
    }
}

/// One round of every operation.
fn attack(workspace: &Workspace, counts: &mut Counts) {
    for (op, request) in [
        ("read", json!({ "path": "dir/secret" })),
        ("read", json!({ "path": "dir/secret", "offset": 1, "limit": 1 })),
        ("write", json!({ "path": "dir/new", "content": "x" })),
        ("write", json!({ "path": "dir/sub/new", "content": "x" })),
        ("edit", json!({ "path": "dir/secret", "oldText": "inside", "newText": "inside" })),
        ("edit", json!({ "path": "dir/secret", "oldText": "outside", "newText": "edited" })),
        ("grep", json!({ "query": "side" })),
        ("grep", json!({ "query": "side", "path": "dir" })),
        ("grep", json!({ "query": "side", "path": "dir/secret" })),
        ("ls", json!({ "path": "dir" })),
        ("find", json!({ "path": "dir" })),
        ("find", json!({ "pattern": "*only*" })),
        ("list", json!({})),
        ("stat", json!({ "path": "dir/only-outside" })),
        ("open", json!({ "path": "dir/secret" })),
        ("generated", json!({ "since": 0 })),
        ("delete", json!({ "path": "dir/only-outside" })),
        ("delete", json!({ "path": "dir/sub" })),
    ] {
        counts.tries += 1;
        let Ok(answer) = workspace.operate(op, &request.to_string(), &Cancel::default()) else {
            continue;
        };
        counts.worked += 1;
        // "outside" in base64 too, as a file's bytes may come.
        if ["outside", "b3V0c2lkZQ"].iter().any(|sign| answer.contains(sign)) {
            counts.escapes.push(format!("{op}: {answer}"));
        }
    }
}

#[test]
fn a_swapped_directory_leads_no_operation_out() {
    let scratch = Scratch::new();
    scratch.file("dir/secret", "inside");
    fs::write(scratch.outside("only-outside"), "").unwrap();

    // The attack works on a check of names, in the one moment where it must.
    let stolen = by_name(&scratch, || swap(&scratch));
    swap_back(&scratch);
    assert_eq!(stolen.as_deref(), Some("outside"));

    let workspace = open(&scratch);
    let (done, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut counts = Counts::default();
    let (mut naive, mut looks) = (1, 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _over = Over(&done);
            for round in 0..SWAPS {
                swap(&scratch);
                linger(&turns, round);
                swap_back(&scratch);
                linger(&turns, round);
            }
        });
        while !done.load(Ordering::Acquire) {
            turns.fetch_add(1, Ordering::AcqRel);
            attack(&workspace, &mut counts);
            // As often as the others together.
            for _ in 0..18 {
                looks += 1;
                naive += usize::from(by_name(&scratch, || ()).as_deref() == Some("outside"));
            }
        }
    });
    println!("by name: {naive} escapes in {looks} tries");
    counts.judge(&scratch);
}

/// What many programs do: look whether the path leads inside, then open it.
fn checked_first(scratch: &Scratch) -> bool {
    let path = scratch.inside("dir/secret");
    path.canonicalize().is_ok_and(|real| real.starts_with(scratch.inside("")))
        && fs::read(path).is_ok_and(|bytes| bytes == b"outside")
}

#[test]
fn a_flipping_link_leads_no_operation_out() {
    let scratch = Scratch::new();
    scratch.file("real/secret", "inside");
    scratch.link("dir", "real");
    fs::write(scratch.outside("only-outside"), "").unwrap();
    let workspace = open(&scratch);
    let done = AtomicBool::new(false);
    let mut counts = Counts::default();
    let (mut naive, mut looks) = (0, 0);
    let begun = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            for target in [scratch.outside(""), "real".into()].iter().cycle() {
                // Never away for a moment: one link takes the place of the other.
                std::os::unix::fs::symlink(target, scratch.inside("next")).unwrap();
                fs::rename(scratch.inside("next"), scratch.inside("dir")).unwrap();
                if done.load(Ordering::Acquire) {
                    break;
                }
            }
        });
        let _over = Over(&done);
        // Until the usual way was caught as well, so that the race is known to be one.
        while counts.tries < 4_000 || naive == 0 {
            attack(&workspace, &mut counts);
            for _ in 0..18 {
                looks += 1;
                naive += usize::from(checked_first(&scratch));
            }
            if begun.elapsed() > Duration::from_mins(2) {
                break;
            }
        }
    });
    println!("checked first, then opened: {naive} escapes in {looks} tries");
    assert!(naive > 0, "the usual way was not caught in two minutes");
    counts.judge(&scratch);
}

#[test]
fn a_file_that_became_a_link_is_replaced_and_not_followed() {
    let scratch = Scratch::new();
    scratch.file("file", "old");
    let workspace = open(&scratch);
    let request = serde_json::from_value(json!({
        "path": "file", "oldText": "o", "newText": "0", "replaceAll": true,
    }));
    let mut swapped = 0;
    let cancel = Cancel::default();
    let watch =
        super::super::Watch { cancel: &cancel, until: Instant::now() + Duration::from_mins(1) };
    let edited = super::super::edit::edit_with(&workspace, &request.unwrap(), watch, || {
        swapped += 1;
        fs::remove_file(scratch.inside("file")).unwrap();
        std::os::unix::fs::symlink(scratch.outside("secret"), scratch.inside("file")).unwrap();
    });
    assert!(edited.unwrap_err().to_string().starts_with("path is a symbolic link"));
    assert_eq!(swapped, 1, "what gave way to a link is not edited a second time");
    assert_eq!(fs::read(scratch.outside("secret")).unwrap(), b"outside");
}
