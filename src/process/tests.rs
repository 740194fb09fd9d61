//! Trees of real processes: what is promised of each is tried on a shell.

#![expect(
    clippy::disallowed_methods,
    reason = "looks at the kernel's files, and waits for what tells nobody of its end"
)]

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::process::Limits;

fn limits() -> Limits {
    Limits {
        memory_bytes: Some(256 << 20),
        data_bytes: None,
        processes: 16,
        open_files: 64,
        file_bytes: 1 << 20,
        cpu: None,
        capture_bytes: 64 * 1024,
        log_bytes: 1 << 20,
    }
}

fn sh_within(script: &str, limits: Limits, milliseconds: u64) -> Finished {
    let env = [("PATH", "/usr/bin:/bin"), ("MARK", "yes")];
    let command =
        Command::new(Path::new("/bin/sh"), ["-c", script], env, Path::new("/tmp"), limits).unwrap();
    run_blocking(command, Duration::from_millis(milliseconds)).unwrap()
}

fn sh(script: &str) -> Finished {
    sh_within(script, limits(), 60_000)
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

/// Ended trees die a moment after the call: waits for it, and fails after two seconds.
fn dies(pid: &str) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !is_alive(pid)
    })
}

#[test]
fn a_program_runs_with_what_it_was_given() {
    let done = sh("echo out; echo err >&2; echo $MARK $HOME; pwd; exit 3");
    assert_eq!(done.report.stdout.text, "out\nyes\n/tmp\n");
    assert_eq!(done.report.stderr.text, "err\n");
    assert_eq!(done.exit, Some(Exit { code: Some(3), signal: None }));
}

#[test]
fn a_program_that_is_run_for_its_output_has_three_descriptors() {
    let done = sh("ls /proc/self/fd | tr '\\n' ' '");
    // The fourth is the listing itself.
    assert_eq!(done.report.stdout.text, "0 1 2 3 ");
}

#[test]
fn a_signal_is_told_from_an_exit_code() {
    let done = sh("kill -SEGV $$");
    assert_eq!(done.exit, Some(Exit { code: None, signal: Some(libc::SIGSEGV) }));
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let none: [(&str, &str); 0] = [];
    let command =
        Command::new(Path::new("/no/such/program"), [""; 0], none, Path::new("/"), limits())
            .unwrap();
    let error = run_blocking(command, Duration::from_secs(5)).unwrap_err();
    assert_eq!((error.stage, error.errno), ("execve", libc::ENOENT));
    assert!(!error.is_transient());
}

#[test]
fn descendants_end_with_the_leader() {
    let done = sh("sleep 1000 & echo $!");
    assert!(dies(&done.report.stdout.text));
}

#[test]
fn the_deadline_ends_what_ignores_signals_and_holds_the_output() {
    let script = "trap '' TERM INT HUP; (trap '' TERM; sleep 1000) & echo $!; while :; do :; done";
    let done = sh_within(script, limits(), 2_000);
    assert!(done.timed_out);
    assert!(done.duration < Duration::from_secs(30));
    assert!(dies(&done.report.stdout.text));
}

#[test]
fn no_descendant_leaves_the_group() {
    // Each says whether it got a session of its own.
    let script = "setsid sh -c 'ps -o pgid= -p $$' ; (setsid sleep 1000 & echo $!) ; echo $$";
    let done = sh_within(script, limits(), 2_000);
    let text = done.report.stdout.text;
    for pid in text.split_whitespace() {
        assert!(dies(pid), "{text}");
    }
}

