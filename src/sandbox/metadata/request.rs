//! What a call asks for: which file, and what is to become of it.

use crate::sandbox::filter::FCHMODAT2;
use crate::sandbox::supervisor::Call;

/// The longest path of the kernel's, with its end.
const MOST_PATH: usize = 4096;
/// No page is smaller.
const PAGE: u64 = 4096;
#[cfg(target_arch = "x86_64")]
const NANOSECONDS: i64 = 1000;

/// Which file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// What a descriptor has open for reading or writing.
    Open(i32),
    /// What a path leads to.
    Path {
        /// Where a relative path begins: a descriptor or `AT_FDCWD`.
        base: i32,
        /// Without its end.
        path: Vec<u8>,
        /// A link at the end is followed.
        follow: bool,
        /// An empty path means the base.
        may_be_empty: bool,
    },
}

/// What is to become of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Mode(u32),
    Times([libc::timespec; 2]),
}

/// One call.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) target: Target,
    pub(super) change: Change,
}

const NOW: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW };

impl Request {
    /// Reads a call and the memory that it points to, once. `None` if it changes nothing; `EACCES` for
    /// a call of another kind.
    #[expect(clippy::cast_possible_truncation, reason = "as the kernel does")]
    pub(super) fn of(call: &Call) -> Result<Option<Request>, i32> {
        let [first, second, third, fourth, ..] = call.arguments();
        let fd = first as i32;
        let mode = |mode: u64| Change::Mode(mode as u32);
        let (target, change) = match call.number() {
            libc::SYS_fchmod => (Target::Open(fd), mode(second)),
            libc::SYS_fchmodat => (path(call, fd, second, 0)?, mode(third)),
            FCHMODAT2 => (path(call, fd, second, fourth as i32)?, mode(third)),
            libc::SYS_utimensat => {
                let times = timespecs(call, third)?;
                if times.iter().all(|time| time.tv_nsec == libc::UTIME_OMIT) {
                    return Ok(None);
                }
                (open_or_path(call, fd, second, fourth as i32)?, Change::Times(times))
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_chmod => (path(call, libc::AT_FDCWD, first, 0)?, mode(second)),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_utime => {
                let times = seconds(call, second)?;
                (path(call, libc::AT_FDCWD, first, 0)?, Change::Times(times))
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_utimes => {
                let times = timevals(call, second)?;
                (path(call, libc::AT_FDCWD, first, 0)?, Change::Times(times))
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_futimesat => {
                let times = timevals(call, third)?;
                (open_or_path(call, fd, second, 0)?, Change::Times(times))
            }
            _ => return Err(libc::EACCES),
        };
        Ok(Some(Request { target, change }))
    }
}

/// Without a path the descriptor itself is meant.
fn open_or_path(call: &Call, fd: i32, address: u64, flags: i32) -> Result<Target, i32> {
    if address == 0 && fd != libc::AT_FDCWD {
        return if flags == 0 { Ok(Target::Open(fd)) } else { Err(libc::EINVAL) };
    }
    path(call, fd, address, flags)
}

fn path(call: &Call, base: i32, address: u64, flags: i32) -> Result<Target, i32> {
    if flags & !(libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH) != 0 {
        return Err(libc::EINVAL);
    }
    let follow = flags & libc::AT_SYMLINK_NOFOLLOW == 0;
    let may_be_empty = flags & libc::AT_EMPTY_PATH != 0;
    Ok(Target::Path { base, path: text(call, address)?, follow, may_be_empty })
}

/// Text up to its end, page by page: what follows the text may not be there.
fn text(call: &Call, address: u64) -> Result<Vec<u8>, i32> {
    let mut text = Vec::new();
    let mut buffer = [0; MOST_PATH];
    while text.len() < MOST_PATH {
        let at = address.checked_add(text.len() as u64).ok_or(libc::EFAULT)?;
        let to_end = usize::try_from(PAGE - at % PAGE).map_err(|_| libc::EFAULT)?;
        let part = &mut buffer[..to_end.min(MOST_PATH - text.len())];
        let count = read(call, at, part)?;
        if count == 0 {
            return Err(libc::EFAULT);
        }
        let part = &part[..count];
        if let Some(end) = part.iter().position(|byte| *byte == 0) {
            text.extend_from_slice(&part[..end]);
            return Ok(text);
        }
        text.extend_from_slice(part);
    }
    Err(libc::ENAMETOOLONG)
}

fn read(call: &Call, address: u64, into: &mut [u8]) -> Result<usize, i32> {
    call.read(address, into).map_err(|error| match error.raw_os_error() {
        Some(libc::EFAULT | libc::EIO) => libc::EFAULT,
        _ => libc::EPERM,
    })
}

fn numbers<const COUNT: usize>(call: &Call, address: u64) -> Result<[i64; COUNT], i32> {
    let mut bytes = [0; 32];
    let bytes = &mut bytes[..COUNT * 8];
    if read(call, address, bytes)? < bytes.len() {
        return Err(libc::EFAULT);
    }
    let (words, _) = bytes.as_chunks::<8>();
    Ok(std::array::from_fn(|at| i64::from_ne_bytes(words[at])))
}

const fn time(seconds: i64, part: i64) -> libc::timespec {
    libc::timespec { tv_sec: seconds, tv_nsec: part }
}

/// Of access and of change. Whether they are times at all, the kernel says when they are set.
fn timespecs(call: &Call, address: u64) -> Result<[libc::timespec; 2], i32> {
    if address == 0 {
        return Ok([NOW; 2]);
    }
    let [a, b, c, d] = numbers(call, address)?;
    Ok([time(a, b), time(c, d)])
}

#[cfg(target_arch = "x86_64")]
fn timevals(call: &Call, address: u64) -> Result<[libc::timespec; 2], i32> {
    if address == 0 {
        return Ok([NOW; 2]);
    }
    let [a, b, c, d] = numbers(call, address)?;
    if [b, d].iter().any(|part| !(0..1_000_000).contains(part)) {
        return Err(libc::EINVAL);
    }
    Ok([time(a, b * NANOSECONDS), time(c, d * NANOSECONDS)])
}

#[cfg(target_arch = "x86_64")]
fn seconds(call: &Call, address: u64) -> Result<[libc::timespec; 2], i32> {
    if address == 0 {
        return Ok([NOW; 2]);
    }
    let [a, b] = numbers(call, address)?;
    Ok([time(a, 0), time(b, 0)])
}
