//! What a trial shows of the ways to a child's memory and sockets.
//!
//! The host's half; the child's, and how the two are brought together, is the process room's. For one
//! [`Way`] after the other, until one works, the child makes a `connect` on a socket of its own. Its call
//! is taken as real ones are, and its socket is had in the way that the port stands for. Instead of a
//! connection it gets an option set to a number, and the child looks whether its own descriptor has it:
//! no network is needed, and a socket that is not the child's does not pass.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::access::{Access, Attempt, SocketAccess};
use super::socket::{MOST_ADDRESS, Wanted, errno, parse};
use crate::permission::{NetGrant, PermissionSet};
use crate::sandbox::files::{Access as FileAccess, Files};
use crate::sandbox::policy::Policy;
use crate::sandbox::supervisor::{Call, Decide, Watch, watch};

/// A way to sockets, as a trial sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    access: SocketAccess,
    /// Stands for it in calls.
    pub port: u16,
    /// What the option of the child's socket is afterwards.
    pub mark: i32,
    /// The child's socket is made while its filter is on.
    pub socket_is_made_for_it: bool,
}

const fn way(access: SocketAccess, port: u16, mark: i32, socket_is_made_for_it: bool) -> Way {
    Way { access, port, mark, socket_is_made_for_it }
}

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
    /// The ways, best first.
    pub(crate) const WAYS: [Way; 3] = [
        way(SocketAccess::Duplicate, 1, 7001, false),
        way(SocketAccess::Held, 2, 7002, true),
        way(SocketAccess::Replace, 3, 7003, false),
    ];

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
            shared_memory: false,
            reads_everything: false,
            permissions: Arc::new(PermissionSet::default()),
        }
    }

    /// Answers the calls of a child until it is dropped.
    pub(crate) fn begin(listener: OwnedFd) -> io::Result<Proof> {
        let access = Proof::WAYS.map(|way| Access::new(way.access));
        let trial = Arc::new(Trial { access, reads_memory: AtomicBool::new(false) });
        let watch = watch(listener, Arc::new(Answering(Arc::clone(&trial))))?;
        Ok(Proof { trial, _watch: watch })
    }

    /// Memory of the child was read, and could be read of any other.
    pub(crate) fn reads_memory(&self) -> bool {
        self.trial.reads_memory.load(Ordering::SeqCst)
    }

    /// The way that worked, given what the option of the child's last socket was.
    pub(crate) fn sockets(&self, mark: i32) -> Option<SocketAccess> {
        // An address that cannot be read leads nowhere.
        let shown = Proof::WAYS.into_iter().find(|way| way.mark == mark && self.reads_memory());
        shown.map(|way| way.access)
    }
}

struct Answering(Arc<Trial>);

impl Decide for Answering {
    fn decide(&self, call: Call) {
        if call.number() == libc::SYS_socket {
            let trial = Arc::clone(&self.0);
            call.promptly(move |call| trial.access[1].make(call));
        } else if call.number() == libc::SYS_connect {
            match self.0.connect(&call) {
                Ok(Attempt { give: Some(close), socket, number, .. }) => {
                    call.promptly(move |call| {
                        let given = call.replace(socket.as_fd(), number, close);
                        call.answer(given.map(|()| 0).map_err(|error| errno(&error)));
                    });
                }
                result => call.answer(result.map(|_| 0)),
            }
        }
        // Any other is dropped, and with that refused.
    }
}

impl Trial {
    /// The caller's socket, with the option set.
    fn connect(&self, call: &Call) -> Result<Attempt, i32> {
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
        let at = Proof::WAYS.iter().position(|way| way.port == port).ok_or(libc::EACCES)?;
        let (way, attempt) = (Proof::WAYS[at], self.access[at].find(call, number, bytes)?);
        // A held socket that is not held would be replaced, which is another way.
        if way.access == SocketAccess::Held && attempt.give.is_some() {
            return Err(libc::EACCES);
        }
        set_mark(&attempt.socket, way.mark).map_err(|error| errno(&error))?;
        Ok(attempt)
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
