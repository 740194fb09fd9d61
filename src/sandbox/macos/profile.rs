//! The text of a Seatbelt profile.
//!
//! A later rule beats an earlier one, so denials stand behind grants, and behind those only what no
//! program starts without. It is also said that a rule for one operation (`file-write-unlink`) beats one
//! for a group of them (`file-write*`); every rule here means the same under both readings.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::system;
use crate::error::Error;
use crate::sandbox::files::{Access, Files};

/// What of the network a process reaches itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Nothing.
    Closed,
    /// One port of this machine, where a proxy listens.
    Proxy(u16),
    /// Everything, TCP and UDP. Nothing listens.
    Open,
}

/// All that a profile says. Equal terms give equal texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// What may be done with every file, devices apart.
    pub everything: Access,
    /// What may be done with single ones.
    pub granted: Files,
    /// What may not be done after all.
    pub denied: Files,
    /// What no denial takes away.
    pub needed: Files,
    pub network: Network,
    /// More processes may be started.
    pub processes: bool,
}

const READ: &str = "file-read-data file-read-xattr file-map-executable";
const WRITE: &str = "file-write*";
const EXECUTE: &str = "process-exec*";
const MOVE: &str = "file-write-unlink";

impl Terms {
    /// The profile. Fails with `INVALID_ARGUMENT` for a path that a profile cannot name.
    pub(crate) fn profile(&self) -> Result<String, Error> {
        let mut text = String::from("(version 1)\n(deny default)\n");
        // Metadata stays visible, as on Linux: no runtime finds its files without.
        rule(&mut text, "allow", "file-read-metadata file-test-existence", &[]);
        self.basics(&mut text);
        self.grants(&mut text)?;
        self.denials(&mut text)?;
        // After the denials.
        each_grant(&mut text, &self.needed)?;
        // The loader looks at the root itself.
        rule(&mut text, "allow", READ, &["(literal \"/\")".to_owned()]);
        self.reach(&mut text);
        Ok(text)
    }

    fn basics(&self, text: &mut String) {
        let whom = if self.processes { "same-sandbox" } else { "self" };
        rule(text, "allow", "signal process-info*", &[format!("(target {whom})")]);
        if self.processes {
            rule(text, "allow", "process-fork", &[]);
        }
        let names = system::SYSCTLS.map(|name| format!("(sysctl-name \"{name}\")"));
        let beginnings =
            system::SYSCTL_BEGINNINGS.map(|name| format!("(sysctl-name-prefix \"{name}\")"));
        rule(text, "allow", "sysctl-read", &[&names[..], &beginnings[..]].concat());
        rule(text, "allow", "mach-lookup", &services(&system::SERVICES));
    }

    fn grants(&self, text: &mut String) -> Result<(), Error> {
        let all =
            format!("(require-all (subpath \"/\") {})", not(&["(subpath \"/dev\")".to_owned()]));
        for (access, operations) in
            [(Access::READ, READ), (Access::WRITE, WRITE), (Access::EXECUTE, EXECUTE)]
        {
            if self.everything.has(access) {
                rule(text, "allow", operations, std::slice::from_ref(&all));
            }
        }
        each_grant(text, &self.granted)
    }

    fn denials(&self, text: &mut String) -> Result<(), Error> {
        for (access, operations) in
            [(Access::READ, READ), (Access::WRITE, WRITE), (Access::EXECUTE, EXECUTE)]
        {
            rule_for_some(text, "deny", operations, &subpaths(with(&self.denied, access))?);
        }
        // The owner's bits are no file's contents: nothing made here runs as somebody else.
        rule(text, "deny", "file-write-setugid file-write-owner", &[]);
        self.keep_in_place(text)
    }

    /// A profile goes by where a file lies, so what may not be read must not be moved to where it may,
    /// and what is denied must stay below the path that the denial names.
    fn keep_in_place(&self, text: &mut String) -> Result<(), Error> {
        if !self.everything.has(Access::READ) {
            let readable = subpaths(with(&self.granted, Access::READ))?;
            let elsewhere = if readable.is_empty() { Vec::new() } else { vec![not(&readable)] };
            rule(text, "deny", MOVE, &elsewhere);
        }
        let unreadable = subpaths(with(&self.denied, Access::READ))?;
        rule_for_some(text, "deny", MOVE, &unreadable);
        let around: BTreeSet<&Path> =
            self.denied.iter().flat_map(|(path, _)| path.ancestors()).collect();
        let around = around.into_iter().map(|path| filter("literal", path));
        rule_for_some(text, "deny", MOVE, &around.collect::<Result<Vec<_>, _>>()?);
        Ok(())
    }

