//! The name server of a child.
//!
//! A child's resolver connects to port 53 and gets one end of a pair of sockets instead; the other
//! end is served here. A name that a rule allows gets an address of a block that is no one's, and
//! when the child connects to that address, the name is known again. Everything else is refused
//! without asking anybody, so that no question carries anything out.

mod conversation;
mod fake;
pub(crate) mod message;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use self::fake::Fakes;
use self::message::{
    A, INTERNET, NO_ERROR, NO_SUCH_NAME, Name, Question, REFUSED, SERVER_FAILURE, read_question,
};
use super::connect::rules::NetRules;
use super::denials::{DenialKind, Denials};
use super::resolve::{Resolver, Unresolved};
use super::supervisor::Scope;
use crate::permission::Host;

/// How long a child may keep an answer, in seconds.
const KEEP: u32 = 30;
const MOST_CONVERSATIONS: usize = 64;

/// What to do about a question.
enum Reply {
    /// Send this.
    Send(Vec<u8>),
    /// Find the name's addresses first.
    Resolve(Question, String),
    /// Say nothing more.
    Hang,
}

/// The name server of one child.
pub(crate) struct Stub {
    rules: Arc<NetRules>,
    resolver: Resolver,
    denials: Arc<Denials>,
    fakes: Mutex<Fakes>,
    conversations: AtomicUsize,
}

impl Stub {
    pub(crate) fn new(rules: Arc<NetRules>, resolver: Resolver, denials: Arc<Denials>) -> Stub {
        let fakes = Mutex::new(Fakes::apart_from(&rules.ranges()));
        Stub { rules, resolver, denials, fakes, conversations: AtomicUsize::new(0) }
    }

    /// The name that was given an address.
    pub(crate) fn name_of(&self, address: IpAddr) -> Option<String> {
        let IpAddr::V4(address) = address else { return None };
        self.fakes.lock().name_of(address)
    }

    /// Starts a conversation. The descriptor is the child's end.
    pub(crate) fn open(self: &Arc<Self>, scope: &Scope, nonblocking: bool) -> io::Result<OwnedFd> {
        let place = Place::take(self).ok_or(io::ErrorKind::ConnectionRefused)?;
        conversation::open(self, place, scope, nonblocking)
    }

    /// Answers one message, unless the name's addresses must be found first.
    fn reply(&self, message: &[u8]) -> Reply {
        let question = match read_question(message) {
            Ok(question) => question,
            Err(Some(answer)) => return Reply::Send(answer),
            Err(None) => return Reply::Hang,
        };
        let name = match &question.name {
            Name::Host(text) => match Host::parse(text) {
                Ok(Host::Name(name)) => name,
                _ => return Reply::Send(self.refuse(&question, text)),
            },
            Name::Odd(text) => return Reply::Send(self.refuse(&question, text)),
        };
        if question.class != INTERNET || !self.rules.allows_some_port(&name) {
            return Reply::Send(self.refuse(&question, &name));
        }
        if question.kind != A {
            return Reply::Send(question.answer(NO_ERROR));
        }
        match self.resolver.known(&name) {
            Some(addresses) => Reply::Send(self.answer(&question, &name, Ok(addresses))),
            None => Reply::Resolve(question, name),
        }
    }

    /// Finds the name's addresses and answers. Blocks.
    fn reply_later(&self, question: &Question, name: &str) -> Vec<u8> {
        self.answer(question, name, self.resolver.resolve(name))
    }

    fn answer(
        &self,
        question: &Question,
        name: &str,
        found: Result<Vec<IpAddr>, Unresolved>,
    ) -> Vec<u8> {
        match found {
            // What the name leads to is judged when the child connects.
            Ok(addresses) if addresses.iter().any(IpAddr::is_ipv4) => {
                let fake: Option<Ipv4Addr> = self.fakes.lock().address_for(name);
                match fake {
                    Some(fake) => question.answer_with(fake, KEEP),
                    None => question.answer(SERVER_FAILURE),
                }
            }
            Ok(_) => question.answer(NO_ERROR),
            Err(Unresolved::NoSuchName) => question.answer(NO_SUCH_NAME),
            Err(Unresolved::Failed) => question.answer(SERVER_FAILURE),
        }
    }

    fn refuse(&self, question: &Question, name: &str) -> Vec<u8> {
        let reason = self.rules.reason_for_name(name);
        let explain = || self.rules.explain_name(name, reason);
        self.denials.add(DenialKind::Dns, reason, name, explain);
        question.answer(REFUSED)
    }
}

/// One of the conversations that a child may have at a time.
struct Place(Arc<Stub>);

impl Place {
    fn take(stub: &Arc<Stub>) -> Option<Place> {
        let place = Place(Arc::clone(stub));
        if stub.conversations.fetch_add(1, Ordering::AcqRel) < MOST_CONVERSATIONS {
            return Some(place);
        }
        drop(place);
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.conversations.fetch_sub(1, Ordering::AcqRel);
    }
}
