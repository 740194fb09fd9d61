//! What befalls a path, as an error that names the path as its caller wrote it.

use serde_json::json;

use crate::error::{Code, Error};
use crate::scoped_fs::Fault;

/// The error of a fault at a path.
pub(super) fn at(said: &str) -> impl Fn(Fault) -> Error + '_ {
    move |fault| {
        let (code, reason, what) = match &fault {
            Fault::Escapes => (Code::PermissionDenied, "escapes", "path escapes runtime root"),
            Fault::Link => {
                (Code::PermissionDenied, "symlink", "path is a symbolic link that is not followed")
            }
            Fault::Denied => (Code::PermissionDenied, "denied", "permission denied"),
            Fault::HardLinked => {
                (Code::PermissionDenied, "hard_linked", "path has more than one hard link")
            }
            Fault::NotFound => (Code::RuntimeError, "not_found", "path does not exist"),
            Fault::IsRoot => (Code::InvalidArgument, "is_root", "path is the runtime root"),
            Fault::IsDirectory => (Code::RuntimeError, "is_directory", "path is a directory"),
            Fault::NotDirectory => (Code::RuntimeError, "not_directory", "path is not a directory"),
            Fault::NotRegular => (Code::RuntimeError, "not_regular", "path is not a regular file"),
            Fault::Malformed(_) => (Code::InvalidArgument, "malformed", "path is too long"),
            Fault::Deadline => (Code::Timeout, "deadline", "operation took too long"),
            Fault::TooLarge(_) | Fault::TooMany(..) => {
                let message = format!("path {fault}: {said}");
                return with_reason(Code::OutputLimit, message, "limit");
            }
            Fault::Os(_) => {
                return with_reason(Code::RuntimeError, format!("{fault}: {said}"), "system");
            }
        };
        with_reason(code, format!("{what}: {said}"), reason)
    }
}

/// More bytes at a path than are taken.
pub(super) fn exceeds(said: &str, size: u64, max: u64) -> Error {
    with_reason(Code::OutputLimit, format!("{said} exceeds limit: {size} > {max}"), "limit")
}

/// A system's answer to reading or writing an open file.
pub(super) fn failed_at(said: &str) -> impl Fn(std::io::Error) -> Error + '_ {
    // The system's words alone: an error may hold more.
    move |error| {
        let words = error.raw_os_error().map_or_else(
            || error.kind().to_string(),
            |n| std::io::Error::from_raw_os_error(n).to_string(),
        );
        with_reason(Code::RuntimeError, format!("{words}: {said}"), "system")
    }
}

fn with_reason(code: Code, message: String, reason: &str) -> Error {
    Error::failed(code, message).with_details(json!({ "reason": reason }))
}
