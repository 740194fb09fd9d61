//! Random flags: none panics, and what is accepted reads back from its canonical form.

use super::Dice;
use crate::permission::PermissionSet;

const STARTS: &[&str] = &[
    "--allow-read=",
    "--allow-write=",
    "--allow-net=",
    "--allow-env=",
    "--allow-run=",
    "--deny-read=",
    "--deny-write=",
    "--deny-net=",
    "--deny-env=",
    "--deny-run=",
    "--allow-private=",
    "--allow-net",
    "--deny-read",
    "--allow-env",
    "-A",
    "--allow-all",
    "--allow-",
    "",
];
const PIECES: &[&str] = &[
    "a",
    "b",
    "Z",
    "_",
    "0",
    "1",
    "255",
    "10.0.0.0",
    "127.0.0.1",
    "/",
    "/8",
    "/24",
    "//",
    ".",
    "..",
    "./",
    "../",
    "\\",
    "\\,",
    ",",
    ", ",
    " ",
    "\t",
    "\n",
    "\0",
    "*",
    "*.",
    "~",
    "?",
    "[",
    "]",
    "{",
    "}",
    ":",
    ":443",
    ":0",
    "::",
    "::1",
    "::ffff:1.2.3.4",
    "[::1]",
    "2001:db8::",
    "localhost",
    "x.com",
    "%",
    "@",
    "://",
    "=",
    "-",
    "--",
    "0x7f",
    "é",
    "e\u{301}",
    "ß",
    "。",
    "１",
    "xn--",
    "xn--bcher-kva",
    "\u{200d}",
    "\u{202e}",
    "\u{1f600}",
    "HTTP_PROXY",
    "_proxy",
    "NODE_OPTIONS",
    "LD_",
    "NODE_",
    "git",
    "\u{a0}",
];

fn flag(dice: &mut Dice) -> String {
    let start = dice.of(STARTS).to_owned();
    if dice.below(12) == 0 {
        return start;
    }
    let mut flag = start + &dice.join(5, "", &mut |dice| dice.of(PIECES).to_owned());
    if dice.below(10) == 0 {
        // One character goes, or one of any kind comes.
        let at = dice.below(flag.chars().count().max(1));
        let mut chars: Vec<char> = flag.chars().collect();
        match u32::try_from(dice.below(0x11_0000)).ok().and_then(char::from_u32) {
            Some(c) if dice.below(2) == 0 => chars.insert(at, c),
            _ => drop((at < chars.len()).then(|| chars.remove(at))),
        }
        flag = chars.into_iter().collect();
    }
    flag
}

fn assert_reads_back(flags: &[String]) -> bool {
    let Ok(set) = PermissionSet::from_flags(flags) else { return false };
    let canonical = set.to_flags();
    let again = PermissionSet::from_flags(&canonical)
        .unwrap_or_else(|error| panic!("{flags:?} as {canonical:?}: {error}"));
    assert_eq!(again, set, "{flags:?} as {canonical:?}");
    assert_eq!(again.to_flags(), canonical, "{flags:?}");
    assert!(canonical.is_sorted(), "{canonical:?}");
    set.unenforceable("nothing is there");
    true
}

#[test]
fn a_hundred_thousand_flags_do_no_harm() {
    let mut dice = Dice::new(4);
    let mut accepted = Vec::new();
    for _ in 0..100_000 {
        let flag = flag(&mut dice);
        if assert_reads_back(std::slice::from_ref(&flag)) {
            accepted.push(flag);
        }
    }
    // Enough of every form came through for the rest to mean something.
    assert!(accepted.len() > 10_000, "{}", accepted.len());
    for start in STARTS.iter().filter(|start| start.ends_with('=')) {
        let count = accepted.iter().filter(|flag| flag.starts_with(start)).count();
        assert!(count > 200, "{start} {count}");
    }
    for _ in 0..20_000 {
        let count = dice.below(5);
        let flags: Vec<String> =
            (0..count).map(|_| accepted[dice.below(accepted.len())].clone()).collect();
        assert!(assert_reads_back(&flags), "{flags:?}");
    }
}
