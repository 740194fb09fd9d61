//! What the host asks for.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

/// Said once, before the first script.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Opening {
    /// True for a file system in memory; else the workspace is held as descriptor 3.
    pub(crate) memory: bool,
    pub(crate) max_file_bytes: u64,
    pub(crate) max_output_bytes: u64,
    /// Put there before the first script: contents in base64, by path.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) env: HashMap<String, String>,
    /// The built-in commands there are, of those that a system keeps as files; all without it.
    pub(crate) commands: Option<Vec<String>>,
    /// Commands that the host answers.
    #[serde(default)]
    pub(crate) host_commands: Vec<String>,
    /// Whether a script finds what the one before it left in its shell.
    #[serde(default)]
    pub(crate) session: bool,
}

/// One script.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Script {
    pub(crate) run: u64,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) env: HashMap<String, String>,
    pub(crate) cwd: String,
    pub(crate) stdin: Option<String>,
}

/// A call of the host, for a command of its own that is under way.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the field that tells what a message is")]
pub(crate) struct Call {
    pub(crate) call: u64,
    pub(crate) name: String,
    /// The number of the command, and what the operation takes.
    pub(crate) args: Vec<serde_json::Value>,
}

/// The host's answer to a call of ours.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the field that tells what a message is")]
pub(crate) struct Answer {
    pub(crate) answer: u64,
    pub(crate) value: Option<serde_json::Value>,
    pub(crate) fault: Option<Fault>,
}

/// Why a call failed.
#[derive(Debug, Deserialize)]
pub(crate) struct Fault {
    pub(crate) message: String,
}
