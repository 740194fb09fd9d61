//! Keeps a tree in one process group.
//!
//! A process that left its group (`setsid`, `setpgid`) would outlive the signal that ends the group,
//! and one that cleared its death signal would outlive a host that was killed. A seccomp filter
//! refuses these calls to the child and, since filters are inherited and cannot be taken off, to all
//! that it starts. Libraries that ask for a session of their own for a detached child go on without
//! one: they do not look at the answer.
//!
//! Nor may they signal "my group": programs that believe they have one of their own mean themselves
//! (`timeout` sends it SIGTERM when its time is over), and would end the whole tree.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "constants of the kernel's, all within their fields"
)]

use libc::{c_ushort, sock_filter};

const LOAD: c_ushort = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as c_ushort;
const EQUAL: c_ushort = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as c_ushort;
const AT_LEAST: c_ushort = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as c_ushort;
const RETURN: c_ushort = (libc::BPF_RET | libc::BPF_K) as c_ushort;

/// Offsets into `struct seccomp_data`; of an argument the half with the low bits.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const FIRST_ARGUMENT: u32 = if cfg!(target_endian = "little") { 16 } else { 20 };

#[cfg(target_arch = "x86_64")]
const OURS: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const OURS: u32 = 0xC000_00B7;

/// System calls of the x32 ABI, a second way to each of them.
const X32: u32 = 0x4000_0000;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

const fn step(code: c_ushort, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

const fn number(call: libc::c_long) -> u32 {
    call as u32
}

/// How many steps it has.
pub(super) const FILTER_STEPS: u16 = 16;

/// The program. Jumps count the steps that are left out.
pub(super) static FILTER: [sock_filter; FILTER_STEPS as usize] = [
    step(LOAD, ARCH, 0, 0),
    step(EQUAL, OURS, 1, 0),
    step(RETURN, KILL, 0, 0),
    step(LOAD, NUMBER, 0, 0),
    step(AT_LEAST, X32, 10, 0),
    step(EQUAL, number(libc::SYS_setsid), 8, 0),
    step(EQUAL, number(libc::SYS_setpgid), 7, 0),
    step(EQUAL, number(libc::SYS_kill), 3, 0),
    step(EQUAL, number(libc::SYS_prctl), 0, 4),
    step(LOAD, FIRST_ARGUMENT, 0, 0),
    step(EQUAL, libc::PR_SET_PDEATHSIG as u32, 3, 2),
    step(LOAD, FIRST_ARGUMENT, 0, 0),
    step(EQUAL, 0, 1, 0),
    step(RETURN, ALLOW, 0, 0),
    step(RETURN, REFUSE, 0, 0),
    step(RETURN, UNKNOWN, 0, 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program as the kernel would.
    fn answer(arch: u32, call: u32, first: u32) -> u32 {
        let mut value = 0;
        let mut at = 0;
        loop {
            let step = FILTER[at];
            at += 1;
            let jump = |yes: bool| usize::from(if yes { step.jt } else { step.jf });
            match step.code {
                LOAD => {
                    value = match step.k {
                        NUMBER => call,
                        ARCH => arch,
                        FIRST_ARGUMENT => first,
                        other => panic!("loads from {other}"),
                    }
                }
                EQUAL => at += jump(value == step.k),
                AT_LEAST => at += jump(value >= step.k),
                RETURN => return step.k,
                other => panic!("unknown step {other}"),
            }
        }
    }

    #[test]
    fn only_the_ways_out_of_the_group_are_refused() {
        let pdeathsig = libc::PR_SET_PDEATHSIG as u32;
        for call in 0..600 {
            for first in [0, pdeathsig, 38] {
                let refused = call == number(libc::SYS_setsid)
                    || call == number(libc::SYS_setpgid)
                    || (call == number(libc::SYS_kill) && first == 0)
                    || (call == number(libc::SYS_prctl) && first == pdeathsig);
                let expected = if refused { REFUSE } else { ALLOW };
                assert_eq!(answer(OURS, call, first), expected, "call {call}({first})");
            }
        }
    }

    #[test]
    fn a_second_way_to_a_system_call_is_closed() {
        assert_eq!(answer(OURS, X32 | number(libc::SYS_setsid), 0), UNKNOWN);
        assert_eq!(answer(0x4000_0003, 66, 0), KILL);
    }
}
