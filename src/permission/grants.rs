//! What a set grants of files and programs, as absolute paths: what a sandbox is made from.

use std::path::{Path, PathBuf};

use super::PermissionSet;
use super::flags::spell;
use super::path::PathRule;
use super::rules::{List, Rule, Rules};
use super::run::RunRule;
use super::set::{Effect, Kind};

/// One rule and the flag that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant<T> {
    /// Such as `--allow-read=./data`.
    pub flag: String,
    /// What it is about.
    pub target: T,
}

/// The rules of one kind. Deny beats allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grants<T> {
    pub allows_everything: bool,
    pub allowed: Vec<Grant<T>>,
    pub denies_everything: bool,
    pub denied: Vec<Grant<T>>,
}

/// A program that may be started, or may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// To be looked up in the child's search path.
    Command(String),
    /// A file, or a folder of programs.
    Path(PathBuf),
}

/// How much of the network is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetGrant {
    Nothing,
    /// What rules say, one by one.
    Some,
    /// Everything, and nothing is denied.
    Everything,
}

impl PermissionSet {
    /// True when nothing about files, programs or the network is left to refuse.
    pub(crate) fn grants_everything(&self) -> bool {
        fn open<R: Rule>(rules: &Rules<R>) -> bool {
            rules.is_bare() && rules.deny.is_empty()
        }
        open(&self.read) && open(&self.write) && open(&self.net) && open(&self.run)
    }

    /// What may be read, for a project at `root`. Links are as they are written.
    pub(crate) fn read_grants(&self, root: &Path) -> Grants<PathBuf> {
        grants(&self.read, Kind::Read, |rule: &PathRule| rule.under(root))
    }

    /// What may be written.
    pub(crate) fn write_grants(&self, root: &Path) -> Grants<PathBuf> {
        grants(&self.write, Kind::Write, |rule: &PathRule| rule.under(root))
    }

    /// What may be started.
    pub(crate) fn run_grants(&self, root: &Path) -> Grants<Program> {
        grants(&self.run, Kind::Run, |rule| match rule {
            RunRule::Command(name) => Program::Command(name.clone()),
            RunRule::Path(path) => Program::Path(path.under(root)),
        })
    }

    /// How much of the network is granted.
    pub(crate) fn net_grant(&self) -> NetGrant {
        if self.net.is_absent() || self.net.deny.everything {
            NetGrant::Nothing
        } else if self.net.is_bare() && self.net.deny.is_empty() {
            NetGrant::Everything
        } else {
            NetGrant::Some
        }
    }
}

fn grants<R: Rule, T>(rules: &Rules<R>, kind: Kind, target: impl Fn(&R) -> T) -> Grants<T> {
    let list = |list: &List<R>, effect| {
        list.items
            .iter()
            .map(|rule| Grant {
                flag: spell(effect, kind, &rule.to_string()),
                target: target(rule),
            })
            .collect()
    };
    Grants {
        allows_everything: rules.allow.everything,
        allowed: list(&rules.allow, Effect::Allow),
        denies_everything: rules.deny.everything,
        denied: list(&rules.deny, Effect::Deny),
    }
}
