//! Rules for starting programs.

use std::fmt;
use std::path::{Path, PathBuf};

use super::path::PathRule;
use super::rules::Rule;

/// A program: a command that is looked up, or a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RunRule {
    /// A command, such as `git`; looked up in the child's search path.
    Command(String),
    /// A file, or a folder with programs.
    Path(PathRule),
}

impl RunRule {
    /// True when `program`, an absolute path, is what the rule names. `look_up` finds commands.
    pub(super) fn covers(
        &self,
        root: &Path,
        program: &Path,
        look_up: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> bool {
        match self {
            RunRule::Command(name) => look_up(name).is_some_and(|found| found == program),
            RunRule::Path(path) => path.covers(root, program),
        }
    }
}

impl Rule for RunRule {
    const ACCEPTED: &'static str =
        "the name of a command, which is looked up in the child's PATH, or a path with a slash";

    fn parse(item: &str) -> Result<RunRule, String> {
        if item.contains(std::path::is_separator) {
            return PathRule::parse(item).map(RunRule::Path);
        }
        if item == "." || item == ".." {
            return Err("is a folder and not a command; write it with a slash".to_owned());
        }
        if item.contains(char::is_whitespace) {
            return Err("has white space; arguments are no part of a rule".to_owned());
        }
        if let Some(found) = item.chars().find(|c| "*?[]{}~".contains(*c) || c.is_control()) {
            return Err(format!("has a {found:?}, and patterns are not commands"));
        }
        Ok(RunRule::Command(item.to_owned()))
    }

    fn contains(&self, other: &RunRule, root: &Path) -> bool {
        match (self, other) {
            (RunRule::Path(own), RunRule::Path(path)) => own.contains(path, root),
            // Where a command lies is not known here.
            _ => self == other,
        }
    }
}

impl fmt::Display for RunRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunRule::Command(name) => f.write_str(name),
            RunRule::Path(path) => {
                let text = path.to_string();
                // Without a slash it would be a command.
                let slash = if text.contains(std::path::is_separator) { "" } else { "/" };
                write!(f, "{text}{slash}")
            }
        }
    }
}
