//! Hosts, ports, addresses and what names resolve to.

use std::net::IpAddr;

use super::set;
use crate::permission::Verdict::{self, Allowed, DenyRule, NoRule, SpecialAddress};
use crate::permission::{Host, is_special};

fn judge(flags: &[&str], host: &str, port: u16) -> Verdict {
    set(flags).judge_host(&Host::parse(host).unwrap(), port)
}

#[test]
fn hosts_are_judged_by_the_table() {
    for (rule, host, port, expected) in [
        ("api.example.com", "api.example.com", 443, Allowed),
        ("api.example.com", "API.EXAMPLE.COM.", 443, Allowed),
        ("api.example.com", "api.example.com", 8080, Allowed),
        ("api.example.com", "v2.api.example.com", 443, NoRule),
        ("api.example.com", "api.example.com.evil.io", 443, NoRule),
        ("api.example.com", "203.0.113.5", 443, NoRule),
        ("api.example.com:443", "api.example.com", 443, Allowed),
        ("api.example.com:443", "api.example.com", 80, NoRule),
        ("*.trusted.com", "a.trusted.com", 1, Allowed),
        ("*.trusted.com", "a.b.trusted.com", 1, Allowed),
        ("*.trusted.com", "trusted.com", 1, NoRule),
        ("*.trusted.com", "xtrusted.com", 1, NoRule),
        ("*.trusted.com", "trusted.com.evil.io", 1, NoRule),
        ("192.168.1.0/24", "192.168.1.7", 9, Allowed),
        ("192.168.1.0/24", "[::ffff:192.168.1.7]", 9, Allowed),
        ("192.168.1.0/24", "192.168.2.1", 9, NoRule),
        ("192.168.1.0/24", "inside.example.com", 9, NoRule),
        ("10.0.0.0/8:5432", "10.1.2.3", 5432, Allowed),
        ("10.0.0.0/8:5432", "10.1.2.3", 5433, NoRule),
        ("[2001:db8::/32]:443", "[2001:db8::1]", 443, Allowed),
        ("[2001:db8::/32]:443", "[2001:db8::1]", 80, NoRule),
        // More of our own.
        ("::ffff:10.0.0.0/104", "10.9.9.9", 1, Allowed),
        ("[::ffff:10.0.0.1]:80", "10.0.0.1", 80, Allowed),
        ("::/0", "10.0.0.1", 1, NoRule),
        ("0.0.0.0/0", "::1", 1, NoRule),
        ("localhost", "localhost", 1, Allowed),
        ("localhost", "127.0.0.1", 1, Allowed),
        ("localhost", "[::1]", 1, Allowed),
        ("localhost", "127.0.0.2", 1, NoRule),
        ("localhost:3000", "127.0.0.1", 3001, NoRule),
        ("127.0.0.1", "localhost", 1, NoRule),
        ("bücher.example", "xn--bcher-kva.example", 1, Allowed),
        ("XN--BCHER-KVA.example", "BÜCHER。example", 1, Allowed),
        ("my_service", "MY_service", 1, Allowed),
        ("*.com", "x.com", 1, Allowed),
        ("*", "anything.example", 1, Allowed),
    ] {
        let flag = format!("--allow-net={rule}");
        assert_eq!(judge(&[&flag], host, port), expected, "{rule} {host}:{port}");
        // The same rule as a denial beats everything.
        let expected = if expected == Allowed { DenyRule } else { Allowed };
        let flag = format!("--deny-net={rule}");
        assert_eq!(judge(&["--allow-net", &flag], host, port), expected, "deny {rule} {host}");
    }
    assert_eq!(judge(&["--allow-net=*.x.com", "--deny-net=evil.x.com"], "evil.x.com", 1), DenyRule);
    assert_eq!(
        judge(&["--allow-net=*.x.com", "--deny-net=evil.x.com"], "a.evil.x.com", 1),
        Allowed
    );
    assert_eq!(judge(&["--deny-net=*.x.com", "--allow-net=a.x.com"], "a.x.com", 1), DenyRule);
    assert_eq!(judge(&["--allow-private=a.com"], "a.com", 1), NoRule);
}

#[test]
fn hosts_in_strange_spellings_are_nobodys() {
    for host in [
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "[127.0.0.1]",
        "[::1",
        "::1]",
        "fe80::1%eth0",
        "",
        ".",
        "a..b",
        "x.com:80",
        "a b",
        "*.x.com",
        "http://x",
    ] {
        assert!(Host::parse(host).is_err(), "{host}");
    }
    let long = "a".repeat(10_000_000);
    assert!(Host::parse(&long).is_err());
    assert_eq!(Host::parse("::ffff:1.2.3.4"), Host::parse("1.2.3.4"));
}

