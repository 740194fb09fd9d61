//! Addresses that a name must not lead to unnoticed: this machine, its neighbours, metadata services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// First address and length of each range, by the registries of special addresses.
const V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32), // a cloud's metadata service, at an address that looks public
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

const V6: &[([u16; 8], u32)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 0], 96), // ::, ::1, and IPv4 addresses in a form that nothing uses today
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// True for an address that a name may lead to only where a rule says so: private, local,
/// link-local, multicast, reserved, documentation and metadata addresses, and IPv6 addresses that
/// stand for such an IPv4 address.
pub fn is_special(address: IpAddr) -> bool {
    if let Some(inner) = embedded(address) {
        return is_special(IpAddr::V4(inner));
    }
    match address.to_canonical() {
        IpAddr::V4(address) => V4.iter().any(|&(start, length)| {
            (u32::from(address) ^ u32::from(Ipv4Addr::from(start))) >> (32 - length) == 0
        }),
        IpAddr::V6(address) => V6.iter().any(|&(start, length)| {
            (u128::from(address) ^ u128::from(Ipv6Addr::from(start))) >> (128 - length) == 0
        }),
    }
}

/// The IPv4 address that an IPv6 address is translated (`64:ff9b::/96`) or tunnelled (`2002::/16`)
/// to.
pub(super) fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let parts = address.segments();
    let joined = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match parts[..6] {
        [0x64, 0xff9b, 0, 0, 0, 0] => Some(joined(parts[6], parts[7])),
        [0x2002, high, low, ..] => Some(joined(high, low)),
        _ => None,
    }
}
