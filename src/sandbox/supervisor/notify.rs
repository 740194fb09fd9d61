//! The kernel's interface to a listener (`seccomp_unotify(2)`).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::LazyLock;

const RECV: libc::Ioctl = request(0xC050_2100);
const SEND: libc::Ioctl = request(0xC018_2101);
const ID_VALID: libc::Ioctl = request(0x4008_2102);
const SET_FLAGS: libc::Ioctl = request(0x4008_2104);
const ADDFD: libc::Ioctl = request(0x4018_2103);

/// The C libraries differ in the sign of it.
#[cfg_attr(target_env = "musl", expect(clippy::cast_possible_wrap, reason = "only bits count"))]
const fn request(number: u32) -> libc::Ioctl {
    number as libc::Ioctl
}

const GET_SIZES: libc::c_ulong = 3;
/// `SECCOMP_ADDFD_FLAG_SETFD`: the new descriptor takes a number that is given.
const SETFD: u32 = 1;
/// `SECCOMP_ADDFD_FLAG_SEND`: its number is the answer at once.
const WITH_ANSWER: u32 = 2;

/// Kernels later than this build may use longer structures than ours.
static WORDS: LazyLock<usize> = LazyLock::new(|| {
    let mut sizes =
        libc::seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
    // SAFETY: the kernel writes three numbers.
    unsafe { libc::syscall(libc::SYS_seccomp, GET_SIZES, 0, &raw mut sizes) };
    let bytes = usize::from(sizes.seccomp_notif.max(sizes.seccomp_notif_resp));
    bytes.max(size_of::<libc::seccomp_notif>()).div_ceil(8)
});

/// Takes over a descriptor that a system call gave.
pub(super) fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just given to us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn control<T>(listener: &OwnedFd, request: libc::Ioctl, argument: *mut T) -> io::Result<i32> {
    // SAFETY: the callers below pass what the request takes.
    let done = unsafe { libc::ioctl(listener.as_raw_fd(), request, argument) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(done) }
}

/// Has caller and listener wake each other on one core, where the kernel knows how (6.6): while one of
/// them works, the other waits.
pub(super) fn take_turns(listener: &OwnedFd) {
    const SYNC_WAKE_UP: libc::c_ulong = 1;
    let (fd, request) = (listener.as_raw_fd(), SET_FLAGS);
    // SAFETY: sets a flag, given by value; a kernel that does not know it refuses.
    unsafe { libc::ioctl(fd, request, SYNC_WAKE_UP) };
}

/// The next call that waits. It does not block when the listener was readable.
pub(super) fn receive(listener: &OwnedFd) -> io::Result<libc::seccomp_notif> {
    let mut buffer = vec![0_u64; *WORDS];
    control(listener, RECV, buffer.as_mut_ptr())?;
    // SAFETY: the buffer is aligned, at least as long as the structure, and plain data.
    Ok(unsafe { buffer.as_ptr().cast::<libc::seccomp_notif>().read() })
}

/// Answers a call: a result, or the negative of an errno.
pub(super) fn send(listener: &OwnedFd, id: u64, answer: Result<i64, i32>) -> io::Result<()> {
    let (val, error) = match answer {
        Ok(value) => (value, 0),
        Err(errno) => (0, -errno.abs()),
    };
    let mut buffer = vec![0_u64; *WORDS];
    let response = libc::seccomp_notif_resp { id, val, error, flags: 0 };
    // SAFETY: the buffer is aligned and at least as long as the structure.
    unsafe { buffer.as_mut_ptr().cast::<libc::seccomp_notif_resp>().write(response) };
    control(listener, SEND, buffer.as_mut_ptr()).map(drop)
}

/// True while the caller still waits for this call.
pub(super) fn is_valid(listener: &OwnedFd, mut id: u64) -> bool {
    control(listener, ID_VALID, &raw mut id).is_ok()
}

/// Where a descriptor goes in the caller.
pub(super) enum Place {
    /// In place of this one.
    Over(u32),
    /// At a free number, which is the call's answer.
    Answer,
}

/// Gives the caller a duplicate of a descriptor.
pub(super) fn give(
    listener: &OwnedFd,
    id: u64,
    ours: RawFd,
    place: &Place,
    close_on_exec: bool,
) -> io::Result<i32> {
    let (flags, newfd) = match place {
        Place::Over(number) => (SETFD, *number),
        Place::Answer => (WITH_ANSWER, 0),
    };
    let newfd_flags = if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 };
    let srcfd = ours.cast_unsigned();
    let mut request = libc::seccomp_notif_addfd { id, flags, srcfd, newfd, newfd_flags };
    control(listener, ADDFD, &raw mut request)
}
