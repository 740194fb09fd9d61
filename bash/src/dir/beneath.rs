//! From names to a directory, without ever leaving the one they start from.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// The kernel asks for another try when a rename meets its walk. After these, the walk by hand.
#[cfg(target_os = "linux")]
const MAX_TRIES: u32 = 32;
#[cfg(target_os = "linux")]
static WITHOUT_OPENAT2: AtomicBool = AtomicBool::new(false);

/// Opens a directory beneath `root`. A link on the way is `ENOTDIR` or `ELOOP`.
pub(super) fn open(root: &OwnedFd, names: &[OsString]) -> rustix::io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    if let Some(answer) = in_kernel(root, names) {
        return answer;
    }
    by_hand(root, names)
}

/// The kernel's answer, or nothing if it has to be done by hand.
#[cfg(target_os = "linux")]
fn in_kernel(root: &OwnedFd, names: &[OsString]) -> Option<rustix::io::Result<OwnedFd>> {
    use rustix::fs::ResolveFlags;
    if WITHOUT_OPENAT2.load(Ordering::Relaxed) {
        return None;
    }
    let path: PathBuf = names.iter().collect();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..MAX_TRIES {
        match rustix::fs::openat2(root, &path, flags, Mode::empty(), inside) {
            Err(Errno::AGAIN) => {}
            // An old kernel has no such call; a filter of system calls may answer EPERM to it.
            Err(Errno::NOSYS | Errno::PERM) => {
                WITHOUT_OPENAT2.store(true, Ordering::Relaxed);
                return None;
            }
            // What names the directory is not enough to list it.
            Ok(found) => return Some(readable(&found)),
            Err(errno) => return Some(Err(errno)),
        }
    }
    None
}

/// The walk name by name.
pub(super) fn by_hand(root: &OwnedFd, names: &[OsString]) -> rustix::io::Result<OwnedFd> {
    let mut at: Option<OwnedFd> = None;
    for name in names {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let from = at.as_ref().map_or(root.as_fd(), AsFd::as_fd);
        at = Some(rustix::fs::openat(from, name, flags, Mode::empty())?);
    }
    at.ok_or(Errno::INVAL)
}

/// A directory without leave to list it can still be gone through.
#[cfg(target_os = "linux")]
fn readable(found: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match rustix::fs::openat(found, ".", flags, Mode::empty()) {
        Err(Errno::ACCESS) => rustix::io::dup(found),
        answer => answer,
    }
}
