//! `AddressSanitizer` sees into the arena: without this, its silence in all other tests would prove
//! nothing. Each fault ends the process it is made in, so it is made in a child.

#![expect(clippy::disallowed_methods, reason = "starts itself, and tells itself why")]

use std::process::Command;

use super::super::arena::functions;
use super::super::cell::Cell;
use super::super::isolate::Isolate;

unsafe extern "C" {
    fn runlet_probe(at: *const u8) -> u8;
}

/// Set in a child: the fault it is to make.
const FAULT: &str = "RUNLET_TEST_FAULT";
const FAULTS: [&str; 6] =
    ["none", "behind-the-block", "before-the-block", "freed", "moved", "unused-memory"];

/// Makes one fault in a guest isolate's arena.
fn commit(fault: &str) {
    let mut isolate = Isolate::guest(64 << 20, Cell::leak()).expect("an isolate");
    // Faults are looked for after a reset: the map of the pristine image must hold them as well.
    isolate.reset();
    let opaque = isolate.opaque();
    // SAFETY: the first and the last byte of the block are ours. The rest is the fault, which the
    // sanitizer ends the process for.
    unsafe {
        let block = functions::malloc(opaque, 21).cast::<u8>();
        block.write_bytes(1, 21);
        assert_eq!(runlet_probe(block) + runlet_probe(block.add(20)), 2);
        let at = match fault {
            "none" => return,
            "behind-the-block" => block.add(21),
            "before-the-block" => block.sub(1),
            "freed" => {
                functions::free(opaque, block.cast());
                block
            }
            "moved" => {
                let moved = functions::realloc(opaque, block.cast(), 20).cast::<u8>();
                assert_eq!(runlet_probe(moved), 1);
                block
            }
            _ => isolate.last_unused(),
        };
        runlet_probe(at);
    }
}

#[test]
fn a_child_makes_the_fault_it_was_told() {
    if let Ok(fault) = std::env::var(FAULT) {
        super::super::inject::arm(0);
        commit(&fault);
    }
}

#[test]
fn the_sanitizer_sees_into_the_arena() {
    let program = std::env::current_exe().expect("this test");
    let name = "codelet::engine::tests::poisoning::a_child_makes_the_fault_it_was_told";
    for fault in FAULTS {
        let child = Command::new(&program).args([name, "--exact"]).env(FAULT, fault).output();
        let child = child.expect("a child of this test");
        let said = String::from_utf8_lossy(&child.stderr);
        let reported = said.contains("AddressSanitizer: use-after-poison");
        assert_eq!(child.status.success(), fault == "none", "{fault}: {said}");
        assert_eq!(reported, fault != "none", "{fault}: {said}");
    }
}
