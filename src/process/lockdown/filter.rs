//! The system calls that are left to a locked-down process.
//!
//! What is not listed answers as if the kernel did not have it: the C library asks for some things on
//! its own and lives without. What only an attack would try ends the process. Memory can be had, but
//! never as code, and never shared with anybody.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "constants of the kernel's, all within their fields"
)]

use std::ffi::{c_int, c_long};

use libc::{c_ushort, sock_filter};

use super::{Refusal, check, refusal};

const LOAD: c_ushort = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as c_ushort;
const EQUAL: c_ushort = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as c_ushort;
const AT_LEAST: c_ushort = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as c_ushort;
const ANY_BIT: c_ushort = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as c_ushort;
const RETURN: c_ushort = (libc::BPF_RET | libc::BPF_K) as c_ushort;

/// Offsets into `struct seccomp_data`; of an argument the half with the low bits.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;

const fn argument(index: u32) -> u32 {
    16 + index * 8 + if cfg!(target_endian = "little") { 0 } else { 4 }
}

#[cfg(target_arch = "x86_64")]
const OURS: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const OURS: u32 = 0xC000_00B7;

/// System calls of the x32 ABI, a second way to each of them.
const X32: u32 = 0x4000_0000;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// Allowed whatever the arguments are. The busy ones first.
const ALLOWED: &[c_long] = &[
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_madvise,
    libc::SYS_munmap,
    libc::SYS_brk,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_getcpu,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_pselect6,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What no library of ours ever does: somebody else is in control.
const FATAL: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_clone,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_io_uring_setup,
    libc::SYS_memfd_create,
];

/// The same, on the one architecture that has them.
#[cfg(target_arch = "x86_64")]
const FATAL_HERE: &[c_long] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const FATAL_HERE: &[c_long] = &[];

/// A condition on an argument.
#[derive(Clone, Copy)]
enum When {
    Is(u32),
    HasNone(u32),
}

