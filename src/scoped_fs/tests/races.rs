//! Somebody swaps a directory for a link to one outside, over and over, while we work in it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::super::{Fault, Step, Walk, WriteOptions, contents};
use super::{Scratch, path, soon};

const SWAPS: usize = 3_000;

/// The directory gives way to a link. Whoever writes may have made a new one in between.
fn swap(scratch: &Scratch) {
    let name = scratch.inside("dir");
    fs::rename(&name, scratch.inside("moved")).unwrap();
    while std::os::unix::fs::symlink(scratch.outside(""), &name).is_err() {
        let _ = fs::remove_dir_all(&name);
    }
}

/// The directory comes back.
fn swap_back(scratch: &Scratch) {
    let name = scratch.inside("dir");
    fs::remove_file(&name).unwrap();
    while fs::rename(scratch.inside("moved"), &name).is_err() {
        let _ = fs::remove_dir_all(&name);
    }
}

/// Every few rounds things stay as they are until the other side has had a whole turn, so that both
/// states are met however the threads are scheduled; in the other rounds it may be anywhere.
fn linger(turns: &AtomicUsize, round: usize) {
    let now = turns.load(Ordering::Acquire);
    for _ in 0..if round.is_multiple_of(64) { 100_000 } else { 1 } {
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
fn naive_read(scratch: &Scratch, between: impl FnOnce()) -> Option<String> {
    let wanted = scratch.inside("dir/secret");
    let real = wanted.canonicalize().ok()?;
    if !real.starts_with(scratch.inside("")) {
        return None;
    }
    between();
    fs::read_to_string(real).ok()
}

fn names(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_swapped_directory_leads_nobody_out() {
    let scratch = Scratch::new();
    scratch.file("dir/secret", "inside");

    // The attack works on a check of names, in the one moment where it must.
    let stolen = naive_read(&scratch, || swap(&scratch));
    swap_back(&scratch);
    assert_eq!(stolen.as_deref(), Some("outside"));

    let root = scratch.root();
    let (done, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (mut inside, mut refused, mut naive, mut wrong) = (0, 0, 0, Vec::new());
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
            let read = root
                .open_file(&path("dir/secret"))
                .and_then(|(file, stat)| contents(&file, &stat, 100));
            match read {
                Ok(bytes) if bytes == b"inside" => inside += 1,
                Ok(bytes) => wrong.push(String::from_utf8_lossy(&bytes).into_owned()),
                Err(_) => refused += 1,
            }
            let _ = root.write(&path("dir/new"), b"x", WriteOptions::default());
            let _ = root.append(&path("dir/log"), b"x", WriteOptions::default());
            let _ = root.write(&path("dir/sub/new"), b"x", WriteOptions::default());
            let walked = Walk { recursive: true, max_visited: 100, until: soon() };
            let _ = root.walk(&path("dir"), walked, |entry| {
                if let Ok((file, stat)) = entry.open()
                    && contents(&file, &stat, 100).is_ok_and(|bytes| bytes == b"outside")
                {
                    wrong.push(format!("walked to {:?}", entry.path));
                }
                Ok(Step::On)
            });
            let _ = root.remove_tree(&path("dir/sub"), soon());
            if naive_read(&scratch, || ()).as_deref() == Some("outside") {
                naive += 1;
            }
        }
    });
    println!("{SWAPS} swaps: {inside} reads inside, {refused} refused; by name {naive} escapes");
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(names(&scratch.outside("")), 1, "nothing was written outside");
    assert_eq!(fs::read(scratch.outside("secret")).unwrap(), b"outside");
    assert!(inside > 0, "the race was one");
}

#[test]
fn a_directory_swapped_during_a_walk_is_left_out() {
    let scratch = Scratch::new();
    scratch.file("dir/secret", "inside");
    scratch.file("a", "");
    let root = scratch.root();
    let mut seen = Vec::new();
    let bounds = Walk { recursive: true, max_visited: 100, until: soon() };
    let walked = root
        .walk(&path("."), bounds, |entry| {
            seen.push(entry.path.shown());
            if entry.path.shown() == "dir" {
                // It was listed as a directory, and is a link by the time it would be entered.
                fs::rename(scratch.inside("dir"), scratch.outside("moved")).unwrap();
                std::os::unix::fs::symlink(scratch.outside(""), scratch.inside("dir")).unwrap();
            }
            Ok(Step::On)
        })
        .unwrap();
    assert_eq!(seen, ["a", "dir"]);
    assert_eq!(walked.skipped, 1);
}

#[test]
fn a_directory_swapped_for_a_link_to_another_is_left_out_too() {
    let scratch = Scratch::new();
    scratch.file("dir/a", "");
    scratch.file("other/b", "");
    let root = scratch.root();
    let mut seen = Vec::new();
    let bounds = Walk { recursive: true, max_visited: 100, until: soon() };
    root.walk(&path("."), bounds, |entry| {
        seen.push(entry.path.shown());
        if entry.path.shown() == "dir" {
            fs::rename(scratch.inside("dir"), scratch.outside("moved")).unwrap();
            std::os::unix::fs::symlink("other", scratch.inside("dir")).unwrap();
        }
        Ok(Step::On)
    })
    .unwrap();
    assert_eq!(seen, ["dir", "other", "other/b"]);
}

#[test]
fn a_file_swapped_during_a_walk_is_not_followed() {
    let scratch = Scratch::new();
    scratch.file("file", "inside");
    let root = scratch.root();
    let bounds = Walk { recursive: true, max_visited: 100, until: soon() };
    root.walk(&path("."), bounds, |entry| {
        fs::remove_file(scratch.inside("file")).unwrap();
        std::os::unix::fs::symlink(scratch.outside("secret"), scratch.inside("file")).unwrap();
        assert_eq!(entry.open().unwrap_err(), Fault::Link);
        Ok(Step::On)
    })
    .unwrap();
}

#[test]
fn walks_level_by_level_in_order_and_within_bounds() {
    let scratch = Scratch::new();
    for file in ["b/z", "b/a/deep", "a/q", "c"] {
        scratch.file(file, "");
    }
    scratch.link("link", "b");
    let root = scratch.root();
    let walk = |recursive, max_visited, skip: &str| {
        let mut seen = Vec::new();
        let bounds = Walk { recursive, max_visited, until: soon() };
        let walked = root.walk(&path("."), bounds, |entry| {
            seen.push(entry.path.shown());
            Ok(if entry.path.shown() == skip { Step::Skip } else { Step::On })
        });
        (seen, walked.unwrap())
    };
    let (all, walked) = walk(true, 100, "");
    assert_eq!(all, ["a", "b", "c", "link", "a/q", "b/a", "b/z", "b/a/deep"]);
    assert!(!walked.cut);
    assert_eq!(walk(false, 100, "").0, ["a", "b", "c", "link"]);
    assert_eq!(walk(true, 100, "b").0, ["a", "b", "c", "link", "a/q"]);
    let (first, walked) = walk(true, 3, "");
    assert_eq!(first, ["a", "b", "c"]);
    assert!(walked.cut);
    assert!(!walk(true, 8, "").1.cut, "a bound that is just met cuts nothing");
    let late = Walk { recursive: true, max_visited: 9, until: std::time::Instant::now() };
    assert_eq!(root.walk(&path("."), late, |_| Ok(Step::On)).unwrap_err(), Fault::Deadline);
}
