//! What one set permits beyond another: what to show somebody who agreed to the first.

use std::path::Path;

use super::PermissionSet;
use super::flags::{spell, spell_private};
use super::rules::{Rule, Rules};
use super::set::{Effect, Kind};

/// A rule that two sets do not have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The rule as a flag, such as `--allow-read=./data`.
    pub flag: String,
    /// The second set has it and the first does not, or the other way round.
    pub added: bool,
}

/// How a second set differs from a first. A rule that makes no difference beside others is in neither
/// list: `--allow-read=./data/x` beside `--allow-read=./data`.
///
/// With nothing in `wider`, the second permits nothing that the first did not. What is in `wider` may
/// permit something; whether there is anything that it is about is not asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// By these the second set permits more, sorted.
    pub wider: Vec<Change>,
    /// By these it permits less, sorted.
    pub narrower: Vec<Change>,
}

impl PermissionSet {
    /// How `next` differs from this set, for a project at `root`.
    pub fn difference(&self, next: &PermissionSet, root: &Path) -> Difference {
        let gained = |from: &PermissionSet, to: &PermissionSet, added: bool| {
            let mut changes = Vec::new();
            beyond(&from.read, &to.read, Kind::Read, root, added, &mut changes);
            beyond(&from.write, &to.write, Kind::Write, root, added, &mut changes);
            beyond(&from.net, &to.net, Kind::Net, root, added, &mut changes);
            beyond(&from.env, &to.env, Kind::Env, root, added, &mut changes);
            beyond(&from.run, &to.run, Kind::Run, root, added, &mut changes);
            let known = |host| from.private_hosts.iter().any(|own| own.contains(host, root));
            let hosts = to.private_hosts.iter().filter(|host| !known(*host));
            changes
                .extend(hosts.map(|host| Change { flag: spell_private(&host.to_string()), added }));
            changes.sort();
            changes
        };
        Difference { wider: gained(self, next, true), narrower: gained(next, self, false) }
    }
}

/// What `to` grants that `from` does not: rules that allow more, and denials that are not there. An
/// allowance that `to` itself denies grants nothing.
fn beyond<R: Rule>(
    from: &Rules<R>,
    to: &Rules<R>,
    kind: Kind,
    root: &Path,
    added: bool,
    changes: &mut Vec<Change>,
) {
    let mut change = |effect, item: &str, added| {
        changes.push(Change { flag: spell(effect, kind, item), added });
    };
    if to.deny.everything {
        return;
    }
    let denied = |rule: &R| to.deny.items.iter().any(|own| own.contains(rule, root));
    let granted = |rule: &R| {
        (from.allow.everything && !rule.counts_beside_everything())
            || from.allow.items.iter().any(|own| own.grants_all_of(rule, root))
    };
    if to.allow.everything && !from.allow.everything {
        change(Effect::Allow, "*", added);
    }
    for rule in &to.allow.items {
        if !granted(rule) && !denied(rule) {
            change(Effect::Allow, &rule.to_string(), added);
        }
    }
    // Without a grant there is nothing that a denial keeps.
    if to.allow.is_empty() {
        return;
    }
    if from.deny.everything {
        change(Effect::Deny, "*", !added);
    }
    for rule in &from.deny.items {
        if !denied(rule) {
            change(Effect::Deny, &rule.to_string(), !added);
        }
    }
}
