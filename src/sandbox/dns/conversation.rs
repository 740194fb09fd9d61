//! One connection of a child to its name server: messages, each behind its length (RFC 7766).

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Place, Reply, Stub};
use crate::sandbox::supervisor::{Scope, Serve};

/// No question of a resolver is longer.
const MOST_MESSAGE: usize = 1024;
/// Questions that are answered before others have their turn.
const AT_ONCE: usize = 16;

struct Conversation {
    socket: OwnedFd,
    stub: Arc<Stub>,
    unread: Mutex<Vec<u8>>,
    _place: Place,
}

/// How it goes on.
enum Next {
    /// When there is more to read.
    Wait,
    /// Where it may block.
    Helper,
    /// Not at all.
    End,
}

/// Two ends of a connection on this machine. Resolvers look at the family of their socket's address and
/// give up on any but the internet's, so a pair of local sockets does not do.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let theirs = TcpStream::connect(listener.local_addr()?)?;
    let own = theirs.local_addr()?;
    // Anybody on this machine may have come before.
    for _ in 0..16 {
        let (ours, peer) = listener.accept()?;
        if peer == own {
            ours.set_nonblocking(true)?;
            ours.set_nodelay(true)?;
            return Ok((ours, theirs));
        }
    }
    Err(io::ErrorKind::ConnectionRefused.into())
}

/// Makes a pair of sockets, serves one and gives the other.
pub(super) fn open(
    stub: &Arc<Stub>,
    place: Place,
    scope: &Scope,
    nonblocking: bool,
) -> io::Result<OwnedFd> {
    let (ours, theirs) = pair()?;
    theirs.set_nonblocking(nonblocking)?;
    let (ours, theirs) = (OwnedFd::from(ours), OwnedFd::from(theirs));
    scope.serve(Arc::new(Conversation {
        socket: ours,
        stub: Arc::clone(stub),
        unread: Mutex::default(),
        _place: place,
    }))?;
    Ok(theirs)
}

impl Serve for Conversation {
    fn descriptor(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    fn ready(self: Arc<Self>, scope: &Scope, token: u64) {
        match self.go_on(false) {
            Next::Wait => scope.resume(token),
            Next::End => scope.forget(token),
            Next::Helper => {
                let own = scope.clone();
                scope.later(move || {
                    loop {
                        match self.go_on(true) {
                            Next::Wait => return own.resume(token),
                            Next::End => return own.forget(token),
                            Next::Helper => {}
                        }
                    }
                });
            }
        }
    }
}

impl Conversation {
    fn go_on(&self, may_block: bool) -> Next {
        let mut unread = self.unread.lock();
        for _ in 0..AT_ONCE {
            let Some(end) = message_end(&unread) else {
                match self.receive(&mut unread) {
                    Ok(true) => continue,
                    Ok(false) => return Next::Wait,
                    Err(_) => return Next::End,
                }
            };
            let answer = match self.stub.reply(&unread[2..end]) {
                Reply::Send(answer) => answer,
                Reply::Resolve(question, name) if may_block => {
                    self.stub.reply_later(&question, &name)
                }
                Reply::Resolve(..) => return Next::Helper,
                Reply::Hang => return Next::End,
            };
            unread.drain(..end);
            if self.send(&answer).is_err() {
                return Next::End;
            }
        }
        // What was read already would wake nobody.
        if message_end(&unread).is_some() { Next::Helper } else { Next::Wait }
    }

    /// Reads once. False when there is nothing for now.
    fn receive(&self, unread: &mut Vec<u8>) -> io::Result<bool> {
        let mut buffer = [0_u8; MOST_MESSAGE];
        let room = (2 + MOST_MESSAGE).saturating_sub(unread.len()).min(buffer.len());
        if room == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // SAFETY: the kernel writes at most `room` bytes. Descriptors that come along are closed by it.
        let count =
            unsafe { libc::recv(self.socket.as_raw_fd(), buffer.as_mut_ptr().cast(), room, 0) };
        match usize::try_from(count) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                unread.extend(&buffer[..count]);
                Ok(true)
            }
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() == io::ErrorKind::WouldBlock { Ok(false) } else { Err(error) }
            }
        }
    }

    /// Sends a whole message, or fails: who does not read has no use for it.
    fn send(&self, answer: &[u8]) -> io::Result<()> {
        let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        let message = [&length.to_be_bytes()[..], answer].concat();
        // SAFETY: the kernel reads bytes of our own.
        let count = unsafe {
            let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
            libc::send(self.socket.as_raw_fd(), message.as_ptr().cast(), message.len(), flags)
        };
        if usize::try_from(count) == Ok(message.len()) {
            Ok(())
        } else {
            Err(io::ErrorKind::WriteZero.into())
        }
    }
}

/// Where the first message ends, if it is there as a whole.
fn message_end(unread: &[u8]) -> Option<usize> {
    let length = u16::from_be_bytes([*unread.first()?, *unread.get(1)?]);
    let end = 2 + usize::from(length);
    (unread.len() >= end).then_some(end)
}
