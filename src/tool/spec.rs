//! What a room and a call are told, already checked by who calls: all defaults filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// A runtime with an entrypoint.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomSpec {
    /// `bun` or `node`, for messages.
    pub runtime: String,
    /// The runtime's executable, absolute.
    pub binary: PathBuf,
    /// The worker script, absolute.
    pub worker: PathBuf,
    /// The module whose exports are the tools, absolute.
    pub entrypoint: PathBuf,
    /// Where the processes run.
    pub project_root: PathBuf,
    /// Processes at once.
    pub max_concurrent: u32,
    /// Calls that may wait for one.
    pub max_queued: u32,
}

/// How many processes are kept ready, and for how long.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WarmSpec {
    /// How many; with none every call starts its own.
    pub size: u32,
    /// Milliseconds until an unused one is replaced.
    pub max_age_ms: u64,
}

/// Everything that shapes a process; equal shapes may share a pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shape {
    /// What stands before the worker on the runtime's command line.
    pub arguments: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// Bounds of the process and what it starts.
    pub limits: ProcessLimits,
    /// The worker marks its log lines and measures its start.
    pub debug: bool,
    /// The worker sends a heap snapshot when the tool fails.
    pub heap_profiling: bool,
    /// Milliseconds a process may go on after its answer was taken.
    pub exit_grace_ms: u64,
    /// What confines it.
    pub sandbox: SandboxSpec,
}

/// What confines a process.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SandboxSpec {
    /// As flags, checked.
    pub permissions: Vec<String>,
    /// What cannot be kept is left out, not refused.
    pub best_effort: bool,
    /// Code besides the entrypoint's.
    pub code_roots: Vec<PathBuf>,
    /// A folder of the process's own.
    pub scratch: Option<PathBuf>,
    /// Addresses of names, before anybody is asked.
    pub hosts: BTreeMap<String, Vec<String>>,
    /// Name servers; the system's without one.
    pub servers: Vec<String>,
    /// Connections at once.
    pub max_connections: u32,
    /// Where the rules led when they were checked, as JSON.
    pub pins: String,
}

/// A shape, or the number of one that the room keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ShapeRef {
    /// Kept: most plans have the same few.
    Kept(u32),
    /// Of this plan alone.
    Own(Box<Shape>),
}

/// Bounds of one tree of processes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProcessLimits {
    /// Memory of the tree; none means no limit.
    pub memory_bytes: Option<u64>,
    /// What the kernel lets one process map for data.
    pub data_bytes: Option<u64>,
    /// Processes of the tree.
    pub processes: u32,
    /// Descriptors of one process.
    pub open_files: u64,
    /// The largest file it may write.
    pub file_bytes: u64,
    /// Kept of stdout and of stderr, each.
    pub capture_bytes: usize,
    /// Read from both before the tree is ended.
    pub log_bytes: u64,
}

/// What the calls of one tool have in common.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanSpec {
    /// Name of the export.
    pub tool_id: String,
    /// The process that each gets.
    pub shape: ShapeRef,
    /// Processes of that shape kept ready; none for a call that wants one of its own.
    pub warm: WarmSpec,
    /// Variables of one call alone, which the worker is told again.
    pub env: serde_json::Map<String, serde_json::Value>,
    /// Bytes of an answer.
    pub max_output_bytes: u64,
    /// How deeply an answer may nest.
    pub max_result_depth: u32,
    /// When and how often to try again.
    pub retry: RetrySpec,
}

/// One call.
#[derive(Debug, Clone)]
pub struct CallSpec {
    /// Name of this call.
    pub exec_id: String,
    /// Milliseconds for all of it, waiting and every attempt included.
    pub timeout_ms: u64,
    /// Milliseconds of it that were spent before the call came here.
    pub elapsed_ms: f64,
}

/// When and how often a call is tried again.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetrySpec {
    /// Codes besides `WORKER_LOST` after which the tool may be run again.
    pub on: Vec<String>,
    /// Attempts in all; none means as many as fit into the time.
    pub max_attempts: Option<u32>,
    /// First pause.
    pub initial_interval_ms: u64,
    /// Longest pause.
    pub max_interval_ms: u64,
    /// No attempt begins later than this after the first; zero means none is repeated.
    pub max_elapsed_time_ms: u64,
}
