//! Where a visitor may be taken, and the way there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::permission::{Host, PermissionSet};
use crate::sandbox::connect::rules::{NetRules, reason, target};
use crate::sandbox::denials::{DenialKind, DenialReason, Denials};
use crate::sandbox::resolve::Resolver;

const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// By the rules, or there are too many.
    Denied,
    /// What was asked for is no host.
    NoHost,
    /// The name leads nowhere.
    Unresolved,
    /// Nobody answers there.
    Unreachable,
}

/// Decides by the rules, and connects.
#[derive(Debug)]
pub(super) struct Router {
    rules: NetRules,
    resolver: Resolver,
    denials: Arc<Denials>,
    live: Arc<AtomicU32>,
    most: u32,
}

/// A connection, counted for as long as it is held.
#[derive(Debug)]
pub(super) struct Connection {
    pub stream: TcpStream,
    _place: Place,
}

#[derive(Debug)]
struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Router {
    pub(super) fn new(
        permissions: Arc<PermissionSet>,
        resolver: Resolver,
        most: u32,
        denials: Arc<Denials>,
    ) -> Router {
        Router { rules: NetRules::new(permissions), resolver, denials, live: Arc::default(), most }
    }

    /// A connection to a host as a program spells it. Blocks.
    pub(super) fn connect(&self, host: &str, port: u16) -> Result<Connection, Refusal> {
        let host = Host::parse(host).map_err(|_| Refusal::NoHost)?;
        let addresses = match &host {
            Host::Address(address) => vec![self.literal(*address, port)?],
            Host::Name(name) => self.named(&host, name, port)?,
        };
        let first = addresses.first().copied();
        let taken = self.live.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |live| {
            (live < self.most).then_some(live + 1)
        });
        if taken.is_err() {
            self.deny(&host, first, port, DenialReason::ConnectionLimit);
            return Err(Refusal::Denied);
        }
        let place = Place(Arc::clone(&self.live));
        // A name that answers a connection at its first address is not asked for at its second.
        let connect = |address: &IpAddr| {
            TcpStream::connect_timeout(&SocketAddr::new(*address, port), PATIENCE).ok()
        };
        let stream = addresses.iter().find_map(connect).ok_or(Refusal::Unreachable)?;
        Ok(Connection { stream, _place: place })
    }

    fn literal(&self, address: IpAddr, port: u16) -> Result<IpAddr, Refusal> {
        let address = loopback_for_any(address);
        let host = Host::Address(address);
        let mut why = reason(self.rules.judge(&host, port));
        // Whoever asks a name server itself has addresses that no rule about names has seen.
        if why.is_none() && self.rules.is_name_server(address, port) {
            why = Some(DenialReason::NoRule);
        }
        match why {
            None if port > 0 => Ok(address),
            why => {
                self.deny(&host, None, port, why.unwrap_or(DenialReason::NoRule));
                Err(Refusal::Denied)
            }
        }
    }

    /// The addresses of a name that may be reached; one at least.
    fn named(&self, host: &Host, name: &str, port: u16) -> Result<Vec<IpAddr>, Refusal> {
        if let Some(why) = reason(self.rules.judge(host, port)) {
            self.deny(host, None, port, why);
            return Err(Refusal::Denied);
        }
        let found = self.resolver.resolve(name).map_err(|_| Refusal::Unresolved)?;
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found.into_iter().map(loopback_for_any) {
            match reason(self.rules.judge_resolved(host, address, port)) {
                None => allowed.push(address),
                Some(why) => {
                    refused.get_or_insert((address, why));
                }
            }
        }
        match refused {
            Some((address, why)) if allowed.is_empty() => {
                self.deny(host, Some(address), port, why);
                Err(Refusal::Denied)
            }
            _ if allowed.is_empty() => Err(Refusal::Unresolved),
            _ => Ok(allowed),
        }
    }

    fn deny(&self, host: &Host, address: Option<IpAddr>, port: u16, why: DenialReason) {
        let explain = || self.rules.explain(host, address, port, why);
        self.denials.add(DenialKind::Net, why, &target(host, port), explain);
    }
}

/// Systems take the address that means "any" for this machine.
fn loopback_for_any(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
