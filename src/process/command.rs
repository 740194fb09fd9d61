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

/// How firmly a child is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// It may outlive the host.
    None,
    /// It dies with the host and stays in its process group, with the rights of its user.
    Group,
    /// As `Group`, and it has no rights that its user's programs need not have.
    Confined,
}

/// A program with everything it gets.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(super) program: CString,
    pub(super) arguments: Vec<CString>,
    pub(super) environment: Vec<CString>,
    pub(super) folder: CString,
    pub(super) limits: Limits,
    pub(super) hold: Hold,
    /// What it may do besides; everything without one.
    pub(super) sandbox: Option<Arc<Order>>,
    /// What it reads on stdin; nothing without one.
    pub(super) input: Option<Arc<Vec<u8>>>,
    /// Whether its descriptor 3 is a way to the host.
    pub(super) channel: bool,
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
            hold: Hold::Confined,
            sandbox: None,
            input: None,
            channel: true,
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

    /// Gives it no channel: a program that knows of none may use descriptor 3 as it likes.
    pub(crate) fn without_channel(mut self) -> Command {
        self.channel = false;
        self
    }

    /// Leaves it the rights of its user.
    pub(crate) fn with_own_rights(mut self) -> Command {
        self.hold = Hold::Group;
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
