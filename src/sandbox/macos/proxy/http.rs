//! HTTP: tunnels by `CONNECT`, and single requests that name a whole `http:` address.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::relay::relay;
use super::route::{Refusal, Router};
use super::same;

const MOST_HEAD: usize = 32 * 1024;
const END: &[u8] = b"\r\n\r\n";
/// Of this connection alone; the other end is told of none of them.
const OWN: [&str; 5] =
    ["connection", "host", "keep-alive", "proxy-authorization", "proxy-connection"];

/// What a visitor wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub host: String,
    pub port: u16,
    /// The head to pass on; none for a tunnel.
    pub head: Option<String>,
    /// What it gives for a password.
    pub authorization: String,
}

/// Serves one visitor. `keep` is told of the other end, and says whether the proxy goes on.
pub(super) fn serve(
    visitor: &TcpStream,
    user: &str,
    password: &str,
    router: &Router,
    keep: &dyn Fn(&TcpStream) -> bool,
) -> io::Result<()> {
    let (head, behind) = read_head(visitor)?;
    let Some(wanted) = std::str::from_utf8(&head).ok().and_then(read) else {
        return answer(visitor, "400 Bad Request", "");
    };
    let expected = format!("Basic {}", base64(format!("{user}:{password}").as_bytes()));
    if !same(wanted.authorization.as_bytes(), expected.as_bytes()) {
        let how = "Proxy-Authenticate: Basic realm=\"runlet\"\r\n";
        return answer(visitor, "407 Proxy Authentication Required", how);
    }
    let made = match router.connect(&wanted.host, wanted.port) {
        Ok(made) => made,
        Err(refusal) => {
            let status = match refusal {
                Refusal::Denied => "403 Forbidden",
                Refusal::NoHost => "400 Bad Request",
                Refusal::Unresolved | Refusal::Unreachable => "502 Bad Gateway",
            };
            return answer(visitor, status, "");
        }
    };
    if !keep(&made.stream) {
        return Ok(());
    }
    let mut other = &made.stream;
    match &wanted.head {
        Some(head) => other.write_all(head.as_bytes())?,
        None => { visitor }.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?,
    }
    other.write_all(&behind)?;
    relay(visitor, other)
}

/// The head of a request, and what was read behind it.
fn read_head(mut stream: &TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    loop {
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // The end may lie across two parts.
        let from = head.len().saturating_sub(END.len() - 1);
        head.extend_from_slice(&part[..count]);
        if let Some(at) = head[from..].windows(END.len()).position(|four| four == END) {
            let behind = head.split_off(from + at + END.len());
            return Ok((head, behind));
        }
        if head.len() > MOST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// Reads a head. Strict: what two readers could take for different things is nothing.
pub(super) fn read(head: &str) -> Option<Wanted> {
    let head = head.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if words.next().is_some()
        || method.is_empty()
        || !method.chars().all(token)
        || !matches!(version, "HTTP/1.1" | "HTTP/1.0")
        || !target.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return None;
    }
    let mut authorization = None;
    let mut passed_on = String::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let value = value.trim_matches([' ', '\t']);
        if name.is_empty()
            || !name.chars().all(token)
            || value.chars().any(|c| c.is_control() && c != '\t')
        {
            return None;
        }
        let name = name.to_ascii_lowercase();
        if name == "proxy-authorization" && authorization.replace(value).is_some() {
            return None;
        }
        if !OWN.contains(&name.as_str()) {
            let _ = write!(passed_on, "{name}: {value}\r\n");
        }
    }
    let authorization = authorization.unwrap_or_default().to_owned();
    if method == "CONNECT" {
        let (host, port) = authority(target)?;
        return Some(Wanted { host, port: port?, head: None, authorization });
    }
    let scheme = target.get(..7).filter(|start| start.eq_ignore_ascii_case("http://"))?;
    let rest = &target[scheme.len()..];
    let (place, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, port) = authority(place)?;
    let slash = if path.starts_with('/') { "" } else { "/" };
    let path = path.split('#').next()?;
    // One request for one connection: the next one may be for somebody else.
    let head = format!(
        "{method} {slash}{path} HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\n{passed_on}\r\n"
    );
    Some(Wanted { host, port: port.unwrap_or(80), head: Some(head), authorization })
}

/// `host:port`, `[v6]:port` or a host alone. Whose name it is, the rules' own reading says.
fn authority(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port = match port {
        Some(port) if is_number(port) => Some(port.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    let bare = !host.starts_with('[') && host.contains(':');
    if host.is_empty() || bare || host.contains(['@', '/', '\\', '%']) {
        return None;
    }
    Some((host.to_owned(), port))
}

fn answer(mut visitor: &TcpStream, status: &str, more: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n");
    visitor.write_all(head.as_bytes())
}

/// RFC 4648, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let all = three.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
        let all = all << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = all >> (18 - 6 * place) & 63;
            let pad = place > three.len();
            text.push(if pad { '=' } else { char::from(DIGITS[digit as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests;
