//! What `fstat` says, as far as it matters here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Last change of the contents, which whoever owns the file may set at will.
    pub(crate) modified: SystemTime,
    /// Last change of the contents or of the facts about them, which only the system sets.
    pub(crate) changed: SystemTime,
    /// The file system it is on, and its number there.
    pub(crate) file: (u64, u64),
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
        Stat {
            kind,
            size: u64::try_from(raw.st_size).unwrap_or(0),
            mode: raw.st_mode as u32 & 0o7777,
            links: raw.st_nlink as u64,
            modified: time(raw.st_mtime as i64, raw.st_mtime_nsec as i64),
            changed: time(raw.st_ctime as i64, raw.st_ctime_nsec as i64),
            file: (raw.st_dev as u64, raw.st_ino as u64),
        }
    }

    /// True if the other one, which was taken at another time, tells of the same contents.
    pub(crate) fn is_same(&self, other: &Stat) -> bool {
        self.kind == other.kind
            && self.file == other.file
            && self.size == other.size
            && self.modified == other.modified
            && self.changed == other.changed
    }
}

/// A time before or after 1970; one that cannot be told is 1970.
fn time(seconds: i64, nanos: i64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let at =
        if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    let part = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0).min(999_999_999));
    at.and_then(|at| at.checked_add(part)).unwrap_or(UNIX_EPOCH)
}
