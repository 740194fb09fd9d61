//! What is common to the rules of all kinds: a list to allow, a list to deny, and their order.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;

use super::Verdict;

/// One item of a list, such as `./data` or `*.example.com:443`. Its text parses to an equal rule.
pub(super) trait Rule: Ord + Clone + Display {
    /// What an item may be, for messages.
    const ACCEPTED: &'static str;

    /// Reads one trimmed item that is not `*`. The error says what is wrong, not where.
    fn parse(item: &str) -> Result<Self, String>;

    /// True when whatever `other` covers is covered by this rule, in a project at `root`.
    fn contains(&self, other: &Self, root: &Path) -> bool;

    /// The same for rules that allow.
    fn grants_all_of(&self, other: &Self, root: &Path) -> bool {
        self == other || (!other.counts_beside_everything() && self.contains(other, root))
    }

    /// True when the rule says something even beside "everything of this kind".
    fn counts_beside_everything(&self) -> bool {
        false
    }
}

/// A list of rules, or everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List<R> {
    pub(super) everything: bool,
    pub(super) items: BTreeSet<R>,
}

impl<R> Default for List<R> {
    fn default() -> List<R> {
        List { everything: false, items: BTreeSet::new() }
    }
}

impl<R: Rule> List<R> {
    pub(super) fn is_empty(&self) -> bool {
        !self.everything && self.items.is_empty()
    }

    pub(super) fn covers(&self, covers: impl FnMut(&R) -> bool) -> bool {
        self.everything || self.items.iter().any(covers)
    }

    /// The items as they are written in flags; `*` stands for everything.
    pub(super) fn texts(&self) -> Vec<String> {
        let everything = self.everything.then(|| "*".to_owned());
        everything.into_iter().chain(self.items.iter().map(ToString::to_string)).collect()
    }
}

/// What is allowed and what is denied of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rules<R> {
    pub(super) allow: List<R>,
    pub(super) deny: List<R>,
}

impl<R> Default for Rules<R> {
    fn default() -> Rules<R> {
        Rules { allow: List::default(), deny: List::default() }
    }
}

impl<R: Rule> Rules<R> {
    /// True when everything of this kind is granted, apart from what is denied.
    pub(super) fn is_bare(&self) -> bool {
        self.allow.everything
    }

    /// True when nothing of this kind is granted.
    pub(super) fn is_absent(&self) -> bool {
        self.allow.is_empty()
    }

    pub(super) fn list(&mut self, deny: bool) -> &mut List<R> {
        if deny { &mut self.deny } else { &mut self.allow }
    }

    /// Deny beats allow, and what no rule covers is refused.
    pub(super) fn judge(&self, mut covers: impl FnMut(&R) -> bool) -> Verdict {
        if self.deny.covers(&mut covers) {
            Verdict::DenyRule
        } else if self.allow.covers(covers) {
            Verdict::Allowed
        } else {
            Verdict::NoRule
        }
    }

    /// Drops what "everything" says already, so that equal sets are equal values.
    pub(super) fn simplify(&mut self) {
        if self.allow.everything {
            self.allow.items.retain(Rule::counts_beside_everything);
        }
        if self.deny.everything {
            self.deny.items.clear();
        }
    }
}
