//! What is known of a file without opening it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::FileType;

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    /// Not followed.
    Link,
    /// A device, pipe or socket.
    Other,
}

/// Facts about one entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    /// Permission bits.
    pub(crate) mode: u32,
    pub(crate) names: u64,
    pub(crate) modified: SystemTime,
}

impl Facts {
    #[allow(
        clippy::allow_attributes,
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::useless_conversion,
        clippy::unnecessary_fallible_conversions,
        trivial_numeric_casts,
        reason = "the widths of the fields differ between systems"
    )]
    pub(super) fn of(raw: &rustix::fs::Stat) -> Facts {
        let kind = match FileType::from_raw_mode(raw.st_mode as _) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        };
        Facts {
            kind,
            size: u64::try_from(raw.st_size).unwrap_or(0),
            mode: raw.st_mode as u32 & 0o777,
            names: raw.st_nlink as u64,
            modified: time(raw.st_mtime as i64, raw.st_mtime_nsec as u64),
        }
    }
}

/// A time before or after 1970; one that cannot be told is 1970.
fn time(seconds: i64, nanos: u64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let at =
        if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    let part = Duration::from_nanos(nanos.min(999_999_999));
    at.and_then(|at| at.checked_add(part)).unwrap_or(UNIX_EPOCH)
}
