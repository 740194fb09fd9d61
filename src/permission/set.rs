//! A whole set of permissions: made once, asked often, never changed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::env::EnvRule;
use super::flags::{check_grantable, flag_name, read_flag, read_item, spell, spell_private};
use super::net::NetRule;
use super::object::read_object;
use super::path::PathRule;
use super::rules::Rules;
use super::run::RunRule;
use super::{Host, Verdict};
use crate::error::Error;

/// What a permission is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Contents of files and lists of folders.
    Read,
    /// Making, changing, renaming and removing files and folders.
    Write,
    /// Connections to hosts.
    Net,
    /// Variables of the host's environment.
    Env,
    /// Starting programs.
    Run,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Kind; 5] = [Kind::Read, Kind::Write, Kind::Net, Kind::Env, Kind::Run];

    /// The kind as it stands in flags.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Net => "net",
            Kind::Env => "env",
            Kind::Run => "run",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

impl Effect {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        }
    }
}

/// The permissions of one child process. Equal sets are equal values; the default grants nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PermissionSet {
    pub(super) read: Rules<PathRule>,
    pub(super) write: Rules<PathRule>,
    pub(super) net: Rules<NetRule>,
    pub(super) env: Rules<EnvRule>,
    pub(super) run: Rules<RunRule>,
    pub(super) private_hosts: BTreeSet<NetRule>,
}

/// A set that is still being read.
pub(super) type Draft = PermissionSet;

impl PermissionSet {
    /// Reads flags such as `--allow-read=./data`. Repeated flags add up.
    pub fn from_flags<S: AsRef<str>>(flags: &[S]) -> Result<PermissionSet, Error> {
        let mut draft = Draft::default();
        flags.iter().try_for_each(|flag| read_flag(&mut draft, flag.as_ref()))?;
        Ok(draft.simplified())
    }

    /// Reads an object such as `{"read": ["./data"], "net": true}`.
    pub fn from_object(object: &Value) -> Result<PermissionSet, Error> {
        let mut draft = Draft::default();
        read_object(&mut draft, object)?;
        Ok(draft.simplified())
    }

    /// The set as sorted flags, one for each rule; they read back to an equal set.
    pub fn to_flags(&self) -> Vec<String> {
        let mut flags: Vec<String> = Vec::new();
        for kind in Kind::ALL {
            for effect in [Effect::Allow, Effect::Deny] {
                flags.extend(self.texts(kind, effect).iter().map(|item| spell(effect, kind, item)));
            }
        }
        flags.extend(self.private_hosts.iter().map(|rule| spell_private(&rule.to_string())));
        flags.sort();
        flags
    }

    /// The flags of the set that grant everything of a kind, such as `--allow-read`.
    pub fn bare_grants(&self) -> Vec<String> {
        let bare = Kind::ALL.into_iter().filter(|kind| match kind {
            Kind::Read => self.read.is_bare(),
            Kind::Write => self.write.is_bare(),
            Kind::Net => self.net.is_bare(),
            Kind::Env => self.env.is_bare(),
            Kind::Run => self.run.is_bare(),
        });
        bare.map(|kind| flag_name(Effect::Allow, kind)).collect()
    }

    /// Whether a file may be read or a folder listed. `path` has its links resolved; one that is
    /// relative is taken from `root`, the project's.
    pub fn judge_read(&self, root: &Path, path: &Path) -> Verdict {
        self.read.judge(|rule| rule.covers(root, path))
    }

    /// Whether a file or folder may be made, changed, renamed or removed. It says nothing of reading.
    pub fn judge_write(&self, root: &Path, path: &Path) -> Verdict {
        self.write.judge(|rule| rule.covers(root, path))
    }

    /// Whether a host may be asked for: an address as it is, a name before it is resolved.
    pub fn judge_host(&self, host: &Host, port: u16) -> Verdict {
        self.net.judge_host(host, port)
    }

    /// Whether a host may be reached at an address that its name resolved to.
    pub fn judge_resolved(&self, host: &Host, address: IpAddr, port: u16) -> Verdict {
        self.net.judge_resolved(host, address, port, &self.private_hosts)
    }

    /// Whether a variable of the host is inherited.
    pub fn judge_inherited(&self, name: &str) -> Verdict {
        self.env.judge_inherited(name)
    }

    /// Whether a variable may not even be set by a call itself, because a deny rule covers it.
    pub fn denies_env(&self, name: &str) -> bool {
        self.env.denies(name)
    }

    /// Whether a program may be started. `program` is absolute with its links resolved; `look_up`
    /// finds a command in the child's search path, and gives such a path too.
    pub fn judge_run(
        &self,
        root: &Path,
        program: &Path,
        look_up: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Verdict {
        self.run.judge(|rule| rule.covers(root, program, look_up))
    }

    /// The variables of the host that a child inherits, sorted by name. Without a grant: none.
    ///
    /// What is no Unicode is not inherited. Of a name that occurs twice the first value counts, as
    /// it does for `getenv`.
    pub fn inherited_env(
        &self,
        host: impl Iterator<Item = (OsString, OsString)>,
    ) -> Vec<(String, String)> {
        let text = |(name, value): (OsString, OsString)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            // Such a pair would become another one, or none, on its way into a process.
            let odd = name.is_empty() || name.contains(['=', '\0']) || value.contains('\0');
            (!odd).then_some((name, value))
        };
        let mut kept: Vec<(String, String)> =
            host.filter_map(text).filter(|(name, _)| self.judge_inherited(name).allows()).collect();
        kept.sort_by(|(one, _), (other, _)| one.cmp(other));
        kept.dedup_by(|(later, _), (earlier, _)| later == earlier);
        kept
    }

    pub(super) fn texts(&self, kind: Kind, effect: Effect) -> Vec<String> {
        match (kind, effect) {
            (Kind::Read, Effect::Allow) => self.read.allow.texts(),
            (Kind::Read, Effect::Deny) => self.read.deny.texts(),
            (Kind::Write, Effect::Allow) => self.write.allow.texts(),
            (Kind::Write, Effect::Deny) => self.write.deny.texts(),
            (Kind::Net, Effect::Allow) => self.net.allow.texts(),
            (Kind::Net, Effect::Deny) => self.net.deny.texts(),
            (Kind::Env, Effect::Allow) => self.env.allow.texts(),
            (Kind::Env, Effect::Deny) => self.env.deny.texts(),
            (Kind::Run, Effect::Allow) => self.run.allow.texts(),
            (Kind::Run, Effect::Deny) => self.run.deny.texts(),
        }
    }

    pub(super) fn add_everything(&mut self, kind: Kind, effect: Effect) -> Result<(), Error> {
        self.add(kind, effect, "", "*")
    }

    /// Adds one item to the list it belongs to. `place` says in messages where the item stands.
    pub(super) fn add(
        &mut self,
        kind: Kind,
        effect: Effect,
        place: &str,
        item: &str,
    ) -> Result<(), Error> {
        let deny = effect == Effect::Deny;
        match kind {
            Kind::Read => read_item(self.read.list(deny), place, item),
            Kind::Write => read_item(self.write.list(deny), place, item),
            Kind::Net => read_item(self.net.list(deny), place, item),
            Kind::Run => read_item(self.run.list(deny), place, item),
            Kind::Env => {
                read_item(self.env.list(deny), place, item)?;
                if deny { Ok(()) } else { check_grantable(&self.env.allow, place) }
            }
        }
    }

    fn simplified(mut self) -> PermissionSet {
        self.read.simplify();
        self.write.simplify();
        self.net.simplify();
        self.env.simplify();
        self.run.simplify();
        self
    }
}
