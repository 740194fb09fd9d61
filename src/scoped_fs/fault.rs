//! Why an operation on a scoped path failed, without any path in it: the caller knows which one.

use std::io;

/// A failed operation. Texts are for sentences like `{path}: {fault}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The text is no path that could be used here.
    #[error("{0}")]
    Malformed(&'static str),
    /// The path leads out of the root.
    #[error("leads out of the root")]
    Escapes,
    /// A symbolic link stands where none may, or links form a loop.
    #[error("is a symbolic link that may not be followed")]
    Link,
    /// Nothing is there, or a parent is missing.
    #[error("does not exist")]
    NotFound,
    /// The file system refuses.
    #[error("permission denied by the file system")]
    Denied,
    /// The root itself was to be replaced or removed.
    #[error("is the root itself")]
    IsRoot,
    /// A directory where a file is needed.
    #[error("is a directory")]
    IsDirectory,
    /// Something else where a directory is needed.
    #[error("is not a directory")]
    NotDirectory,
    /// A device, pipe or socket.
    #[error("is not a regular file")]
    NotRegular,
    /// The file has a second name, which may lie outside.
    #[error("has more than one hard link")]
    HardLinked,
    /// The file or directory holds more than the caller takes.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    /// One directory holds more entries, or a tree more levels, than is worked on.
    #[error("holds more than {0} {1}")]
    TooMany(usize, &'static str),
    /// The time for the operation is over.
    #[error("took too long")]
    Deadline,
    /// Any other answer of the system, by its number.
    #[error("{}", io::Error::from_raw_os_error(*.0))]
    Os(i32),
}

impl Fault {
    /// The fault that a system call's error number stands for.
    pub(super) fn of(errno: i32) -> Fault {
        match errno {
            libc::ENOENT => Fault::NotFound,
            libc::EXDEV => Fault::Escapes,
            libc::ELOOP => Fault::Link,
            libc::EACCES | libc::EPERM | libc::EROFS => Fault::Denied,
            libc::EISDIR => Fault::IsDirectory,
            libc::ENOTDIR => Fault::NotDirectory,
            // What opening a socket, or a pipe that nobody reads, answers.
            libc::ENXIO | libc::EOPNOTSUPP => Fault::NotRegular,
            libc::ENAMETOOLONG => Fault::Malformed("has a name that is too long"),
            other => Fault::Os(other),
        }
    }

    /// The fault of the system call that failed just now.
    pub(super) fn last() -> Fault {
        Fault::of(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
    }
}