/// Allowed when its arguments are as said.
type Rule = (c_long, &'static [(u32, When)]);

/// Mappings that grow downwards are no data to the kernel's limit on that; huge pages are nobody's own.
/// `mremap` is not there at all: it could make any size of the stack, which is no data either.
const ELSEWHERE: u32 = (libc::MAP_SHARED | libc::MAP_GROWSDOWN | libc::MAP_HUGETLB) as u32;
const EXECUTABLE: u32 = libc::PROT_EXEC as u32;

/// Allowed with arguments of ours alone; `channel` and `pid` stand for those of the process.
fn rules(channel: u32, pid: u32) -> Vec<(c_long, Vec<(u32, When)>)> {
    const FIXED: &[Rule] = &[
        (libc::SYS_mprotect, &[(2, When::HasNone(EXECUTABLE))]),
        // Anonymous, private, counted: nothing is left to map but memory of its own.
        (libc::SYS_mmap, &[(2, When::HasNone(EXECUTABLE)), (3, When::HasNone(ELSEWHERE))]),
    ];
    let own = |call: c_long, first: u32| (call, vec![(0, When::Is(first))]);
    // No urgent data, no errors by queue: each is code of the kernel's that nobody else walks on.
    let plain = |call: c_long, flags: c_int| {
        (call, vec![(0, When::Is(channel)), (3, When::HasNone(!flags.cast_unsigned()))])
    };
    [
        plain(libc::SYS_recvfrom, libc::MSG_DONTWAIT),
        plain(libc::SYS_sendto, libc::MSG_NOSIGNAL),
        own(libc::SYS_tgkill, pid),
        own(libc::SYS_rt_tgsigqueueinfo, pid),
    ]
    .into_iter()
    .chain(FIXED.iter().map(|(call, rule)| (*call, rule.to_vec())))
    .collect()
}

const fn step(code: c_ushort, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// The program for a process of this number with this channel.
fn program(channel: c_int, pid: libc::pid_t) -> Vec<sock_filter> {
    let mut steps = vec![
        step(LOAD, ARCH, 0, 0),
        step(EQUAL, OURS, 1, 0),
        step(RETURN, KILL, 0, 0),
        step(LOAD, NUMBER, 0, 0),
        step(AT_LEAST, X32, 0, 1),
        step(RETURN, KILL, 0, 0),
    ];
    for (call, conditions) in rules(channel.cast_unsigned(), pid.cast_unsigned()) {
        // Each condition is a load and a jump; at their end, two answers.
        let body = conditions.len() * 2 + 2;
        steps.push(step(EQUAL, call as u32, 0, body as u8));
        for (at, (index, when)) in conditions.iter().enumerate() {
            let refused = ((conditions.len() - at - 1) * 2 + 1) as u8;
            steps.push(step(LOAD, argument(*index), 0, 0));
            steps.push(match when {
                When::Is(value) => step(EQUAL, *value, 0, refused),
                When::HasNone(bits) => step(ANY_BIT, *bits, refused, 0),
            });
        }
        steps.push(step(RETURN, ALLOW, 0, 0));
        steps.push(step(RETURN, UNKNOWN, 0, 0));
    }
    for (calls, answer) in [(ALLOWED, ALLOW), (FATAL, KILL), (FATAL_HERE, KILL)] {
        for call in calls {
            steps.push(step(EQUAL, *call as u32, 0, 1));
            steps.push(step(RETURN, answer, 0, 0));
        }
    }
    steps.push(step(RETURN, UNKNOWN, 0, 0));
    steps
}

/// Lets the filter down over all threads of the calling process.
pub(super) fn install(channel: c_int) -> Result<(), Refusal> {
    // SAFETY: the program is well-formed and outlives the call, which copies it.
    unsafe {
        let steps = program(channel, libc::getpid());
        let len = u16::try_from(steps.len()).map_err(|_| refusal("the filter"))?;
        let program = libc::sock_fprog { len, filter: steps.as_ptr().cast_mut() };
        let answer = libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_TSYNC,
            &raw const program,
        );
        check(answer, "seccomp")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNEL: c_int = 3;
    const PID: libc::pid_t = 4711;

    /// Runs the program as the kernel would.
    fn answer(arch: u32, call: u32, arguments: [u32; 6]) -> u32 {
        let steps = program(CHANNEL, PID);
        let (mut value, mut at) = (0, 0);
        loop {
            let step = steps[at];
            at += 1;
            let jump = |yes: bool| usize::from(if yes { step.jt } else { step.jf });
            match step.code {
                LOAD => {
                    value = match step.k {
                        NUMBER => call,
                        ARCH => arch,
                        from => arguments[(from as usize - 16) / 8],
                    }
                }
                EQUAL => at += jump(value == step.k),
                AT_LEAST => at += jump(value >= step.k),
                ANY_BIT => at += jump(value & step.k != 0),
                RETURN => return step.k,
                other => panic!("unknown step {other}"),
            }
        }
    }

    fn ours(call: c_long, arguments: [u32; 6]) -> u32 {
        answer(OURS, call as u32, arguments)
    }

    #[test]
    fn every_call_has_the_answer_that_the_tables_give_it() {
        let fatal: Vec<c_long> = [FATAL, FATAL_HERE].concat();
        for call in 0..1024 {
            let expected = match c_long::from(call) {
                call if ALLOWED.contains(&call) => ALLOW,
                // Their arguments are all ones here: of no channel, with every bit.
                call if fatal.contains(&call) => KILL,
                _ => UNKNOWN,
            };
            assert_eq!(answer(OURS, call, [u32::MAX; 6]), expected, "call {call}");
        }
        assert_eq!(answer(OURS, X32, [0; 6]), KILL);
        assert_eq!(answer(0x4000_0003, 1, [0; 6]), KILL);
    }

    #[test]
    fn arguments_decide_where_they_should() {
        let (wait_not, no_signal) = (libc::MSG_DONTWAIT as u32, libc::MSG_NOSIGNAL as u32);
        for (call, flag) in [(libc::SYS_recvfrom, wait_not), (libc::SYS_sendto, no_signal)] {
            assert_eq!(ours(call, [3, 0, 0, 0, 0, 0]), ALLOW);
            assert_eq!(ours(call, [3, 0, 0, flag, 0, 0]), ALLOW);
            assert_eq!(ours(call, [4, 3, 3, 0, 3, 3]), UNKNOWN);
            for other in [libc::MSG_OOB, libc::MSG_PEEK, libc::MSG_ERRQUEUE, libc::MSG_MORE] {
                assert_eq!(ours(call, [3, 0, 0, flag | other as u32, 0, 0]), UNKNOWN, "{other}");
            }
        }
        for call in [libc::SYS_tgkill, libc::SYS_rt_tgsigqueueinfo] {
            assert_eq!(ours(call, [PID as u32, 1, 1, 0, 0, 0]), ALLOW);
            assert_eq!(ours(call, [PID as u32 + 1, 1, 1, 0, 0, 0]), UNKNOWN);
        }
        let (read_write, private) = (3, libc::MAP_PRIVATE as u32 | libc::MAP_ANONYMOUS as u32);
        assert_eq!(ours(libc::SYS_mmap, [0, 4096, read_write, private, u32::MAX, 0]), ALLOW);
        assert_eq!(ours(libc::SYS_mmap, [0, 4096, read_write | 4, private, 0, 0]), UNKNOWN);
        for other in [libc::MAP_SHARED, libc::MAP_GROWSDOWN, libc::MAP_HUGETLB] {
            let flags = private | other as u32;
            assert_eq!(ours(libc::SYS_mmap, [0, 4096, read_write, flags, 0, 0]), UNKNOWN);
        }
        assert_eq!(ours(libc::SYS_mprotect, [0, 4096, read_write, 0, 0, 0]), ALLOW);
        assert_eq!(ours(libc::SYS_mprotect, [0, 4096, 4, 0, 0, 0]), UNKNOWN);
        assert_eq!(ours(libc::SYS_mprotect, [0, 4096, 7, 0, 0, 0]), UNKNOWN);
    }
}
