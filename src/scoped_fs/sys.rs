//! The system calls. Each takes an open directory and one name of it, never a longer path, apart
//! from `open_root` and `openat2`, whose resolution the kernel confines.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::{Fault, Kind, Stat};

/// `mode` of the system calls that create; its width differs between systems.
fn mode_of(mode: u32) -> libc::mode_t {
    #[allow(
        clippy::allow_attributes,
        clippy::unnecessary_cast,
        clippy::cast_possible_truncation,
        trivial_numeric_casts,
        reason = "mode_t has 16 bits on some systems; permission bits fit"
    )]
    let mode = (mode & 0o7777) as libc::mode_t;
    mode
}

fn c_string(name: &OsStr) -> Result<CString, Fault> {
    CString::new(name.as_bytes()).map_err(|_| Fault::Malformed("must not contain NUL"))
}

/// Gives what a system call answered, or the fault that errno names for a negative answer.
fn checked(answer: libc::c_int) -> Result<libc::c_int, Fault> {
    if answer < 0 { Err(Fault::last()) } else { Ok(answer) }
}

fn owned(answer: libc::c_int) -> Result<OwnedFd, Fault> {
    let fd = checked(answer)?;
    // SAFETY: the system call gave this descriptor to us just now, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Opens a directory by an absolute path of the host.
pub(super) fn open_root(path: &Path) -> Result<OwnedFd, Fault> {
    let path = c_string(path.as_os_str())?;
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: `path` is NUL-terminated and lives through the call.
    owned(unsafe { libc::open(path.as_ptr(), flags) })
}

/// Opens the entry `name` of `dir`. Never follows a link, never blocks, never becomes a terminal.
pub(super) fn open_at(
    dir: BorrowedFd<'_>,
    name: &OsStr,
    flags: libc::c_int,
    mode: u32,
) -> Result<OwnedFd, Fault> {
    let name = c_string(name)?;
    let flags = flags | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: `name` is NUL-terminated and lives through the call; `dir` is open.
    owned(unsafe {
        libc::openat(dir.as_raw_fd(), name.as_ptr(), flags, libc::c_uint::from(mode_of(mode)))
    })
}

/// Resolves a relative path beneath `dir` in the kernel. ENOSYS where the kernel has no `openat2`.
#[cfg(target_os = "linux")]
pub(super) fn open_beneath(
    dir: BorrowedFd<'_>,
    path: &Path,
    flags: libc::c_int,
    resolve: u64,
) -> Result<OwnedFd, i32> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    // What only looks opens nothing that could block, and the call refuses flags without a meaning.
    let quiet = if flags & libc::O_PATH == 0 { libc::O_NONBLOCK | libc::O_NOCTTY } else { 0 };
    let flags = flags | quiet | libc::O_CLOEXEC;
    // SAFETY: zero is a valid value for every field of the struct.
    let mut how: libc::open_how = unsafe { MaybeUninit::zeroed().assume_init() };
    how.flags = u64::from(flags.cast_unsigned());
    how.resolve = resolve | libc::RESOLVE_BENEATH | libc::RESOLVE_NO_MAGICLINKS;
    // SAFETY: path and struct live through the call, and the size is that of the struct.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            dir.as_raw_fd(),
            path.as_ptr(),
            &raw const how,
            size_of::<libc::open_how>(),
        )
    };
    let fd = i32::try_from(answer).unwrap_or(-1);
    if fd < 0 {
        return Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO));
    }
    // SAFETY: the system call gave this descriptor to us just now, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Facts about an open file.
