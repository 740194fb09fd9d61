//! A second opinion: each kind judged again by code that is as simple as it can be, on texts alone.

use std::path::Path;

use super::Dice;
use crate::permission::Verdict::{self, Allowed, DenyRule, Never, NoRule};
use crate::permission::{Host, PermissionSet};

const ROUNDS: usize = 20_000;

/// Some rules to allow and some to deny.
fn rules(dice: &mut Dice, make: &dyn Fn(&mut Dice) -> String) -> (Vec<String>, Vec<String>) {
    let mut list = || (0..dice.below(4)).map(|_| make(dice)).collect::<Vec<String>>();
    (list(), list())
}

fn set(kind: &str, allow: &[String], deny: &[String]) -> PermissionSet {
    let flags = |effect: &str, rules: &[String]| {
        rules.iter().map(|rule| format!("--{effect}-{kind}={rule}")).collect::<Vec<String>>()
    };
    let flags = [flags("allow", allow), flags("deny", deny)].concat();
    PermissionSet::from_flags(&flags).unwrap_or_else(|error| panic!("{flags:?}: {error}"))
}

fn verdict(allow: &[String], deny: &[String], covers: &dyn Fn(&str) -> bool) -> Verdict {
    match (deny.iter().any(|rule| covers(rule)), allow.iter().any(|rule| covers(rule))) {
        (true, _) => DenyRule,
        (false, true) => Allowed,
        (false, false) => NoRule,
    }
}

/// Counts verdicts, so that no test passes because one of them never came up.
fn assert_varied(counts: &[(Verdict, usize)]) {
    for (verdict, count) in counts {
        assert!(*count > ROUNDS / 50, "{verdict:?} only {count} times");
    }
}

fn tally(found: &[Verdict], verdicts: &[Verdict]) {
    let count = |verdict: &Verdict| found.iter().filter(|one| *one == verdict).count();
    assert_varied(&verdicts.iter().map(|verdict| (*verdict, count(verdict))).collect::<Vec<_>>());
}

fn steps(path: &str) -> Vec<&str> {
    let whole = if path.starts_with('/') { "" } else { "p/q/" };
    let mut steps = Vec::new();
    for step in whole.split('/').chain(path.split('/')) {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps
}

#[test]
fn paths_are_judged_as_by_their_steps() {
    let mut dice = Dice::new(1);
    let path = |dice: &mut Dice| {
        let start = dice.of(&["/", "", "./", "/p/q/", "../"]);
        let path = dice.join(3, "/", &mut |dice| {
            dice.of(&["a", "b", "ab", "a b", "p", "q", "..", ".", "", "A"]).to_owned()
        });
        // What is trimmed away or empty has tests of its own.
        format!("{start}{}", if path.trim().is_empty() { "a" } else { path.as_str() })
    };
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let (allow, deny) = rules(&mut dice, &path);
        let target = path(&mut dice);
        let covers = |rule: &str| rule == "*" || steps(&target).starts_with(&steps(rule));
        let expected = verdict(&allow, &deny, &covers);
        let set = set("read", &allow, &deny);
        let judged = set.judge_read(Path::new("/p/q"), Path::new(&target));
        assert_eq!(judged, expected, "{allow:?} {deny:?} {target}");
        found.push(judged);
    }
    tally(&found, &[Allowed, DenyRule, NoRule]);
}

/// An address as a row of 0 and 1: 32 for IPv4 in any form, else 128.
fn bits(address: &str) -> String {
    if let Some(address) =
        address.strip_prefix("::ffff:").or(Some(address)).filter(|a| a.contains('.'))
    {
        return address
            .split('.')
            .map(|part| format!("{:08b}", part.parse::<u8>().unwrap()))
            .collect::<Vec<String>>()
            .concat();
    }
    let (front, back) = address.split_once("::").unwrap();
    let groups = |text: &str| -> Vec<String> {
        let filled = text.split(':').filter(|group| !group.is_empty());
        filled.map(|group| format!("{:016b}", u16::from_str_radix(group, 16).unwrap())).collect()
    };
    let (front, back) = (groups(front), groups(back));
    let gap = vec!["0".repeat(16); 8 - front.len() - back.len()];
    [front, gap, back].concat().concat()
}

/// The host, the length of a range and the port of a rule; the oracle's own reading.
fn parts(rule: &str) -> (&str, Option<usize>, Option<u16>) {
    let (host, port) = match rule.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok())
        }
        _ => (rule, None),
    };
    let host = host.trim_matches(['[', ']']);
    match host.split_once('/') {
        Some((address, length)) => (address, length.parse().ok(), port),
        None => (host, None, port),
    }
}

fn net_covers(rule: &str, target: &str, target_port: u16) -> bool {
    if rule == "*" {
        return true;
    }
    let (host, length, port) = parts(rule);
    if port.is_some_and(|port| port != target_port) {
        return false;
    }
    let is_address =
        |host: &str| host.contains(':') || host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let labels = |name: &str| -> Vec<String> {
        name.trim_end_matches('.').to_lowercase().split('.').rev().map(str::to_owned).collect()
    };
    let target = target.trim_matches(['[', ']']);
    match (is_address(host), is_address(target)) {
        (true, true) => {
            let (own, wanted) = (bits(host), bits(target));
            let shift = if host.starts_with("::ffff:") { 96 } else { 0 };
            let length = length.map_or(own.len(), |length| length - shift);
            own.len() == wanted.len() && own[..length] == wanted[..length]
        }
        (false, true) => {
            labels(host) == ["localhost"]
                && ["127.0.0.1", "::1", "::ffff:127.0.0.1"].contains(&target)
        }
        (true, false) => false,
        (false, false) => match host.strip_prefix("*.") {
            Some(name) => {
                let (own, wanted) = (labels(name), labels(target));
                wanted.len() > own.len() && wanted.starts_with(&own)
            }
            None => labels(host) == labels(target),
        },
    }
}

