//! The system calls between the host and a program.
//!
//! The child is made by `clone` with the host's memory shared and the calling thread stopped until
//! the program runs. `fork` would copy the page tables of the whole host, and take longer the more
//! memory that has (docs/benchmarks-tools.md). The price is that the child's half ([`child`]) runs in the host's own
//! memory: it makes system calls on values that were prepared before, and allocates nothing, locks
//! nothing and unwinds nothing.

use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::{null, null_mut};

use super::census;
use super::command::{Command, Hold, Limits};
use super::group::{FILTER, FILTER_STEPS};
use super::seal::{Kept, Seal, Sealing, put_on};

/// Where the descriptors of the child come from must lie above where they go.
const ABOVE: c_int = 10;
/// What the C library calls the kind of a limit: an enumeration in glibc, a number in musl.
#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = c_int;
const STACK_BYTES: usize = 64 * 1024;
/// What the kernel takes for a set of signals.
const SIGNAL_SET_BYTES: usize = 8;

/// Why no program runs.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{stage} failed: {}", io::Error::from_raw_os_error(*errno))]
pub(crate) struct LaunchError {
    /// What was tried, such as `execve`.
    pub stage: &'static str,
    /// The system's reason.
    pub errno: i32,
}

impl LaunchError {
    pub(super) fn last(stage: &'static str) -> LaunchError {
        let errno = io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
        LaunchError { stage, errno }
    }

    /// True when the machine lacked something for the moment: nothing was started, and the same
    /// launch may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        let passing =
            [libc::EAGAIN, libc::ENOMEM, libc::EMFILE, libc::ENFILE, libc::ETXTBSY, libc::EINTR];
        passing.contains(&self.errno)
    }
}

/// A program that runs, and our ends of what it was given.
#[derive(Debug)]
pub(super) struct Launched {
    pub pid: libc::pid_t,
    pub pidfd: OwnedFd,
    /// The other end of its descriptor 3; closed already where it has none.
    pub channel: OwnedFd,
    /// The other end of its stdin, if it is to read something there.
    pub stdin: Option<OwnedFd>,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
    /// Of a sandbox.
    pub kept: Kept,
}

/// The stack of children, which run one at a time.
pub(super) struct Stack(*mut c_void);

impl Stack {
    pub(super) fn new() -> Result<Stack, LaunchError> {
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new mapping of our own.
        let start = unsafe {
            libc::mmap(null_mut(), STACK_BYTES, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0)
        };
        if start == libc::MAP_FAILED { Err(LaunchError::last("mmap")) } else { Ok(Stack(start)) }
    }

    fn top(&self) -> *mut c_void {
        // SAFETY: one past the end of the mapping.
        unsafe { self.0.byte_add(STACK_BYTES) }
    }
}

/// All that the child reads and writes; nothing else of the host.
struct Plan {
    program: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
    folder: *const c_char,
    /// Become 0, 1, 2 and 3.
    descriptors: [RawFd; 4],
    /// From this on the program gets none.
    end: libc::c_uint,
    rlimits: [(Resource, libc::rlimit); 5],
    open_files: (Resource, libc::rlimit),
    hold: Hold,
    sealing: Option<Sealing>,
    host: libc::pid_t,
    no_signals: libc::sigset_t,
    /// Set by the child when a step fails.
    failed: Option<LaunchError>,
}

fn rlimit(bytes: Option<u64>) -> libc::rlimit {
    let value = bytes.unwrap_or(libc::RLIM_INFINITY);
    libc::rlimit { rlim_cur: value, rlim_max: value }
}

/// What the kernel counts for a user is threads of all his processes, and it does not count for root. So
/// this only bounds what a tree may become before the keeper has counted it.
fn tasks_at_most(processes: u32) -> Option<u64> {
    const THREADS: u64 = 64;
    const ALWAYS: u64 = 1024;
    // A machine that does not say how many there are gets no bound that could be too low.
    let tasks = Some(census::tasks()).filter(|tasks| *tasks > 0)?;
    Some(tasks + (u64::from(processes) * THREADS).max(ALWAYS))
}