#[test]
fn special_ranges_end_where_the_contract_says() {
    // First and last of each range, and what lies just outside.
    let special = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 \
        127.255.255.255 169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255 \
        192.0.0.0 192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.255 192.88.99.0 192.88.99.255 \
        192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255 \
        203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255 168.63.129.16 \
        100.100.100.200 :: ::1 ::127.0.0.1 ::ffff:10.0.0.1 64:ff9b::10.0.0.1 64:ff9b::7f00:1 \
        2002:0a00:0001:: 2002:7f00:1::1 64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100:: \
        100::ffff:ffff:ffff:ffff 2001:: 2001:0:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8:: \
        2001:db8:ffff:ffff:ffff:ffff:ffff:ffff fc00:: fd00:ec2::254 \
        fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe80:: febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
        fec0:: feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ff00:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    let public = "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
        169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 \
        192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 \
        198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 168.63.129.15 \
        168.63.129.17 8.8.8.8 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:0808:0808:: 64:ff9b:2:: 100:0:0:1:: \
        2001:1:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9:: fbff:ffff:: fe00:: \
        fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2606:4700::1111 ::1:0:0:0";
    for (texts, expected) in [(special, true), (public, false)] {
        for text in texts.split_whitespace() {
            assert_eq!(is_special(text.parse::<IpAddr>().unwrap()), expected, "{text}");
        }
    }
}

#[test]
fn a_name_leads_to_a_special_address_only_where_a_rule_says_so() {
    for (flags, host, address, port, expected) in [
        (&["--allow-net=x.com"][..], "x.com", "93.184.216.34", 443, Allowed),
        (&["--allow-net=x.com"], "x.com", "10.0.0.1", 443, SpecialAddress),
        (&["--allow-net=x.com"], "x.com", "::1", 443, SpecialAddress),
        (&["--allow-net=x.com"], "x.com", "64:ff9b::169.254.169.254", 443, SpecialAddress),
        (&["--allow-net=x.com"], "y.com", "93.184.216.34", 443, NoRule),
        (&["--allow-net=x.com:443"], "x.com", "93.184.216.34", 80, NoRule),
        // Accepted again.
        (&["--allow-net=x.com,10.0.0.0/8"], "x.com", "10.0.0.1", 443, Allowed),
        (&["--allow-net=x.com,10.0.0.0/8:80"], "x.com", "10.0.0.1", 443, SpecialAddress),
        (&["--allow-net=x.com", "--allow-private=x.com"], "x.com", "10.0.0.1", 443, Allowed),
        (
            &["--allow-net=x.com", "--allow-private=x.com:80"],
            "x.com",
            "10.0.0.1",
            443,
            SpecialAddress,
        ),
        (&["--allow-net=a.x.com", "--allow-private=*.x.com"], "a.x.com", "10.0.0.1", 1, Allowed),
        (&["--allow-net=x.com", "--allow-private=*.x.com"], "x.com", "10.0.0.1", 1, SpecialAddress),
        (&["--allow-net=localhost"], "localhost", "127.0.0.1", 1, Allowed),
        (&["--allow-net=localhost"], "localhost", "10.0.0.1", 1, SpecialAddress),
        (&["--allow-net"], "x.com", "10.0.0.1", 1, Allowed),
        // Denials judge what a name resolves to.
        (&["--allow-net", "--deny-net=169.254.0.0/16"], "x.com", "169.254.169.254", 80, DenyRule),
        (
            &["--allow-net", "--deny-net=169.254.0.0/16"],
            "x.com",
            "::ffff:169.254.169.254",
            80,
            DenyRule,
        ),
        (
            &["--allow-net", "--deny-net=169.254.0.0/16"],
            "x.com",
            "64:ff9b::a9fe:a9fe",
            80,
            DenyRule,
        ),
        (&["--allow-net", "--deny-net=169.254.0.0/16"], "x.com", "2002:a9fe:a9fe::", 80, DenyRule),
        (&["--allow-net", "--deny-net=169.254.0.0/16:80"], "x.com", "169.254.169.254", 81, Allowed),
        (&["--allow-net", "--deny-net=localhost"], "x.com", "127.0.0.1", 80, DenyRule),
        (&["--allow-net=x.com", "--deny-net=8.8.0.0/16"], "x.com", "8.8.4.4", 80, DenyRule),
        (
            &["--allow-net=x.com", "--allow-private=x.com", "--deny-net=10.0.0.0/8"],
            "x.com",
            "10.0.0.1",
            80,
            DenyRule,
        ),
        (&["--allow-private=x.com"], "x.com", "10.0.0.1", 80, NoRule),
    ] {
        let (name, address) = (Host::parse(host).unwrap(), address.parse().unwrap());
        let found = set(flags).judge_resolved(&name, address, port);
        assert_eq!(found, expected, "{flags:?} {host} at {address}:{port}");
    }
    // A literal address needs its own rule and no other.
    assert_eq!(judge(&["--allow-net=10.0.0.1"], "10.0.0.1", 1), Allowed);
    assert_eq!(judge(&["--allow-net", "--deny-net=10.0.0.0/8"], "[64:ff9b::a00:1]", 1), DenyRule);
}
