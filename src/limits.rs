//! Every bound of a run or an operation, with its default and its range. The package's other half reads
//! them from here, so each stands in one place.

use serde::{Deserialize, Serialize};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Longest single log message, in bytes.
pub const LOG_MESSAGE_BYTES: usize = 8 * 1024;
/// Longest stack text in an error, in bytes.
pub const STACK_BYTES: usize = 4 * 1024;
/// Longest error message, in bytes.
pub const MESSAGE_BYTES: usize = 2 * 1024;
/// What a codelet may nest in its source: brackets inside brackets.
pub const SOURCE_NESTING: usize = 2000;

/// One bound: what it is when nothing is said, and what may be said.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bound {
    /// Taken when the option is absent; `None` means no limit.
    pub default: Option<u64>,
    /// Smallest accepted value.
    pub min: u64,
    /// Largest accepted value.
    pub max: u64,
}

macro_rules! limits {
    ($(#[$outer:meta])* $name:ident { $($(#[doc = $doc:literal])+ $field:ident: $kind:tt = $default:expr, $min:expr, $max:expr;)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Deserialize, Serialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: limits!(@type $kind),)+
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $($field: limits!(@value $kind $default),)+ }
            }
        }

        impl $name {
            /// Name (camel case) and bound of each limit.
            pub const BOUNDS: &'static [(&'static str, Bound)] = &[
                $((stringify!($field), Bound { default: $default, min: $min, max: $max }),)+
            ];

            /// The first limit that is out of its range, as a sentence.
            pub(crate) fn fault(&self) -> Option<String> {
                $(if let Some(value) = limits!(@read $kind self.$field)
                    && !($min..=$max).contains(&value) {
                    return Some(format!(
                        "{} is {value}: accepted are whole numbers from {} to {}",
                        stringify!($field), $min, $max,
                    ));
                })+
                None
            }
        }
    };
    (@type always) => { u64 };
    (@type optional) => { Option<u64> };
    (@value always $default:expr) => { match $default { Some(value) => value, None => 0 } };
    (@value optional $default:expr) => { $default };
    (@read always $value:expr) => { Some($value) };
    (@read optional $value:expr) => { $value };
}

limits! {
    /// The bounds of one run.
    Limits {
        /// Wall clock of the run in milliseconds, waiting for host functions included.
        timeout_ms: always = Some(2000), 1, 86_400_000;
        /// CPU time of this run alone, in milliseconds.
        cpu_ms: optional = None, 1, 86_400_000;
        /// Bytes the run's heap may hold, array buffers included.
        memory_limit_bytes: always = Some(64 * MIB), MIB, 4096 * MIB;
        /// Stack of the guest's own calls, in bytes.
        max_stack_bytes: always = Some(MIB), 64 * KIB, 2 * MIB;
        /// Bytes of the code and all its modules.
        max_source_bytes: always = Some(256 * KIB), 1, 64 * MIB;
        /// Bytes of input and globals as JSON.
        max_input_bytes: always = Some(4 * MIB), 1, 1024 * MIB;
        /// Bytes of the result as JSON.
        max_result_bytes: always = Some(MIB), 1, 1024 * MIB;
        /// Log entries kept.
        max_log_entries: always = Some(100), 0, 100_000;
        /// Bytes of all log messages together.
        max_log_bytes: always = Some(64 * KIB), 0, 64 * MIB;
        /// Calls of host functions in one run.
        max_host_calls: always = Some(256), 0, 10_000_000;
        /// Host calls under way at once; further ones wait in order.
        max_host_calls_in_flight: always = Some(32), 1, 10_000;
        /// Bytes of one host call's arguments as JSON.
        max_host_arg_bytes: always = Some(MIB), 1, 1024 * MIB;
        /// Bytes of one host call's result as JSON.
        max_host_result_bytes: always = Some(4 * MIB), 1, 1024 * MIB;
    }
}

limits! {
    /// The bounds of one runner.
    RunnerLimits {
        /// Runs of this runner on threads at once; none means as many as there are threads.
        max_concurrent: optional = None, 1, 1024;
        /// Runs of this runner that are under way at once, waiting for host functions and timers
        /// included; further ones wait in the queue.
        max_parked: always = Some(256), 1, 100_000;
        /// Runs of this runner that wait for a thread.
        max_queued: always = Some(1000), 0, 1_000_000;
        /// How long a run may wait for a thread, in milliseconds.
        queue_timeout_ms: optional = None, 1, 86_400_000;
        /// Compiled programs kept.
        cache_entries: always = Some(64), 0, 100_000;
        /// Bytes of compiled programs kept.
        cache_bytes: always = Some(64 * MIB), 0, 4096 * MIB;
    }
}

limits! {
    /// The bounds of a workspace's file and search operations.
    WorkspaceLimits {
        /// Bytes of a file that is read as a whole, written, or left by an edit. A search of a tree
        /// passes over larger files.
        max_file_bytes: always = Some(1_000_000), 1, 1024 * MIB;
        /// Bytes that one search reads.
        max_scan_bytes: always = Some(256 * MIB), 1, 1024 * 1024 * MIB;
        /// How long one operation may walk, search or read, in milliseconds.
        max_scan_ms: always = Some(10_000), 1, 86_400_000;
        /// Entries that one operation visits.
        max_entries: always = Some(100_000), 1, 10_000_000;
        /// Results that one operation gives, however many it is asked for.
        max_results: always = Some(10_000), 1, 100_000;
        /// Bytes of a generated file that is opened.
        max_attachment_bytes: always = Some(20 * MIB), 1, 1024 * MIB;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_lie_in_their_own_ranges() {
        assert_eq!(Limits::default().fault(), None);
        assert_eq!(RunnerLimits::default().fault(), None);
        assert_eq!(WorkspaceLimits::default().fault(), None);
    }

    #[test]
    fn a_limit_out_of_range_is_named() {
        let limits = Limits { timeout_ms: 0, ..Limits::default() };
        assert!(limits.fault().is_some_and(|text| text.contains("timeout_ms is 0")));
    }

    #[test]
    fn an_unknown_limit_is_an_error() {
        assert!(serde_json::from_str::<Limits>(r#"{"timeoutMS": 5}"#).is_err());
        assert!(serde_json::from_str::<Limits>(r#"{"timeoutMs": 5}"#).is_ok());
    }
}
