//! Decides about connections, and makes them.
//!
//! A child never connects a socket itself. Its call is taken apart here: the socket is duplicated, the
//! address is copied once, the rules are asked about the copy, and the duplicate is connected to the
//! copy. What the child changes meanwhile changes nothing.
//!
//! A socket that does not block is connected at once, any other by a helper thread. A child could have
//! it block at the last moment: that stops the thread that connects it, which no other child waits for
//! then. Conversations with the name server are opened by helpers, since to put a descriptor into the
//! child waits until its thread has run.

mod access;
mod live;
mod proof;
pub(super) mod rules;
mod socket;

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;

pub(crate) use self::access::SocketAccess;
use self::access::{Access, Attempt};
use self::live::Live;
pub(crate) use self::proof::Proof;
use self::rules::{NetRules, reason, target};
use self::socket::{MOST_ADDRESS, Wanted, errno};
use super::denials::{DenialKind, DenialReason, Denials};
use super::dns::Stub;
use super::resolve::{Resolver, Unresolved};
use super::supervisor::{Call, Decide};
use crate::permission::{Host, PermissionSet};

/// The connections of one child.
#[derive(Clone)]
pub(crate) struct Network {
    inner: Arc<Inner>,
}

struct Inner {
    rules: Arc<NetRules>,
    resolver: Resolver,
    denials: Arc<Denials>,
    stub: Arc<Stub>,
    live: Live,
    access: Access,
}

/// Where a connection leads.
enum Route {
    /// To an address that is allowed.
    To(SocketAddr, Host),
    /// To whatever an allowed name stands for.
    Name(String, u16),
    /// To our name server.
    NameServer,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("rules", &self.inner.rules).finish_non_exhaustive()
    }
}

impl Network {
    /// The network of one child: what `rules` allow, and no more than so many connections at a time.
    pub(crate) fn new(
        rules: Arc<PermissionSet>,
        resolver: Resolver,
        max_connections: u32,
        denials: Arc<Denials>,
        access: SocketAccess,
    ) -> Network {
        let rules = Arc::new(NetRules::new(rules));
        let stub = Stub::new(Arc::clone(&rules), resolver.clone(), Arc::clone(&denials));
        let (stub, live) = (Arc::new(stub), Live::new(max_connections));
        let access = Access::new(access);
        Network { inner: Arc::new(Inner { rules, resolver, denials, stub, live, access }) }
    }
}

impl Decide for Network {
    fn decide(&self, call: Call) {
        if call.number() == libc::SYS_connect {
            self.inner.connect(call);
        } else if call.number() == libc::SYS_socket && self.inner.access.makes_sockets() {
            let own = Arc::clone(&self.inner);
            call.promptly(move |call| own.access.make(call));
        }
        // Any other is dropped, and with that refused.
    }
}

impl Inner {
    fn connect(self: &Arc<Self>, call: Call) {
        let (attempt, wanted) = match self.take_apart(&call) {
            Ok(found) => found,
            Err(errno) => return call.answer(Err(errno)),
        };
        let own = Arc::clone(self);
        let to = match wanted {
            Wanted::To(to) => to,
            Wanted::Nothing => {
                return call.promptly(move |call| call.answer(socket::disconnect(&attempt.socket)));
            }
        };
        match self.route(to) {
            Some(Route::To(to, host)) => {
                let make = move |call, attempt: Attempt| own.make(call, attempt, to, &host);
                if attempt.nonblocking {
                    call.promptly(move |call| make(call, attempt));
                } else {
                    call.later(move |call| make(call, attempt));
                }
            }
            Some(Route::Name(name, port)) => {
                call.later(move |call| own.make_by_name(call, attempt, name, port));
            }
            Some(Route::NameServer) => {
                call.later(move |call| {
                    let result = own.open_stub(&call, &attempt);
                    call.answer(result);
                });
            }
            None => call.answer(Err(libc::EACCES)),
        }
    }

    /// Where a connection may lead. What may not be is noted.
    fn route(&self, to: SocketAddr) -> Option<Route> {
        let (address, port) = (to.ip(), to.port());
        if let Some(name) = self.stub.name_of(address) {
            return self.allow_name(name, port);
        }
        if self.rules.is_name_server(address, port) {
            return Some(Route::NameServer);
        }
        let host = Host::Address(address);
        let Some(why) = reason(self.rules.judge(&host, port)) else {
            return Some(Route::To(to, host));
        };
        if why == DenialReason::NoRule {
            let mut special = None;
            for name in self.resolver.names_of(address) {
                let named = Host::Name(name);
                match reason(self.rules.judge_resolved(&named, address, port)) {
                    None => return Some(Route::To(to, named)),
                    Some(DenialReason::SpecialAddress) => special = Some(named),
                    Some(_) => {}
                }
            }
            if let Some(named) = special {
                self.deny(&named, Some(address), port, DenialReason::SpecialAddress);
                return None;
            }
        }
        self.deny(&host, None, port, why);
        None
    }

