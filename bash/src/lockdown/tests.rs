//! Each in a process of its own that is locked down as the program is, and then tries.

use std::os::fd::AsRawFd as _;

use super::*;

/// What became of the process.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It ended by itself; the number is what it found.
    Said(i32),
    /// The kernel ended it.
    Killed(i32),
}

const KILLED: Fate = Fate::Killed(libc::SIGSYS);
const REFUSED: Fate = Fate::Said(libc::EACCES);
const UNKNOWN: Fate = Fate::Said(libc::ENOSYS);
const WORKED: Fate = Fate::Said(200);

/// Locks a forked process down, with `/tmp` as its workspace, and lets it try something.
fn locked_down(attempt: impl Fn() -> i32) -> Fate {
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::DIRECTORY;
    let workspace = rustix::fs::open("/tmp", flags, rustix::fs::Mode::empty());
    let workspace = workspace.unwrap_or_else(|errno| panic!("/tmp: {errno}"));
    // SAFETY: the child makes system calls and little else, and ends; the parent waits for it.
    unsafe {
        let host = libc::getpid();
        let pid = libc::fork();
        assert!(pid >= 0, "fork");
        if pid == 0 {
            libc::dup2(workspace.as_raw_fd(), WORKSPACE);
            let said = match lock(host, 1 << 30) {
                Ok(locked) => {
                    let whole = locked.enforced.contains(&"seccomp");
                    std::mem::forget(locked);
                    if whole { attempt() } else { 251 }
                }
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

/// An attempt: a call that touches no memory but constants.
macro_rules! tries {
    ($call:expr) => {
        // SAFETY: as said above.
        locked_down(|| errno(unsafe { $call }))
    };
}

const READ: libc::c_int = libc::O_RDONLY | libc::O_CLOEXEC;

#[test]
fn the_workspace_is_left() {
    let own = c"runlet-bash-lockdown-test";
    assert_eq!(
        locked_down(|| {
            // SAFETY: names are constants, and the file is this test's own.
            unsafe {
                let flags = libc::O_WRONLY | libc::O_CREAT;
                let made = libc::openat(WORKSPACE, own.as_ptr(), flags, 0o600);
                let gone = libc::unlinkat(WORKSPACE, own.as_ptr(), 0);
                if made >= 0 { errno(gone) } else { errno(made) }
            }
        }),
        WORKED
    );
}

/// The part of the lockdown that a kernel may lack.
#[expect(clippy::print_stdout, reason = "what is not checked is said")]
fn has_landlock() -> bool {
    // SAFETY: asks for the version of the rules that the kernel knows.
    let version = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0_usize, 1)
    };
    if version <= 0 {
        println!("not checked: this kernel has no Landlock");
    }
    version > 0
}

#[test]
fn what_lies_outside_cannot_be_opened() {
    if !has_landlock() {
        return;
    }
    assert_eq!(tries!(libc::openat(libc::AT_FDCWD, c"/etc/passwd".as_ptr(), READ)), REFUSED);
    assert_eq!(tries!(libc::openat(WORKSPACE, c"../etc/passwd".as_ptr(), READ)), REFUSED);
    assert_eq!(tries!(libc::openat(libc::AT_FDCWD, c"/proc/self/environ".as_ptr(), READ)), REFUSED);
    assert_eq!(tries!(libc::openat(libc::AT_FDCWD, c"/".as_ptr(), READ)), REFUSED);
    let write = libc::O_WRONLY | libc::O_CREAT;
    assert_eq!(tries!(libc::openat(WORKSPACE, c"../made".as_ptr(), write, 0o600)), REFUSED);
    assert_eq!(tries!(libc::mkdirat(WORKSPACE, c"../made".as_ptr(), 0o700)), REFUSED);
}

#[test]
fn no_program_is_started() {
    assert_eq!(
        tries!(libc::execve(c"/bin/true".as_ptr(), std::ptr::null(), std::ptr::null())),
        KILLED
    );
    #[cfg(target_arch = "x86_64")]
    assert_eq!(tries!(libc::syscall(libc::SYS_fork)), KILLED);
    assert_eq!(tries!(libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0)), UNKNOWN);
    assert_eq!(tries!(libc::syscall(libc::SYS_clone3, 0, 0)), UNKNOWN);
}

#[test]
fn nothing_is_connected() {
    assert_eq!(tries!(libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0)), KILLED);
    assert_eq!(tries!(libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)), KILLED);
}

#[test]
fn nobody_else_is_touched() {
    // SAFETY: asks for a number.
    assert_eq!(tries!(libc::kill(libc::getppid(), 0)), UNKNOWN);
    assert_eq!(tries!(libc::syscall(libc::SYS_ptrace, libc::PTRACE_TRACEME, 0, 0, 0)), KILLED);
    assert_eq!(
        locked_down(|| {
            let limit = libc::rlimit { rlim_cur: 1 << 40, rlim_max: 1 << 40 };
            // SAFETY: the value is of its own.
            errno(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) })
        }),
        UNKNOWN
    );
}

#[test]
fn memory_has_an_end_and_is_never_code() {
    assert_eq!(locked_down(|| mapped(1 << 20, libc::PROT_READ)), WORKED);
    assert_eq!(locked_down(|| mapped(2 << 30, libc::PROT_READ)), Fate::Said(libc::ENOMEM));
    assert_eq!(locked_down(|| mapped(1 << 20, libc::PROT_EXEC)), UNKNOWN);
}

fn mapped(bytes: usize, kind: libc::c_int) -> i32 {
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping of its own.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), bytes, kind, private, -1, 0) };
    if memory == libc::MAP_FAILED { errno(-1) } else { 200 }
}

#[test]
fn who_was_not_started_by_its_host_does_not_begin() {
    // SAFETY: as above.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            libc::syscall(libc::SYS_exit_group, i32::from(lock(1, 1 << 30).is_ok()));
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        // Where the test itself is started by the first process, that is its parent too.
        assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 0));
    }
}
