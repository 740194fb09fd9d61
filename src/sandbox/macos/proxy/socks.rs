//! SOCKS 5 (RFC 1928) with a password (RFC 1929): `CONNECT` alone.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};

use super::relay::relay;
use super::route::{Refusal, Router};
use super::same;

pub(super) const VERSION: u8 = 5;
const PASSWORD_VERSION: u8 = 1;
const BY_PASSWORD: u8 = 2;
const NO_WAY: u8 = 0xff;
const CONNECT: u8 = 1;
const V4: u8 = 1;
const NAME: u8 = 3;
const V6: u8 = 4;

const DONE: u8 = 0;
const NOT_ALLOWED: u8 = 2;
const HOST_UNREACHABLE: u8 = 4;
const REFUSED: u8 = 5;
const NO_SUCH_COMMAND: u8 = 7;
const NO_SUCH_ADDRESS: u8 = 8;

/// Serves one visitor. `keep` is told of the other end, and says whether the proxy goes on.
pub(super) fn serve(
    visitor: &TcpStream,
    user: &str,
    password: &str,
    router: &Router,
    keep: &dyn Fn(&TcpStream) -> bool,
) -> io::Result<()> {
    let mut stream = visitor;
    let [_, ways] = take(stream)?;
    let ways = text(stream, ways)?;
    if !ways.contains(&BY_PASSWORD) {
        return stream.write_all(&[VERSION, NO_WAY]);
    }
    stream.write_all(&[VERSION, BY_PASSWORD])?;
    let [version, length] = take(stream)?;
    let given_user = text(stream, length)?;
    let [length] = take(stream)?;
    let given = text(stream, length)?;
    // Both are looked at, whatever the first comes to.
    let known = same(&given_user, user.as_bytes()) & same(&given, password.as_bytes());
    if version != PASSWORD_VERSION || !known {
        return stream.write_all(&[PASSWORD_VERSION, 1]);
    }
    stream.write_all(&[PASSWORD_VERSION, 0])?;

    let [version, command, _, kind] = take(stream)?;
    if version != VERSION {
        return Ok(());
    }
    let host = match kind {
        V4 => Ipv4Addr::from(take::<4>(stream)?).to_string(),
        V6 => Ipv6Addr::from(take::<16>(stream)?).to_string(),
        NAME => {
            let [length] = take(stream)?;
            match String::from_utf8(text(stream, length)?) {
                Ok(name) => name,
                Err(_) => return reply(stream, NO_SUCH_ADDRESS),
            }
        }
        _ => return reply(stream, NO_SUCH_ADDRESS),
    };
    let port = u16::from_be_bytes(take(stream)?);
    if command != CONNECT {
        return reply(stream, NO_SUCH_COMMAND);
    }
    match router.connect(&host, port) {
        Ok(made) if keep(&made.stream) => {
            reply(stream, DONE)?;
            relay(visitor, &made.stream)
        }
        Ok(_) => Ok(()),
        Err(refusal) => reply(
            stream,
            match refusal {
                Refusal::Denied => NOT_ALLOWED,
                Refusal::NoHost => NO_SUCH_ADDRESS,
                Refusal::Unresolved => HOST_UNREACHABLE,
                Refusal::Unreachable => REFUSED,
            },
        ),
    }
}

fn take<const N: usize>(mut stream: &TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn text(mut stream: &TcpStream, length: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The address of our end of the connection is nobody's business; programs do not look at it.
fn reply(mut stream: &TcpStream, code: u8) -> io::Result<()> {
    stream.write_all(&[VERSION, code, 0, V4, 0, 0, 0, 0, 0, 0])
}