    fn allow_name(&self, name: String, port: u16) -> Option<Route> {
        let host = Host::Name(name.clone());
        match reason(self.rules.judge(&host, port)) {
            None => Some(Route::Name(name, port)),
            Some(why) => {
                self.deny(&host, None, port, why);
                None
            }
        }
    }

    fn deny(&self, host: &Host, address: Option<IpAddr>, port: u16, why: DenialReason) {
        let explain = || self.rules.explain(host, address, port, why);
        self.denials.add(DenialKind::Net, why, &target(host, port), explain);
    }

    /// Gives the child a conversation with its name server in place of the socket.
    fn open_stub(&self, call: &Call, attempt: &Attempt) -> Result<i64, i32> {
        let end =
            self.stub.open(&call.scope(), attempt.nonblocking).map_err(|_| libc::ECONNREFUSED)?;
        call.replace(end.as_fd(), attempt.number, true).map_err(|_| libc::EACCES)?;
        Ok(0)
    }

    /// Finds what an allowed name stands for, and connects to that. Blocks.
    fn make_by_name(&self, call: Call, attempt: Attempt, name: String, port: u16) {
        let found = match self.resolver.resolve(&name) {
            Ok(found) => found,
            Err(Unresolved::NoSuchName) => return call.answer(Err(libc::EHOSTUNREACH)),
            Err(Unresolved::Failed) => return call.answer(Err(libc::ENETUNREACH)),
        };
        let host = Host::Name(name);
        let mut refused = None;
        let mut allowed = found.into_iter().map(socket::loopback_for_any).filter(|address| {
            let why = reason(self.rules.judge_resolved(&host, *address, port));
            if let Some(why) = why {
                refused.get_or_insert((*address, why));
            }
            why.is_none()
        });
        let address = allowed.find(|address| socket::fits(attempt.family, *address));
        drop(allowed);
        match (address, refused) {
            (Some(address), _) => {
                self.make(call, attempt, SocketAddr::new(address, port), &host);
            }
            (None, Some((address, why))) => {
                self.deny(&host, Some(address), port, why);
                call.answer(Err(libc::EACCES));
            }
            // It has only addresses that such a socket does not reach.
            (None, None) => call.answer(Err(libc::ENETUNREACH)),
        }
    }

    /// Connects to an address that is allowed. Blocks.
    fn make(&self, call: Call, attempt: Attempt, to: SocketAddr, host: &Host) {
        let Ok(inode) = socket::inode(&attempt.socket) else { return };
        if !self.live.begin(inode) {
            self.deny(host, Some(to.ip()), to.port(), DenialReason::ConnectionLimit);
            return call.answer(Err(libc::ECONNREFUSED));
        }
        let result = call
            .connecting(&attempt.socket, || socket::connect(&attempt.socket, attempt.family, to))
            .unwrap_or(Err(libc::EACCES));
        // A connection that was there before stays.
        let connected = matches!(
            result,
            Ok(_) | Err(libc::EINPROGRESS | libc::EALREADY | libc::EISCONN | libc::EINTR)
        );
        self.live.done(inode, connected);
        if matches!(result, Ok(_) | Err(libc::EINPROGRESS)) {
            self.access.release(inode);
            if let Some(close) = attempt.give
                && call.replace(attempt.socket.as_fd(), attempt.number, close).is_err()
            {
                return call.answer(Err(libc::EACCES));
            }
        }
        // Before the answer: the caller waits for this core as a rule.
        drop(attempt);
        call.answer(result);
    }

    /// What a call wants: the caller's socket, and the address, copied once.
    fn take_apart(&self, call: &Call) -> Result<(Attempt, Wanted), i32> {
        let [fd, address, length, ..] = call.arguments();
        #[expect(clippy::cast_possible_truncation, reason = "as the kernel does")]
        let (number, length) = (fd as u32, (length as u32).cast_signed());
        let length = usize::try_from(length).map_err(|_| libc::EINVAL)?;
        let mut bytes = [0; MOST_ADDRESS];
        let bytes = bytes.get_mut(..length).ok_or(libc::EINVAL)?;
        let count = call.read(address, bytes).map_err(|error| match errno(&error) {
            libc::EFAULT => libc::EFAULT,
            _ => libc::EACCES,
        })?;
        if count < length {
            return Err(libc::EFAULT);
        }
        let attempt = self.access.find(call, number, bytes)?;
        let wanted = socket::parse(bytes, attempt.family)?;
        Ok((attempt, wanted))
    }
}

#[cfg(test)]
mod tests;
