//! The addresses behind a name.
//!
//! A name is looked up in a map first, then by the host's own resolver or by servers that were named.
//! What was found is kept for a while, so that a child that asks for a name and connects to it sees
//! one set of addresses, and a name cannot be made to change faster than a child can connect.

mod upstream;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::permission::Host;

const LONGEST: Duration = Duration::from_mins(1);
const SHORTEST: Duration = Duration::from_secs(1);
const MOST_PINNED: usize = 4096;
const MOST_ADDRESSES: usize = 64;

/// Why a name has no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// There is no such name.
    NoSuchName,
    /// Nobody could say.
    Failed,
}

/// What was found, and for how long it holds.
#[derive(Debug)]
struct Found {
    addresses: Vec<IpAddr>,
    holds: Duration,
}

#[derive(Debug)]
struct Pinned {
    addresses: Vec<IpAddr>,
    until: Instant,
    turn: AtomicUsize,
}

impl Pinned {
    /// The addresses, another one first each time.
    fn next(&self) -> Vec<IpAddr> {
        let mut addresses = self.addresses.clone();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        addresses.rotate_left(turn.checked_rem(self.addresses.len()).unwrap_or(0));
        addresses
    }
}

/// Finds addresses. Clones share what was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resolver {
    hosts: Arc<HashMap<String, Vec<IpAddr>>>,
    /// Empty: the host's own resolver.
    servers: Arc<[SocketAddr]>,
    pinned: Arc<Mutex<HashMap<String, Pinned>>>,
    /// In place of the host's own file of names.
    local: Option<Arc<str>>,
}

impl Resolver {
    /// Asks the host's own resolver.
    pub(crate) fn system() -> Resolver {
        Resolver::default()
    }

    /// Looks into a map first. Its names are in the form that [`Host`] gives them.
    pub(crate) fn with_hosts(self, hosts: HashMap<String, Vec<IpAddr>>) -> Resolver {
        let hosts = hosts.into_iter().map(|(name, addresses)| (name, plain(addresses))).collect();
        Resolver { hosts: Arc::new(hosts), ..self }
    }

    /// Asks these servers, by UDP or TCP, instead of the host's resolver.
    pub(crate) fn with_servers(self, servers: &[SocketAddr]) -> Resolver {
        Resolver { servers: servers.into(), ..self }
    }

    /// Takes a text for the host's own file of names.
    #[cfg(test)]
    pub(crate) fn with_local(self, file: &str) -> Resolver {
        Resolver { local: Some(file.into()), ..self }
    }

    /// The addresses if they are known already. Does not block.
    pub(crate) fn known(&self, name: &str) -> Option<Vec<IpAddr>> {
        if let Some(addresses) = self.hosts.get(name)
            && !self.pinned.lock().contains_key(name)
        {
            self.pin(name, addresses.clone(), LONGEST);
        }
        let mut pinned = self.pinned.lock();
        let found = pinned.get(name)?;
        if found.until > Instant::now() {
            return Some(found.next());
        }
        pinned.remove(name);
        None
    }

    /// The addresses, another one first each time. Blocks.
    pub(crate) fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        if let Some(known) = self.known(name) {
            return Ok(known);
        }
        let found = match self.hosts.get(name) {
            Some(addresses) => Found { addresses: addresses.clone(), holds: LONGEST },
            None if self.servers.is_empty() => system(name)?,
            None => upstream::resolve(&self.servers, name)?,
        };
        if found.addresses.is_empty() {
            return Err(Unresolved::NoSuchName);
        }
        self.pin(name, plain(found.addresses.clone()), found.holds);
        Ok(self.known(name).unwrap_or_else(|| plain(found.addresses)))
    }

    fn pin(&self, name: &str, addresses: Vec<IpAddr>, holds: Duration) {
        let until = Instant::now() + holds.clamp(SHORTEST, LONGEST);
        let mut pinned = self.pinned.lock();
        if pinned.len() >= MOST_PINNED {
            let now = Instant::now();
            pinned.retain(|_, one| one.until > now);
            if pinned.len() >= MOST_PINNED {
                pinned.clear();
            }
        }
        pinned.insert(name.to_owned(), Pinned { addresses, until, turn: AtomicUsize::new(0) });
    }

    /// Names that the host's own file of names gives to an address. A child reads that file itself, and
    /// then never asks for the name.
    pub(crate) fn names_of(&self, address: IpAddr) -> Vec<String> {
        let file = self.local.as_deref().map_or_else(hosts_file, str::to_owned);
        let mut names = names_in(&file, address);
        names.sort();
        names.dedup();
        names
    }
}

/// A bounded list, with IPv4 addresses as such.
fn plain(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.truncate(MOST_ADDRESSES);
    for address in &mut addresses {
        *address = address.to_canonical();
    }
    addresses
}

fn system(name: &str) -> Result<Found, Unresolved> {
    // The C library does not say whether the name or the answer was missing.
    let found = (name, 0).to_socket_addrs().map_err(|_| Unresolved::NoSuchName)?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.take(MOST_ADDRESSES) {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    Ok(Found { addresses, holds: LONGEST })
}

#[expect(clippy::disallowed_methods, reason = "a file of the system, at a path of our own")]
fn hosts_file() -> String {
    std::fs::read_to_string("/etc/hosts").unwrap_or_default()
}

/// The names of an address in a file such as `/etc/hosts`.
fn names_in(file: &str, address: IpAddr) -> Vec<String> {
    let mut names = Vec::new();
    for line in file.lines() {
        let mut words = line.split('#').next().unwrap_or("").split_whitespace();
        let own = words.next().and_then(|word| word.parse::<IpAddr>().ok());
        if own.is_some_and(|own| own.to_canonical() == address) {
            names.extend(words.filter_map(|word| match Host::parse(word) {
                Ok(Host::Name(name)) => Some(name),
                _ => None,
            }));
        }
    }
    names
}

#[cfg(test)]
pub(super) mod tests;
