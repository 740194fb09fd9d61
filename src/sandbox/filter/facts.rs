//! The program run as the kernel would, over every number, against the [`oracle`](super::oracle).

use std::collections::BTreeSet;

use libc::sock_filter;

use super::assembler::{ANY_OF, AT_LEAST, EQUAL, GO, LOAD, NOBODY, RETURN};
use super::interpreter::{Data, run};
use super::oracle::{Expected, OWN_PID, expected};
use super::{FilterTerms, NetAccess, Program, numbers, program};

fn all_terms() -> Vec<FilterTerms> {
    let nets = [NetAccess::Closed, NetAccess::Supervised, NetAccess::Open];
    let bits = |net| {
        (0..64_u8).map(move |bits| FilterTerms {
            net,
            processes: bits & 1 != 0,
            watch_files: bits & 2 != 0,
            supervised_metadata: bits & 4 != 0,
            scoped_signals: bits & 8 != 0,
            truncate_by_path: bits & 16 != 0,
            supervised_sockets: bits & 32 != 0,
            // Not a bit of its own, which would double the sets: it has to do with no other.
            shared_memory: bits.count_ones() % 2 == 0,
        })
    };
    nets.into_iter().flat_map(bits).collect()
}

/// As it is installed: with a process id.
fn installed(terms: FilterTerms) -> Vec<sock_filter> {
    let Program { mut steps, own_pid, .. } = program(&terms);
    for step in own_pid {
        assert_eq!((steps[step].code, steps[step].k), (EQUAL, NOBODY));
        steps[step].k = OWN_PID.cast_unsigned();
    }
    steps
}

/// Values that mean something to some call, and their neighbours.
fn values() -> Vec<u64> {
    let mut values: BTreeSet<u32> = (0..=32).collect();
    values.extend([u32::MAX, 1 << 31, OWN_PID.cast_unsigned(), OWN_PID.cast_unsigned() + 1]);
    values.extend((0..32).map(|bit| 1 << bit));
    // Flags of processes: a thread, a thread in namespaces, a fork, a child of the parent.
    values.extend([
        0x003D_0F00,
        0x103D_0F00,
        0x0001_0080,
        0x0120_0011,
        0x4111,
        0x8011,
        0x7E02_0080,
    ]);
    // Kinds of sockets, with flags and with other bits.
    for kind in 1..=10 {
        values.extend([kind | 0o2_000_000, kind | 0o4000, kind | 0o2_004_000, kind | 0x100]);
    }
    // Kinds of mappings: private, shared and the third kind, each with and without a file.
    values.extend([0x01, 0x02, 0x03, 0x21, 0x22, 0x23, 0x0004_0022, 0x0004_0021]);
    // Options of `open`: truncated in each mode, created, as a path.
    values.extend([0o1000, 0o1001, 0o1002, 0o1003, 0o1101, 0o10_001_000, 0o1100]);
    values.extend([132, 136, 255, 256, 262, 1023, 1024, 1025, 1026, 1040]);
    // Requests of terminals and owners, of file systems, and others.
    values.extend(0x5401..=0x5460);
    values.extend(0x8900..=0x8913);
    values.extend([0x8008_6601, 0x4008_6602, 0x8008_7601, 0x4008_7602, 0xC020_660B, 0x801C_581F]);
    values.extend([0x401C_5820, 0x4080_6685, 0x800C_6613, 0xC050_6617, 0x4004_9409, 0x4020_940D]);
    values.extend([
        0xC018_9436,
        0x5000_940E,
        0x5000_9417,
        0x4004_7211,
        0xF503,
        0x6680,
        0xC020_660C,
    ]);
    values.into_iter().map(u64::from).collect()
}

const JUNK: u64 = 0xDEAD_BEEF_0000_0000;

/// One value at each place in turn, then what the arguments of sockets and their options can be
/// together; each with and without a high half that the kernel does not look at.
fn argument_sets() -> Vec<[u64; 6]> {
    let mut sets = vec![[0; 6], [u64::MAX; 6]];
    for value in values() {
        for place in 0..4 {
            let mut arguments = [0; 6];
            arguments[place] = value;
            sets.push(arguments);
        }
    }
    for domain in [0, 1, 2, 3, 10, 16] {
        for kind in [1, 2, 3, 4, 5, 6, 10] {
            for flags in [0, 0o2_004_000, 0x100] {
                for protocol in [0, 1, 6, 17, 132, 256, 262] {
                    sets.push([domain, kind | flags, protocol, 0, 0, 0]);
                }
            }
        }
    }
    for option in 0..=64 {
        sets.push([3, 6, option, 0, 0, 0]);
        sets.push([3, 41, option, 0, 0, 0]);
    }
    let high = |arguments: &[u64; 6]| arguments.map(|argument| argument | JUNK);
    let with_junk: Vec<[u64; 6]> = sets.iter().map(high).collect();
    sets.into_iter().chain(with_junk).collect()
}

