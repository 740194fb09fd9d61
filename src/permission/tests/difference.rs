//! What one set permits beyond another.

use std::path::Path;

use super::{Dice, set};
use crate::permission::{Host, PermissionSet};

const ROOT: &str = "/p";

/// The changes as flags, `+` for one that was added and `-` for one that is gone.
fn changes(first: &[&str], second: &[&str]) -> (Vec<String>, Vec<String>) {
    let found = set(first).difference(&set(second), Path::new(ROOT));
    let texts = |changes: Vec<crate::permission::Change>| {
        changes
            .into_iter()
            .map(|change| format!("{}{}", if change.added { "+" } else { "-" }, change.flag))
            .collect()
    };
    (texts(found.wider), texts(found.narrower))
}

#[test]
fn what_makes_a_difference_is_told() {
    for (first, second, wider, narrower) in [
        (&["--allow-read=./a"][..], &["--allow-read=./a"][..], &[][..], &[][..]),
        (&["--allow-read=./a"], &["--allow-read=./a/b"], &[], &["-./a"]),
        (&["--allow-read=./a"], &["--allow-read=/p/a,./a/b"], &[], &[]),
        (&["--allow-read=./a"], &["--allow-read=./ab"], &["+./ab"], &["-./a"]),
        (&["--allow-read"], &["--allow-read=/"], &[], &["-*"]),
        (&["--allow-read=./a"], &["--allow-read"], &["+*"], &[]),
        (&["--allow-read", "--deny-read=./s"], &["--allow-read"], &["deny -./s"], &[]),
        (&["--allow-read"], &["--allow-read", "--deny-read=./s"], &[], &["deny +./s"]),
        // Denied anyway, or granted to nobody.
        (&["--deny-read=./s"], &["--allow-read=./s/x", "--deny-read=./s"], &[], &[]),
        (&["--deny-read=./s"], &[], &[], &[]),
        (&["--allow-read"], &["--allow-read", "--deny-read"], &[], &["deny +*"]),
    ] {
        let spelled = |items: &[&str]| -> Vec<String> {
            let flag = |item: &&str| match item.strip_prefix("deny ") {
                Some(item) => format!("{}--deny-read={}", &item[..1], &item[1..]),
                None => format!("{}--allow-read={}", &item[..1], &item[1..]),
            };
            let bare = |text: String| text.strip_suffix("=*").map_or(text.clone(), str::to_owned);
            items.iter().map(flag).map(bare).collect()
        };
        let expected = (spelled(wider), spelled(narrower));
        assert_eq!(changes(first, second), expected, "{first:?} {second:?}");
    }
}

#[test]
fn each_kind_has_its_own_way_to_be_wider() {
    for (first, second, is_wider) in [
        ("--allow-net=*.x.com", "--allow-net=a.x.com:443,*.b.x.com", false),
        ("--allow-net=*.x.com", "--allow-net=x.com", true),
        ("--allow-net=x.com:443", "--allow-net=x.com", true),
        ("--allow-net=10.0.0.0/8", "--allow-net=10.1.0.0/16,10.2.3.4:80", false),
        ("--allow-net=10.1.0.0/16", "--allow-net=10.0.0.0/8", true),
        ("--allow-net=localhost", "--allow-net=localhost:80", false),
        ("--allow-net=x.com", "--allow-private=x.com", true),
        ("--allow-private=*.x.com", "--allow-private=a.x.com", false),
        ("--allow-env=APP_*", "--allow-env=APP_A,APP_B*", false),
        ("--allow-env=APP_A", "--allow-env=APP_*", true),
        // Meant only by their own names.
        ("--allow-env", "--allow-env=HTTP_PROXY", true),
        ("--allow-env=HTTP_*", "--allow-env=HTTP_PROXY", true),
        ("--allow-run=/usr/bin/", "--allow-run=/usr/bin/git", false),
        ("--allow-run=/usr/bin/", "--allow-run=git", true),
        ("--allow-run=git", "--allow-run=git", false),
    ] {
        let (wider, _) = changes(&[first], &[second]);
        assert_eq!(!wider.is_empty(), is_wider, "{first} {second} {wider:?}");
    }
}

