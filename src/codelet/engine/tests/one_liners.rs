//! The hostile one-liners, one after the other in the same isolate: each ends at its deadline or at
//! its memory limit, and after each the heap is what it was, byte for byte, and a codelet that
//! walks every object within reach sees what it saw in a fresh isolate.

use std::process::Command;
use std::sync::Arc;

use super::{Bench, compiled, value};
use crate::codelet::deadline::{Due, Overdue, Watchdog};
use crate::codelet::engine::cell::{Cell, Landing};
use crate::codelet::engine::kill;
use crate::codelet::engine::run::Ending;
use crate::codelet::engine::time::now_nanos;
use crate::codelet::program::Program;

const LIST: &str = include_str!("../../../../tests/hostile/one-liners.txt");
const WALK: &str = include_str!("../../../../tests/hostile/walk-globals.mjs");
/// Names the process in which the list is run.
const CHILD: &str = "RUNLET_ONE_LINERS";
const DEADLINE_NANOS: i64 = 50_000_000;
const MEMORY_LIMIT: usize = 64 << 20;

/// No run of these ever waits outside the engine.
struct Nobody;

impl Overdue for Nobody {
    fn overdue(&self, _: u64, _: Due) {}
}

/// Name, whether it grows, program.
fn entries() -> impl Iterator<Item = (&'static str, bool, &'static str)> {
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let (name, program) = line.split_once(": ").expect("name: program");
        let plain = name.strip_suffix(" [memory]");
        (plain.unwrap_or(name), plain.is_some(), program)
    })
}

/// The kill signal serves one table of cells per process, and the pool's tests take it for theirs:
/// so this test starts itself again, alone in a process.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the child is this very program, told so by a variable"
)]
fn hostile_one_liners_end_and_leave_no_byte_behind() {
    if std::env::var_os(CHILD).is_some() {
        return run_all();
    }
    let this = std::env::current_exe().expect("the test's own program");
    let (_, module) = module_path!().split_once("::").expect("crate::module");
    let name = format!("{module}::hostile_one_liners_end_and_leave_no_byte_behind");
    let child = Command::new(this).args(["--exact", &name]).env(CHILD, "1").output();
    let child = child.expect("the test starts itself");
    // Indented, so that who counts results does not count the child's too.
    let said = String::from_utf8_lossy(&child.stdout).replace('\n', "\n  ");
    assert!(child.status.success(), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

fn run_all() {
    let mut bench = Bench::new();
    let cells: &'static [&'static Cell] = Box::leak(Box::new([bench.cell]));
    let can_kill = kill::install(cells);
    kill::adopt(bench.cell);
    let watchdog = Arc::new(Watchdog::new(cells));
    watchdog.adopt(0);
    assert!(watchdog.spawn(Arc::new(Nobody)));

    let walk = compiled(bench.cell, WALK);
    let fresh = value(Bench::new().run(&walk, MEMORY_LIMIT)).expect("a number");
    assert_eq!(value(bench.run(&walk, MEMORY_LIMIT)).as_ref(), Some(&fresh));

    let (mut stopped, mut killed, mut grown) = (0, 0, 0);
    for (name, grows, program) in entries() {
        let code = format!("export async function main(input, helpers) {{\n{program}\n}}");
        let program: Arc<Program> = compiled(bench.cell, &code);
        watchdog.arm(0, 1, now_nanos() + DEADLINE_NANOS, None);
        // Compares the heap with the pristine one.
        let ending = bench.run(&program, MEMORY_LIMIT);
        watchdog.disarm(0);
        // Every run of a bench has the number 1; in the pool no two have the same.
        bench.cell.request_stop(0);
        match ending {
            Ending::Left(Landing::Stopped) => stopped += 1,
            Ending::Left(Landing::Killed) => killed += 1,
            Ending::Left(Landing::OutOfMemory) if grows => grown += 1,
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(value(bench.run(&walk, MEMORY_LIMIT)).as_ref(), Some(&fresh), "{name}");
    }
    assert!(stopped + killed + grown >= 170, "only {} programs", stopped + killed + grown);
    assert!(stopped > 0 && (killed > 0 || !can_kill), "{stopped} stopped, {killed} killed");
}
