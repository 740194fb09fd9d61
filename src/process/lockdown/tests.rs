//! Each in a process of its own that is locked down as an engine process is, and then tries.

use super::*;

/// What became of the process.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It ended by itself; the number is what it found.
    Said(i32),
    /// The kernel ended it for a system call.
    Killed(i32),
}

/// Locks a forked process down and lets it try something.
fn locked_down(attempt: fn() -> i32) -> Fate {
    // SAFETY: the child only makes system calls and ends; the parent waits for it.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0, "fork");
        if pid == 0 {
            // Its own channel: any descriptor will do.
            let mut ends = [-1; 2];
            libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, ends.as_mut_ptr());
            libc::dup2(ends[0], CHANNEL);
            let said = match give_up().and_then(|()| close()) {
                Ok(()) => attempt(),
                Err(_) => 250,
            };
            libc::syscall(libc::SYS_exit_group, said);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid, "waitpid");
        if libc::WIFSIGNALED(status) {
            Fate::Killed(libc::WTERMSIG(status))
        } else {
            Fate::Said(libc::WEXITSTATUS(status))
        }
    }
}

/// The error of a system call, or 200 when it worked.
fn errno(answer: impl Into<i64>) -> i32 {
    if answer.into() >= 0 {
        return 200;
    }
    // SAFETY: reads a number of the calling thread.
    unsafe { *libc::__errno_location() }
}

const KILLED: Fate = Fate::Killed(libc::SIGSYS);

#[test]
fn memory_and_time_are_left() {
    let fate = locked_down(|| {
        // SAFETY: a new mapping of its own.
        let memory = unsafe {
            let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            libc::mmap(null_mut(), 1 << 20, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0)
        };
        i32::from(memory != libc::MAP_FAILED)
    });
    assert_eq!(fate, Fate::Said(1));
}

#[test]
fn no_file_can_be_opened_or_asked_for() {
    let fate = locked_down(|| {
        // SAFETY: constants.
        errno(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) })
    });
    assert_eq!(fate, Fate::Said(libc::ENOSYS));
    let fate = locked_down(|| {
        // SAFETY: constants.
        errno(unsafe { libc::access(c"/".as_ptr(), libc::F_OK) })
    });
    assert_eq!(fate, Fate::Said(libc::ENOSYS));
}

#[test]
fn no_socket_process_or_trace_can_be_made() {
    let attempts: [fn() -> i32; 6] = [
        // SAFETY: each is a system call on constants, in a process that ends right after.
        || errno(unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) }),
        // SAFETY: as above.
        || errno(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0) }),
        // SAFETY: as above.
        || errno(unsafe { libc::fork() }),
        || {
            let none = [std::ptr::null()];
            // SAFETY: as above.
            errno(unsafe { libc::execve(c"/bin/true".as_ptr(), none.as_ptr(), none.as_ptr()) })
        },
        // SAFETY: as above.
        || errno(unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) }),
        // SAFETY: as above.
        || errno(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, 0) }),
    ];
    for (index, attempt) in attempts.into_iter().enumerate() {
        assert_eq!(locked_down(attempt), KILLED, "attempt {index}");
    }
}

#[test]
fn nobody_else_can_be_signalled() {
    // SAFETY: asks whether a signal could be sent, and sends none.
    let fate = locked_down(|| errno(unsafe { libc::kill(1, 0) }));
    assert_eq!(fate, Fate::Said(libc::ENOSYS));
    // SAFETY: as above.
    let fate = locked_down(|| errno(unsafe { libc::syscall(libc::SYS_tgkill, 1, 1, 0) }));
    assert_eq!(fate, Fate::Said(libc::ENOSYS));
}

#[test]
fn memory_never_becomes_code() {
    let fate = locked_down(|| {
        // SAFETY: a new mapping that nothing uses.
        let memory = unsafe {
            let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            libc::mmap(null_mut(), 4096, libc::PROT_READ | libc::PROT_EXEC, kind, -1, 0)
        };
        i32::from(memory != libc::MAP_FAILED)
    });
    assert_eq!(fate, Fate::Said(0));
}

#[test]
fn all_memory_is_counted() {
    // The kernel's limit on data leaves out what is stack, however it came to be.
    let attempts: [fn() -> i32; 2] = [
        || {
            // SAFETY: a new mapping that nothing uses.
            let memory = unsafe {
                let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_GROWSDOWN;
                libc::mmap(null_mut(), 4096, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0)
            };
            i32::from(memory != libc::MAP_FAILED)
        },
        || {
            let here = 0_u8;
            let page = (&raw const here).addr() & !4095;
            // SAFETY: nothing of the stack below this page is used any more: the process ends.
            let memory = unsafe {
                let page = std::ptr::with_exposed_provenance_mut(page);
                libc::mremap(page, 4096, 1 << 30, libc::MREMAP_MAYMOVE)
            };
            i32::from(memory != libc::MAP_FAILED)
        },
    ];
    for (index, attempt) in attempts.into_iter().enumerate() {
        assert_eq!(locked_down(attempt), Fate::Said(0), "attempt {index}");
    }
}

#[test]
fn the_channel_takes_plain_bytes_only() {
    fn send(flags: c_int) -> i32 {
        let byte = 0_u8;
        // SAFETY: sends a byte of its own; nobody is at the other end.
        errno(unsafe {
            libc::syscall(libc::SYS_sendto, CHANNEL, &raw const byte, 1, flags, null_mut::<u8>(), 0)
        })
    }
    assert_eq!(locked_down(|| send(libc::MSG_NOSIGNAL)), Fate::Said(libc::EPIPE));
    assert_eq!(locked_down(|| send(libc::MSG_NOSIGNAL | libc::MSG_OOB)), Fate::Said(libc::ENOSYS));
}

#[test]
fn other_descriptors_are_gone() {
    let fate = locked_down(|| {
        // SAFETY: sends a byte of its own to a descriptor that should not be there.
        let sent = |fd| unsafe { libc::send(fd, [0_u8].as_ptr().cast(), 1, libc::MSG_NOSIGNAL) };
        // The other end of its channel was closed with the rest.
        i32::from(sent(CHANNEL) >= 0) + i32::from(sent(1) >= 0) * 2
    });
    assert_eq!(fate, Fate::Said(0));
}

/// The first step by itself: what it takes away must not depend on the second.
#[test]
fn files_and_signals_are_given_up_before_the_filter_comes_down() {
    // SAFETY: as in `locked_down`.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0, "fork");
        if pid == 0 {
            let said = match give_up() {
                Ok(()) => errno(libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY)),
                Err(_) => 250,
            };
            libc::_exit(said);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        let said = libc::WEXITSTATUS(status);
        // Landlock says EACCES, and where it is missing there is no descriptor left to open with.
        assert!(said == libc::EACCES || said == libc::EMFILE, "{said}");
    }
}
