//! Rules for the network: names, addresses and ranges of addresses, each with or without a port.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use ipnet::IpNet;

use super::Verdict;
use super::rules::{Rule, Rules};
use super::special::{embedded, is_special};

/// Longer text is not even looked at: no spelling of a name of 253 characters is longer.
const MAX_TEXT: usize = 4096;

/// What a program wants to reach: a name, in lower case ASCII without a dot at its end, or an
/// address, as IPv4 where it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name, encoded as in DNS.
    Name(String),
    /// A literal address.
    Address(IpAddr),
}

impl Host {
    /// Reads a host as a program spells it, without a port: `API.example.com.`, `10.1.2.3`, `[::1]`.
    ///
    /// IPv4 addresses are taken in their usual form only: `127.1` and `0x7f.1` are errors.
    pub fn parse(text: &str) -> Result<Host, String> {
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(inner) = inner {
            let address =
                inner.parse::<Ipv6Addr>().map_err(|_| "has no IPv6 address in brackets")?;
            return Ok(Host::Address(IpAddr::V6(address).to_canonical()));
        }
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(Host::Address(address.to_canonical())),
            Err(_) => host_name(text).map(Host::Name),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Pattern {
    Name(String),
    /// `*.name`: any depth below the name, the name itself not.
    Below(String),
    Range(IpNet),
}

/// `host`, `*.host`, an address or a range of addresses, each for one port or for any.
///
/// Names match names and ranges match literal addresses. `localhost` is also 127.0.0.1 and `::1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NetRule {
    pattern: Pattern,
    port: Option<u16>,
}

impl NetRule {
    /// True when the rule covers the host, as it is spelled, and the port.
    pub(super) fn covers(&self, host: &Host, port: u16) -> bool {
        match host {
            Host::Name(name) => self.covers_name(name, port),
            Host::Address(address) => self.covers_address(*address, port),
        }
    }

    fn covers_port(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }

