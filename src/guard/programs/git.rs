//! git: settings, hooks and subcommands that run other programs, and push.

use super::super::analysis::Cause;
use super::super::invocation::Finding;
use super::super::options::{Syntax, read};
use super::super::payload::Step;
use super::super::words::Word;
use super::RUNS;

const GLOBAL: Syntax = Syntax {
    short: "vhpPC:c:",
    long: &[
        "version",
        "help",
        "paginate",
        "no-pager",
        "no-replace-objects",
        "bare",
        "git-dir=",
        "work-tree=",
        "namespace=",
        "super-prefix=",
        "config-env=",
        "exec-path",
        "html-path",
        "man-path",
        "info-path",
        "literal-pathspecs",
        "glob-pathspecs",
        "noglob-pathspecs",
        "icase-pathspecs",
        "no-optional-locks",
        "no-lazy-fetch",
        "no-advice",
        "list-cmds",
        "attr-source=",
    ],
    operands: 0,
    variables: false,
};

/// Settings that name no program.
const HARMLESS: &[&str] = &[
    "user.name",
    "user.email",
    "user.signingkey",
    "core.quotepath",
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.safecrlf",
    "core.longpaths",
    "init.defaultbranch",
    "commit.gpgsign",
    "tag.gpgsign",
    "pull.rebase",
    "pull.ff",
    "push.default",
    "push.autosetupremote",
    "fetch.prune",
    "merge.ff",
    "rebase.autostash",
    "rerere.enabled",
    "gc.auto",
    "safe.directory",
    "http.postbuffer",
    "core.abbrev",
];
const HARMLESS_SECTIONS: &[&str] = &["color.", "advice.", "log.", "status.", "column.", "branch."];

const PUSH: Finding = Finding::approval(Cause::Publishing, "git push");
const DYNAMIC: Finding =
    Finding::approval(Cause::HiddenCode, "a git command that only the run decides").firm();

pub(super) fn steps(arguments: &[Word]) -> Vec<Step> {
    let Some(read) = read(arguments, &GLOBAL) else { return vec![Step::Note(DYNAMIC)] };
    let mut notes = Vec::new();
    for given in &read.options {
        let value = given.value.map(|word| &*word.text).or(given.attached.as_deref());
        let harmful = match &*given.name {
            "c" => !value.is_some_and(harmless),
            "config-env" => true,
            "exec-path" => value.is_some(),
            _ => false,
        };
        if harmful {
            notes.push(RUNS);
        }
    }
    let Some((command, rest)) = arguments.get(read.rest..).and_then(<[Word]>::split_first) else {
        return notes.into_iter().map(Step::Note).collect();
    };
    match command.fixed() {
        None => notes.push(DYNAMIC),
        Some("push" | "send-pack" | "http-push") => notes.push(PUSH),
        Some(name) if runs(name, rest) => notes.push(RUNS),
        Some(_) => {}
    }
    // A remote of this form is a program.
    if rest.iter().any(|word| word.text.starts_with("ext::")) {
        notes.push(RUNS);
    }
    let mut steps: Vec<Step> = notes.into_iter().map(Step::Note).collect();
    steps.extend(payloads(command, rest));
    steps
}

fn harmless(setting: &str) -> bool {
    let key = setting.split('=').next().unwrap_or_default().to_ascii_lowercase();
    HARMLESS.contains(&&*key) || HARMLESS_SECTIONS.iter().any(|section| key.starts_with(section))
}

fn runs(command: &str, rest: &[Word]) -> bool {
    let any = |options: &[&str]| {
        rest.iter().any(|word| {
            let several = word.may_be_several() && word.text.contains('{');
            several || options.iter().any(|option| super::is_option(word, option))
        })
    };
    match command {
        "config" => sets_a_program(rest),
        "filter-branch" | "instaweb" | "daemon" | "send-email" | "cvsexportcommit" | "p4"
        | "upload-pack" | "receive-pack" | "shell" | "credential" => true,
        "submodule" => rest.iter().any(|word| &*word.text == "foreach"),
        "bisect" => rest.iter().any(|word| &*word.text == "run"),
        "rebase" => any(&["-x", "--exec"]),
        "difftool" => any(&["-x", "--extcmd"]),
        "grep" => any(&["-O", "--open-files-in-pager"]),
        "clone" | "fetch" | "pull" | "ls-remote" | "fetch-pack" => {
            any(&["--upload-pack", "--config", "--template"])
                || command == "clone" && any(&["-u", "-c"])
        }
        "archive" => any(&["--exec"]),
        _ => false,
    }
}

/// `git config core.pager …`: setting what names a program. Reading is harmless.
fn sets_a_program(rest: &[Word]) -> bool {
    let operands: Vec<&Word> = rest.iter().filter(|word| !word.text.starts_with('-')).collect();
    let operands = match operands.first().map(|word| &*word.text) {
        Some("set") => operands.get(1..).unwrap_or_default(),
        Some("get" | "list" | "unset") => return false,
        Some("edit") => return true,
        _ => &operands,
    };
    let file = rest.iter().any(|word| matches!(&*word.text, "-f" | "--file" | "-e" | "--edit"));
    match operands {
        [key, _, ..] => file || !harmless(&key.text),
        [key] => key.may_be_option(),
        [] => false,
    }
}

/// Texts that git has a shell run.
fn payloads(command: &Word, rest: &[Word]) -> Vec<Step> {
    let after = |name: &str| {
        let at = rest.iter().position(|word| &*word.text == name)?;
        rest.get(at + 1..)
    };
    let found = match &*command.text {
        "submodule" => after("foreach").map(|words| {
            let from = words.iter().take_while(|word| word.text.starts_with('-')).count();
            Step::Text(super::joined(&words[from..]))
        }),
        "bisect" => {
            after("run").filter(|words| !words.is_empty()).map(|words| Step::Run(words.to_vec()))
        }
        "rebase" => {
            after("-x").or(after("--exec")).and_then(|words| words.first().cloned()).map(Step::Text)
        }
        _ => None,
    };
    found.into_iter().collect()
}