fn rlimits(limits: &Limits) -> [(Resource, libc::rlimit); 5] {
    let cpu = limits.cpu.map(|time| time.as_secs() + 1);
    [
        (libc::RLIMIT_CORE, rlimit(Some(0))),
        (libc::RLIMIT_FSIZE, rlimit(Some(limits.file_bytes))),
        (libc::RLIMIT_DATA, rlimit(limits.data_bytes)),
        (libc::RLIMIT_CPU, rlimit(cpu)),
        (libc::RLIMIT_NPROC, rlimit(tasks_at_most(limits.processes))),
    ]
}

/// Takes over a descriptor that a system call gave, moved above those of the child.
pub(super) fn lifted(fd: RawFd, stage: &'static str) -> Result<OwnedFd, LaunchError> {
    if fd < 0 {
        return Err(LaunchError::last(stage));
    }
    // SAFETY: just given to us.
    let owned = unsafe { OwnedFd::from_raw_fd(fd) };
    if fd >= ABOVE {
        return Ok(owned);
    }
    // SAFETY: duplicates a descriptor that we hold.
    let fd = unsafe { libc::fcntl(owned.as_raw_fd(), libc::F_DUPFD_CLOEXEC, ABOVE) };
    if fd < 0 {
        return Err(LaunchError::last("fcntl"));
    }
    // SAFETY: just given to us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn pair(
    stage: &'static str,
    make: impl FnOnce(*mut c_int) -> c_int,
) -> Result<(OwnedFd, OwnedFd), LaunchError> {
    let mut ends = [-1; 2];
    if make(ends.as_mut_ptr()) != 0 {
        return Err(LaunchError::last(stage));
    }
    Ok((lifted(ends[0], stage)?, lifted(ends[1], stage)?))
}

fn set_nonblocking(fd: &OwnedFd) -> Result<(), LaunchError> {
    // SAFETY: changes a flag of a descriptor that we hold.
    if unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) } < 0 {
        return Err(LaunchError::last("fcntl"));
    }
    Ok(())
}

/// Starts the program. Returns once it runs, or once it is clear that it will not.
///
/// The caller's thread must live as long as the child is wanted: the kernel ends a confined child
/// with the thread that made it.
pub(super) fn launch(command: &Command, stack: &mut Stack) -> Result<Launched, LaunchError> {
    // SAFETY: each call makes descriptors that nothing else knows, all closed on exec from birth,
    // since other threads of the host may start programs at any moment.
    let (ours, (stdin, feed), stdout, stderr) = unsafe {
        let ours = pair("socketpair", |ends| {
            libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0, ends)
        })?;
        let stdin = if command.input.is_some() {
            let (stdin, feed) = pair("pipe2", |ends| libc::pipe2(ends, libc::O_CLOEXEC))?;
            (stdin, Some(feed))
        } else {
            let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            (lifted(nothing, "open /dev/null")?, None)
        };
        let stdout = pair("pipe2", |ends| libc::pipe2(ends, libc::O_CLOEXEC))?;
        let stderr = pair("pipe2", |ends| libc::pipe2(ends, libc::O_CLOEXEC))?;
        (ours, stdin, stdout, stderr)
    };
    for end in [&ours.0, &stdout.0, &stderr.0].into_iter().chain(&feed) {
        set_nonblocking(end)?;
    }
    let pointers = |texts: &[std::ffi::CString]| -> Vec<*const c_char> {
        texts.iter().map(|text| text.as_ptr()).chain([null()]).collect()
    };
    let arguments = pointers(&command.arguments);
    let environment = pointers(&command.environment);
    // SAFETY: plain data; every field is set below or by the calls that take it.
    let mut no_signals: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: sets a value of our own.
    unsafe { libc::sigemptyset(&raw mut no_signals) };
    let mut seal = match &command.sandbox {
        Some(order) => Seal::new(order)?,
        None => None,
    };
    let mut plan = Plan {
        program: command.program.as_ptr(),
        arguments: arguments.as_ptr(),
        environment: environment.as_ptr(),
        folder: command.folder.as_ptr(),
        descriptors: [
            stdin.as_raw_fd(),
            stdout.1.as_raw_fd(),
            stderr.1.as_raw_fd(),
            ours.1.as_raw_fd(),
        ],
        end: if command.channel { 4 } else { 3 },
        rlimits: rlimits(&command.limits),
        open_files: (libc::RLIMIT_NOFILE, rlimit(Some(command.limits.open_files))),
        hold: command.hold,
        sealing: seal.as_mut().map(Seal::sealing),
        host: std::process::id().cast_signed(),
        no_signals,
        failed: None,
    };
    // SAFETY: `child` reads what `plan` points to, all of which lives until after the call, and writes
    // `plan.failed` alone.
    let (pid, pidfd) = unsafe { clone(child, stack, (&raw mut plan).cast()) }?;
    // SAFETY: the child wrote it, if it did, before this thread went on.
    if let Some(error) = unsafe { (&raw const plan.failed).read_volatile() } {
        // SAFETY: our own child, which has ended.
        unsafe { libc::waitpid(pid, null_mut(), 0) };
        return Err(error);
    }
    let kept = Kept::default();
    let (channel, stdout, stderr) = (ours.0, stdout.0, stderr.0);
    let mut launched = Launched { pid, pidfd, channel, stdin: feed, stdout, stderr, kept };
    if let Some(seal) = seal {
        match seal.taken() {
            Ok(kept) => launched.kept = kept,
            Err(error) => {
                super::keeper::discard(&launched);
                return Err(error);
            }
        }
    }
    Ok(launched)
}

