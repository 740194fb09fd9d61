//! The network rules of a set, as the supervisor asks about them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::permission::{Host, PermissionSet, Verdict};
use crate::sandbox::denials::DenialReason;

const ALLOW: &str = "--allow-net=";
const DENY: &str = "--deny-net";
const NAME_SERVER: u16 = 53;

/// A set's rules for the network, and what can be said about them.
#[derive(Debug)]
pub(crate) struct NetRules {
    set: Arc<PermissionSet>,
    /// The rules about addresses alone, without "everything".
    literal: PermissionSet,
    /// Each deny rule, and a set that allows all but it.
    denies: Vec<(String, PermissionSet)>,
    /// Every port that a rule names, and one that none does.
    ports: Vec<u16>,
    /// The IPv4 addresses that rules name.
    ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
}

/// A rule's host and port. Only IPv6 has more than one colon, and with a port it stands in brackets.
fn split(item: &str) -> (&str, Option<u16>) {
    match item.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok())
        }
        _ => (item, None),
    }
}

fn range(host: &str) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let (address, length) = host.split_once('/').unwrap_or((host, "32"));
    let first = u32::from(address.parse::<Ipv4Addr>().ok()?);
    let free = 32_u32.checked_sub(length.parse().ok()?)?;
    let last = first | u32::MAX.checked_shr(32 - free).unwrap_or(0);
    Some((first.into(), last.into()))
}

impl NetRules {
    /// Reads the set's own flags: what a rule covers is asked of the set, never decided here.
    pub(crate) fn new(set: Arc<PermissionSet>) -> NetRules {
        let (mut literal, mut denies) = (Vec::new(), Vec::new());
        let (mut ports, mut ranges) = (Vec::new(), Vec::new());
        for flag in set.to_flags() {
            let Some((_, item)) = flag.split_once('=') else {
                if flag == DENY {
                    denies.push(flag.clone());
                    literal.push(flag);
                }
                continue;
            };
            let net = flag.starts_with(ALLOW) || flag.starts_with(DENY);
            if !net && !flag.starts_with("--allow-private=") {
                continue;
            }
            let (host, port) = split(item);
            ports.extend(port);
            ranges.extend(range(host).filter(|_| net));
            if flag.starts_with(DENY) {
                denies.push(flag.clone());
                literal.push(flag);
            } else if net && host != "localhost" {
                literal.push(flag);
            }
        }
        ports.sort_unstable();
        ports.dedup();
        ports.extend((1..=u16::MAX).rev().find(|port| ports.binary_search(port).is_err()));
        // They are the set's own flags, which read back. Were they not to, nothing would be granted.
        let read = |flags: &[String]| PermissionSet::from_flags(flags).unwrap_or_default();
        let denies = denies
            .into_iter()
            .map(|flag| (flag.clone(), read(&[flag, "--allow-net".to_owned()])))
            .collect();
        NetRules { literal: read(&literal), set, denies, ports, ranges }
    }

    /// The IPv4 addresses that rules name.
    pub(crate) fn ranges(&self) -> Vec<(Ipv4Addr, Ipv4Addr)> {
        self.ranges.clone()
    }

    /// Whether a host may be asked for.
    pub(crate) fn judge(&self, host: &Host, port: u16) -> Verdict {
        self.set.judge_host(host, port)
    }

    /// Whether a host may be reached at an address it resolved to.
    pub(crate) fn judge_resolved(&self, host: &Host, address: IpAddr, port: u16) -> Verdict {
        self.set.judge_resolved(host, address, port)
    }

    /// True for a port of a name server, unless a rule about addresses lets the child ask that
    /// server itself. "Everything" and `localhost` do not: names would become addresses behind our
    /// back, and rules about names would mean nothing.
    pub(crate) fn is_name_server(&self, address: IpAddr, port: u16) -> bool {
        port == NAME_SERVER && !self.literal.judge_host(&Host::Address(address), port).allows()
    }

    /// True when the name may be reached at any port.
    pub(crate) fn allows_some_port(&self, name: &str) -> bool {
        let host = Host::Name(name.to_owned());
        self.ports.iter().any(|port| self.judge(&host, *port).allows())
    }

    /// Why a name may not be asked for.
    pub(crate) fn reason_for_name(&self, name: &str) -> DenialReason {
        let host = Host::Name(name.to_owned());
        let denied = |port: &u16| self.judge(&host, *port) == Verdict::DenyRule;
        if self.ports.iter().all(denied) { DenialReason::DenyRule } else { DenialReason::NoRule }
    }

    /// The rule that denies a name and the flag that would allow it.
    pub(crate) fn explain_name(
        &self,
        name: &str,
        reason: DenialReason,
    ) -> (Option<String>, Option<String>) {
        let host = match Host::parse(name) {
            Ok(Host::Name(host)) => Host::Name(host),
            _ => return (None, None),
        };
        match reason {
            DenialReason::NoRule => (None, Some(format!("{ALLOW}{name}"))),
            DenialReason::DenyRule => {
                let denies = |set: &PermissionSet| {
                    self.ports.iter().any(|port| !set.judge_host(&host, *port).allows())
                };
                (self.denies.iter().find(|(_, set)| denies(set)).map(|one| one.0.clone()), None)
            }
            _ => (None, None),
        }
    }

    /// The rule that denies a connection and the flag that would allow it. `address` is what a name
    /// resolved to.
    pub(crate) fn explain(
        &self,
        host: &Host,
        address: Option<IpAddr>,
        port: u16,
        reason: DenialReason,
    ) -> (Option<String>, Option<String>) {
        match reason {
            DenialReason::NoRule => (None, Some(format!("{ALLOW}{}", target(host, port)))),
            DenialReason::SpecialAddress => match host {
                Host::Name(name) => (None, Some(format!("--allow-private={name}"))),
                Host::Address(_) => (None, None),
            },
            DenialReason::DenyRule => {
                let denies = |set: &PermissionSet| match address {
                    Some(address) => set.judge_resolved(host, address, port) == Verdict::DenyRule,
                    None => set.judge_host(host, port) == Verdict::DenyRule,
                };
                (self.denies.iter().find(|(_, set)| denies(set)).map(|one| one.0.clone()), None)
            }
            DenialReason::ConnectionLimit => (None, None),
        }
    }
}

/// A host and a port as in rules.
pub(crate) fn target(host: &Host, port: u16) -> String {
    match host {
        Host::Name(name) => format!("{name}:{port}"),
        Host::Address(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        Host::Address(address) => format!("{address}:{port}"),
    }
}

/// The reason behind a verdict. `None` when it may be done.
pub(crate) fn reason(verdict: Verdict) -> Option<DenialReason> {
    match verdict {
        Verdict::Allowed => None,
        Verdict::DenyRule => Some(DenialReason::DenyRule),
        Verdict::SpecialAddress => Some(DenialReason::SpecialAddress),
        Verdict::NoRule | Verdict::Never => Some(DenialReason::NoRule),
    }
}

#[cfg(test)]
mod tests;
