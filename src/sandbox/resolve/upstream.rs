//! Asks DNS servers that were named.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::{Found, Unresolved};
use crate::sandbox::dns::message::{
    A, AAAA, NO_ERROR, NO_SUCH_NAME, Reply, ask as compose, read_reply,
};

const EACH: Duration = Duration::from_secs(2);
const ALL: Duration = Duration::from_secs(10);
const ROUNDS: usize = 2;
const MOST_UDP: usize = 4096;

/// The addresses of a name: IPv4 if it has any, else IPv6.
pub(super) fn resolve(servers: &[SocketAddr], name: &str) -> Result<Found, Unresolved> {
    let end = Instant::now() + ALL;
    for kind in [A, AAAA] {
        let reply = ask(servers, name, kind, end)?;
        if !reply.addresses.is_empty() {
            let holds = Duration::from_secs(reply.seconds.into());
            return Ok(Found { addresses: reply.addresses, holds });
        }
    }
    Err(Unresolved::NoSuchName)
}

/// Asks one server after the other until one knows.
fn ask(servers: &[SocketAddr], name: &str, kind: u16, end: Instant) -> Result<Reply, Unresolved> {
    for server in servers.iter().cycle().take(servers.len() * ROUNDS) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let mut id = [0; 2];
        // Without random numbers an answer could be forged.
        getrandom::fill(&mut id).map_err(|_| Unresolved::Failed)?;
        let question = compose(u16::from_be_bytes(id), name, kind).ok_or(Unresolved::NoSuchName)?;
        let reply = match ask_one(*server, &question, left.min(EACH)) {
            Ok(reply) if reply.truncated => ask_by_tcp(*server, &question, left.min(EACH)),
            result => result,
        };
        match reply {
            Ok(reply) if reply.code == NO_ERROR => return Ok(reply),
            Ok(reply) if reply.code == NO_SUCH_NAME => return Err(Unresolved::NoSuchName),
            _ => {}
        }
    }
    Err(Unresolved::Failed)
}

fn ask_one(server: SocketAddr, question: &[u8], time: Duration) -> io::Result<Reply> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    // From then on only this server is heard.
    socket.connect(server)?;
    socket.send(question)?;
    let end = Instant::now() + time;
    let mut buffer = [0; MOST_UDP];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let count = socket.recv(&mut buffer)?;
        // What is no reply to this question may be a late one, or forged.
        if let Some(reply) = read_reply(&buffer[..count], question) {
            return Ok(reply);
        }
    }
}

fn ask_by_tcp(server: SocketAddr, question: &[u8], time: Duration) -> io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&server, time)?;
    stream.set_read_timeout(Some(time))?;
    stream.set_write_timeout(Some(time))?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes()[..], question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut message)?;
    read_reply(&message, question).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
