//! Failures of use, and the one list of codes for guests and callers alike.

mod code;

use serde_json::Value;

pub use code::Code;

/// A misuse of the library: bad options, a policy that cannot be kept, a runner that was disposed. Of a
/// workspace's file operations, which have no other way to fail, also what befell one.
///
/// Not promised: the text of [`std::fmt::Display`]. Promised: [`Error::code`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    kind: Kind,
    details: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
enum Kind {
    #[error("{0}")]
    InvalidArgument(String),
    #[error("{0}")]
    PolicyViolation(String),
    #[error("{0}")]
    PolicyUnenforceable(String),
    #[error("this runner was disposed")]
    Disposed,
    #[error("{1}")]
    Failed(Code, String),
}

impl Error {
    pub(crate) fn invalid_argument(message: impl Into<String>) -> Error {
        Error::of(Kind::InvalidArgument(message.into()))
    }

    pub(crate) fn policy_violation(message: impl Into<String>) -> Error {
        Error::of(Kind::PolicyViolation(message.into()))
    }

    pub(crate) fn policy_unenforceable(message: impl Into<String>) -> Error {
        Error::of(Kind::PolicyUnenforceable(message.into()))
    }

    pub(crate) fn disposed() -> Error {
        Error::of(Kind::Disposed)
    }

    /// An operation that failed; the code says how.
    pub(crate) fn failed(code: Code, message: impl Into<String>) -> Error {
        Error::of(Kind::Failed(code, message.into()))
    }

    fn of(kind: Kind) -> Error {
        Error { kind, details: None }
    }

    /// Adds what a program may want to know besides the code; an object.
    pub(crate) fn with_details(mut self, details: Value) -> Error {
        self.details = Some(details);
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self.kind {
            Kind::InvalidArgument(_) => Code::InvalidArgument,
            Kind::PolicyViolation(_) => Code::PolicyViolation,
            Kind::PolicyUnenforceable(_) => Code::PolicyUnenforceable,
            Kind::Disposed => Code::Disposed,
            Kind::Failed(code, _) => code,
        }
    }

    /// What belongs to the code, as a JSON object; its fields depend on the code.
    pub fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }

    /// True when the same call may succeed later.
    pub fn retryable(&self) -> bool {
        self.code().retryable()
    }
}
