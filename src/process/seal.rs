//! What a confined child puts on before its program runs: rules for files and a filter of system
//! calls, neither of which it can take off again.
//!
//! Prepared in the host ([`Seal::new`]), put on by the child ([`put_on`], under the rules of `launch`),
//! and what comes of it taken back by the host ([`Seal::taken`]).

use std::ffi::{CStr, c_int, c_void};
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use libc::{c_ushort, sock_filter};

use super::launch::{LaunchError, lifted};
use super::probe::kernel;
use crate::sandbox::{Kernel, Missing, Order, Policy, Program, ruleset};

/// What a runtime asks about itself. Files, not their folder: that would show the host's connections
/// and mounts too.
const OWN_FILES: [&CStr; 8] = [
    c"/proc/self/maps",
    c"/proc/self/stat",
    c"/proc/self/statm",
    c"/proc/self/status",
    c"/proc/self/cgroup",
    c"/proc/self/cmdline",
    c"/proc/self/environ",
    c"/proc/self/auxv",
];
const READ_FILE: u64 = 1 << 2;
const PATH_BENEATH: c_int = 1;
const NEW_LISTENER: libc::c_ulong = 1 << 3;
const WAIT_KILLABLE_RECV: libc::c_ulong = 1 << 5;
const STAGE: &str = "landlock";
/// The files and the listener.
const MOST: usize = OWN_FILES.len() + 1;

/// A seal for one child.
pub(super) struct Seal {
    ruleset: OwnedFd,
    program: Program,
    policy: Policy,
    ours: OwnedFd,
    theirs: OwnedFd,
}

/// What the host holds for a sealed child.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// A rule of Landlock's lasts as long as the kernel remembers the file, and the kernel makes the
    /// files of a process up: held, they are not forgotten.
    pub files: Vec<OwnedFd>,
    /// Where the filter asks about system calls.
    pub listener: Option<OwnedFd>,
    /// What it is confined to.
    pub policy: Option<Policy>,
}

/// As the child needs it: no more than numbers and places in memory.
pub(super) struct Sealing {
    ruleset: RawFd,
    hand: RawFd,
    steps: *mut sock_filter,
    count: c_ushort,
    own_pid: *const usize,
    own_pids: usize,
    notifies: bool,
}

impl Seal {
    /// None where the permissions grant everything.
    pub(super) fn new(order: &Order) -> Result<Option<Seal>, LaunchError> {
        let kernel = kernel();
        let refused = |_| LaunchError { stage: "permissions", errno: libc::EACCES };
        // Made anew each time: what is denied inside a folder depends on what else lies there.
        let compiled = Policy::compile(order, Missing::IsSkipped, kernel).map_err(refused)?;
        compiled.policy.map(|policy| Seal::of(policy, kernel)).transpose()
    }

    /// Of a policy that is made for this kernel.
    pub(super) fn of(policy: Policy, kernel: Kernel) -> Result<Seal, LaunchError> {
        let ruleset = ruleset(&policy, kernel)
            .map_err(|_| LaunchError { stage: STAGE, errno: libc::EACCES })?;
        let mut ends = [-1; 2];
        // SAFETY: makes two descriptors, closed on exec from birth.
        let made = unsafe {
            libc::socketpair(
                libc::AF_UNIX,
                libc::SOCK_STREAM | libc::SOCK_CLOEXEC,
                0,
                ends.as_mut_ptr(),
            )
        };
        if made != 0 {
            return Err(LaunchError::last("socketpair"));
        }
        let (ours, theirs) = (lifted(ends[0], "socketpair")?, lifted(ends[1], "socketpair")?);
        // SAFETY: duplicates a descriptor that is held.
        let above = unsafe { libc::fcntl(ruleset.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 10) };
        let ruleset = lifted(above, STAGE)?;
        let program = policy.filter(kernel);
        Ok(Seal { ruleset, program, policy, ours, theirs })
    }

    /// For the child; it refers to the seal.
    pub(super) fn sealing(&mut self) -> Sealing {
        Sealing {
            ruleset: self.ruleset.as_raw_fd(),
            hand: self.theirs.as_raw_fd(),
            // One that is too long is refused by the kernel.
            count: c_ushort::try_from(self.program.steps.len()).unwrap_or(c_ushort::MAX),
            steps: self.program.steps.as_mut_ptr(),
            own_pid: self.program.own_pid.as_ptr(),
            own_pids: self.program.own_pid.len(),
            notifies: self.program.notifies,
        }
    }

    /// Both ends of the socket that the child hands things over by.
    pub(super) fn ends(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>) {
        (self.ours.as_fd(), self.theirs.as_fd())
    }

    /// Takes what the child handed over. To be called once it runs.
    pub(super) fn taken(self) -> Result<Kept, LaunchError> {
        let mut files = receive(self.ours.as_raw_fd())?;
        let listener = if self.program.notifies { files.pop() } else { None };
        Ok(Kept { files, listener, policy: Some(self.policy) })
    }
}

