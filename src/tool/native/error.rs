//! What a native tool says when it fails.

use serde_json::{Map, Value, json};

use crate::Code;
use crate::scoped_fs::Fault;

/// Longest part of a caller's text that a message repeats, in characters.
const MAX_SHOWN: usize = 300;

/// The kinds of failure, by the names that callers of the original know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NativeCode {
    /// The input is not acceptable, or the file is not of the kind the verb works on.
    InvalidArgument,
    /// The path is outside the roots, a link stands in the way, or the file system refuses.
    PermissionDenied,
    /// The command, or an argument of it, is not on the list.
    CommandNotAllowed,
    /// Nothing is there.
    FileNotFound,
    /// The time of the call was over.
    DeadlineExceeded,
    /// The machine failed.
    Internal,
}

impl NativeCode {
    fn name(self) -> &'static str {
        match self {
            NativeCode::InvalidArgument => "InvalidArgument",
            NativeCode::PermissionDenied => "PermissionDenied",
            NativeCode::CommandNotAllowed => "CommandNotAllowed",
            NativeCode::FileNotFound => "FileNotFound",
            NativeCode::DeadlineExceeded => "DeadlineExceeded",
            NativeCode::Internal => "Internal",
        }
    }

    /// The package's own code.
    fn code(self) -> Code {
        match self {
            NativeCode::InvalidArgument | NativeCode::FileNotFound => Code::InvalidArgument,
            NativeCode::PermissionDenied | NativeCode::CommandNotAllowed => Code::PermissionDenied,
            NativeCode::DeadlineExceeded => Code::Timeout,
            NativeCode::Internal => Code::Internal,
        }
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NativeError {
    /// The kind.
    pub(super) native_code: NativeCode,
    /// One sentence.
    pub(super) message: String,
    reason: Option<&'static str>,
    field: Option<String>,
}

impl NativeError {
    fn new(native_code: NativeCode, message: String) -> NativeError {
        NativeError { native_code, message, reason: None, field: None }
    }

    pub(super) fn invalid(message: String) -> NativeError {
        NativeError::new(NativeCode::InvalidArgument, message)
    }

    pub(super) fn not_allowed(message: String) -> NativeError {
        NativeError::new(NativeCode::CommandNotAllowed, message)
    }

    pub(super) fn internal(message: &str) -> NativeError {
        NativeError::new(NativeCode::Internal, message.to_owned())
    }

    /// A fault at `name`, which is a path as the caller gave it or as it may name it.
    pub(super) fn at(name: &str, fault: &Fault) -> NativeError {
        let (native_code, reason) = match fault {
            Fault::Malformed(_) => (NativeCode::InvalidArgument, "malformed"),
            Fault::Escapes => (NativeCode::PermissionDenied, "outside-root"),
            Fault::Link => (NativeCode::PermissionDenied, "symbolic-link"),
            Fault::NotFound => (NativeCode::FileNotFound, "not-found"),
            Fault::Denied => (NativeCode::PermissionDenied, "file-system"),
            Fault::IsRoot => (NativeCode::PermissionDenied, "root"),
            Fault::IsDirectory => (NativeCode::InvalidArgument, "directory"),
            Fault::NotDirectory => (NativeCode::InvalidArgument, "not-a-directory"),
            Fault::NotRegular => (NativeCode::InvalidArgument, "not-a-regular-file"),
            Fault::HardLinked => (NativeCode::PermissionDenied, "hard-link"),
            Fault::TooLarge(_) => (NativeCode::InvalidArgument, "too-large"),
            Fault::TooMany(..) => (NativeCode::InvalidArgument, "too-many-entries"),
            Fault::Deadline => (NativeCode::DeadlineExceeded, "deadline"),
            Fault::Os(_) => (NativeCode::Internal, "file-system"),
        };
        NativeError::new(native_code, format!("{} {fault}", quoted(name))).because(reason)
    }

    /// With a word for programs in `details.reason`.
    pub(super) fn because(self, reason: &'static str) -> NativeError {
        NativeError { reason: Some(reason), ..self }
    }

    /// With the input field at fault in `details.field`.
    pub(super) fn of_field(self, field: &str) -> NativeError {
        NativeError { field: Some(field.to_owned()), ..self }
    }

    pub(super) fn to_json(&self) -> Value {
        let native_code = self.native_code.name();
        let mut details = Map::new();
        details.insert("nativeCode".into(), native_code.into());
        if let Some(reason) = self.reason {
            details.insert("reason".into(), reason.into());
        }
        if let Some(field) = &self.field {
            details.insert("field".into(), field.as_str().into());
        }
        json!({
            "code": self.native_code.code(),
            "nativeCode": native_code,
            "message": self.message,
            "details": details,
        })
    }
}

/// A caller's text between quotes, control characters escaped, cut if it is long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push_str("...");
    }
    format!("\"{shown}\"")
}
