//! The file that a call means, open here.

use std::ffi::{CStr, CString, OsString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::request::Target;
use crate::sandbox::supervisor::Call;

const MOST_PATH: usize = 4096;
const STATUS_BYTES: usize = 4096;
/// The bit of `CAP_FOWNER`.
const ANY_OWNER: u64 = 1 << 3;
/// What the kernel writes behind the path of a file without a name.
const GONE: &[u8] = b" (deleted)";

/// A file, and what it is. None of it can be another's later on.
pub(super) struct Opened {
    fd: OwnedFd,
    /// `/proc/self/fd/N`, by which a descriptor that only names a file can be used.
    own: CString,
    stat: libc::stat,
}

impl Opened {
    /// Finds the file as the kernel would have done for the caller. It is the caller's only if the
    /// call is valid afterwards.
    pub(super) fn find(call: &Call, target: &Target) -> Result<Opened, i32> {
        let fd = match target {
            Target::Open(fd) => open_for_use(call, *fd)?,
            Target::Path { base, path, may_be_empty: true, .. } if path.is_empty() => {
                from(call, *base)?
            }
            Target::Path { path, .. } if path.is_empty() => return Err(libc::ENOENT),
            Target::Path { base, path, follow, .. } => {
                let base = if path[0] == b'/' { None } else { Some(from(call, *base)?) };
                open_path(base.as_ref(), path, *follow)?
            }
        };
        // SAFETY: plain data, for which zero is a value.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes into `stat` alone.
        check(unsafe { libc::fstat(fd.as_raw_fd(), &raw mut stat) })?;
        let own = CString::new(format!("/proc/self/fd/{}", fd.as_raw_fd()));
        Ok(Opened { fd, own: own.map_err(|_| libc::EPERM)?, stat })
    }

    /// Where the file lies now. `EPERM` for what has no name.
    pub(super) fn path(&self) -> Result<PathBuf, i32> {
        let mut text = vec![0_u8; MOST_PATH];
        // SAFETY: the kernel writes into `text` alone.
        let count =
            unsafe { libc::readlink(self.own.as_ptr(), text.as_mut_ptr().cast(), text.len()) };
        let count = usize::try_from(count).map_err(|_| last())?;
        text.truncate(count);
        let gone = self.stat.st_nlink == 0 || text.ends_with(GONE);
        if count == MOST_PATH || gone || !text.starts_with(b"/") {
            return Err(libc::EPERM);
        }
        Ok(PathBuf::from(OsString::from_vec(text)))
    }

    pub(super) fn kind(&self) -> u32 {
        self.stat.st_mode & libc::S_IFMT
    }

    pub(super) fn owner(&self) -> u32 {
        self.stat.st_uid
    }

    pub(super) fn set_mode(&self, mode: u32) -> Result<(), i32> {
        // SAFETY: a system call on a path of ours.
        check(unsafe { libc::chmod(self.own.as_ptr(), mode) })
    }

    pub(super) fn set_times(&self, times: &[libc::timespec; 2]) -> Result<(), i32> {
        let (own, nowhere) = (self.own.as_ptr(), libc::AT_FDCWD);
        // SAFETY: a system call on a path and times of ours.
        check(unsafe { libc::utimensat(nowhere, own, times.as_ptr(), 0) })
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("fd", &self.fd).finish_non_exhaustive()
    }
}

/// Whether the caller may change the metadata of a file of that owner's.
pub(super) fn may_change(call: &Call, owner: u32) -> Result<bool, i32> {
    let status = call.read_proc("status", STATUS_BYTES).map_err(|_| libc::EPERM)?;
    Ok(may_change_by(&status, owner))
}

fn may_change_by(status: &str, owner: u32) -> bool {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    // Real, effective, saved, and the one for files.
    let user = field("Uid:").and_then(|ids| ids.split_whitespace().nth(3)?.parse::<u32>().ok());
    let held = field("CapEff:").and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    user == Some(owner) || held.is_some_and(|held| held & ANY_OWNER != 0)
}

/// Where a relative path begins.
fn from(call: &Call, base: i32) -> Result<OwnedFd, i32> {
    if base == libc::AT_FDCWD {
        return call.open_place("cwd").map_err(|_| libc::EPERM);
    }
    descriptor(call, base)
}

/// What the caller's descriptor means.
fn descriptor(call: &Call, fd: i32) -> Result<OwnedFd, i32> {
    match call.descriptor(fd) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS)) => {
            call.open_place(&format!("fd/{fd}")).map_err(|error| match error.raw_os_error() {
                Some(libc::ENOENT) => libc::EBADF,
                _ => libc::EPERM,
            })
        }
        result => result.map_err(|error| match error.raw_os_error() {
            Some(libc::EBADF) => libc::EBADF,
            _ => libc::EPERM,
        }),
    }
}