#[test]
fn hosts_are_judged_as_by_their_labels_and_bits() {
    let mut dice = Dice::new(2);
    let name = |dice: &mut Dice| {
        let name = dice.join(3, ".", &mut |dice| dice.of(&["a", "b", "ab", "A"]).to_owned());
        let name = if dice.below(8) == 0 { "localhost".to_owned() } else { name };
        name + dice.of(&["", "", "."])
    };
    let v4 = |dice: &mut Dice| {
        let last = dice.below(8);
        dice.of(&["10.0.0.", "10.0.1.", "127.0.0."]).to_owned() + &last.to_string()
    };
    let v6 = |dice: &mut Dice| {
        format!("{}{:x}", dice.of(&["::", "2001:db8::", "fd00::1:"]), dice.below(8))
    };
    let rule = |dice: &mut Dice| {
        let port = dice.of(&["", "", ":1", ":2"]).to_owned();
        let clear = |address: &str, length: usize, whole: usize| {
            // Only ranges without bits behind their length are rules.
            if bits(address)[length..].contains('1') { whole } else { length }
        };
        match dice.below(6) {
            0 => format!("{}{port}", name(dice)),
            1 => format!("*.{}{port}", name(dice)),
            2 => format!("{}{port}", v4(dice)),
            3 => {
                let address = v4(dice);
                let length = 24 + dice.below(9);
                format!("{address}/{}{port}", clear(&address, length, 32))
            }
            4 => {
                let address = v6(dice);
                let length = clear(&address, 100 + dice.below(29), 128);
                if port.is_empty() {
                    format!("{address}/{length}")
                } else {
                    format!("[{address}/{length}]{port}")
                }
            }
            _ => {
                let address = v4(dice);
                let length = 96 + clear(&address, 24 + dice.below(9), 32);
                if port.is_empty() {
                    format!("::ffff:{address}/{length}")
                } else {
                    format!("[::ffff:{address}/{length}]{port}")
                }
            }
        }
    };
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let (allow, deny) = rules(&mut dice, &rule);
        // A target near a rule, so that rules are hit.
        let near = allow.iter().chain(&deny).next().map(|rule| parts(rule).0.replace("*.", "a."));
        let target = match dice.below(5) {
            0 => name(&mut dice),
            1 => v4(&mut dice),
            2 => v6(&mut dice),
            3 => format!("[::ffff:{}]", v4(&mut dice)),
            _ => near.unwrap_or_else(|| name(&mut dice)),
        };
        let port = if dice.below(2) == 0 { 1 } else { 2 };
        let expected = verdict(&allow, &deny, &|rule| net_covers(rule, &target, port));
        let host = Host::parse(&target).unwrap_or_else(|error| panic!("{target} {error}"));
        let judged = set("net", &allow, &deny).judge_host(&host, port);
        assert_eq!(judged, expected, "{allow:?} {deny:?} {target} {port}");
        found.push(judged);
    }
    tally(&found, &[Allowed, DenyRule, NoRule]);
}

#[test]
fn variables_are_judged_as_by_their_letters() {
    let mut dice = Dice::new(3);
    let name = |dice: &mut Dice| {
        let parts = ["A", "a", "B", "_", "LD_", "ENV", "_PROXY", "_proxy", "NODE_", "PATH"];
        dice.join(3, "", &mut |dice| dice.of(&parts).to_owned())
    };
    let never = |name: &str| {
        ["LD_"].iter().any(|start| name.starts_with(start)) || ["ENV", "NODE_PATH"].contains(&name)
    };
    let covers = |rule: &str, name: &str| {
        if let Some(start) = rule.strip_suffix('*') {
            name.starts_with(start)
        } else {
            rule == name
        }
    };
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let rule = |dice: &mut Dice| match dice.below(6) {
            0 => "*".to_owned(),
            1 | 2 => name(dice) + "*",
            _ => name(dice),
        };
        let (mut allow, deny) = rules(&mut dice, &rule);
        allow.retain(|rule| !never(rule));
        let near = allow.iter().chain(&deny).next().map(|rule| rule.replace('*', "B"));
        let target = near.filter(|_| dice.below(2) == 0).unwrap_or_else(|| name(&mut dice));
        let proxy = target.to_uppercase().ends_with("_PROXY");
        let allowed =
            allow.iter().any(|rule| if proxy { *rule == target } else { covers(rule, &target) });
        let expected =
            match (never(&target), deny.iter().any(|rule| covers(rule, &target)), allowed) {
                (true, ..) => Never,
                (_, true, _) => DenyRule,
                (.., true) => Allowed,
                _ => NoRule,
            };
        let judged = set("env", &allow, &deny).judge_inherited(&target);
        assert_eq!(judged, expected, "{allow:?} {deny:?} {target}");
        found.push(judged);
    }
    tally(&found, &[Allowed, DenyRule, NoRule, Never]);
}
