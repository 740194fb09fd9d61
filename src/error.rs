//! Failures of use, and the one list of codes for guests and callers alike.

mod code;

pub use code::Code;

/// A misuse of the library: bad options, a runner that was disposed.
///
/// Not promised: the text of [`std::fmt::Display`]. Promised: [`Error::code`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
enum Kind {
    #[error("{0}")]
    InvalidArgument(String),
    #[error("this runner was disposed")]
    Disposed,
}

impl Error {
    pub(crate) fn invalid_argument(message: impl Into<String>) -> Error {
        Error { kind: Kind::InvalidArgument(message.into()) }
    }

    pub(crate) fn disposed() -> Error {
        Error { kind: Kind::Disposed }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self.kind {
            Kind::InvalidArgument(_) => Code::InvalidArgument,
            Kind::Disposed => Code::Disposed,
        }
    }

    /// True when the same call may succeed later.
    pub fn retryable(&self) -> bool {
        self.code().retryable()
    }
}
