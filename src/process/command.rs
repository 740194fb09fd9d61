//! What to launch, complete before anything happens.

use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use std::os::unix::ffi::OsStrExt;

use crate::permission::NetGrant;
use crate::sandbox::Order;

/// Bounds of one tree of processes.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Memory of the whole tree, pages of its own and shared ones; `None` for no limit.
    pub memory_bytes: Option<u64>,
    /// What one process may map for data beyond that before the kernel refuses it; `None` to leave
    /// it open. A second lock behind the watchdog's.
    pub data_bytes: Option<u64>,
    /// Processes of the tree, the first included.
    pub processes: u32,
    /// Descriptors one process may hold.
    pub open_files: u64,
    /// The largest file it may write.
    pub file_bytes: u64,
    /// CPU time of one process, a backstop behind the deadline.
    pub cpu: Option<Duration>,
    /// Kept of stdout and of stderr, each: half from the start, half from the end.
    pub capture_bytes: usize,
    /// Read from stdout and stderr together before the tree is ended.
    pub log_bytes: u64,
}

/// A program with everything it gets.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(super) program: CString,
    pub(super) arguments: Vec<CString>,
    pub(super) environment: Vec<CString>,
    pub(super) folder: CString,
    pub(super) limits: Limits,
    /// Dies with the host, and is kept in its process group.
    pub(super) confined: bool,
    /// What it may do besides; everything without one.
    pub(super) sandbox: Option<Arc<Order>>,
    /// What it reads on stdin; nothing without one.
    pub(super) input: Option<Arc<Vec<u8>>>,
}

fn text(bytes: &[u8]) -> Option<CString> {
    CString::new(bytes).ok()
}

impl Command {
    /// `None` when a text holds a NUL.
    pub(crate) fn new(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<str>>,
        environment: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
        folder: &Path,
        limits: Limits,
    ) -> Option<Command> {
        let program = text(program.as_os_str().as_bytes())?;
        let mut all = vec![program.clone()];
        for argument in arguments {
            all.push(text(argument.as_ref().as_bytes())?);
        }
        let mut entries = Vec::new();
        for (name, value) in environment {
            entries.push(text(format!("{}={}", name.as_ref(), value.as_ref()).as_bytes())?);
        }
        Some(Command {
            program,
            arguments: all,
            environment: entries,
            folder: text(folder.as_os_str().as_bytes())?,
            limits,
            confined: true,
            sandbox: None,
            input: None,
        })
    }

    /// Gives it another name than its path, as it will know itself by. `None` when that holds a NUL.
    pub(crate) fn called(mut self, name: &str) -> Option<Command> {
        self.arguments[0] = text(name.as_bytes())?;
        Some(self)
    }

    /// Gives it something to read on stdin.
    pub(crate) fn fed(mut self, input: Vec<u8>) -> Command {
        self.input = Some(Arc::new(input));
        self
    }

    /// Confines it to what permissions grant.
    pub(crate) fn within(mut self, order: Arc<Order>) -> Command {
        if order.permissions.net_grant() == NetGrant::Some {
            // Questions for names go over TCP, whose connections are ours to make.
            self.environment.extend(text(b"RES_OPTIONS=use-vc"));
        }
        self.sandbox = Some(order);
        self
    }
}
