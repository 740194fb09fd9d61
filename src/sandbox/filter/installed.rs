//! The program in the kernel: a child of the test installs it and makes some of the calls.
//!
//! The same child without the program makes them first, and must get through: a row that the machine
//! refuses anyway would show nothing.

#![expect(unsafe_code, reason = "a filter is tried by system calls in a process of its own")]

use std::ffi::{c_int, c_long, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{FilterTerms, NetAccess, Program, program};

const TERMS: FilterTerms = FilterTerms {
    net: NetAccess::Closed,
    supervised_sockets: false,
    processes: false,
    shared_memory: false,
    watch_files: false,
    supervised_metadata: false,
    scoped_signals: false,
    truncate_by_path: true,
};

/// What a row says of the call without the program, and with it: 0 or a number of `errno`.
struct Row {
    name: &'static str,
    call: fn(c_int) -> c_long,
    free: c_int,
    confined: c_int,
}

const fn row(name: &'static str, free: c_int, confined: c_int, call: fn(c_int) -> c_long) -> Row {
    Row { name, call, free, confined }
}

/// One system call, nothing else: the child is a fork of a process with many threads.
macro_rules! call {
    ($number:ident $(, $argument:expr)*) => {
        // SAFETY: the arguments are numbers, or point to values that live until it returns.
        unsafe { libc::syscall(libc::$number $(, $argument)*) }
    };
}

const NEW_THREAD: c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM;

static RAN: AtomicBool = AtomicBool::new(false);

extern "C" fn thread(_: *mut c_void) -> c_int {
    RAN.store(true, Ordering::SeqCst);
    0
}

fn map(kind: c_int) -> c_long {
    let kind = kind | libc::MAP_ANONYMOUS;
    let found = call!(SYS_mmap, null::<c_void>(), 4096, libc::PROT_READ, kind, -1, 0);
    found.min(0)
}

fn start_thread(_: c_int) -> c_long {
    const BYTES: usize = 64 * 1024;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
    // SAFETY: a new mapping, of which the thread gets the upper end; it lives as long as the child.
    let made = unsafe {
        let stack = libc::mmap(null_mut(), BYTES, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0);
        libc::clone(thread, stack.byte_add(BYTES), NEW_THREAD, null_mut())
    };
    let mut turns = 0;
    while made > 0 && !RAN.load(Ordering::SeqCst) {
        call!(SYS_sched_yield);
        turns += 1;
        if turns == 50_000_000 {
            return -1;
        }
    }
    c_long::from(made)
}

fn start_process(_: c_int) -> c_long {
    let made = call!(SYS_clone, c_long::from(libc::SIGCHLD), 0, 0, 0, 0);
    if made == 0 {
        call!(SYS_exit_group, 0);
    }
    if made > 0 {
        call!(SYS_wait4, made, null_mut::<c_int>(), 0, 0);
    }
    made
}

fn pair(kind: c_int) -> c_long {
    let mut ends = [0; 2];
    call!(SYS_socketpair, libc::AF_UNIX, kind, 0, ends.as_mut_ptr())
}

const NOTHING: *const c_void = null();

const ROWS: &[Row] = &[
    row("a UDP socket", 0, libc::EACCES, |_| call!(SYS_socket, libc::AF_INET, libc::SOCK_DGRAM, 0)),
    row("a TCP socket", 0, libc::EACCES, |_| {
        call!(SYS_socket, libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0)
    }),
    row("a pair of streams", 0, 0, |_| pair(libc::SOCK_STREAM | libc::SOCK_NONBLOCK)),
    row("a pair of datagrams", 0, libc::EACCES, |_| pair(libc::SOCK_DGRAM)),
    row("a pair of datagrams by its other name", 0, libc::EACCES, |_| pair(libc::SOCK_RAW)),
    row("a mode", 0, libc::EPERM, |fd| call!(SYS_fchmod, fd, 0o600)),
    row("an owner", 0, libc::EPERM, |fd| call!(SYS_fchown, fd, -1, -1)),
    row("whom a descriptor signals", 0, libc::EPERM, |fd| {
        call!(SYS_fcntl, fd, libc::F_SETOWN, libc::getppid())
    }),
    row("a flag of a descriptor", 0, 0, |fd| call!(SYS_fcntl, fd, libc::F_SETFD, libc::FD_CLOEXEC)),
    row("a process", 0, libc::EPERM, start_process),
    row("a thread", 0, 0, start_thread),
    row("clone3 of nothing", libc::EINVAL, libc::ENOSYS, |_| call!(SYS_clone3, NOTHING, 0)),
    row("shared memory by its number", libc::EINVAL, libc::EPERM, |_| {
        call!(SYS_shmat, -1, NOTHING, 0)
    }),
    row("a signal to the parent", 0, libc::EPERM, |_| call!(SYS_kill, libc::getppid(), 0)),
    row("a signal to itself", 0, 0, |_| call!(SYS_kill, libc::getpid(), 0)),
    row("limits of the parent", 0, libc::EPERM, |_| {
        call!(SYS_prlimit64, libc::getppid(), libc::RLIMIT_NOFILE, NOTHING, NOTHING)
    }),
    row("its own limits", 0, 0, |_| call!(SYS_prlimit64, 0, libc::RLIMIT_NOFILE, NOTHING, NOTHING)),
    row("the death signal", 0, libc::EPERM, |_| {
        call!(SYS_prctl, libc::PR_SET_PDEATHSIG, 0, 0, 0, 0)
    }),
    row("memory that is shared", 0, libc::EPERM, |_| map(libc::MAP_SHARED)),
    row("memory of its own", 0, 0, |_| map(libc::MAP_PRIVATE)),
    row("a session of its own", 0, libc::EPERM, |_| call!(SYS_setsid)),
    row("truncation by path", libc::EFAULT, libc::EACCES, |_| call!(SYS_truncate, NOTHING, 0)),
    row("truncation while reading", libc::EFAULT, libc::EACCES, |_| {
        call!(SYS_openat, libc::AT_FDCWD, NOTHING, libc::O_TRUNC)
    }),
    // Open ends with the program: no kernel has this call, and with it none will.
    row("a call of the future", libc::ENOSYS, libc::ENOSYS, |_| {
        // SAFETY: no such call.
        unsafe { libc::syscall(1000) }
    }),
];

/// The child's half. Only system calls, on values that were made before.
fn tell_all(program: Option<&mut Program>, pipe: c_int) -> c_int {
    if let Some(program) = program {
        let Ok(len) = u16::try_from(program.steps.len()) else { return 1 };
        // SAFETY: asks for a number.
        let own = unsafe { libc::getpid() };
        for step in &program.own_pid {
            program.steps[*step].k = own.cast_unsigned();
        }
        let installed = libc::sock_fprog { len, filter: program.steps.as_mut_ptr() };
        // SAFETY: the program lives until the process ends; the kernel copies it.
        unsafe {
            if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
                return 2;
            }
            let filter = libc::SECCOMP_MODE_FILTER;
            if libc::prctl(libc::PR_SET_SECCOMP, filter, &raw const installed) != 0 {
                return 3;
            }
        }
    }
    for row in ROWS {
        let result = (row.call)(pipe);
        // SAFETY: the thread's own number of an error.
        let answer = if result < 0 { unsafe { *libc::__errno_location() } } else { 0 };
        call!(SYS_write, pipe, &raw const answer, size_of::<c_int>());
    }
    0
}

/// What each row came to.
fn answers(mut program: Option<Program>) -> Vec<c_int> {
    let mut ends = [-1; 2];
    let mut answers = vec![-1; ROWS.len()];
    // SAFETY: the pipe is this function's own; the child makes system calls and ends; the answers
    // are as many bytes as are read at most.
    unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK), 0);
        let child = libc::fork();
        if child == 0 {
            libc::_exit(tell_all(program.as_mut(), ends[1]));
        }
        assert!(child > 0);
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        assert_eq!(status, 0, "the child ended so");
        let bytes = answers.len() * size_of::<c_int>();
        let read = libc::read(ends[0], answers.as_mut_ptr().cast(), bytes);
        assert_eq!(read, bytes.cast_signed());
        libc::close(ends[0]);
        libc::close(ends[1]);
    }
    answers
}

#[test]
fn the_kernel_answers_as_the_program_says() {
    let free = answers(None);
    let confined = answers(Some(program(&TERMS)));
    for (row, (free, confined)) in ROWS.iter().zip(free.into_iter().zip(confined)) {
        assert_eq!(free, row.free, "{} without the program", row.name);
        assert_eq!(confined, row.confined, "{} with the program", row.name);
    }
}