#[test]
fn a_halted_tree_does_nothing_until_its_end() {
    let folder = std::env::temp_dir().join(format!("runlet-halted-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let script = "echo $$ > pid; (while :; do echo >> one; done) & while :; do echo >> two; done";
    let env = [("PATH", "/usr/bin:/bin")];
    let many = Limits { file_bytes: 1 << 30, ..limits() };
    let command = Command::new(Path::new("/bin/sh"), ["-c", script], env, &folder, many).unwrap();
    let written = || {
        ["one", "two"].map(|name| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len()))
    };
    let pause = || std::thread::sleep(Duration::from_millis(100));
    let (give, launched) = std::sync::mpsc::sync_channel(1);
    reactor::spawn(async move {
        let child = Child::launch(command, None, Box::new(())).await.unwrap();
        give.send(child).unwrap();
    });
    let child = launched.recv().unwrap();
    assert!((0..100).any(|_| {
        pause();
        !written().contains(&0)
    }));
    let (give, halted) = std::sync::mpsc::sync_channel(1);
    reactor::spawn(async move {
        child.halt().await;
        give.send(child).unwrap();
    });
    let child = halted.recv().unwrap();
    pause();
    let before = written();
    pause();
    assert_eq!(written(), before);
    let pid = std::fs::read_to_string(folder.join("pid")).unwrap();
    assert!(is_alive(&pid));
    drop(child);
    assert!(dies(&pid));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn memory_of_the_whole_tree_counts() {
    let hungry = "head -c 60000000 /dev/zero | tail -c 60000000 | sleep 1000";
    let small = Limits { memory_bytes: Some(64 << 20), ..limits() };
    let script = format!("({hungry}) & ({hungry}) & wait");
    let done = sh_within(&script, small, 60_000);
    assert_eq!(done.stopped, Some(Stop::Memory));
    assert!(done.report.peak_memory_bytes > 64 << 20);
}

#[test]
fn a_fork_bomb_is_bounded() {
    // Seven times twice as many, and no more: without an end, as root and as fast as it can, it takes
    // all numbers of processes that a small machine has, also from the tests after this one.
    let bomb = "f() { if [ $1 -lt 7 ]; then f $(($1 + 1)) & f $(($1 + 1)) & fi; sleep 100; }; f 0";
    let done = sh_within(bomb, limits(), 60_000);
    assert_eq!(done.stopped, Some(Stop::Processes));
}

#[test]
fn output_beyond_the_limit_ends_the_tree() {
    let done = sh("yes");
    assert_eq!(done.stopped, Some(Stop::Logs));
    assert!(done.report.stdout.dropped > 0);
    assert!(done.report.stdout.text.len() < 66 * 1024);
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let done = sh("f=$(mktemp); head -c 3000000 /dev/zero > $f; stat -c %s $f; rm $f");
    assert_eq!(done.report.stdout.text, "1048576\n");
}

#[test]
fn root_keeps_no_power_to_raise_its_limits() {
    let done = sh("ulimit -n 4096; ulimit -n; grep CapEff /proc/self/status");
    let text = done.report.stdout.text;
    assert!(text.starts_with("64\n"), "{text}{}", done.report.stderr.text);
    let held = text.split_whitespace().last().unwrap();
    assert!(["0000000000000000", "0000000000000002"].contains(&held), "{held}");
}

/// Children of the test itself, of these groups, that nobody has reaped. Orphans of other tests
/// may be among its children, too.
fn zombies(groups: &[String]) -> usize {
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let rest: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
            rest[0] == "Z" && rest[1] == own && groups.iter().any(|group| group == rest[2])
        })
        .count()
}

/// As a host that is the first process of a container: orphans become its children.
#[test]
fn any_number_of_orphans_is_reaped() {
    // SAFETY: sets an attribute of the test process.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    let many = Limits { processes: 1000, ..limits() };
    let script = "i=0; while [ $i -lt 120 ]; do (: &); i=$((i + 1)); done; echo $i $$";
    let text = sh_within(script, many, 60_000).report.stdout.text;
    let (started, group) = text.trim().split_once(' ').unwrap();
    let groups = [group.to_owned()];
    assert_eq!(started, "120");
    let settles = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        zombies(&groups) == 0
    });
    // SAFETY: as above.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 0) };
    assert!(settles, "{} zombies", zombies(&groups));
}

#[test]
fn two_hundred_launches_leave_nothing_behind() {
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    sh(":");
    let before = count();
    let launch = |_| sh("echo $$").report.stdout.text.trim().to_owned();
    let groups: Vec<String> = (0..200).map(launch).collect();
    // Other tests launch meanwhile; what they hold comes and goes.
    let settles = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        count() <= before + 16 && zombies(&groups) == 0
    });
    assert!(settles, "{before} descriptors became {}, {} zombies", count(), zombies(&groups));
}
