//! The environment of a command: a fixed small one, and what the caller adds.

use crate::tool::native::error::{NativeError, quoted};

/// What every command gets.
const BASE: &[(&str, &str)] = &[("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8")];
const MAX_ENTRY_BYTES: usize = 128 * 1024;
const MAX_BYTES: usize = 1_048_576;

/// Names, and starts of names when they end in a star, that change which code a program runs or
/// which files it opens.
const DENIED: &[&str] = &[
    "LD_*",
    "DYLD_*",
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
    "BUN_*",
    "JSC_*",
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "MALLOC_*",
    "RES_OPTIONS",
    "RESOLV_HOST_CONF",
    "LOCALDOMAIN",
    "HOSTALIASES",
    "GETCONF_DIR",
    "BASH_ENV",
    "ENV",
    "BASH_FUNC_*",
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
    "GIT_SSH*",
    "GIT_EXTERNAL_DIFF",
    "RUNLET_*",
    "COMPOZY_*",
    // Of the commands here: where the words of an argument list end, and options from outside it.
    "PATH",
    "POSIXLY_CORRECT",
    "GREP_OPTIONS",
];

/// Checks what the caller adds and gives the whole environment.
pub(super) fn check(added: Vec<(String, String)>) -> Result<Vec<(String, String)>, NativeError> {
    let total: usize = added.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    for (name, value) in &added {
        let fault = if !is_name(name) {
            format!(
                "invalid environment variable name {}: must contain only uppercase letters, \
                 numbers, and underscores",
                quoted(name)
            )
        } else if is_denied(name) {
            format!("environment variable \"{name}\" is not allowed for security reasons")
        } else if value.contains(['\n', '\r', '\0']) {
            format!(
                "environment variable \"{name}\" contains invalid characters (newline or null byte)"
            )
        } else if name.len() + value.len() + 2 > MAX_ENTRY_BYTES || total > MAX_BYTES {
            format!("environment variable \"{name}\" is too large")
        } else {
            continue;
        };
        let message = format!("environment variable validation failed: {fault}");
        return Err(NativeError::invalid(message).of_field("env"));
    }
    let base = BASE.iter().filter(|(name, _)| !added.iter().any(|(other, _)| other == name));
    let mut all: Vec<_> = base.map(|(name, value)| ((*name).into(), (*value).into())).collect();
    all.extend(added);
    Ok(all)
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.bytes().all(allowed)
}

fn is_denied(name: &str) -> bool {
    DENIED.iter().any(|rule| match rule.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *rule,
    })
}
