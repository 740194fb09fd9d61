//! What remains of a set where the kernel keeps a child from nothing, so that nobody believes in a rule
//! that nothing enforces.

use serde::Serialize;

use super::PermissionSet;
use super::flags::{escape, flag_name};
use super::rules::{Rule, Rules};
use super::set::{Effect, Kind};

/// A permission of a set that nothing here enforces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unenforceable {
    /// The flag that cannot be kept; or, for what is not granted, the flag that would grant it.
    pub flag: String,
    /// `read`, `write`, `net` or `run`.
    pub permission: &'static str,
    /// Why, and what to do, for people.
    pub reason: String,
}

impl PermissionSet {
    /// Everything of the set that nothing enforces where a system lacks the means: `lacking` says which,
    /// as in "this kernel offers no Landlock". The environment is built from nothing when a child is
    /// started, so its rules always hold.
    pub fn unenforceable(&self, lacking: &str) -> Vec<Unenforceable> {
        let mut found = Vec::new();
        self.report(&mut found, Kind::Read, &self.read, (lacking, "reading"));
        self.report(&mut found, Kind::Write, &self.write, (lacking, "writing"));
        self.report(&mut found, Kind::Net, &self.net, (lacking, "using the network"));
        self.report(&mut found, Kind::Run, &self.run, (lacking, "starting programs"));
        found
    }

    /// The same for rules about the network alone.
    pub fn unenforceable_net(&self, lacking: &str) -> Vec<Unenforceable> {
        let mut found = Vec::new();
        self.report(&mut found, Kind::Net, &self.net, (lacking, "using the network"));
        found
    }

    fn report<R: Rule>(
        &self,
        found: &mut Vec<Unenforceable>,
        kind: Kind,
        rules: &Rules<R>,
        (lacking, doing): (&str, &str),
    ) {
        let nothing = format!("{lacking} to keep a process from {doing}");
        let permission = kind.as_str();
        let bare = flag_name(Effect::Allow, kind);
        if rules.is_absent() {
            let reason = format!("{nothing}; pass {bare} to say that it may");
            found.push(Unenforceable { flag: bare.clone(), permission, reason });
        } else if !rules.is_bare() {
            let flag = self.joined(Effect::Allow, kind);
            let reason = format!(
                "{nothing}, so {flag} cannot be kept to; pass {bare} alone to say that it may"
            );
            found.push(Unenforceable { flag, permission, reason });
        }
        if !rules.deny.is_empty() {
            let flag = self.joined(Effect::Deny, kind);
            let reason = format!("{nothing}, so {flag} cannot be kept to; leave it out");
            found.push(Unenforceable { flag, permission, reason });
        }
    }

    /// All rules of one list as one flag, for people.
    fn joined(&self, effect: Effect, kind: Kind) -> String {
        let flag = flag_name(effect, kind);
        let items = self.texts(kind, effect);
        if items == ["*"] {
            return flag;
        }
        let items: Vec<String> = items.iter().map(|item| escape(item)).collect();
        format!("{flag}={}", items.join(","))
    }
}
