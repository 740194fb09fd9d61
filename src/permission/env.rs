//! Rules for the environment: which variables of the host a child inherits.

use std::fmt;
use std::path::Path;

use super::Verdict;
use super::rules::{Rule, Rules};

/// Variables no child inherits and no caller may set: through each of them code, libraries or
/// settings enter a process before its program begins, or runlet's own channel is forged.
const NEVER: &[&str] = &[
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_EXTRA_CA_CERTS",
    "NODE_REPL_EXTERNAL_MODULE",
    "NODE_COMPILE_CACHE",
    "NODE_V8_COVERAGE",
    "NODE_REDIRECT_WARNINGS",
    "NODE_ICU_DATA",
    "NODE_CHANNEL_FD",
    "NODE_UNIQUE_ID",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "SSLKEYLOGFILE",
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "RES_OPTIONS",
    "RESOLV_HOST_CONF",
    "LOCALDOMAIN",
    "HOSTALIASES",
    "GETCONF_DIR",
    "BASH_ENV",
    "ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "IFS",
    "CDPATH",
    "GLOBIGNORE",
    "PYTHONSTARTUP",
    "PYTHONPATH",
    "PERL5OPT",
    "PERL5LIB",
    "RUBYOPT",
    "GIT_EXTERNAL_DIFF",
];

/// As [`NEVER`], for every variable that begins so.
const NEVER_BEGINNINGS: &[&str] =
    &["LD_", "DYLD_", "BUN_", "JSC_", "MALLOC_", "BASH_FUNC_", "GIT_SSH", "RUNLET_", "COMPOZY_"];

/// True for a variable that no child inherits and no caller may set, whatever the rules say.
pub fn is_never_given(name: &str) -> bool {
    NEVER.contains(&name) || NEVER_BEGINNINGS.iter().any(|start| name.starts_with(start))
}

/// The text for a name of that list, the same wherever it is refused.
pub(crate) fn never_given_text(name: &str) -> String {
    format!("environment variable {name:?} is not allowed for security reasons")
}

/// Where programs send their traffic: inherited only when somebody meant exactly this variable.
fn is_proxy(name: &str) -> bool {
    let tail = name.len().checked_sub("_PROXY".len()).and_then(|at| name.get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case("_PROXY"))
}

/// A variable, or all whose names begin alike. Upper and lower case differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EnvRule {
    /// `NAME`: this one.
    Name(String),
    /// `PREFIX*`: all that begin so.
    Prefix(String),
}

impl EnvRule {
    /// True when the rule names the variable.
    pub(super) fn covers(&self, name: &str) -> bool {
        match self {
            EnvRule::Name(own) => own == name,
            EnvRule::Prefix(start) => name.starts_with(start.as_str()),
        }
    }

    /// True when everything the rule names may never be given.
    pub(super) fn names_only_what_is_never_given(&self) -> bool {
        match self {
            EnvRule::Name(name) => is_never_given(name),
            EnvRule::Prefix(prefix) => {
                NEVER_BEGINNINGS.iter().any(|start| prefix.starts_with(start))
            }
        }
    }
}

impl Rules<EnvRule> {
    /// Whether a variable of the host is inherited.
    pub(super) fn judge_inherited(&self, name: &str) -> Verdict {
        if is_never_given(name) {
            return Verdict::Never;
        }
        if self.denies(name) {
            return Verdict::DenyRule;
        }
        let exactly = |rule: &EnvRule| matches!(rule, EnvRule::Name(own) if own == name);
        let covered = if is_proxy(name) {
            self.allow.items.iter().any(exactly)
        } else {
            self.allow.covers(|rule| rule.covers(name))
        };
        if covered { Verdict::Allowed } else { Verdict::NoRule }
    }

    /// Whether a deny rule covers a variable. What a call sets itself is refused by nothing else.
    pub(super) fn denies(&self, name: &str) -> bool {
        self.deny.covers(|rule| rule.covers(name))
    }
}

impl Rule for EnvRule {
    const ACCEPTED: &'static str = "the name of a variable, or the beginning of names and one star";

    fn parse(item: &str) -> Result<EnvRule, String> {
        let (name, prefix) = match item.strip_suffix('*') {
            Some(name) => (name, true),
            None => (item, false),
        };
        if name.contains('*') {
            return Err("has a star that is not its end".to_owned());
        }
        let bad = |c: &char| *c == '=' || c.is_whitespace() || c.is_control();
        if let Some(found) = name.chars().find(bad) {
            return Err(format!("has a {found:?}, which no name of a variable has"));
        }
        let name = name.to_owned();
        Ok(if prefix { EnvRule::Prefix(name) } else { EnvRule::Name(name) })
    }

    fn contains(&self, other: &EnvRule, _: &Path) -> bool {
        match (self, other) {
            (_, EnvRule::Name(name)) => self.covers(name),
            (EnvRule::Prefix(own), EnvRule::Prefix(start)) => start.starts_with(own.as_str()),
            (EnvRule::Name(_), EnvRule::Prefix(_)) => false,
        }
    }

    fn counts_beside_everything(&self) -> bool {
        matches!(self, EnvRule::Name(name) if is_proxy(name))
    }
}

impl fmt::Display for EnvRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnvRule::Name(name) => f.write_str(name),
            EnvRule::Prefix(start) => write!(f, "{start}*"),
        }
    }
}
