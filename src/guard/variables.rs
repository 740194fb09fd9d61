//! Variables that decide which code later commands run.

use super::words::Word;

/// True for a command that sets such a variable by its arguments, or may do so.
pub(super) fn sets_code(name: &str, arguments: &[Word]) -> bool {
    let declares = matches!(name, "export" | "declare" | "typeset" | "readonly" | "local");
    let stores = matches!(name, "read" | "mapfile" | "readarray" | "getopts")
        || name == "printf" && arguments.iter().any(|word| word.text.starts_with("-v"));
    if !declares && !stores {
        return false;
    }
    arguments.iter().any(|word| {
        let (variable, value) = match word.text.split_once('=') {
            Some((variable, _)) => (variable.trim_end_matches('+'), true),
            None => (&*word.text, false),
        };
        let open = variable.contains(['\0', '\u{1}', '{']) && (value || word.may_be_several());
        // `export PATH` sets nothing.
        declares && open || (value || stores) && decides_code(variable)
    })
}

/// True for a variable whose value is, names or finds code.
pub(super) fn decides_code(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "BASHOPTS",
        "BASH_ENV",
        "BASH_LOADABLES_PATH",
        "BROWSER",
        "CDPATH",
        "CLASSPATH",
        "EDITOR",
        "ENV",
        "FCEDIT",
        "FPATH",
        "GCONV_PATH",
        "HOSTALIASES",
        "IFS",
        "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "LESSCLOSE",
        "LESSOPEN",
        "LOCPATH",
        "MAKEFLAGS",
        "MANPAGER",
        "NLSPATH",
        "NODE_OPTIONS",
        "NODE_PATH",
        "PAGER",
        "PATH",
        "PERL5DB",
        "PERL5LIB",
        "PERL5OPT",
        "PERLLIB",
        "PROMPT_COMMAND",
        "PS0",
        "PS1",
        "PS2",
        "PS4",
        "PYTHONHOME",
        "PYTHONINSPECT",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "RSYNC_RSH",
        "RUBYLIB",
        "RUBYOPT",
        "RUSTC_WRAPPER",
        "SHELL",
        "SHELLOPTS",
        "SSH_ASKPASS",
        "SUDO_ASKPASS",
        "SUDO_EDITOR",
        "TAR_OPTIONS",
        "VISUAL",
        "ZDOTDIR",
        "_JAVA_OPTIONS",
    ];
    const BEGINNINGS: &[&str] =
        &["LD_", "DYLD_", "GIT_", "BASH_FUNC_", "npm_config_", "NPM_CONFIG_", "CARGO_"];
    // Set for the look or the identity of what git writes, and no code.
    const HARMLESS: &[&str] = &[
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_DATE",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_DATE",
        "GIT_TERMINAL_PROMPT",
        "CARGO_TARGET_DIR",
        "CARGO_TERM_COLOR",
        "CARGO_BUILD_JOBS",
        "CARGO_INCREMENTAL",
    ];
    let begins = || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
    NAMES.contains(&name) || begins() && !HARMLESS.contains(&name)
}
