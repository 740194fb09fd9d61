//! How a process of ours gives up, for ever, all it does not need: files, network, processes.
//!
//! In two steps, since threads must be there before the second. [`give_up`] is for a process with one
//! thread: its descriptors, capabilities, limits, and the file system. [`close`] lets the filter
//! ([`filter`]) down over all threads: from then on a handful of system calls is left, all of them on
//! memory, time, locks and one channel.

mod channel;
mod filter;

use std::ffi::{c_int, c_uint};
use std::io;
use std::ptr::null_mut;

pub(crate) use channel::{HostChannel, Interruptible};

/// Why a process could not be locked down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{stage}: {}", io::Error::from_raw_os_error(*errno))]
pub(crate) struct Refusal {
    stage: &'static str,
    errno: i32,
}

fn refusal(stage: &'static str) -> Refusal {
    Refusal { stage, errno: io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO) }
}

/// What a system call says that gives 0 when it worked.
fn check(answer: impl Into<i64>, stage: &'static str) -> Result<(), Refusal> {
    if answer.into() == 0 { Ok(()) } else { Err(refusal(stage)) }
}

/// The descriptor of the channel to the host. All others are closed.
const CHANNEL: c_int = 3;

/// What the stack of the first thread may grow to: that is no data to the kernel's limit on memory, and a
/// host may have set it no bound.
const STACK_BYTES: libc::rlim_t = 8 << 20;

/// Gives up everything but system calls. Before any thread is started: part of it is each thread's own.
/// Limits that hold when there is a thread must come with [`close`].
pub(crate) fn give_up() -> Result<(), Refusal> {
    close_all_but(CHANNEL.cast_unsigned());
    // SAFETY: all of these change what the calling process may do, and touch no memory of it.
    unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")?;
        // Nobody of the same user may look into it, or be handed its memory as a core.
        check(libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0), "not dumpable")?;
    }
    drop_capabilities()?;
    leave_the_file_system()?;
    for resource in [libc::RLIMIT_NOFILE, libc::RLIMIT_FSIZE, libc::RLIMIT_CORE] {
        nothing_of(resource)?;
    }
    for resource in [libc::RLIMIT_MEMLOCK, libc::RLIMIT_MSGQUEUE] {
        nothing_of(resource)?;
    }
    Ok(())
}

/// Closes all system calls but those of the [`filter`], for every thread. Cannot be undone.
pub(crate) fn close() -> Result<(), Refusal> {
    nothing_of(libc::RLIMIT_NPROC)?;
    limit(libc::RLIMIT_STACK, STACK_BYTES)?;
    filter::install(CHANNEL)
}

fn close_all_but(kept: c_uint) {
    let close = |from: c_uint, to: c_uint| {
        // SAFETY: closes descriptors that nothing in this process uses: it has just begun.
        unsafe { libc::syscall(libc::SYS_close_range, from, to, 0) }
    };
    if close(0, kept - 1) == 0 && close(kept + 1, c_uint::MAX) == 0 {
        return;
    }
    // Kernels before 5.9. Who launches closes what lies behind 3 on exec.
    for fd in (0..1024).filter(|fd| *fd != kept.cast_signed()) {
        // SAFETY: as above.
        unsafe { libc::close(fd) };
    }
}

/// What the C library calls the kind of a limit: an enumeration in glibc, a number in musl.
#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = c_int;

fn nothing_of(resource: Resource) -> Result<(), Refusal> {
    limit(resource, 0)
}

fn limit(resource: Resource, most: libc::rlim_t) -> Result<(), Refusal> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads and sets a limit of the calling process; the value is of our own.
    unsafe {
        check(libc::getrlimit(resource, &raw mut limit), "a limit")?;
        limit.rlim_cur = limit.rlim_cur.min(most);
        limit.rlim_max = limit.rlim_cur;
        check(libc::setrlimit(resource, &raw const limit), "a limit")
    }
}

fn drop_capabilities() -> Result<(), Refusal> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: c_int,
    }
    let header = Header { version: 0x2008_0522, pid: 0 };
    let none = [0_u32; 6];
    // SAFETY: both values are of our own and of the size that the version says.
    let answer = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    check(answer, "no capabilities")
}

/// The attributes of a Landlock ruleset, as far as this knows them.
#[repr(C)]
struct Ruleset {
    files: u64,
    network: u64,
    scoped: u64,
}

/// Everything about files, connections and signals, as far as this kernel knows it: a domain in which
/// nothing is allowed. A second lock: the filter alone refuses all of it too, and on a kernel without
/// Landlock it is the only one.
fn leave_the_file_system() -> Result<(), Refusal> {
    const VERSION: c_uint = 1;
    // SAFETY: asks for a number.
    let abi = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, null_mut::<Ruleset>(), 0_usize, VERSION)
    };
    // How many kinds of access to files, and how much of the attributes, each version knows.
    let (kinds, network, scoped, size): (u32, u64, u64, usize) = match abi {
        ..=0 => return Ok(()),
        1 => (13, 0, 0, 8),
        2 => (14, 0, 0, 8),
        3 => (15, 0, 0, 8),
        4 => (15, 0b11, 0, 16),
        5 => (16, 0b11, 0, 16),
        _ => (16, 0b11, 0b11, 24),
    };
    let rules = Ruleset { files: (1 << kinds) - 1, network, scoped };
    // SAFETY: the attributes are of our own and of the size that is said; the descriptor is ours.
    unsafe {
        let domain = libc::syscall(libc::SYS_landlock_create_ruleset, &raw const rules, size, 0);
        let Ok(domain) = c_int::try_from(domain) else { return Err(refusal("Landlock")) };
        if domain < 0 {
            return Err(refusal("Landlock"));
        }
        let answer = libc::syscall(libc::SYS_landlock_restrict_self, domain, 0);
        let restricted = check(answer, "Landlock");
        libc::close(domain);
        restricted
    }
}

// A sanitizer asks for more than is left.
#[cfg(test)]
#[cfg(not(feature = "sanitize"))]
mod tests;
