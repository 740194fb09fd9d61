//! The environment of a command: a fixed small one, and what the caller adds.

use crate::permission::PermissionSet;
use crate::tool::native::error::{NativeError, quoted};
use crate::tool::rules::{EnvText, Text, check_env};

/// What every command gets.
const BASE: &[(&str, &str)] = &[("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8")];
/// Refused besides what no tool may set: where programs are found, where the options of an argument
/// list end, and options from outside it.
const DENIED: &[&str] = &["PATH", "POSIXLY_CORRECT", "GREP_OPTIONS", "TMPDIR"];

/// Checks what the caller adds, by the rules of all tools, and gives the whole environment.
pub(super) fn check(added: &[(String, String)]) -> Result<Vec<(String, String)>, NativeError> {
    let entry = |(name, value): &(String, String)| (Text::from(&**name), Text::from(&**value));
    let entries = EnvText(added.iter().map(entry).collect());
    let refused = |message: String| NativeError::invalid(message).of_field("env");
    let checked = check_env(&entries, &PermissionSet::default())
        .map_err(|error| refused(error.to_string()))?;
    if let Some((name, _)) = checked.iter().find(|(name, _)| DENIED.contains(&name.as_str())) {
        return Err(refused(format!("environment variable {} is not allowed here", quoted(name))));
    }
    let base = BASE.iter().filter(|(name, _)| !checked.iter().any(|(other, _)| other == name));
    let mut all: Vec<_> = base.map(|(name, value)| ((*name).into(), (*value).into())).collect();
    all.extend(checked);
    Ok(all)
}
