//! How much of a hostile text the guard reads. Beyond a bound a text is unclear, never allowed.

use std::time::Duration;

/// The longest text, in bytes.
pub const TEXT_BYTES: usize = 64 * 1024;
/// How deeply commands may be nested.
pub const DEPTH: usize = 64;
/// How deep a tree may be, chains such as `a && b && c` counted.
pub(super) const TREE_DEPTH: usize = 400;
/// The nodes of one tree.
pub(super) const NODES: usize = 100_000;
/// Heredocs and here-strings of one text.
pub(super) const HEREDOCS: usize = 24;
/// How often the parser may report progress, besides one report for so many bytes.
pub(super) const PARSE_STEPS: usize = 2_000;
/// See [`PARSE_STEPS`].
pub(super) const BYTES_PER_PARSE_STEP: usize = 4;
/// How long one text may be parsed, its payloads included. Ordinary texts take microseconds, the
/// longest milliseconds; only what makes the parser go back and forth comes near.
pub const PARSE_TIME: Duration = Duration::from_millis(200);
/// How many wrappers may stand before a command.
pub(super) const WRAPPERS: usize = 24;
/// How deeply payloads may be read within payloads.
pub(super) const PAYLOAD_DEPTH: usize = 8;
/// The commands of one text, those behind wrappers and in payloads counted.
pub(super) const COMMANDS: usize = 2_000;
/// The bytes of all payloads of one text.
pub(super) const PAYLOAD_BYTES: usize = 4 * TEXT_BYTES;
/// The folders that `cd` may lead to.
pub(super) const FOLDERS: usize = 8;
/// The rules of one guard.
pub const RULES: usize = 1_000;
/// The longest rule, in bytes.
pub const RULE_BYTES: usize = 4_096;
