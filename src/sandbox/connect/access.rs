//! How the supervisor comes by the socket of a call.
//!
//! A duplicate of the child's is the exact way, and some containers forbid it. Then the child's sockets
//! are made by us in the first place and held until they are connected. What is not held any more is
//! replaced by a socket of ours.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::socket::{self, Family, errno};
use crate::sandbox::supervisor::Call;

/// How many sockets of a child are held.
const MOST_HELD: usize = 256;
/// A host that may have so many descriptors holds one in this many for its children, all together.
const HELD_SHARE: u64 = 4;
/// How many are held for all children.
static HELD: AtomicUsize = AtomicUsize::new(0);
const FLAGS_BYTES: usize = 256;

/// The way to a child's sockets; a trial says which ones there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketAccess {
    /// By a duplicate (`pidfd_getfd`).
    Duplicate,
    /// By making the sockets for the child: its filter MUST hand `socket` over too.
    Held,
    /// By putting a connected socket in place of the child's. Options that were set before are lost,
    /// other descriptors of the socket stay unconnected, and so do registrations with `epoll`.
    Replace,
}

impl SocketAccess {
    /// In the words of `capabilities()`.
    #[cfg_attr(not(feature = "node"), expect(dead_code, reason = "for the face"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            SocketAccess::Duplicate => "pidfd_getfd",
            SocketAccess::Held => "held",
            SocketAccess::Replace => "replace",
        }
    }
}

/// A connection's socket.
pub(super) struct Attempt {
    pub(super) socket: Arc<OwnedFd>,
    pub(super) family: Family,
    /// The child's number of it.
    pub(super) number: u32,
    pub(super) nonblocking: bool,
    /// The socket is not the child's yet: it takes the number's place once it is connected, closed on
    /// exec or not.
    pub(super) give: Option<bool>,
}

/// The way to one child's sockets.
#[derive(Debug)]
pub(super) struct Access {
    kind: SocketAccess,
    /// Oldest first.
    held: Mutex<VecDeque<Held>>,
}

/// A child's socket that is ours too.
#[derive(Debug)]
struct Held {
    inode: u64,
    socket: Arc<OwnedFd>,
}

impl Held {
    /// None where no more may be held.
    fn new(inode: u64, socket: &Arc<OwnedFd>) -> Option<Held> {
        if HELD.fetch_add(1, Ordering::Relaxed) >= most_of_all() {
            HELD.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Held { inode, socket: Arc::clone(socket) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A child that makes sockets and connects none must not use up the host's descriptors.
fn most_of_all() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one structure.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    usize::try_from(limit.rlim_cur / HELD_SHARE).unwrap_or(usize::MAX)
}

impl Access {
    pub(super) fn new(kind: SocketAccess) -> Access {
        Access { kind, held: Mutex::default() }
    }

    /// The socket with that number in the caller, for an address of the caller's.
    pub(super) fn find(&self, call: &Call, number: u32, address: &[u8]) -> Result<Attempt, i32> {
        let found = |socket: Arc<OwnedFd>| {
            let family = socket::family(&socket)?;
            let nonblocking = socket::is_nonblocking(&socket);
            Ok(Attempt { socket, family, number, nonblocking, give: None })
        };
        match self.kind {
            SocketAccess::Duplicate => {
                let socket =
                    call.descriptor(number.cast_signed()).map_err(|error| refusal(&error))?;
                found(Arc::new(socket))
            }
            SocketAccess::Held => match self.held(call, number)? {
                Some(socket) => found(socket),
                None => substitute(call, number, address),
            },
            SocketAccess::Replace => {
                inode(call, number)?;
                substitute(call, number, address)
            }
        }
    }

    fn held(&self, call: &Call, number: u32) -> Result<Option<Arc<OwnedFd>>, i32> {
        let inode = inode(call, number)?;
        let held = self.held.lock();
        let found = held.iter().find(|own| own.inode == inode);
        Ok(found.map(|own| Arc::clone(&own.socket)))
    }

    /// Gives up a held socket: while it is ours too, closing it ends no connection.
    pub(super) fn release(&self, inode: u64) {
        self.held.lock().retain(|own| own.inode != inode);
    }

    /// Answers a `socket` call: a TCP socket, or nothing.
    pub(super) fn make(&self, call: Call) {
        let [domain, kind, protocol, ..] = call.arguments();
        #[expect(clippy::cast_possible_truncation, reason = "as the kernel does")]
        let (domain, kind, protocol) = (
            (domain as u32).cast_signed(),
            (kind as u32).cast_signed(),
            (protocol as u32).cast_signed(),
        );
        let (nonblocking, close) =
            (kind & libc::SOCK_NONBLOCK != 0, kind & libc::SOCK_CLOEXEC != 0);
        let stream = kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) == libc::SOCK_STREAM
            && (protocol == 0 || protocol == libc::IPPROTO_TCP);
        let family = match domain {
            libc::AF_INET if stream => Family::V4,
            libc::AF_INET6 if stream => Family::V6,
            _ => return call.answer(Err(libc::EACCES)),
        };
        let made = socket::make(family, nonblocking)
            .and_then(|socket| socket::inode(&socket).map(|inode| (inode, Arc::new(socket))));
        let (inode, socket) = match made {
            Ok(made) => made,
            Err(error) => return call.answer(Err(errno(&error))),
        };
        {
            // Before the child has it: it may connect at once.
            let mut held = self.held.lock();
            if held.len() >= MOST_HELD {
                held.pop_front();
            }
            // One of its own makes room when all children together have too many.
            let one = Held::new(inode, &socket).or_else(|| {
                held.pop_front()?;
                Held::new(inode, &socket)
            });
            held.extend(one);
        }
        if !call.answer_with(socket.as_fd(), close) {
            self.release(inode);
        }
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.held.lock().len()
    }

    /// True when this child's filter hands `socket` over.
    pub(super) fn makes_sockets(&self) -> bool {
        self.kind == SocketAccess::Held
    }
}

/// A socket of ours for the place of the caller's.
fn substitute(call: &Call, number: u32, address: &[u8]) -> Result<Attempt, i32> {
    let info = call
        .read_proc(&format!("fdinfo/{number}"), FLAGS_BYTES)
        .map_err(|error| refusal(&error))?;
    let flags = info
        .lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok())
        .ok_or(libc::EACCES)?;
    let nonblocking = flags & libc::O_NONBLOCK != 0;
    let family = socket::named_family(address)?;
    let socket = socket::make(family, nonblocking).map_err(|error| errno(&error))?;
    let give = Some(flags & libc::O_CLOEXEC != 0);
    Ok(Attempt { socket: Arc::new(socket), family, number, nonblocking, give })
}

/// Which socket a number of the caller's means.
fn inode(call: &Call, number: u32) -> Result<u64, i32> {
    let link = call.read_link(&format!("fd/{number}")).map_err(|error| refusal(&error))?;
    let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
    inode.and_then(|inode| inode.parse().ok()).ok_or(libc::ENOTSOCK)
}

fn refusal(error: &io::Error) -> i32 {
    match errno(error) {
        libc::EBADF | libc::ENOENT => libc::EBADF,
        _ => libc::EACCES,
    }
}