/// Room for control data.
const CONTROL_BYTES: u32 = 128;

#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES as usize]);

/// The C libraries differ in the types of lengths.
fn size(length: impl TryInto<usize>) -> usize {
    length.try_into().unwrap_or(0)
}

fn receive(socket: RawFd) -> Result<Vec<OwnedFd>, LaunchError> {
    let mut byte = 0_u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control = Control([0; CONTROL_BYTES as usize]);
    let mut found = Vec::new();
    // SAFETY: a message of one byte and control data into values of ours; the descriptors in it were
    // just given to this process.
    unsafe {
        let mut message: libc::msghdr = zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = CONTROL_BYTES as _;
        let flags = libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT;
        if libc::recvmsg(socket, &raw mut message, flags) != 1 {
            return Err(LaunchError::last("recvmsg"));
        }
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        if !header.is_null() && (*header).cmsg_type == libc::SCM_RIGHTS {
            let bytes = size((*header).cmsg_len).saturating_sub(size(libc::CMSG_LEN(0)));
            let data = libc::CMSG_DATA(header);
            for at in (0..bytes).step_by(size_of::<RawFd>()) {
                let mut number = [0; size_of::<RawFd>()];
                std::ptr::copy_nonoverlapping(data.add(at), number.as_mut_ptr(), number.len());
                found.push(OwnedFd::from_raw_fd(RawFd::from_ne_bytes(number)));
            }
        }
    }
    Ok(found)
}

/// The child's half. Says which step failed.
pub(super) unsafe fn put_on(sealing: &Sealing) -> Option<&'static str> {
    // SAFETY: as `launch::child`: system calls on values of the plan and of this stack.
    unsafe {
        let mut handed = [-1; MOST];
        let mut count = 0;
        for file in OWN_FILES {
            let opened = libc::open(file.as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
            // What this kernel does not have needs no rule.
            if opened < 0 {
                continue;
            }
            let mut rule = [0_u8; 12];
            rule[..8].copy_from_slice(&READ_FILE.to_ne_bytes());
            rule[8..].copy_from_slice(&opened.to_ne_bytes());
            let add = libc::SYS_landlock_add_rule;
            if libc::syscall(add, sealing.ruleset, PATH_BENEATH, rule.as_ptr(), 0) != 0 {
                return Some("landlock_add_rule");
            }
            handed[count] = opened;
            count += 1;
        }
        if libc::syscall(libc::SYS_landlock_restrict_self, sealing.ruleset, 0) != 0 {
            return Some("landlock_restrict_self");
        }
        let pid = libc::getpid().cast_unsigned();
        for at in 0..sealing.own_pids {
            (*sealing.steps.add(*sealing.own_pid.add(at))).k = pid;
        }
        let program = libc::sock_fprog { len: sealing.count, filter: sealing.steps };
        let listener = filter(&program, sealing.notifies);
        if listener < 0 {
            return Some("seccomp");
        }
        if sealing.notifies {
            handed[count] = listener;
            count += 1;
        }
        if hand_over(sealing.hand, &handed, count) { None } else { Some("sendmsg") }
    }
}

/// A descriptor to be asked through, if the filter asks.
unsafe fn filter(program: &libc::sock_fprog, notifies: bool) -> c_int {
    // SAFETY: as `put_on`.
    unsafe {
        let set = |flags: libc::c_ulong| {
            let mode = libc::SECCOMP_SET_MODE_FILTER;
            libc::syscall(libc::SYS_seccomp, mode, flags, std::ptr::from_ref(program))
        };
        let mut given = if notifies { set(NEW_LISTENER | WAIT_KILLABLE_RECV) } else { set(0) };
        // Kernels before 5.19.
        if given < 0 && notifies && *libc::__errno_location() == libc::EINVAL {
            given = set(NEW_LISTENER);
        }
        c_int::try_from(given).unwrap_or(-1)
    }
}

unsafe fn hand_over(socket: RawFd, handed: &[RawFd; MOST], count: usize) -> bool {
    let mut byte = 1_u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control = Control([0; CONTROL_BYTES as usize]);
    // SAFETY: as `put_on`; the control data has room for all of them.
    unsafe {
        let mut message: libc::msghdr = zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        let bytes = libc::c_uint::try_from(count * size_of::<RawFd>()).unwrap_or(0);
        if count > 0 {
            message.msg_control = control.0.as_mut_ptr().cast::<c_void>();
            message.msg_controllen = libc::CMSG_SPACE(bytes) as _;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(bytes) as _;
            let data = libc::CMSG_DATA(header);
            for (at, fd) in handed.iter().take(count).enumerate() {
                let number = fd.to_ne_bytes();
                let place = data.add(at * number.len());
                std::ptr::copy_nonoverlapping(number.as_ptr(), place, number.len());
            }
        }
        libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL) == 1
    }
}
