//! Runs a program as the kernel would.

use libc::sock_filter;

use super::assembler::{ANY_OF, AT_LEAST, EQUAL, GO, KEEP, LOAD, RETURN};
use super::oracle::Expected;

/// What the kernel gives a filter to judge.
pub(super) struct Data {
    pub number: u32,
    pub arch: u32,
    pub arguments: [u64; 6],
}

impl Data {
    /// The word at an offset of `struct seccomp_data`.
    fn word(&self, offset: u32) -> u32 {
        match offset {
            0 => self.number,
            4 => self.arch,
            16..64 if offset.is_multiple_of(4) => {
                let halves = self.arguments[(offset as usize - 16) / 8].to_ne_bytes();
                let at = (offset % 8) as usize;
                u32::from_ne_bytes([halves[at], halves[at + 1], halves[at + 2], halves[at + 3]])
            }
            other => panic!("loads from {other}"),
        }
    }
}

/// The answer, and whether an argument was looked at.
pub(super) fn run(steps: &[sock_filter], data: &Data) -> (Expected, bool) {
    let mut word = 0;
    let mut at = 0;
    let mut looked = false;
    loop {
        let step = steps[at];
        at += 1;
        let jump = |yes: bool| usize::from(if yes { step.jt } else { step.jf });
        match step.code {
            LOAD => {
                looked |= step.k >= 16;
                word = data.word(step.k);
            }
            KEEP => word &= step.k,
            EQUAL => at += jump(word == step.k),
            AT_LEAST => at += jump(word >= step.k),
            ANY_OF => at += jump(word & step.k != 0),
            GO => at += step.k as usize,
            RETURN => return (meaning(step.k), looked),
            other => panic!("unknown step {other}"),
        }
    }
}

fn meaning(answer: u32) -> Expected {
    match answer & libc::SECCOMP_RET_ACTION_FULL {
        libc::SECCOMP_RET_ALLOW => Expected::Allow,
        libc::SECCOMP_RET_USER_NOTIF => Expected::Notify,
        libc::SECCOMP_RET_KILL_PROCESS => Expected::Kill,
        libc::SECCOMP_RET_ERRNO => Expected::Errno((answer & 0xFFFF).cast_signed()),
        other => panic!("unknown answer {other:#x}"),
    }
}
