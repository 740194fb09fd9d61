//! Steps 3 and 4 for programs that run others only by some of their options.

mod awk;
mod git;
mod sed;

use super::analysis::Cause;
use super::invocation::Finding;
use super::payload::{Step, is_descriptor};
use super::words::Word;
use super::wrappers::joined;

const RUNS: Finding = Finding::approval(Cause::HiddenCode, "an option that runs a program");
const UNREAD: Finding =
    Finding::approval(Cause::HiddenCode, "a program text the guard does not read");

/// Options by which programs run others. A short one ends in nothing, a long one matches its
/// abbreviations and its value too.
#[rustfmt::skip]
const OPTIONS: &[(&[&str], &[&str])] = &[
    (&["tar", "gtar", "bsdtar"], &["--checkpoint-action", "-I", "--use-compress-program",
        "--to-command", "-F", "--info-script", "--new-volume-script", "--rsh-command", "--rmt-command"]),
    (&["zip"], &["-TT", "--unzip-command"]),
    (&["sort"], &["--compress-program"]),
    (&["less", "more", "most"], &["+!"]),
    (&["man"], &["-P", "--pager", "-H", "--html"]),
    (&["make", "gmake"], &["--eval", "-f-", "SHELL=", "MAKEFLAGS="]),
    (&["gcc", "g++", "cc", "clang"], &["-wrapper", "-fplugin", "-specs"]),
    (&["bind"], &["-x"]), (&["enable"], &["-f"]), (&["hash"], &["-p"]),
    (&["complete"], &["-C", "-F"]), (&["compgen"], &["-C", "-F", "-W"]),
    (&["mapfile", "readarray"], &["-C"]),
    (&["tcpdump"], &["-z"]), (&["rsync"], &["-e", "--rsh", "--rsync-path"]),
    (&["ip"], &["-batch", "netns"]), (&["rg"], &["--pre", "--hostname-bin"]),
    (&["fd", "fdfind"], &["-x", "-X", "--exec", "--exec-batch"]),
    (&["cpio"], &["--rsh-command"]), (&["openssl"], &["s_client", "s_server", "-engine"]),
    (&["jq"], &[]), (&["tshark", "wireshark"], &["-X"]), (&["nmap"], &["--script"]),
    (&["psql"], &["-c", "--command"]), (&["sqlite3"], &["-cmd"]),
    (&["cargo"], &["--config"]), (&["systemctl"], &["edit"]),
];

/// The steps of such a program; `None` for others.
pub(super) fn steps(name: &str, arguments: &[Word]) -> Option<Vec<Step>> {
    let steps = match name {
        "eval" => eval(arguments),
        "trap" => trap(arguments),
        "alias" => aliases(arguments),
        "source" | "." => operand(arguments).cloned().map(Step::File).into_iter().collect(),
        "npx" | "bunx" => after_option(arguments, "--call", Some("-c")),
        "npm" | "pnpm" if arguments.iter().any(|word| matches!(&*word.text, "exec" | "x")) => {
            after_option(arguments, "--call", Some("-c"))
        }
        "split" => after_option(arguments, "--filter", None),
        "su" | "runuser" | "script" | "sg" | "newgrp" => shell_text(arguments),
        "git" => git::steps(arguments),
        "sed" | "gsed" => sed::steps(arguments),
        "awk" | "gawk" | "mawk" | "nawk" | "original-awk" => awk::steps(arguments),
        _ => return options(name, arguments),
    };
    Some(steps)
}

fn options(name: &str, arguments: &[Word]) -> Option<Vec<Step>> {
    let (_, options) = OPTIONS.iter().find(|(names, _)| names.contains(&name))?;
    let hit = arguments.iter().any(|word| options.iter().any(|option| is_option(word, option)));
    let mut steps: Vec<Step> = hit.then_some(Step::Note(RUNS)).into_iter().collect();
    if matches!(name, "mapfile" | "readarray") {
        steps.extend(after_option(arguments, "-C", None));
    }
    // `make {--eval=x,}`, `tar $x`: an option may hide in it.
    let hides = |word: &Word| {
        word.may_be_several() && (name == "tar" || word.pattern && word.text.contains('{'))
    };
    let made = matches!(name, "make" | "gmake") && arguments.iter().any(is_input);
    if made || arguments.iter().any(hides) {
        steps.push(Step::Note(RUNS));
    }
    Some(steps)
}

fn is_option(word: &Word, option: &str) -> bool {
    let text = &*word.text;
    if option.starts_with("--") {
        let name = text.split('=').next().unwrap_or(text);
        return name.len() > 4 && name.starts_with("--") && option.starts_with(name)
            || name == option;
    }
    if option.len() == 2 && option.starts_with('-') {
        // Within a cluster too: `-czIf`.
        return text.starts_with('-') && !text.starts_with("--") && text.contains(&option[1..]);
    }
    text.starts_with(option)
}

/// True for a name of what a program reads anyway.
fn is_input(word: &Word) -> bool {
    matches!(&*word.text, "-" | "/dev/stdin") || is_descriptor(&word.text)
}

/// The first word that is no option.
fn operand(arguments: &[Word]) -> Option<&Word> {
    arguments.iter().find(|word| !word.text.starts_with('-') || &*word.text == "-")
}

fn eval(arguments: &[Word]) -> Vec<Step> {
    let from = usize::from(arguments.first().is_some_and(|word| word.text == "--"));
    match arguments.get(from..) {
        Some([]) | None => Vec::new(),
        Some(words) => vec![Step::Text(joined(words))],
    }
}

fn trap(arguments: &[Word]) -> Vec<Step> {
    let rest = match arguments.first().map(|word| &*word.text) {
        Some("--") => &arguments[1..],
        Some("-l" | "-p" | "-") | None => return Vec::new(),
        _ => arguments,
    };
    match rest {
        [action, _, ..] if !action.text.is_empty() => vec![Step::Text(action.clone())],
        [action] if action.text.contains([' ', '\0']) => vec![Step::Text(action.clone())],
        _ => Vec::new(),
    }
}

fn aliases(arguments: &[Word]) -> Vec<Step> {
    let value = |word: &Word| match word.text.split_once('=') {
        Some((_, value)) => Some(Step::Text(Word { text: value.to_owned(), ..word.clone() })),
        None if word.dynamic() || word.may_be_several() => Some(Step::Text(word.clone())),
        None => None,
    };
    arguments.iter().filter_map(value).collect()
}

/// The value of an option that is a shell's text.
fn after_option(arguments: &[Word], option: &str, short: Option<&str>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        if !is_option(word, option) && short != Some(&*word.text) {
            continue;
        }
        steps.push(Step::Note(RUNS));
        let attached = word.text.split_once('=').map(|(_, value)| value.to_owned());
        let text = attached.map(|text| Word { text, ..word.clone() });
        if let Some(text) = text.or_else(|| arguments.get(at + 1).cloned()) {
            steps.push(Step::Text(text));
        }
    }
    steps
}

/// `su -c text`: the rights are judged by the list, the text here.
fn shell_text(arguments: &[Word]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        let text = &*word.text;
        if let Some((_, value)) = text.split_once("--command=") {
            steps.push(Step::Text(Word { text: value.to_owned(), ..word.clone() }));
        } else if text == "--command" || text.starts_with('-') && text.ends_with('c') {
            steps.extend(arguments.get(at + 1).cloned().map(Step::Text));
        }
    }
    steps
}
