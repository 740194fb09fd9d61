//! What a child was refused, for its caller.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Instant;

use parking_lot::Mutex;
use serde::Serialize;

/// More different refusals than this are only counted.
const MOST: usize = 100;
/// No name is longer.
const MOST_TEXT: usize = 253;

/// What kind of thing was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DenialKind {
    /// A connection.
    Net,
    /// A question for a name.
    Dns,
    /// A change of permission bits.
    Chmod,
}

/// Why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DenialReason {
    /// No rule allows it.
    NoRule,
    /// A rule denies it.
    DenyRule,
    /// An allowed name leads to an address of a special range.
    SpecialAddress,
    /// Too many connections are open.
    ConnectionLimit,
}

/// One thing that was refused, once or more often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Denial {
    /// What kind of thing.
    pub(crate) kind: DenialKind,
    /// What it was about, such as `api.example.com:443`; printable ASCII, at most 253 characters.
    pub(crate) target: String,
    /// Why.
    pub(crate) reason: DenialReason,
    /// The rule that denies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// The flag that would allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allow_with: Option<String>,
    /// How often.
    pub(crate) count: u64,
    /// Time of the first, ms after the child was started.
    pub(crate) at_ms: u64,
}

#[derive(Debug, Default)]
struct Found {
    list: Vec<Denial>,
    known: HashMap<(DenialKind, DenialReason, String), usize>,
    dropped: u64,
}

/// The refusals of one child.
#[derive(Debug)]
pub(crate) struct Denials {
    start: Instant,
    found: Mutex<Found>,
}

impl Denials {
    /// None yet; times count from `start`.
    pub(crate) fn new(start: Instant) -> Denials {
        Denials { start, found: Mutex::default() }
    }

    /// Adds one. `explain` gives the rule that denies it and the flag that would allow it; it is
    /// asked the first time only.
    pub(crate) fn add(
        &self,
        kind: DenialKind,
        reason: DenialReason,
        target: &str,
        explain: impl FnOnce() -> (Option<String>, Option<String>),
    ) {
        let target = printable(target);
        let mut found = self.found.lock();
        let key = (kind, reason, target);
        if let Some(at) = found.known.get(&key).copied() {
            found.list[at].count += 1;
            return;
        }
        if found.list.len() >= MOST {
            found.dropped += 1;
            return;
        }
        let at = found.list.len();
        let (rule, allow_with) = explain();
        let at_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let target = key.2.clone();
        found.list.push(Denial { kind, target, reason, rule, allow_with, count: 1, at_ms });
        found.known.insert(key, at);
    }

    /// All so far in the order of their first time, and how many refusals are not among them.
    pub(crate) fn list(&self) -> (Vec<Denial>, u64) {
        let found = self.found.lock();
        (found.list.clone(), found.dropped)
    }
}

/// Text of a child as one line of printable ASCII.
fn printable(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        let before = line.len();
        if c == '\\' || !(c.is_ascii_graphic() || c == ' ') {
            let _ = write!(line, "{}", c.escape_default());
        } else {
            line.push(c);
        }
        if line.len() > MOST_TEXT {
            line.truncate(before.min(MOST_TEXT - 3));
            line.push_str("...");
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(denials: &Denials, target: &str) {
        denials.add(DenialKind::Net, DenialReason::NoRule, target, || {
            (None, Some(format!("--allow-net={target}")))
        });
    }

    #[test]
    fn equal_refusals_are_counted_and_the_rest_is_bounded() {
        let denials = Denials::new(Instant::now());
        for round in 0..3 {
            for number in 0..120 {
                add(&denials, &format!("host-{number}.test:443"));
            }
            let (list, dropped) = denials.list();
            assert_eq!((list.len(), dropped), (100, 20 * (round + 1)));
            assert!(list.iter().all(|one| one.count == round + 1), "{list:?}");
        }
    }

    #[test]
    fn targets_are_printable_and_short() {
        let denials = Denials::new(Instant::now());
        add(&denials, "a\nb\u{1b}[31m\\\u{202e}\0");
        add(&denials, &"x".repeat(253));
        add(&denials, &"y".repeat(254));
        add(&denials, &"\u{1F600}".repeat(1000));
        let (list, _) = denials.list();
        assert_eq!(list[0].target, "a\\nb\\u{1b}[31m\\\\\\u{202e}\\u{0}");
        assert_eq!(list[1].target, "x".repeat(253));
        assert_eq!(list[2].target, format!("{}...", "y".repeat(250)));
        assert!(list[3].target.len() <= 253 && list[3].target.is_ascii(), "{}", list[3].target);
    }

    #[test]
    fn the_fields_are_those_of_the_package() {
        let denials = Denials::new(Instant::now());
        denials.add(DenialKind::Dns, DenialReason::SpecialAddress, "a.test", || {
            (None, Some("--allow-private=a.test".to_owned()))
        });
        let mut list = denials.list().0;
        list[0].at_ms = 5;
        assert_eq!(
            serde_json::to_string(&list[0]).unwrap(),
            r#"{"kind":"dns","target":"a.test","reason":"special-address","allowWith":"--allow-private=a.test","count":1,"atMs":5}"#
        );
    }

    #[test]
    fn kinds_and_reasons_are_spelled_as_the_package_does() {
        let kinds = [DenialKind::Net, DenialKind::Dns, DenialKind::Chmod];
        assert_eq!(serde_json::to_string(&kinds).unwrap(), r#"["net","dns","chmod"]"#);
        let reasons = [
            DenialReason::NoRule,
            DenialReason::DenyRule,
            DenialReason::SpecialAddress,
            DenialReason::ConnectionLimit,
        ];
        assert_eq!(
            serde_json::to_string(&reasons).unwrap(),
            r#"["no-rule","deny-rule","special-address","connection-limit"]"#
        );
    }
}
