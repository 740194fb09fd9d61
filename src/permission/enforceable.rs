//! What this build cannot keep a child from, so that nobody believes in a rule that nothing enforces.

use serde::Serialize;
use serde_json::json;

use super::PermissionSet;
use super::flags::{escape, flag_name};
use super::rules::{Rule, Rules};
use super::set::{Effect, Kind};
use crate::error::Error;

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
    /// Everything of the set that no mechanism of this build enforces. The environment is built from
    /// nothing when a child is started, so its rules always are.
    pub fn unenforceable(&self) -> Vec<Unenforceable> {
        let mut found = Vec::new();
        self.report(&mut found, Kind::Read, &self.read, "reading");
        self.report(&mut found, Kind::Write, &self.write, "writing");
        self.report(&mut found, Kind::Net, &self.net, "using the network");
        self.report(&mut found, Kind::Run, &self.run, "starting programs");
        found
    }

    /// An error unless everything of the set can be enforced. Its details are `unenforceable`, the
    /// list, and `platform`.
    pub fn require_enforceable(&self) -> Result<(), Error> {
        let found = self.unenforceable();
        if found.is_empty() {
            return Ok(());
        }
        let platform = std::env::consts::OS;
        let reasons: Vec<&str> = found.iter().map(|one| one.reason.as_str()).collect();
        let message =
            format!("permissions cannot be enforced on {platform}: {}", reasons.join("; "));
        Err(Error::policy_unenforceable(message)
            .with_details(json!({ "platform": platform, "unenforceable": found })))
    }

    fn report<R: Rule>(
        &self,
        found: &mut Vec<Unenforceable>,
        kind: Kind,
        rules: &Rules<R>,
        doing: &str,
    ) {
        let permission = kind.as_str();
        let bare = flag_name(Effect::Allow, kind);
        let nothing = format!("nothing on this machine keeps a process from {doing} yet");
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