/// Starts a process in this one's memory. Returns once it has ended or runs a program.
///
/// # Safety
///
/// `body` gets `argument`, runs while this thread stands still, and keeps to what stands at the top of
/// the file.
pub(super) unsafe fn clone(
    body: extern "C" fn(*mut c_void) -> c_int,
    stack: &mut Stack,
    argument: *mut c_void,
) -> Result<(libc::pid_t, OwnedFd), LaunchError> {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let mut pidfd: c_int = -1;
    // SAFETY: the child runs on a stack of its own, as the caller promises. All signals are blocked
    // meanwhile: a handler of the host in the child would run in the host's memory. They are blocked by
    // the system call itself, since the library keeps two back.
    unsafe {
        let all = u64::MAX;
        let mut before = 0_u64;
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const all,
            &raw mut before,
            8,
        );
        let pid = libc::clone(body, stack.top(), flags, argument, &raw mut pidfd);
        let error = LaunchError::last("clone");
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const before,
            null_mut::<u64>(),
            8,
        );
        if pid < 0 {
            return Err(error);
        }
        // Given to us by the call above.
        Ok((pid, OwnedFd::from_raw_fd(pidfd)))
    }
}

/// The child's half. Only system calls; what it must not do stands at the top of the file.
extern "C" fn child(plan: *mut c_void) -> c_int {
    // SAFETY: `launch` passes its plan and stands still; the steps only call the system.
    unsafe {
        let plan = &mut *plan.cast::<Plan>();
        let stage = prepare(plan);
        plan.failed = Some(LaunchError { stage, errno: *libc::__errno_location() });
        libc::_exit(127)
    }
}

/// Does not return when the program runs; else says which step failed.
unsafe fn prepare(plan: &Plan) -> &'static str {
    // SAFETY: as `child`: values of the plan, no allocation, no lock.
    unsafe {
        // What the host ignores would stay ignored in the program.
        // By the system call itself: the C library's function locks when it is asked for SIGABRT.
        let default = [0_u64; 4];
        for signal in 1..=64 {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                null_mut::<u64>(),
                SIGNAL_SET_BYTES,
            );
        }
        if libc::setsid() < 0 {
            return "setsid";
        }
        for (to, from) in (0..).zip(plan.descriptors) {
            if libc::dup2(from, to) < 0 {
                return "dup2";
            }
        }
        close_from(plan.end);
        if libc::chdir(plan.folder) != 0 {
            return "chdir";
        }
        if !plan.rlimits.iter().all(|limit| bound(limit)) {
            return "setrlimit";
        }
        let failed = match plan.hold {
            Hold::None => None,
            Hold::Group => tie(plan.host).or_else(|| keep_in_group()),
            Hold::Confined => confine(plan.host, plan.sealing.as_ref()),
        };
        if let Some(stage) = failed {
            return stage;
        }
        // Not before: the host's descriptors are here, too, until the program runs, and what confines
        // the child needs some of its own.
        if !bound(&plan.open_files) {
            return "setrlimit";
        }
        libc::sigprocmask(libc::SIG_SETMASK, &raw const plan.no_signals, null_mut());
        libc::execve(plan.program, plan.arguments, plan.environment);
        "execve"
    }
}