    fn covers_name(&self, name: &str, port: u16) -> bool {
        let named = match &self.pattern {
            Pattern::Name(own) => own == name,
            Pattern::Below(own) => {
                name.strip_suffix(own.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
            Pattern::Range(_) => false,
        };
        named && self.covers_port(port)
    }

    fn covers_address(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        let inside = match &self.pattern {
            Pattern::Range(range) => range.contains(&address),
            Pattern::Name(name) => {
                name == "localhost"
                    && (address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST)
            }
            Pattern::Below(_) => false,
        };
        inside && self.covers_port(port)
    }

    /// As `covers_address`, and also for an IPv4 address that the address is turned into on its way.
    fn denies_address(&self, address: IpAddr, port: u16) -> bool {
        self.covers_address(address, port)
            || embedded(address).is_some_and(|inner| self.covers_address(inner.into(), port))
    }

    /// True for a rule about names, the only kind that can mark hosts as private.
    pub(super) fn is_name(&self) -> bool {
        !matches!(self.pattern, Pattern::Range(_))
    }
}

impl Rules<NetRule> {
    /// Whether a program may ask for a host. What a name resolves to is asked separately.
    pub(super) fn judge_host(&self, host: &Host, port: u16) -> Verdict {
        let denies = |rule: &NetRule| match host {
            Host::Name(name) => rule.covers_name(name, port),
            Host::Address(address) => rule.denies_address(*address, port),
        };
        if self.deny.covers(denies) {
            Verdict::DenyRule
        } else if self.allow.covers(|rule| rule.covers(host, port)) {
            Verdict::Allowed
        } else {
            Verdict::NoRule
        }
    }

    /// Whether a host that was asked for may be reached at an address it resolved to. `private`
    /// names hosts whose special addresses are accepted.
    pub(super) fn judge_resolved(
        &self,
        host: &Host,
        address: IpAddr,
        port: u16,
        private: &BTreeSet<NetRule>,
    ) -> Verdict {
        let first = self.judge_host(host, port);
        if !first.allows() {
            return first;
        }
        if self.deny.covers(|rule| rule.denies_address(address, port)) {
            return Verdict::DenyRule;
        }
        let accepted = !is_special(address)
            || self.allow.covers(|rule| rule.covers_address(address, port))
            || private.iter().any(|rule| rule.covers(host, port));
        if accepted { Verdict::Allowed } else { Verdict::SpecialAddress }
    }
}

impl Rule for NetRule {
    const ACCEPTED: &'static str = "a host name, *.name for all names below one, an IP address or a range such as \
         10.0.0.0/8, each with or without :port; IPv6 with a port stands in brackets";

    fn parse(item: &str) -> Result<NetRule, String> {
        if item.contains("://") {
            return Err("has a scheme".to_owned());
        }
        if item.contains('@') {
            return Err("has a user name".to_owned());
        }
        if item.contains('%') {
            return Err("has a %, and neither zones nor escapes are known".to_owned());
        }
        if let Some(rest) = item.strip_prefix('[') {
            let (inner, rest) = rest.split_once(']').ok_or("has no closing bracket")?;
            if !inner.contains(':') {
                return Err("has brackets around what is no IPv6 address".to_owned());
            }
            let port = match rest.strip_prefix(':') {
                Some(port) => Some(port_number(port)?),
                None if rest.is_empty() => None,
                None => return Err("has text after the bracket that is no :port".to_owned()),
            };
            return Ok(NetRule { pattern: Pattern::Range(range(inner)?), port });
        }
        // Two colons: IPv6, and then none of them begins a port.
        let (host, port) = match item.split_once(':') {
            Some((_, rest)) if rest.contains(':') => (item, None),
            Some((host, port)) => (host, Some(port_number(port)?)),
            None => (item, None),
        };
        let pattern = match host.strip_prefix("*.") {
            Some(name) => Pattern::Below(host_name(name)?),
            None if host.contains(['/', ':']) || host.parse::<Ipv4Addr>().is_ok() => {
                Pattern::Range(range(host)?)
            }
            None => Pattern::Name(host_name(host)?),
        };
        Ok(NetRule { pattern, port })
    }

    fn contains(&self, other: &NetRule, _: &Path) -> bool {
        let below =
            |own: &str, name: &str| name.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'));
        let hosts = match (&self.pattern, &other.pattern) {
            (Pattern::Range(own), Pattern::Range(range)) => own.contains(range),
            (Pattern::Below(own), Pattern::Name(name)) => below(own, name),
            (Pattern::Below(own), Pattern::Below(name)) => own == name || below(own, name),
            (own, pattern) => own == pattern,
        };
        // "localhost" is two addresses as well, which no other name is.
        let is_more = other.pattern == Pattern::Name("localhost".to_owned());
        let hosts = hosts && (!is_more || self.pattern == other.pattern);
        hosts && (self.port.is_none() || self.port == other.port)
    }
}

impl fmt::Display for NetRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match &self.pattern {
            Pattern::Name(name) => name.clone(),
            Pattern::Below(name) => format!("*.{name}"),
            Pattern::Range(range) if range.prefix_len() == range.max_prefix_len() => {
                range.addr().to_string()
            }
            Pattern::Range(range) => range.to_string(),
        };
        match self.port {
            Some(port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Some(port) => write!(f, "{host}:{port}"),
            None => f.write_str(&host),
        }
    }
}

/// An address or a range, `a/len`; a range of IPv4 addresses written as IPv6 becomes IPv4.
fn range(text: &str) -> Result<IpNet, String> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return Err(match length {
            Some(_) => "is no range of addresses, and paths are no part of a rule".to_owned(),
            None => "is no address".to_owned(),
        });
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        Some(length) => number(length).filter(|length| *length <= most),
        None => Some(most),
    };
    let range = length.and_then(|length| u8::try_from(length).ok());
    let range = range.and_then(|length| IpNet::new(address, length).ok());
    let range = range.ok_or_else(|| format!("has a length that is not from 0 to {most}"))?;
    if range.trunc() != range {
        return Err(format!("has bits behind its length; the range itself is {}", range.trunc()));
    }
    match (address.to_canonical(), range.prefix_len()) {
        (address @ IpAddr::V4(_), length @ 96..) if range.addr().is_ipv6() => {
            IpNet::new(address, length - 96).map_err(|error| error.to_string())
        }
        _ => Ok(range),
    }
}

/// A whole number in its only spelling: no sign, no leading zero.
fn number(text: &str) -> Option<u16> {
    text.parse::<u16>().ok().filter(|number| number.to_string() == text)
}

fn port_number(text: &str) -> Result<u16, String> {
    let port = number(text).filter(|port| *port > 0);
    port.ok_or_else(|| "has a port that is not a number from 1 to 65535".to_owned())
}

/// A name as it stands in DNS: lower case, IDNA, no dot at its end.
fn host_name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("has no host".to_owned());
    }
    if text.contains('*') {
        return Err("has a star that is not a first label of its own (\"*.name\")".to_owned());
    }
    if text.len() > MAX_TEXT {
        return Err("is too long for a host name".to_owned());
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    // `Verify` counts: 253 characters, labels of 1 to 63.
    let name = Uts46::new()
        .to_ascii(text.as_bytes(), AsciiDenyList::URL, Hyphens::Allow, DnsLength::Verify)
        .map_err(|_| "is no host name (labels of 1 to 63 characters, at most 253 together)")?;
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if let Some(found) = name.chars().find(|c| !known(*c)) {
        return Err(format!("has a {found:?}, which no host name has"));
    }
    // Resolvers take such a name for an address, in spellings nobody reads alike.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
        return Err("ends in a number; an IPv4 address is four numbers from 0 to 255, without \
                    leading zeros"
            .to_owned());
    }
    Ok(name.into_owned())
}
