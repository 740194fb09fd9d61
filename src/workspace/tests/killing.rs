//! A process that is killed while it writes leaves the old contents or the new, never a part of them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::{Spec, Workspace};
use crate::scoped_fs::tests::Scratch;

const FOLDER: &str = "RUNLET_TEST_KILLED_FOLDER";
const PLAINLY: &str = "RUNLET_TEST_KILLED_PLAINLY";
const SIZE: usize = 8_000_000;
const KILLS: u64 = 20;

/// Not a test of its own: what the process does that is killed. Alone, it has no folder and nothing to
/// do. It ends by itself some time, in case nobody kills it.
#[test]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let plainly = std::env::var_os(PLAINLY).is_some();
    let workspace = Workspace::open(&Spec::new(&folder)).unwrap();
    let path = workspace.path("file").unwrap().path;
    let texts: Vec<_> = (b'a'..=b'd').map(|letter| vec![letter; SIZE]).collect();
    for text in texts.iter().cycle().take(4_000) {
        if plainly {
            fs::write(Path::new(&folder).join("file"), text).unwrap();
        } else {
            // What `write` and `edit` come to, without the time that JSON takes.
            workspace.root.place(&path, text, None).unwrap();
        }
    }
}

/// Kills such a process after a while. True if it was still at work.
fn kill(scratch: &Scratch, plainly: bool, after: Duration) -> bool {
    let file = scratch.inside("file");
    let _ = fs::remove_file(&file);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "workspace::tests::killing::writes_until_it_is_killed"])
        .env(FOLDER, scratch.inside(""))
        .stdout(Stdio::null());
    if plainly {
        command.env(PLAINLY, "1");
    }
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while !file.exists() && begun.elapsed() < Duration::from_mins(1) {
        std::thread::yield_now();
    }
    let first = Instant::now();
    while first.elapsed() < after {
        std::thread::yield_now();
    }
    let at_work = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    at_work
}

fn is_whole(file: &Path) -> bool {
    let text = fs::read(file).unwrap();
    text.len() == SIZE && text.iter().all(|byte| *byte == text[0])
}

#[test]
fn a_kill_leaves_old_or_new_contents() {
    let scratch = Scratch::new();
    let file = scratch.inside("file");
    let (mut met, mut left, mut halves) = (0, 0, 0);
    for step in 0..KILLS {
        let after = Duration::from_micros(step * 1_777);
        // The usual way: open, truncate, write.
        kill(&scratch, true, after);
        halves += u32::from(!is_whole(&file));

        met += u32::from(kill(&scratch, false, after));
        assert!(is_whole(&file), "a part of a file");
        for entry in fs::read_dir(scratch.inside("")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "file" {
                assert!(crate::scoped_fs::is_temporary(&entry.file_name()), "{entry:?}");
                left += 1;
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
    println!(
        "{met} of {KILLS} killed at work, {left} in the middle of a write, and every file whole; \
         written plainly, {halves} of {KILLS} files were not"
    );
    assert!(left > 0, "no process was killed in the middle of a write");
    assert!(halves > 0, "the usual way was not caught at it");
}