/// Sets a limit. A hard limit of the host that is lower still holds.
unsafe fn bound((which, limit): &(Resource, libc::rlimit)) -> bool {
    // SAFETY: as `child`.
    unsafe {
        let mut now: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(*which, &raw mut now);
        let limit = libc::rlimit {
            rlim_cur: limit.rlim_cur.min(now.rlim_max),
            rlim_max: limit.rlim_max.min(now.rlim_max),
        };
        libc::setrlimit(*which, &raw const limit) == 0
    }
}

/// The program gets the descriptors before this one and no other of the host.
unsafe fn close_from(first: libc::c_uint) {
    // SAFETY: as `child`.
    unsafe {
        let on_exec = libc::CLOSE_RANGE_CLOEXEC;
        if libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, on_exec) == 0 {
            return;
        }
        // Kernels before 5.11.
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        let end = c_int::try_from(limit.rlim_cur).unwrap_or(c_int::MAX).min(1 << 20);
        for fd in first.cast_signed()..end {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

/// Ties the child to the host's life and its descendants to its group, for ever, and takes the rights
/// that it need not have.
pub(super) unsafe fn confine(host: libc::pid_t, sealing: Option<&Sealing>) -> Option<&'static str> {
    // SAFETY: as `child`.
    unsafe {
        drop_capabilities();
        if let Some(stage) = tie(host) {
            return Some(stage);
        }
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            return Some("prctl NO_NEW_PRIVS");
        }
        match sealing {
            Some(sealing) => put_on(sealing),
            None => keep_in_group(),
        }
    }
}

/// Ties the child to the host's life.
unsafe fn tie(host: libc::pid_t) -> Option<&'static str> {
    // SAFETY: as `child`.
    unsafe {
        // Where the scheduler shares time between sessions first, it is the session that must come after
        // the host's: its processes may become many.
        tell(c"/proc/self/autogroup", c"10");
        // Of two processes the kernel must end one, it should not be the host.
        tell(c"/proc/self/oom_score_adj", c"1000");
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
            return Some("prctl PDEATHSIG");
        }
        // The host may have ended before the line above.
        if libc::getppid() != host {
            return Some("the host");
        }
        None
    }
}

/// Ties what the child starts to its group. Where the child's user may not say so otherwise, its programs
/// get no other rights than his, either.
unsafe fn keep_in_group() -> Option<&'static str> {
    // SAFETY: as `child`.
    unsafe {
        let program = libc::sock_fprog { len: FILTER_STEPS, filter: FILTER.as_ptr().cast_mut() };
        let keep = || {
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
        };
        if keep() {
            return None;
        }
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            return Some("prctl NO_NEW_PRIVS");
        }
        if keep() { None } else { Some("prctl SECCOMP") }
    }
}

/// Writes to a file of the kernel's, if it is there.
unsafe fn tell(file: &std::ffi::CStr, text: &std::ffi::CStr) {
    // SAFETY: as `child`; both texts are constants.
    unsafe {
        let opened = libc::open(file.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if opened >= 0 {
            libc::write(opened, text.as_ptr().cast(), text.count_bytes());
            libc::close(opened);
        }
    }
}

/// Root could raise its own limits again. Of its powers only that over files stays, since a host
/// that runs as root often owns none of the project's.
unsafe fn drop_capabilities() {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: c_int,
    }
    #[repr(C)]
    struct Half {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    const DAC_OVERRIDE: u32 = 1 << 1;
    let header = Header { version: 0x2008_0522, pid: 0 };
    // SAFETY: as `child`; both values are of our own and of the size that the version says.
    unsafe {
        let mut held = [const { Half { effective: 0, permitted: 0, inheritable: 0 } }; 2];
        if libc::syscall(libc::SYS_capget, &raw const header, held.as_mut_ptr()) != 0 {
            return;
        }
        let kept = held[0].permitted & DAC_OVERRIDE;
        let set = [
            Half { effective: kept, permitted: kept, inheritable: 0 },
            Half { effective: 0, permitted: 0, inheritable: 0 },
        ];
        libc::syscall(libc::SYS_capset, &raw const header, set.as_ptr());
    }
}