    fn reach(&self, text: &mut String) {
        match self.network {
            Network::Closed => {}
            Network::Proxy(port) => {
                let to = format!("(remote tcp \"localhost:{port}\")");
                rule(text, "allow", "network-outbound", &[to]);
            }
            Network::Open => {
                let to = ["(remote tcp \"*:*\")", "(remote udp \"*:*\")"].map(str::to_owned);
                let resolver = format!("(literal \"{}\")", system::RESOLVER);
                rule(text, "allow", "network-outbound", &[&to[..], &[resolver]].concat());
                let own = ["(local udp \"*:*\")".to_owned()];
                rule(text, "allow", "network-bind network-inbound", &own);
                rule(text, "allow", "mach-lookup", &services(&system::NAME_SERVICES));
            }
        }
    }
}

fn each_grant(text: &mut String, files: &Files) -> Result<(), Error> {
    let contents = Access::READ;
    let reads = |access: Access| access.has(contents) && access.has(Access::LIST);
    let of = |wanted: &dyn Fn(Access) -> bool| -> Result<Vec<String>, Error> {
        let paths = files.iter().filter(|(_, access)| wanted(*access)).map(|(path, _)| path);
        subpaths(paths)
    };
    rule_for_some(text, "allow", READ, &of(&reads)?);
    let folder = "(vnode-type DIRECTORY)";
    let only = |filters: Vec<String>, kind: &str| -> Vec<String> {
        filters.iter().map(|one| format!("(require-all {one} {kind})")).collect()
    };
    let file = not(&[folder.to_owned()]);
    rule_for_some(text, "allow", READ, &only(of(&|a| a.has(contents) && !reads(a))?, &file));
    rule_for_some(text, "allow", READ, &only(of(&|a| a.has(Access::LIST) && !reads(a))?, folder));
    rule_for_some(text, "allow", WRITE, &of(&|access| access.has(Access::WRITE))?);
    rule_for_some(text, "allow", EXECUTE, &of(&|access| access.has(Access::EXECUTE))?);
    Ok(())
}

fn with(files: &Files, access: Access) -> impl Iterator<Item = &Path> {
    files.iter().filter(move |(_, held)| held.has(access)).map(|(path, _)| path)
}

fn subpaths<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<Vec<String>, Error> {
    paths.map(|path| filter("subpath", path)).collect()
}

fn services(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("(global-name \"{name}\")")).collect()
}

fn not(filters: &[String]) -> String {
    match filters {
        [one] => format!("(require-not {one})"),
        more => format!("(require-not (require-any {}))", more.join(" ")),
    }
}

/// A rule about what one of the filters covers; without a filter about everything.
fn rule(text: &mut String, effect: &str, operations: &str, filters: &[String]) {
    let _ = write!(text, "({effect} {operations}");
    for filter in filters {
        let _ = write!(text, "\n  {filter}");
    }
    text.push_str(")\n");
}

/// As [`rule`], and none without a filter.
fn rule_for_some(text: &mut String, effect: &str, operations: &str, filters: &[String]) {
    if !filters.is_empty() {
        rule(text, effect, operations, filters);
    }
}

fn filter(name: &str, path: &Path) -> Result<String, Error> {
    Ok(format!("({name} {})", quoted(path)?))
}

/// A path as text of a profile. What is no plain text is refused: nobody has written down what the
/// reader of profiles makes of it.
fn quoted(path: &Path) -> Result<String, Error> {
    let refused = || {
        let shown = path.to_string_lossy();
        Error::invalid_argument(format!("{shown:?}: a Seatbelt profile cannot name such a path"))
    };
    let text = path.to_str().ok_or_else(refused)?;
    if !path.is_absolute() || text.chars().any(char::is_control) {
        return Err(refused());
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Ok(quoted)
}