/// The same for a call that does not take a descriptor that only names a file.
fn open_for_use(call: &Call, fd: i32) -> Result<OwnedFd, i32> {
    let found = descriptor(call, fd)?;
    let flags = call.read_proc(&format!("fdinfo/{fd}"), 256).map_err(|_| libc::EBADF)?;
    let flags = flags.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    if flags.ok_or(libc::EPERM)? & libc::O_PATH != 0 { Err(libc::EBADF) } else { Ok(found) }
}

/// Opens what a path leads to, to name it. The links of `/proc` that lead to whatever a process has
/// open are not followed: `/proc/self` means us here. Of a path below it the answer tells at most
/// which numbers our descriptors have.
fn open_path(base: Option<&OwnedFd>, path: &[u8], follow: bool) -> Result<OwnedFd, i32> {
    let path = CString::new(path).map_err(|_| libc::ENOENT)?;
    let base = base.map_or(libc::AT_FDCWD, AsRawFd::as_raw_fd);
    open_at(base, &path, follow).map_err(|error| match error.raw_os_error() {
        Some(libc::ENOSYS) | None => libc::EPERM,
        Some(errno) => errno,
    })
}

fn open_at(base: RawFd, path: &CStr, follow: bool) -> io::Result<OwnedFd> {
    let nofollow = if follow { 0 } else { libc::O_NOFOLLOW };
    // SAFETY: plain data, for which zero is a value.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = u64::from((libc::O_PATH | libc::O_CLOEXEC | nofollow).cast_unsigned());
    how.resolve = libc::RESOLVE_NO_MAGICLINKS;
    let size = size_of::<libc::open_how>();
    // SAFETY: the path and the structure are read during the call; a new descriptor comes of it.
    let fd = unsafe { libc::syscall(libc::SYS_openat2, base, path.as_ptr(), &raw const how, size) };
    match RawFd::try_from(fd) {
        // SAFETY: just given to us.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

fn check(done: libc::c_int) -> Result<(), i32> {
    if done == 0 { Ok(()) } else { Err(last()) }
}

fn last() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EPERM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_or_one_with_the_capability_may() {
        let status = |ids: &str, caps: &str| format!("Name:\tx\nUid:\t{ids}\nCapEff:\t{caps}\n");
        for (ids, caps, owner, may) in [
            ("5\t5\t5\t5", "0", 5, true),
            ("5\t5\t5\t5", "0", 0, false),
            ("5\t5\t5\t6", "0", 5, false),
            ("5\t5\t5\t6", "0", 6, true),
            // Root, with power over modes alone, and with all.
            ("0\t0\t0\t0", "0000000000000002", 5, false),
            ("0\t0\t0\t0", "000001ffffffffff", 5, true),
            ("", "", 0, false),
            ("0\t0", "zz", 0, false),
        ] {
            assert_eq!(may_change_by(&status(ids, caps), owner), may, "{ids} {caps} {owner}");
        }
        assert!(!may_change_by("", 0));
    }
}