/// Flags of one kind.
fn flags(dice: &mut Dice, kind: &str, rule: &dyn Fn(&mut Dice) -> String) -> Vec<String> {
    let mut flags = Vec::new();
    for effect in ["allow", "deny"] {
        for _ in 0..dice.below(4) {
            let rule = if dice.below(12) == 0 { "*".to_owned() } else { rule(dice) };
            flags.push(format!("--{effect}-{kind}={rule}"));
        }
    }
    flags
}

/// Of two random sets, the second permits more only where it says so. `permits` asks a set about some
/// things.
fn sound(
    seed: u64,
    kind: &str,
    rule: &dyn Fn(&mut Dice) -> String,
    permits: &dyn Fn(&PermissionSet) -> Vec<bool>,
) {
    let mut dice = Dice::new(seed);
    let (mut more, mut none) = (0, 0);
    for _ in 0..10_000 {
        let (one, other) = (flags(&mut dice, kind, rule), flags(&mut dice, kind, rule));
        let read = |flags: &[String]| PermissionSet::from_flags(flags).unwrap();
        let (first, second) = (read(&one), read(&other));
        let found = first.difference(&second, Path::new(ROOT));
        let back = second.difference(&first, Path::new(ROOT));
        assert_eq!(found.wider.len(), back.narrower.len(), "{one:?} {other:?}");
        let gained = permits(&first).iter().zip(permits(&second)).any(|(was, is)| is && !was);
        assert!(!gained || !found.wider.is_empty(), "{one:?} {other:?}");
        more += usize::from(gained);
        none += usize::from(found.wider.is_empty());
    }
    assert!(more > 1_000 && none > 1_000, "{more} {none}");
}

#[test]
fn nothing_is_gained_that_is_not_told() {
    let path = |dice: &mut Dice| {
        let start = dice.of(&["./", "/", "/p/"]).to_owned();
        start + &dice.join(3, "/", &mut |dice| dice.of(&["a", "b", "p"]).to_owned())
    };
    let names = ["a", "b", "p"];
    let mut paths = vec!["/".to_owned(), "/p".to_owned()];
    for one in names {
        paths.push(format!("/{one}"));
        for two in names {
            paths.push(format!("/{one}/{two}"));
            paths.extend(names.map(|three| format!("/{one}/{two}/{three}")));
        }
    }
    sound(11, "read", &path, &|set| {
        paths.iter().map(|at| set.judge_read(Path::new(ROOT), Path::new(at)).allows()).collect()
    });
    let host = |dice: &mut Dice| {
        let host = match dice.below(4) {
            0 => dice.join(3, ".", &mut |dice| dice.of(&["a", "b"]).to_owned()),
            1 => format!("*.{}", dice.join(2, ".", &mut |dice| dice.of(&["a", "b"]).to_owned())),
            2 => "localhost".to_owned(),
            _ => dice.of(&["127.0.0.0/8", "127.0.0.1", "127.0.0.2", "127.0.0.2/31"]).to_owned(),
        };
        host + dice.of(&["", "", ":1", ":2"])
    };
    let hosts = ["a", "b", "a.b", "b.a", "a.a.b", "b.a.b", "localhost"];
    let addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.9.0.1", "::1"];
    sound(12, "net", &host, &|set| {
        let all = hosts.iter().chain(&addresses).flat_map(|host| [(host, 1), (host, 2), (host, 3)]);
        all.map(|(host, port)| set.judge_host(&Host::parse(host).unwrap(), port).allows()).collect()
    });
    let variable = |dice: &mut Dice| {
        let name = dice.join(3, "", &mut |dice| dice.of(&["A", "B", "_PROXY"]).to_owned());
        name + dice.of(&["", "*"])
    };
    let variables = ["A", "AB", "ABA", "B", "BA", "A_PROXY", "B_PROXY", "AB_PROXY", "_PROXY", "C"];
    sound(13, "env", &variable, &|set| {
        variables.iter().map(|name| set.judge_inherited(name).allows()).collect()
    });
    let program = |dice: &mut Dice| match dice.below(2) {
        0 => dice.of(&["a", "b"]).to_owned(),
        _ => path(dice),
    };
    sound(14, "run", &program, &|set| {
        let look_up = |name: &str| Some(Path::new("/a").join(name));
        let judge = |at: &String| set.judge_run(Path::new(ROOT), Path::new(at), &look_up).allows();
        paths.iter().map(judge).collect()
    });
}
