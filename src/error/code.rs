//! The one list of error codes.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($($variant:ident $text:literal $retryable:literal $meaning:literal;)+) => {
        /// Why something failed. The texts are stable once published.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code's text, the same in every language.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text),+ }
            }

            /// True when the same call may succeed later without a change.
            pub fn retryable(self) -> bool {
                match self { $(Code::$variant => $retryable),+ }
            }

            /// One sentence for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning),+ }
            }
        }
    };
}

codes! {
    Timeout "TIMEOUT" false
        "The wall-clock or CPU limit passed, or nothing was left that could ever finish the run.";
    SyntaxError "SYNTAX_ERROR" false
        "The source does not compile, or its types cannot be stripped.";
    RuntimeError "RUNTIME_ERROR" false
        "The codelet or tool threw, has no entry function, or gave a value that cannot cross.";
    PolicyViolation "POLICY_VIOLATION" false
        "A capability was used that was not granted, or more of one than was granted.";
    MemoryLimit "MEMORY_LIMIT" false "The run reached its memory limit.";
    OutputLimit "OUTPUT_LIMIT" false "The result or what was printed is larger than allowed.";
    HostCallError "HOST_CALL_ERROR" false "A host function failed and the codelet did not catch it.";
    ValidationError "VALIDATION_ERROR" false "A schema refused the input or the output.";
    Cancelled "CANCELLED" false "The caller aborted the run, or what ran it was disposed.";
    Overloaded "OVERLOADED" true "The queue is full, or waiting in it took too long.";
    PermissionDenied "PERMISSION_DENIED" false "A process used something its permissions do not name.";
    ProtocolError "PROTOCOL_ERROR" false "A process answered in a form that is not the protocol's.";
    ProcessExit "PROCESS_EXIT" false "A process ended before it answered.";
    WorkerLost "WORKER_LOST" true "The process that the run lived in is gone; retryable unless the run may have had an effect.";
    ReplayDivergence "REPLAY_DIVERGENCE" false "A replayed run did something its record does not hold.";
    InvalidArgument "INVALID_ARGUMENT" false "An option or an input is not acceptable.";
    Disposed "DISPOSED" false "The runner or runtime was disposed before the call.";
    PolicyUnenforceable "POLICY_UNENFORCEABLE" false
        "What was asked for cannot be enforced on this machine, so nothing was run.";
    RuntimeNotFound "RUNTIME_NOT_FOUND" false "The native part of the package, or the program that runs tools, is missing.";
    Internal "INTERNAL" false "A fault of runlet itself; what ran was thrown away.";
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let known = Code::ALL.iter().copied().find(|code| code.as_str() == text);
        known.ok_or_else(|| D::Error::custom("no code of ours"))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
