//! What a trial shows of the ways to a child's memory and sockets.
//!
//! The host's half; the child's, and how the two are brought together, is the process room's. The child
//! makes a `connect` to each of [`PORTS`] on a socket of its own. Its call is taken as real ones are, and
//! its socket is had in the way that the port stands for. Instead of a connection it gets an option set
//! to a number that only this file knows ([`mark`]), and the child says whether its own descriptor has
//! it: no network is needed, and a socket that is not the child's does not pass.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::access::{Access, SocketAccess};
use super::socket::{MOST_ADDRESS, Wanted, errno, parse};
use crate::permission::{NetGrant, PermissionSet};
use crate::sandbox::files::{Access as FileAccess, Files};
use crate::sandbox::policy::Policy;
use crate::sandbox::supervisor::{Call, Decide, Watch, watch};

/// The ways, best first, and the port that stands for each.
const WAYS: [(SocketAccess, u16); 3] =
    [(SocketAccess::Duplicate, 1), (SocketAccess::Held, 2), (SocketAccess::Replace, 3)];
const FIRST_MARK: i32 = 7001;
const PERSONALITY_BYTES: usize = 64;

/// Calls of a trial's child, and what they showed.
#[derive(Debug)]
pub(crate) struct Proof {
    trial: Arc<Trial>,
    _watch: Watch,
}

#[derive(Debug)]
struct Trial {
    access: [Access; 3],
    reads_memory: AtomicBool,
}

impl Proof {
    /// The ports that the child connects to, one for each way; the socket for the second MUST be made
    /// when the filter is on.
    pub(crate) const PORTS: [u16; 3] = [WAYS[0].1, WAYS[1].1, WAYS[2].1];

    /// What the child is confined to: it may read one file, and connect by way of its supervisor, who
    /// makes its sockets too.
    pub(crate) fn policy() -> Policy {
        let mut files = Files::default();
        files.grant("/dev/null", FileAccess::READ);
        Policy {
            files,
            implicit: Files::default(),
            net: NetGrant::Some,
            sockets: Some(SocketAccess::Held),
            run: false,
            reads_everything: false,
            permissions: Arc::new(PermissionSet::default()),
        }
    }

    /// Answers the calls of a child until it is dropped.
    pub(crate) fn begin(listener: OwnedFd) -> io::Result<Proof> {
        let access = WAYS.map(|(way, _)| Access::new(way));
        let trial = Arc::new(Trial { access, reads_memory: AtomicBool::new(false) });
        let watch = watch(listener, Arc::new(Answering(Arc::clone(&trial))))?;
        Ok(Proof { trial, _watch: watch })
    }

    /// Memory of the child was read, and could be read of any other.
    pub(crate) fn reads_memory(&self) -> bool {
        self.trial.reads_memory.load(Ordering::SeqCst)
    }

    /// The best way, given what the option of the child's sockets was after each `connect`.
    pub(crate) fn sockets(&self, marks: [i32; 3]) -> Option<SocketAccess> {
        // An address that cannot be read leads nowhere.
        let shown = |(at, (way, _)): (usize, (SocketAccess, u16))| {
            (marks[at] == mark(at) && self.reads_memory()).then_some(way)
        };
        WAYS.into_iter().enumerate().find_map(shown)
    }
}

fn mark(way: usize) -> i32 {
    FIRST_MARK + i32::try_from(way).unwrap_or(0)
}

struct Answering(Arc<Trial>);

impl Decide for Answering {
    fn decide(&self, call: Call) {
        let trial = Arc::clone(&self.0);
        if call.number() == libc::SYS_socket {
            call.later(move |call| trial.access[1].make(call));
        } else if call.number() == libc::SYS_connect {
            call.later(move |call| {
                let result = trial.connect(&call);
                call.answer(result);
            });
        }
        // Any other is dropped, and with that refused.
    }
}

impl Trial {
    fn connect(&self, call: &Call) -> Result<i64, i32> {
        let [fd, address, length, ..] = call.arguments();
        #[expect(clippy::cast_possible_truncation, reason = "as the kernel does")]
        let number = fd as u32;
        let length = usize::try_from(length).map_err(|_| libc::EINVAL)?;
        let mut bytes = [0; MOST_ADDRESS];
        let bytes = bytes.get_mut(..length).ok_or(libc::EINVAL)?;
        let count = call.read(address, bytes).map_err(|error| errno(&error))?;
        let port = match parse(bytes, super::socket::Family::V4)? {
            Wanted::To(to) if count == length => to.port(),
            _ => return Err(libc::EINVAL),
        };
        if is_readable(call) {
            self.reads_memory.store(true, Ordering::SeqCst);
        }
        let way = WAYS.iter().position(|(_, own)| *own == port).ok_or(libc::EACCES)?;
        let attempt = self.access[way].find(call, number, bytes)?;
        // A held socket that is not held would be replaced, which is another way.
        if way == 1 && attempt.give.is_some() {
            return Err(libc::EACCES);
        }
        set_mark(&attempt.socket, mark(way)).map_err(|error| errno(&error))?;
        if let Some(close) = attempt.give {
            let given = call.replace(attempt.socket.as_fd(), attempt.number, close);
            given.map_err(|error| errno(&error))?;
        }
        Ok(0)
    }
}

/// Whether memory of a process like the caller could be read. The trial's child shares the host's
/// memory, for which the kernel asks nobody; this file it shows only to those whom it would let at the
/// memory of another, by the same check (`PTRACE_MODE_ATTACH`).
fn is_readable(call: &Call) -> bool {
    call.read_proc("personality", PERSONALITY_BYTES).is_ok_and(|text| !text.is_empty())
}

fn set_mark(socket: &OwnedFd, value: i32) -> io::Result<()> {
    // SAFETY: the kernel reads one number.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_KEEPIDLE,
            (&raw const value).cast(),
            4,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
