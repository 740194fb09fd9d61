//! Workspaces: files and search beneath one folder.
//!
//! A [`Workspace`] is an open folder with limits. [`Workspace::operate`] performs one operation on it:
//! a request as JSON to a result as JSON. Every path of a request is resolved by the system from the
//! folder's descriptor and cannot lead out of it ([`crate::scoped_fs`]), whoever swaps what for a link
//! meanwhile. A failure is an [`Error`] that names paths as the caller wrote them, never as the host
//! has them.
//!
//! - `path.rs`, `fault.rs`, `request.rs`: texts to paths, faults to errors, JSON to requests
//! - `read.rs`, `write.rs`, `edit.rs`, `listing.rs`, `generated.rs`: one operation, or a few, each
//! - `search.rs`: `grep` and `find` over an ordered walk on several threads
//! - `scope.rs`: which folder belongs to which chat, and that it does not hold the program itself
//! - `threads.rs`: threads for work that blocks
//!
//! ```
//! use runlet::workspace::{Cancel, Spec, Workspace};
//!
//! let folder = std::env::temp_dir().join("runlet-workspace-example");
//! let workspace = Workspace::open(&Spec::new(folder)).unwrap();
//! let write = r#"{"path":"notes/a.txt","content":"one\ntwo\n"}"#;
//! let written = workspace.operate("write", write, &Cancel::default()).unwrap();
//! assert_eq!(written, r#"{"path":"notes/a.txt","bytes":8}"#);
//! let read = workspace.operate("read", r#"{"path":"/notes/a.txt"}"#, &Cancel::default());
//! assert_eq!(read.unwrap(), r#"{"text":"one\ntwo\n","path":"notes/a.txt","lines":3}"#);
//! let outside = workspace.operate("read", r#"{"path":"../a.txt"}"#, &Cancel::default());
//! assert_eq!(outside.unwrap_err().to_string(), "path escapes runtime root: ../a.txt");
//! ```

mod base64;
mod edit;
mod fault;
mod generated;
mod listing;
mod local_path;
mod path;
mod read;
mod request;
pub mod scope;
mod search;
#[cfg(test)]
mod tests;
mod threads;
mod write;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::limits::WorkspaceLimits;
use crate::scoped_fs::Root;

pub use local_path::local_path;
pub use threads::run_aside;

/// What a workspace is opened from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The folder, an absolute path of the host.
    pub root: PathBuf,
    /// Whether the folder is made if it is missing.
    #[serde(default = "yes")]
    pub create: bool,
    /// An absolute path by which guests know the folder, such as `/workspace`; requests may use it.
    #[serde(default)]
    pub guest_root: Option<String>,
    /// What a search of a tree does with what is too large.
    #[serde(default)]
    pub oversize: Oversize,
    /// Bounds of every operation.
    #[serde(default)]
    pub limits: WorkspaceLimits,
}

fn yes() -> bool {
    true
}

impl Spec {
    /// A workspace in `root`, made if missing, with the usual bounds.
    pub fn new(root: impl Into<PathBuf>) -> Spec {
        Spec {
            root: root.into(),
            create: true,
            guest_root: None,
            oversize: Oversize::default(),
            limits: WorkspaceLimits::default(),
        }
    }
}

/// What a search of a tree does with files over the limit, and when it has read all it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Oversize {
    /// Passes over such files and counts them; ends early and says so.
    #[default]
    Skip,
    /// Fails.
    Error,
}

/// Ends an operation early, from any thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// The operation fails with [`Code::Cancelled`] as soon as it looks.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// One open folder and its limits.
#[derive(Debug)]
pub struct Workspace {
    root: Root,
    guest_root: Option<String>,
    oversize: Oversize,
    limits: WorkspaceLimits,
}

/// What bounds one operation besides numbers: its caller and the clock.
#[derive(Debug, Clone, Copy)]
struct Watch<'a> {
    cancel: &'a Cancel,
    until: Instant,
}

impl Watch<'_> {
    fn check(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            return Err(Error::failed(Code::Cancelled, "cancelled"));
        }
        Ok(())
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }

    /// True when nothing more may be begun, whatever the reason.
    fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.is_late()
    }
}

impl Workspace {
    /// Opens the folder of `spec`.
    pub fn open(spec: &Spec) -> Result<Workspace, Error> {
        if let Some(fault) = spec.limits.fault() {
            return Err(Error::invalid_argument(fault));
        }
        if spec.create && spec.root.is_absolute() {
            // The host's own choice, as the root is; whether it is there now, opening it tells.
            #[expect(clippy::disallowed_methods, reason = "the folder that confines the others")]
            let _ = std::fs::create_dir_all(&spec.root);
        }
        let root = Root::open(&spec.root).map_err(|fault| {
            Error::invalid_argument(format!("runtime root cannot be opened: {fault}"))
        })?;
        let guest_root = spec.guest_root.as_deref().map(|path| path.trim_end_matches('/'));
        Ok(Workspace {
            root,
            guest_root: guest_root.filter(|path| !path.is_empty()).map(str::to_owned),
            oversize: spec.oversize,
            limits: spec.limits.clone(),
        })
    }

    /// Performs one operation on the calling thread, which it may block. `op` is `read`, `write`,
    /// `edit`, `grep`, `find`, `ls`, `stat`, `list`, `delete`, `mark`, `generated` or `open`; the files
    /// of this room say what each takes and gives.
    pub fn operate(&self, op: &str, request: &str, cancel: &Cancel) -> Result<String, Error> {
        let until = Instant::now() + Duration::from_millis(self.limits.max_scan_ms);
        let watch = Watch { cancel, until };
        watch.check()?;
        match op {
            "read" => text(&read::read(self, &request::parse(request)?, watch)?),
            "write" => text(&write::write(self, &request::parse(request)?)?),
            "edit" => text(&edit::edit(self, &request::parse(request)?, watch)?),
            "grep" => text(&search::grep(self, &request::parse(request)?, watch)?),
            "find" => text(&search::find(self, &request::parse(request)?, watch)?),
            "ls" => text(&listing::ls(self, &request::parse(request)?, watch)?),
            "stat" => text(&listing::stat(self, &request::parse(request)?)?),
            "list" => text(&listing::list(self, &request::parse(request)?, watch)?),
            "delete" => text(&write::delete(self, &request::parse(request)?, watch)?),
            "mark" => text(&generated::mark(self)),
            "generated" => text(&generated::generated(self, &request::parse(request)?, watch)?),
            "open" => text(&generated::open(self, &request::parse(request)?)?),
            _ => Err(Error::invalid_argument("there is no operation of that name")),
        }
    }
}

fn text(result: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(result)
        .map_err(|_| Error::failed(Code::Internal, "the result cannot be written as JSON"))
}