/// Every number under every set of terms. All sets of arguments go to the calls whose arguments the
/// program looks at, and under some terms to all; else a part of them, in which a call would show
/// whose arguments should have been looked at.
#[test]
fn every_number_is_answered_as_it_should_be() {
    let sets = argument_sets();
    let mut judged = BTreeSet::new();
    for (index, terms) in all_terms().into_iter().enumerate() {
        let steps = installed(terms);
        for number in (0..=1023).chain([1 << 30, 0x4000_0029, 1 << 31, u32::MAX]) {
            let data = |arguments| Data { number, arch: numbers::OURS, arguments };
            let (first, looked) = run(&steps, &data(sets[0]));
            let part = if looked || index % 31 == 0 { 1 } else { 61 };
            for arguments in sets.iter().step_by(part) {
                // What did not look at the arguments once never does.
                let answer = if looked { run(&steps, &data(*arguments)).0 } else { first };
                let right = expected(terms, number, arguments);
                assert_eq!(answer, right, "call {number} of {arguments:x?} under {terms:?}");
            }
            judged.extend(looked.then_some(number));
        }
    }
    assert!(judged.len() > 20, "the arguments of {} calls were looked at", judged.len());
}

#[test]
fn a_foreign_architecture_ends_the_process() {
    for terms in all_terms() {
        let steps = installed(terms);
        for arch in [0, 0x4000_0003, 0x4000_0028, 0xC000_003E, 0xC000_00B7, u32::MAX] {
            for number in 0..=1023 {
                let (answer, _) = run(&steps, &Data { number, arch, arguments: [0; 6] });
                assert_eq!(answer == Expected::Kill, arch != numbers::OURS, "{arch:x} {number}");
            }
        }
    }
}

#[test]
fn the_kernel_takes_every_program() {
    for terms in all_terms() {
        let Program { steps, notifies, own_pid } = program(&terms);
        assert!(steps.len() <= 4096, "{} steps", steps.len());
        assert_eq!(steps.last().map(|step| step.code), Some(RETURN));
        for (at, step) in steps.iter().enumerate() {
            let left = steps.len() - at - 1;
            let reach = match step.code {
                EQUAL | AT_LEAST | ANY_OF => usize::from(step.jt.max(step.jf)),
                GO => step.k as usize,
                _ => 0,
            };
            assert!(reach < left || step.code == RETURN, "step {at} leads out");
            if step.code == LOAD {
                assert!(step.k % 4 == 0 && step.k < 64, "step {at} loads from {}", step.k);
            }
        }
        let asks = steps.iter().any(|step| {
            step.code == RETURN && step.k & libc::SECCOMP_RET_ACTION_FULL == 0x7FC0_0000
        });
        assert_eq!(notifies, asks);
        assert_eq!(notifies, terms.net == NetAccess::Supervised || terms.supervised_metadata);
        assert_eq!(own_pid.is_empty(), terms.scoped_signals);
    }
}

/// Before the process id is put in, nobody at all can be signalled.
#[test]
fn a_program_without_its_process_id_refuses_all_signals() {
    let terms = FilterTerms { scoped_signals: false, ..all_terms()[0] };
    let steps = program(&terms).steps;
    for target in values().into_iter().filter(|target| *target != u64::from(NOBODY)) {
        let number = numbers::number(libc::SYS_kill);
        let arguments = [target, 9, 0, 0, 0, 0];
        let (answer, _) = run(&steps, &Data { number, arch: numbers::OURS, arguments });
        assert_eq!(answer, Expected::Errno(libc::EPERM), "{target}");
    }
}

/// The kernel answers a call from its cache when the program allows it without looking further.
#[test]
fn calls_that_are_always_allowed_are_judged_by_their_number() {
    let steps = installed(all_terms()[0]);
    let hot = [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_futex,
        libc::SYS_mmap,
        libc::SYS_madvise,
        libc::SYS_epoll_pwait,
        libc::SYS_openat,
        libc::SYS_statx,
        libc::SYS_close,
    ];
    for call in hot {
        let number = numbers::number(call);
        let answer = run(&steps, &Data { number, arch: numbers::OURS, arguments: [0; 6] });
        assert_eq!(answer, (Expected::Allow, false), "call {number}");
    }
}
