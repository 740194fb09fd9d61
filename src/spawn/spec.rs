//! What a command is to be started with, all defaults filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::error::Error;
use crate::permission::PermissionSet;
use crate::process::Limits;
use crate::sandbox::{NetworkOrder, Order, Pins};

/// A command with everything it gets.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// As the caller wrote it; the program knows itself by it.
    pub command: String,
    /// Its file, absolute.
    pub program: PathBuf,
    /// Behind the command.
    pub arguments: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// Where it runs, and what relative rules are below.
    pub folder: PathBuf,
    /// Milliseconds from its start.
    pub timeout_ms: f64,
    /// What it may use.
    pub limits: LimitsSpec,
    /// As flags, checked.
    pub permissions: Vec<String>,
    /// It may do whatever its user may, but leave its process group or gain rights. The permissions do
    /// not count then.
    #[serde(default)]
    pub unconfined: bool,
    /// What cannot be kept is left out, not refused.
    pub best_effort: bool,
    /// Addresses of names, before anybody is asked.
    pub hosts: BTreeMap<String, Vec<String>>,
    /// Name servers; the system's without one.
    pub servers: Vec<String>,
    /// Connections at once.
    pub max_connections: u32,
    /// Where the rules led when they were checked, as JSON; without it they lead where they do now.
    pub pins: Option<String>,
}

/// Bounds of the command and of all that it starts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LimitsSpec {
    /// Memory of all its processes; none means no limit.
    pub memory_bytes: Option<u64>,
    /// What the kernel lets one process map for data.
    pub data_bytes: Option<u64>,
    /// Processes at once.
    pub processes: u32,
    /// Descriptors of one process.
    pub open_files: u64,
    /// The largest file it may write.
    pub file_bytes: u64,
    /// Read from stdout and stderr together before it is ended.
    pub output_bytes: u64,
    /// Kept of stdout and of stderr, each.
    pub capture_bytes: usize,
}

impl From<LimitsSpec> for Limits {
    fn from(spec: LimitsSpec) -> Limits {
        Limits {
            memory_bytes: spec.memory_bytes,
            data_bytes: spec.data_bytes,
            processes: spec.processes,
            open_files: spec.open_files,
            file_bytes: spec.file_bytes,
            cpu: None,
            capture_bytes: spec.capture_bytes,
            log_bytes: spec.output_bytes,
        }
    }
}

impl Spec {
    /// What confines it.
    pub(super) fn order(&self) -> Result<Order, Error> {
        let search_path = self.env.iter().rev().find(|(name, _)| name == "PATH");
        Ok(Order {
            permissions: Arc::new(PermissionSet::from_flags(&self.permissions)?),
            project_root: self.folder.clone(),
            binary: self.program.clone(),
            entrypoint: None,
            code_roots: Vec::new(),
            worker: None,
            scratch: None,
            search_path: search_path.map(|(_, value)| value.clone()).unwrap_or_default(),
            best_effort: self.best_effort,
            pins: self.pins.as_deref().map(Pins::read).transpose()?,
            network: NetworkOrder::new(&self.hosts, &self.servers, self.max_connections)?,
        })
    }
}
