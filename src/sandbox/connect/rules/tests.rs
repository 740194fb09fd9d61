//! What is derived from a set's flags.
use super::*;

fn rules(flags: &[&str]) -> NetRules {
    NetRules::new(Arc::new(PermissionSet::from_flags(flags).unwrap()))
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_name_is_answered_when_some_port_of_it_is_allowed() {
    let rules = rules(&[
        "--allow-net=a.test:443,*.b.test,c.test",
        "--deny-net=x.b.test,c.test:80,a.test:444",
        "--allow-private=d.test:8080",
    ]);
    for (name, allowed) in [
        ("a.test", true),
        ("b.test", false),
        ("y.b.test", true),
        ("x.b.test", false),
        ("z.x.b.test", true),
        ("c.test", true),
        ("d.test", false),
    ] {
        assert_eq!(rules.allows_some_port(name), allowed, "{name}");
    }
    let none = NetRules::new(Arc::default());
    assert!(!none.allows_some_port("a.test"));
}

#[test]
fn a_deny_rule_for_every_port_that_is_allowed_refuses_the_name() {
    let rules = rules(&["--allow-net=a.test:443", "--deny-net=a.test:443"]);
    assert!(!rules.allows_some_port("a.test"));
}

#[test]
fn only_a_rule_about_addresses_opens_a_name_server() {
    let direct = |flags: &[&str], text: &str| !rules(flags).is_name_server(address(text), 53);
    assert!(!direct(&["--allow-net"], "127.0.0.53"));
    assert!(!direct(&["--allow-net=localhost"], "127.0.0.1"));
    assert!(!direct(&["--allow-net=localhost:53"], "::1"));
    assert!(!direct(&["--allow-net=a.test"], "127.0.0.53"));
    assert!(direct(&["--allow-net=127.0.0.0/8"], "127.0.0.53"));
    assert!(direct(&["--allow-net=127.0.0.53:53"], "127.0.0.53"));
    assert!(!direct(&["--allow-net=127.0.0.53:54"], "127.0.0.53"));
    assert!(!direct(&["--allow-net=127.0.0.0/8", "--deny-net=127.0.0.53"], "127.0.0.53"));
    assert!(direct(&["--allow-net=[::1]:53"], "::1"));
    assert!(!rules(&["--allow-net"]).is_name_server(address("127.0.0.53"), 54));
}

#[test]
fn ranges_are_read_as_the_rules_mean_them() {
    let rules = rules(&[
        "--allow-net=198.18.0.0/15,10.0.0.0/8:80,a.test,[2001:db8::]:1",
        "--deny-net=127.0.0.1,0.0.0.0/0",
    ]);
    let mut found = rules.ranges();
    found.sort();
    let range = |first: &str, last: &str| (first.parse().unwrap(), last.parse().unwrap());
    let expected = [
        range("0.0.0.0", "255.255.255.255"),
        range("10.0.0.0", "10.255.255.255"),
        range("127.0.0.1", "127.0.0.1"),
        range("198.18.0.0", "198.19.255.255"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_rule_that_denies_is_named() {
    let rules = rules(&["--allow-net", "--deny-net=evil.test,127.0.0.0/8,x.test:80"]);
    let host = Host::Name("good.test".to_owned());
    let deny = DenialReason::DenyRule;
    let found = rules.explain(&host, Some(address("127.0.0.2")), 443, deny);
    assert_eq!(found.0.as_deref(), Some("--deny-net=127.0.0.0/8"));
    assert_eq!(rules.explain_name("evil.test", deny).0.as_deref(), Some("--deny-net=evil.test"));
    let found = rules.explain(&Host::Name("x.test".to_owned()), None, 80, deny);
    assert_eq!(found, (Some("--deny-net=x.test:80".to_owned()), None));
}