pub(super) fn stat(file: BorrowedFd<'_>) -> Result<Stat, Fault> {
    let mut raw = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the buffer has the size the call fills.
    checked(unsafe { libc::fstat(file.as_raw_fd(), raw.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it has filled the buffer.
    Ok(Stat::read(unsafe { raw.assume_init_ref() }))
}

/// Facts about the entry `name` of `dir`; a link is described itself.
pub(super) fn stat_at(dir: BorrowedFd<'_>, name: &OsStr) -> Result<Stat, Fault> {
    let name = c_string(name)?;
    let mut raw = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `name` is NUL-terminated, and the buffer has the size the call fills.
    checked(unsafe {
        let flags = libc::AT_SYMLINK_NOFOLLOW;
        libc::fstatat(dir.as_raw_fd(), name.as_ptr(), raw.as_mut_ptr(), flags)
    })?;
    // SAFETY: the call succeeded, so it has filled the buffer.
    Ok(Stat::read(unsafe { raw.assume_init_ref() }))
}

/// Where the link `name` of `dir` points to, as written in it.
pub(super) fn read_link_at(dir: BorrowedFd<'_>, name: &OsStr) -> Result<OsString, Fault> {
    let name = c_string(name)?;
    let mut target = vec![0_u8; 4097];
    // SAFETY: the buffer has as many bytes as the call is told.
    let length = unsafe {
        libc::readlinkat(dir.as_raw_fd(), name.as_ptr(), target.as_mut_ptr().cast(), target.len())
    };
    let length = usize::try_from(length).map_err(|_| Fault::last())?;
    if length == target.len() {
        return Err(Fault::Malformed("leads through a link that is too long"));
    }
    target.truncate(length);
    Ok(OsString::from_vec(target))
}

/// Makes the directory `name` in `dir`. One that is there already is no fault.
pub(super) fn make_dir_at(dir: BorrowedFd<'_>, name: &OsStr, mode: u32) -> Result<(), Fault> {
    let name = c_string(name)?;
    // SAFETY: `name` is NUL-terminated and lives through the call.
    match checked(unsafe { libc::mkdirat(dir.as_raw_fd(), name.as_ptr(), mode_of(mode)) }) {
        Err(Fault::Os(libc::EEXIST)) | Ok(_) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Removes the entry `name` of `dir`: a directory, which must be empty, or anything else.
pub(super) fn unlink_at(dir: BorrowedFd<'_>, name: &OsStr, directory: bool) -> Result<(), Fault> {
    let name = c_string(name)?;
    let flags = if directory { libc::AT_REMOVEDIR } else { 0 };
    // SAFETY: `name` is NUL-terminated and lives through the call.
    checked(unsafe { libc::unlinkat(dir.as_raw_fd(), name.as_ptr(), flags) }).map(drop)
}

/// Gives the entry `from` of `dir` the name `to`, in place of what has that name.
pub(super) fn rename_at(dir: BorrowedFd<'_>, from: &OsStr, to: &OsStr) -> Result<(), Fault> {
    let (from, to) = (c_string(from)?, c_string(to)?);
    let fd = dir.as_raw_fd();
    // SAFETY: both names are NUL-terminated and live through the call.
    checked(unsafe { libc::renameat(fd, from.as_ptr(), fd, to.as_ptr()) }).map(drop)
}

/// Sets the permission bits of an open file.
pub(super) fn set_mode(file: BorrowedFd<'_>, mode: u32) -> Result<(), Fault> {
    // SAFETY: takes numbers only.
    checked(unsafe { libc::fchmod(file.as_raw_fd(), mode_of(mode)) }).map(drop)
}

/// The names in a directory, unsorted; more than `limit` are a fault.
pub(super) fn entries(dir: BorrowedFd<'_>, limit: usize) -> Result<Vec<OsString>, Fault> {
    let (listed, cut) = list(dir, limit)?;
    if cut {
        return Err(Fault::TooMany(limit, "entries"));
    }
    Ok(listed.into_iter().map(|(name, _)| name).collect())
}

/// A name in a directory, and what it is if the listing says so.
pub(super) type Listed = (OsString, Option<Kind>);

/// At most `limit` names of a directory, unsorted, and whether there are more. Uses a descriptor of its
/// own, so that the position of `dir` does not matter and does not change.
pub(super) fn list(dir: BorrowedFd<'_>, limit: usize) -> Result<(Vec<Listed>, bool), Fault> {
    let own = open_at(dir, OsStr::new("."), libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
    let raw = own.into_raw_fd();
    // SAFETY: the descriptor is a directory of ours.
    let stream = unsafe { libc::fdopendir(raw) };
    if stream.is_null() {
        let fault = Fault::last();
        // SAFETY: the failed call left the descriptor to us, and it is wrapped once.
        drop(unsafe { OwnedFd::from_raw_fd(raw) });
        return Err(fault);
    }
    let stream = Stream(stream);
    let mut names = Vec::new();
    loop {
        clear_errno();
        // SAFETY: the stream is open, and this thread alone has it.
        let entry = unsafe { libc::readdir(stream.0) };
        if entry.is_null() {
            return match std::io::Error::last_os_error().raw_os_error() {
                None | Some(0) => Ok((names, false)),
                Some(errno) => Err(Fault::of(errno)),
            };
        }
        // SAFETY: the name of an entry is NUL-terminated and valid until the next `readdir`.
        let name = unsafe { CStr::from_ptr((&raw const (*entry).d_name).cast()) }.to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        if names.len() == limit {
            return Ok((names, true));
        }
        // SAFETY: as for the name.
        let kind = match unsafe { (*entry).d_type } {
            libc::DT_REG => Some(Kind::File),
            libc::DT_DIR => Some(Kind::Directory),
            libc::DT_LNK => Some(Kind::Link),
            libc::DT_UNKNOWN => None,
            _ => Some(Kind::Other),
        };
        names.push((OsStr::from_bytes(name).to_owned(), kind));
    }
}

/// Closes the directory stream, and with it its descriptor.
struct Stream(*mut libc::DIR);

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: made by `fdopendir`, closed nowhere else.
        unsafe { libc::closedir(self.0) };
    }
}

/// `readdir` tells its end from an error by errno alone.
fn clear_errno() {
    // SAFETY: the address of this thread's own errno.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    unsafe {
        *libc::__errno_location() = 0;
    }
    // SAFETY: the same under its other name.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    unsafe {
        *libc::__error() = 0;
    }
}
