//! The network of one tree: who decides about its connections, and what was refused.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use super::connect::Network;
use super::denials::{Denial, Denials};
use super::metadata::Metadata;
use super::policy::{Order, Policy};
use super::resolve::Resolver;
use super::supervisor::{Call, Decide, Watch, watch};
use crate::error::Error;

/// How names are found, and how many connections there may be.
#[derive(Debug, Clone, Default)]
pub(crate) struct NetworkOrder {
    resolver: Option<Resolver>,
    max_connections: u32,
}

impl NetworkOrder {
    /// `hosts` are addresses by name, asked first; `servers` are name servers as `address:port`, the
    /// system's without one. Fails with `INVALID_ARGUMENT`.
    pub(crate) fn new<'a>(
        hosts: impl IntoIterator<Item = (&'a String, &'a Vec<String>)>,
        servers: &[String],
        max_connections: u32,
    ) -> Result<NetworkOrder, Error> {
        let mut known = HashMap::new();
        for (name, addresses) in hosts {
            let read: Result<Vec<IpAddr>, Error> =
                addresses.iter().map(|text| address(name, text)).collect();
            known.insert(name.to_ascii_lowercase(), read?);
        }
        let asked: Result<Vec<SocketAddr>, Error> =
            servers.iter().map(|text| server(text)).collect();
        let resolver = Resolver::system().with_hosts(known).with_servers(&asked?);
        Ok(NetworkOrder { resolver: Some(resolver), max_connections })
    }
}

fn address(name: &str, text: &str) -> Result<IpAddr, Error> {
    text.parse().map_err(|_| {
        Error::invalid_argument(format!(
            "resolver.hosts[{name:?}] has {text:?}: accepted are addresses such as 192.0.2.1"
        ))
    })
}

fn server(text: &str) -> Result<SocketAddr, Error> {
    text.parse().map_err(|_| {
        Error::invalid_argument(format!(
            "resolver.servers has {text:?}: accepted are addresses with a port, such as 192.0.2.1:53"
        ))
    })
}

/// Hands each call to the room that decides about its kind.
#[derive(Debug)]
struct Deciders {
    network: Option<Network>,
    metadata: Option<Metadata>,
}

impl Deciders {
    fn new(order: &Order, policy: Policy, denials: &Arc<Denials>) -> Deciders {
        let network = policy.sockets.map(|access| {
            let resolver = order.network.resolver.clone().unwrap_or_else(Resolver::system);
            let most = order.network.max_connections;
            let permissions = Arc::clone(&order.permissions);
            Network::new(permissions, resolver, most, Arc::clone(denials), access)
        });
        let metadata = policy.sets_metadata().then(|| {
            let (permissions, root) = (Arc::clone(&order.permissions), order.project_root.clone());
            Metadata::new(policy.files, permissions, root, Arc::clone(denials))
        });
        Deciders { network, metadata }
    }
}

impl Decide for Deciders {
    fn decide(&self, call: Call) {
        let connects = matches!(call.number(), libc::SYS_connect | libc::SYS_socket);
        match (connects, &self.network, &self.metadata) {
            (true, Some(network), _) => network.decide(call),
            (false, _, Some(metadata)) => metadata.decide(call),
            // Dropped, and with that refused.
            _ => {}
        }
    }
}

/// Decides about the calls of one tree for as long as it is held.
#[derive(Debug)]
pub(crate) struct Supervision {
    denials: Arc<Denials>,
    _watch: Option<Watch>,
}

impl Supervision {
    /// Of a tree that is confined to a policy and whose filter asks through a listener, if it asks.
    pub(crate) fn begin(
        order: &Order,
        asking: Option<(Policy, OwnedFd)>,
    ) -> io::Result<Supervision> {
        let denials = Arc::new(Denials::new(Instant::now()));
        let watch = asking.map(|(policy, listener)| {
            watch(listener, Arc::new(Deciders::new(order, policy, &denials)))
        });
        Ok(Supervision { _watch: watch.transpose()?, denials })
    }

    /// What was refused so far.
    pub(crate) fn denials(&self) -> Vec<Denial> {
        self.denials.list().0
    }
}
