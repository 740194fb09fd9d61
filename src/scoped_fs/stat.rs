//! What `fstat` says, as far as it matters here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, not followed.
    Link,
    /// A device, pipe or socket.
    Other,
}

/// Facts about one file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
    /// What it is.
    pub(crate) kind: Kind,
    /// Bytes of a file; for other kinds whatever the file system says.
    pub(crate) size: u64,
    /// Permission bits, with set-user-ID and its like: 0 to 0o7777.
    pub(crate) mode: u32,
    /// Names of the file.
    pub(crate) links: u64,
    /// Last change of the contents.
    pub(crate) modified: SystemTime,
}

impl Stat {
    #[allow(
        clippy::allow_attributes,
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::useless_conversion,
        trivial_numeric_casts,
        reason = "the widths of the fields differ between systems"
    )]
    pub(super) fn read(raw: &libc::stat) -> Stat {
        let kind = match raw.st_mode & libc::S_IFMT {
            libc::S_IFREG => Kind::File,
            libc::S_IFDIR => Kind::Directory,
            libc::S_IFLNK => Kind::Link,
            _ => Kind::Other,
        };
        let nanos = u32::try_from(raw.st_mtime_nsec).unwrap_or(0).min(999_999_999);
        let seconds = raw.st_mtime as i64;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let at =
            if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
        Stat {
            kind,
            size: u64::try_from(raw.st_size).unwrap_or(0),
            mode: raw.st_mode as u32 & 0o7777,
            links: raw.st_nlink as u64,
            modified: at
                .and_then(|at| at.checked_add(Duration::from_nanos(u64::from(nanos))))
                .unwrap_or(UNIX_EPOCH),
        }
    }
}
