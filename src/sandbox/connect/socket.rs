//! What is asked of sockets and done to them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The longest address that the kernel takes.
pub(super) const MOST_ADDRESS: usize = size_of::<libc::sockaddr_storage>();
const V4_BYTES: usize = size_of::<libc::sockaddr_in>();
/// Without the scope, which came later (RFC 2133).
const V6_BYTES: usize = 24;

/// The family of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// Where a child wants to connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nowhere: an existing connection is given up.
    Nothing,
    /// To an address as it stands there, and as it counts: the address that means "any" leads to this
    /// machine.
    To(SocketAddr),
}

fn option(socket: &OwnedFd, name: i32) -> io::Result<i32> {
    let mut value: i32 = 0;
    let mut length: libc::socklen_t = 4;
    // SAFETY: the kernel writes one number.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    if done == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

/// The family of a TCP socket. `EACCES` for any other.
pub(super) fn family(socket: &OwnedFd) -> Result<Family, i32> {
    let ask = |name| option(socket, name).map_err(|error| errno(&error));
    // Only streams have that protocol.
    if ask(libc::SO_PROTOCOL)? != libc::IPPROTO_TCP {
        return Err(libc::EACCES);
    }
    match ask(libc::SO_DOMAIN)? {
        libc::AF_INET => Ok(Family::V4),
        libc::AF_INET6 => Ok(Family::V6),
        _ => Err(libc::EACCES),
    }
}

/// A number that no other open socket of this machine has.
pub(super) fn inode(socket: &OwnedFd) -> io::Result<u64> {
    // SAFETY: plain data, written by the kernel.
    let mut found: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one structure.
    if unsafe { libc::fstat(socket.as_raw_fd(), &raw mut found) } == 0 {
        Ok(found.st_ino)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// True when operations on the socket do not wait. The child may change that at any moment.
pub(super) fn is_nonblocking(socket: &OwnedFd) -> bool {
    // SAFETY: reads the flags of a descriptor that we hold.
    let flags = unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFL) };
    flags >= 0 && flags & libc::O_NONBLOCK != 0
}

/// Makes a TCP socket, closed on exec.
pub(super) fn make(family: Family, nonblocking: bool) -> io::Result<OwnedFd> {
    let domain = if family == Family::V4 { libc::AF_INET } else { libc::AF_INET6 };
    let wait = if nonblocking { libc::SOCK_NONBLOCK } else { 0 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | wait;
    // SAFETY: makes a descriptor that nothing else knows.
    let fd = unsafe { libc::socket(domain, kind, libc::IPPROTO_TCP) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just given to us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The family that an address names.
pub(super) fn named_family(bytes: &[u8]) -> Result<Family, i32> {
    let pair = bytes.get(..2).and_then(|pair| pair.try_into().ok()).ok_or(libc::EINVAL)?;
    match i32::from(u16::from_ne_bytes(pair)) {
        libc::AF_INET => Ok(Family::V4),
        libc::AF_INET6 => Ok(Family::V6),
        _ => Err(libc::EAFNOSUPPORT),
    }
}

/// Reads an address of a child as the kernel would, for a socket of that family.
pub(super) fn parse(bytes: &[u8], family: Family) -> Result<Wanted, i32> {
    let pair = |at: usize| Some([*bytes.get(at)?, *bytes.get(at + 1)?]);
    let named = pair(0).map(|pair| i32::from(u16::from_ne_bytes(pair))).ok_or(libc::EINVAL)?;
    if named == libc::AF_UNSPEC {
        return Ok(Wanted::Nothing);
    }
    let least = if family == Family::V4 { V4_BYTES } else { V6_BYTES };
    if bytes.len() < least {
        return Err(libc::EINVAL);
    }
    let port = pair(2).map(u16::from_be_bytes).ok_or(libc::EINVAL)?;
    match (family, named) {
        (Family::V4, libc::AF_INET) => {
            let octets: [u8; 4] = bytes[4..8].try_into().map_err(|_| libc::EINVAL)?;
            let address = loopback_for_any(Ipv4Addr::from(octets).into());
            Ok(Wanted::To(SocketAddr::new(address, port)))
        }
        (Family::V6, libc::AF_INET6) => {
            let octets: [u8; 16] = bytes[8..24].try_into().map_err(|_| libc::EINVAL)?;
            let scope = bytes.get(24..28).and_then(|scope| scope.try_into().ok());
            let scope = scope.map_or(0, u32::from_ne_bytes);
            match loopback_for_any(Ipv6Addr::from(octets).to_canonical()) {
                IpAddr::V6(address) => {
                    Ok(Wanted::To(SocketAddrV6::new(address, port, 0, scope).into()))
                }
                address @ IpAddr::V4(_) => Ok(Wanted::To(SocketAddr::new(address, port))),
            }
        }
        _ => Err(libc::EAFNOSUPPORT),
    }
}

/// The kernel takes the address that means "any" for this machine.
pub(super) fn loopback_for_any(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

/// True when a socket of that family can reach the address.
pub(super) fn fits(family: Family, address: IpAddr) -> bool {
    family == Family::V6 || address.is_ipv4()
}

/// Connects a socket. For an IPv6 socket an IPv4 address is written as IPv6.
pub(super) fn connect(socket: &OwnedFd, family: Family, to: SocketAddr) -> Result<i64, i32> {
    match (family, to) {
        (Family::V4, SocketAddr::V4(to)) => {
            // SAFETY: plain data, of which the kernel's padding stays zero.
            let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
            address.sin_family = libc::sa_family_t::try_from(libc::AF_INET).unwrap_or(0);
            address.sin_port = to.port().to_be();
            address.sin_addr.s_addr = u32::from_ne_bytes(to.ip().octets());
            connect_to(socket, &address)
        }
        (Family::V6, to) => {
            let (ip, scope) = match to {
                SocketAddr::V4(to) => (SocketAddrV4::ip(&to).to_ipv6_mapped(), 0),
                SocketAddr::V6(to) => (*to.ip(), to.scope_id()),
            };
            // SAFETY: as above.
            let mut address: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
            address.sin6_family = libc::sa_family_t::try_from(libc::AF_INET6).unwrap_or(0);
            address.sin6_port = to.port().to_be();
            address.sin6_addr.s6_addr = ip.octets();
            address.sin6_scope_id = scope;
            connect_to(socket, &address)
        }
        (Family::V4, SocketAddr::V6(_)) => Err(libc::EAFNOSUPPORT),
    }
}

/// Gives up a connection.
pub(super) fn disconnect(socket: &OwnedFd) -> Result<i64, i32> {
    // SAFETY: plain data; its family, zero, is AF_UNSPEC.
    let address: libc::sockaddr = unsafe { std::mem::zeroed() };
    connect_to(socket, &address)
}

fn connect_to<T>(socket: &OwnedFd, address: &T) -> Result<i64, i32> {
    let length = libc::socklen_t::try_from(size_of::<T>()).map_err(|_| libc::EINVAL)?;
    // SAFETY: the kernel reads an address of our own.
    let done = unsafe { libc::connect(socket.as_raw_fd(), (&raw const *address).cast(), length) };
    if done == 0 { Ok(0) } else { Err(errno(&io::Error::last_os_error())) }
}

/// The system's number for an error.
pub(super) fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EACCES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(address: [u8; 4], port: u16) -> Vec<u8> {
        let family = u16::try_from(libc::AF_INET).unwrap().to_ne_bytes();
        [&family[..], &port.to_be_bytes(), &address, &[0; 8]].concat()
    }

    fn v6(address: &str, port: u16, scope: u32) -> Vec<u8> {
        let family = u16::try_from(libc::AF_INET6).unwrap().to_ne_bytes();
        let address = address.parse::<Ipv6Addr>().unwrap().octets();
        let scope = scope.to_ne_bytes();
        [&family[..], &port.to_be_bytes(), &[9; 4], &address, &scope].concat()
    }

    fn to(text: &str) -> Result<Wanted, i32> {
        text.parse().map(Wanted::To).map_err(|_| 0)
    }

    #[test]
    fn addresses_are_read_as_the_kernel_reads_them() {
        assert_eq!(parse(&v4([127, 0, 0, 2], 80), Family::V4), to("127.0.0.2:80"));
        assert_eq!(parse(&v6("::1", 80, 0), Family::V6), to("[::1]:80"));
        assert_eq!(parse(&v6("::ffff:127.0.0.2", 80, 0), Family::V6), to("127.0.0.2:80"));
        assert_eq!(parse(&v6("fe80::1", 80, 3), Family::V6), to("[fe80::1%3]:80"));
        assert_eq!(parse(&v6("::1", 80, 0)[..24], Family::V6), to("[::1]:80"));
        assert_eq!(parse(&v6("::1", 80, 0)[..23], Family::V6), Err(libc::EINVAL));
        assert_eq!(parse(&v4([127, 0, 0, 2], 80)[..15], Family::V4), Err(libc::EINVAL));
        assert_eq!(parse(&v4([127, 0, 0, 2], 80), Family::V6), Err(libc::EINVAL));
        assert_eq!(parse(&v6("::1", 80, 0), Family::V4), Err(libc::EAFNOSUPPORT));
        assert_eq!(parse(&[0, 0], Family::V4), Ok(Wanted::Nothing));
        assert_eq!(parse(&[0], Family::V4), Err(libc::EINVAL));
        assert_eq!(parse(&[], Family::V6), Err(libc::EINVAL));
    }

    #[test]
    fn the_address_of_any_is_this_machine() {
        assert_eq!(parse(&v4([0; 4], 80), Family::V4), to("127.0.0.1:80"));
        assert_eq!(parse(&v6("::", 80, 0), Family::V6), to("[::1]:80"));
        assert_eq!(parse(&v6("::ffff:0.0.0.0", 80, 0), Family::V6), to("127.0.0.1:80"));
    }
}
