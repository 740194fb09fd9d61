//! From a path to a descriptor, without ever leaving the root.
//!
//! Linux does it in one call. Elsewhere, and where a filter forbids that call, the same walk is made
//! by hand: every component is opened with `O_NOFOLLOW` from the descriptor of the one before, links
//! are read and spliced in, and `..` of a link goes back to a descriptor that is still held. Both
//! ways give the same answers; the tests run both.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Fault, Kind, ScopedPath, sys};

/// What the descriptor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// A directory; a link as the last component is followed as those before it.
    Directory,
    /// To look at, with the last link followed.
    Any,
    /// To read from; whether it is a file is for the caller to see.
    File,
}

/// What becomes of symbolic links in the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// Followed, as long as they stay beneath the root.
    Beneath,
    /// Every link refuses the path.
    Refused,
}

/// Links followed in one path, as in the kernel.
const MAX_LINKS: u32 = 40;
/// The kernel asks for another try when a rename meets its walk. After these, the walk by hand.
#[cfg(target_os = "linux")]
const MAX_TRIES: u32 = 32;
#[cfg(target_os = "linux")]
static WITHOUT_OPENAT2: AtomicBool = AtomicBool::new(false);

/// Opens `path` beneath `root`.
pub(super) fn open(
    root: BorrowedFd<'_>,
    path: &ScopedPath,
    want: Want,
    links: Links,
) -> Result<OwnedFd, Fault> {
    #[cfg(target_os = "linux")]
    if let Some(answer) = in_kernel(root, path, want, links) {
        return answer;
    }
    by_hand(root, path, want, links)
}

fn flags_of(want: Want) -> libc::c_int {
    #[cfg(target_os = "linux")]
    const LOOK: libc::c_int = libc::O_PATH;
    #[cfg(not(target_os = "linux"))]
    const LOOK: libc::c_int = libc::O_RDONLY;
    match want {
        Want::Directory => libc::O_RDONLY | libc::O_DIRECTORY,
        Want::Any => LOOK,
        Want::File => libc::O_RDONLY,
    }
}

/// The kernel's answer, or nothing if it has to be done by hand.
#[cfg(target_os = "linux")]
fn in_kernel(
    root: BorrowedFd<'_>,
    path: &ScopedPath,
    want: Want,
    links: Links,
) -> Option<Result<OwnedFd, Fault>> {
    if WITHOUT_OPENAT2.load(Ordering::Relaxed) {
        return None;
    }
    let resolve = if links == Links::Refused { libc::RESOLVE_NO_SYMLINKS } else { 0 };
    for _ in 0..MAX_TRIES {
        match sys::open_beneath(root, &path.to_path(), flags_of(want), resolve) {
            Err(libc::EAGAIN) => {}
            // An old kernel has no such call; a filter of system calls answers EPERM to unknown ones.
            Err(libc::ENOSYS | libc::EPERM) => {
                WITHOUT_OPENAT2.store(true, Ordering::Relaxed);
                return None;
            }
            answer => return Some(answer.map_err(Fault::of)),
        }
    }
    None
}

/// The walk component by component.
pub(super) fn by_hand(
    root: BorrowedFd<'_>,
    path: &ScopedPath,
    want: Want,
    links: Links,
) -> Result<OwnedFd, Fault> {
    let directory = libc::O_RDONLY | libc::O_DIRECTORY;
    // The directories from the root down to where the walk is. The root's own is `root`.
    let mut above: Vec<OwnedFd> = Vec::new();
    let mut left: VecDeque<OsString> = path.names().iter().cloned().collect();
    let mut followed = 0;
    while let Some(name) = left.pop_front() {
        if name == ".." {
            above.pop().ok_or(Fault::Escapes)?;
            continue;
        }
        let dir = above.last().map_or(root, AsFd::as_fd);
        let wanted = if left.is_empty() { flags_of(want) } else { directory };
        match open_no_link(dir, &name, wanted)? {
            Some(next) if left.is_empty() => return Ok(next),
            Some(next) => above.push(next),
            None if links == Links::Refused || followed == MAX_LINKS => return Err(Fault::Link),
            None => {
                followed += 1;
                splice(&sys::read_link_at(dir, &name)?, &mut left)?;
            }
        }
    }
    // Ended on the root, or on a `..` of a link: a directory that is open already.
    let dir = above.last().map_or(root, AsFd::as_fd);
    sys::open_at(dir, OsStr::new("."), directory, 0)
}

/// Opens an entry, or gives nothing if it is a link.
fn open_no_link(
    dir: BorrowedFd<'_>,
    name: &OsStr,
    flags: libc::c_int,
) -> Result<Option<OwnedFd>, Fault> {
    match sys::open_at(dir, name, flags, 0) {
        // With O_PATH a link opens as itself.
        Ok(found) if sys::stat(found.as_fd())?.kind == Kind::Link => Ok(None),
        Ok(found) => Ok(Some(found)),
        // With O_DIRECTORY a link answers as any other file that is no directory.
        Err(fault @ (Fault::Link | Fault::NotDirectory)) => match sys::stat_at(dir, name)?.kind {
            Kind::Link => Ok(None),
            _ => Err(fault),
        },
        Err(fault) => Err(fault),
    }
}

/// Puts the components of a link's target before what is left of the path.
fn splice(target: &OsStr, left: &mut VecDeque<OsString>) -> Result<(), Fault> {
    for component in Path::new(target).components().rev() {
        match component {
            Component::Normal(name) => left.push_front(name.to_owned()),
            Component::ParentDir => left.push_front(OsString::from("..")),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return Err(Fault::Escapes),
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) fn kernel_has_it() -> bool {
    #[cfg(target_os = "linux")]
    return !WITHOUT_OPENAT2.load(Ordering::Relaxed);
    #[cfg(not(target_os = "linux"))]
    false
}
