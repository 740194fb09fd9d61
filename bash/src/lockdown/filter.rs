//! The system calls that are left.
//!
//! What is not listed answers as if the kernel did not have it: the C library asks for some things on its
//! own and lives without. What only an attack would try ends the process. Memory can be had, but never as
//! code; of new processes only threads.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "constants of the kernel's, all within their fields"
)]

use std::ffi::c_long;
use std::io;

use libc::{c_ushort, sock_filter};

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
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_openat2,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_mkdirat,
    libc::SYS_symlinkat,
    libc::SYS_readlinkat,
    libc::SYS_fchmod,
    libc::SYS_utimensat,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_madvise,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_brk,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_getcpu,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The same, on the one architecture that has them.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[c_long] = &[libc::SYS_poll, libc::SYS_renameat];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[c_long] = &[libc::SYS_renameat];

/// What no library of ours ever does: somebody else is in control.
const FATAL: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
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

#[cfg(target_arch = "x86_64")]
const FATAL_HERE: &[c_long] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const FATAL_HERE: &[c_long] = &[];

/// A condition on an argument.
#[derive(Clone, Copy)]
enum When {
    Is(u32),
    HasNone(u32),
    HasAny(u32),
}

const SHARED: u32 = (libc::MAP_SHARED | libc::MAP_HUGETLB) as u32;
const EXECUTABLE: u32 = libc::PROT_EXEC as u32;

/// Allowed with arguments of ours alone.
fn rules(pid: u32) -> Vec<(c_long, Vec<(u32, When)>)> {
    vec![
        (libc::SYS_mprotect, vec![(2, When::HasNone(EXECUTABLE))]),
        (libc::SYS_mmap, vec![(2, When::HasNone(EXECUTABLE)), (3, When::HasNone(SHARED))]),
        // Threads and no processes. `clone3` hides what it asks for, and is not there.
        (libc::SYS_clone, vec![(0, When::HasAny(libc::CLONE_THREAD as u32))]),
        (libc::SYS_prctl, vec![(0, When::Is(libc::PR_SET_NAME as u32))]),
        (libc::SYS_prlimit64, vec![(0, When::Is(0)), (2, When::Is(0))]),
        (libc::SYS_tgkill, vec![(0, When::Is(pid))]),
    ]
}

const fn step(code: c_ushort, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

fn program(pid: libc::pid_t) -> Vec<sock_filter> {
    let mut steps = vec![
        step(LOAD, ARCH, 0, 0),
        step(EQUAL, OURS, 1, 0),
        step(RETURN, KILL, 0, 0),
        step(LOAD, NUMBER, 0, 0),
        step(AT_LEAST, X32, 0, 1),
        step(RETURN, KILL, 0, 0),
    ];
    for (call, conditions) in rules(pid.cast_unsigned()) {
        // Each condition is a load and a jump; at their end, two answers.
        let body = conditions.len() * 2 + 2;
        steps.push(step(EQUAL, call as u32, 0, body as u8));
        for (at, (index, when)) in conditions.iter().enumerate() {
            let refused = ((conditions.len() - at - 1) * 2 + 1) as u8;
            steps.push(step(LOAD, argument(*index), 0, 0));
            steps.push(match when {
                When::Is(value) => step(EQUAL, *value, 0, refused),
                When::HasNone(bits) => step(ANY_BIT, *bits, refused, 0),
                When::HasAny(bits) => step(ANY_BIT, *bits, 0, refused),
            });
        }
        steps.push(step(RETURN, ALLOW, 0, 0));
        steps.push(step(RETURN, UNKNOWN, 0, 0));
    }
    let tables = [(ALLOWED, ALLOW), (ALLOWED_HERE, ALLOW), (FATAL, KILL), (FATAL_HERE, KILL)];
    for (calls, answer) in tables {
        for call in calls {
            steps.push(step(EQUAL, *call as u32, 0, 1));
            steps.push(step(RETURN, answer, 0, 0));
        }
    }
    steps.push(step(RETURN, UNKNOWN, 0, 0));
    steps
}

/// Lets the filter down. Threads that are started later have it too.
pub(super) fn install() -> io::Result<()> {
    // SAFETY: the program is well-formed and outlives the call, which copies it.
    unsafe {
        let steps = program(libc::getpid());
        let len = u16::try_from(steps.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        let program = libc::sock_fprog { len, filter: steps.as_ptr().cast_mut() };
        let answer =
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program);
        if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PID: libc::pid_t = 4711;

    /// Runs the program as the kernel would.
    fn answer(arch: u32, call: u32, arguments: [u32; 6]) -> u32 {
        let steps = program(PID);
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
        let allowed: Vec<c_long> = [ALLOWED, ALLOWED_HERE].concat();
        for call in 0..1024 {
            let expected = match c_long::from(call) {
                call if allowed.contains(&call) => ALLOW,
                call if fatal.contains(&call) => KILL,
                // Its condition is one bit, and here are all.
                libc::SYS_clone => ALLOW,
                _ => UNKNOWN,
            };
            assert_eq!(answer(OURS, call, [u32::MAX; 6]), expected, "call {call}");
        }
        assert_eq!(answer(OURS, X32, [0; 6]), KILL);
        assert_eq!(answer(0x4000_0003, 1, [0; 6]), KILL);
    }

    #[test]
    fn arguments_decide_where_they_should() {
        let code = (libc::PROT_READ | libc::PROT_EXEC) as u32;
        assert_eq!(ours(libc::SYS_mprotect, [0, 0, code, 0, 0, 0]), UNKNOWN);
        assert_eq!(ours(libc::SYS_mprotect, [0, 0, 3, 0, 0, 0]), ALLOW);
        assert_eq!(ours(libc::SYS_mmap, [0, 0, code, 2, 0, 0]), UNKNOWN);
        assert_eq!(ours(libc::SYS_mmap, [0, 0, 3, libc::MAP_SHARED as u32, 0, 0]), UNKNOWN);
        assert_eq!(ours(libc::SYS_mmap, [0, 0, 3, libc::MAP_PRIVATE as u32, 0, 0]), ALLOW);
        assert_eq!(ours(libc::SYS_clone, [libc::SIGCHLD as u32, 0, 0, 0, 0, 0]), UNKNOWN);
        assert_eq!(ours(libc::SYS_tgkill, [PID as u32, 1, 6, 0, 0, 0]), ALLOW);
        assert_eq!(ours(libc::SYS_tgkill, [1, 1, 6, 0, 0, 0]), UNKNOWN);
        assert_eq!(ours(libc::SYS_prlimit64, [0, 9, 1, 0, 0, 0]), UNKNOWN);
    }
}
