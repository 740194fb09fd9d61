//! Shells and interpreters: programs whose arguments or input are programs.

use super::analysis::Cause;
use super::invocation::Finding;
use super::payload::Step;
use super::words::Word;

const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "ash", "zsh", "ksh", "ksh93", "mksh", "yash", "fish", "csh", "tcsh",
    "rbash", "posh", "oksh", "hush",
];

const CODE: Finding = Finding::approval(Cause::HiddenCode, "a program given as an argument");
const UNKNOWN_OPTION: Finding =
    Finding::approval(Cause::HiddenCode, "options that only the run decides").firm();

/// Interpreters with the letters and long options that take a program text.
#[rustfmt::skip]
const INTERPRETERS: &[(&str, &str, &[&str])] = &[
    ("python", "c", &[]), ("pypy", "c", &[]), ("ipython", "c", &[]),
    ("perl", "eE", &[]), ("ruby", "e", &[]), ("irb", "e", &[]), ("jruby", "e", &[]),
    ("node", "ep", &["--eval", "--print"]), ("nodejs", "ep", &["--eval", "--print"]),
    ("bun", "ep", &["--eval", "--print"]), ("deno", "", &[]), ("tsx", "ep", &["--eval", "--print"]),
    ("php", "rBRE", &["--run", "--process-code", "--process-begin", "--process-end"]),
    ("lua", "e", &[]), ("luajit", "e", &[]), ("rscript", "e", &[]), ("r", "e", &[]),
    ("julia", "eE", &["--eval", "--print"]), ("elixir", "e", &["--eval", "--rpc-eval"]),
    ("groovy", "e", &[]), ("osascript", "e", &[]), ("guile", "c", &[]), ("tclsh", "c", &[]),
    ("wish", "c", &[]), ("expect", "c", &[]), ("pwsh", "ceCE", &["--command"]),
    ("powershell", "ceCE", &["--command"]), ("swipl", "gt", &[]), ("erl", "", &["-eval"]),
    ("ghc", "e", &[]), ("emacs", "", &["--eval", "--execute", "-eval", "-execute", "-f", "--funcall"]),
    ("vim", "cS", &["--cmd"]), ("vi", "cS", &["--cmd"]), ("nvim", "cS", &["--cmd"]),
    ("ex", "cS", &["--cmd"]), ("view", "cS", &["--cmd"]), ("gdb", "x", &["-ex", "--ex", "-iex", "--eval-command", "--command"]),
    ("lldb", "oOs", &["--one-line", "--source"]),
];

/// These do not run their input.
const EDITORS: &[&str] = &["emacs", "vim", "vi", "nvim", "view", "gdb", "lldb", "ghc"];

/// The steps of a shell or interpreter; `None` for other programs.
pub(super) fn steps(name: &str, arguments: &[Word]) -> Option<Vec<Step>> {
    if SHELLS.contains(&name) {
        return Some(shell(arguments));
    }
    // `python3.12`, `lua5.4`.
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let plain = if plain.is_empty() { name } else { plain };
    let (_, letters, long) = INTERPRETERS.iter().find(|(known, ..)| *known == plain)?;
    Some(interpreter(plain, letters, long, arguments))
}

fn shell(arguments: &[Word]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = arguments;
    let (mut code, mut input) = (false, false);
    while let Some((word, after)) = rest.split_first() {
        let text = &*word.text;
        if word.may_be_several() || text.starts_with('\0') {
            break;
        }
        if matches!(text, "--" | "-") {
            rest = after;
            break;
        }
        if let Some(long) = text.strip_prefix("--") {
            rest = after;
            match long {
                "help" | "version" => return Vec::new(),
                "rcfile" | "init-file" => {
                    steps.push(Step::Note(CODE));
                    rest = after.get(1..).unwrap_or_default();
                }
                "login" | "norc" | "noprofile" | "posix" | "noediting" | "restricted"
                | "verbose" | "debugger" | "dump-strings" | "dump-po-strings" | "no-config"
                | "private" => {}
                _ => steps.push(Step::Note(CODE.firm())),
            }
        } else if text.len() > 1 && text.starts_with(['-', '+']) {
            code |= text.starts_with('-') && text.contains(['c', 'C']);
            input |= text.contains(['s', 'i']) && !text.contains('o');
            let values = text.matches(['o', 'O']).count();
            rest = after.get(values..).unwrap_or_default();
        } else {
            break;
        }
    }
    match rest.first() {
        Some(first) if word_may_be_option(first) => {
            steps.push(Step::Note(UNKNOWN_OPTION));
            steps.push(if code { Step::Text(first.clone()) } else { Step::File(first.clone()) });
        }
        Some(first) if code => steps.push(Step::Text(first.clone())),
        Some(_) if input => steps.push(Step::Input),
        Some(first) => steps.push(Step::File(first.clone())),
        None if code => {}
        None => steps.push(Step::Input),
    }
    steps
}

fn word_may_be_option(word: &Word) -> bool {
    word.may_be_several() || word.text.starts_with('\0')
}

fn interpreter(name: &str, letters: &str, long: &[&str], arguments: &[Word]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = arguments;
    if name == "deno" || name == "bun" {
        let first = rest.iter().position(|word| !word.text.starts_with('-'));
        match first.map(|at| &*rest[at].text) {
            Some("eval" | "repl") => return vec![Step::Note(CODE)],
            Some("x") if name == "bun" => return Vec::new(),
            _ => {}
        }
        if rest.iter().any(|word| word.text.starts_with("http") && word.text.contains("://")) {
            return vec![Step::Note(Finding::approval(Cause::Network, "a program from elsewhere"))];
        }
    }
    while let Some((word, after)) = rest.split_first() {
        let text = &*word.text;
        if word_may_be_option(word) {
            steps.push(Step::Note(UNKNOWN_OPTION));
            steps.push(Step::File(word.clone()));
            return steps;
        }
        let vim = EDITORS.contains(&name) || name == "ex";
        if !(text.starts_with('-') || vim && text.starts_with('+')) {
            break;
        }
        rest = after;
        match text {
            "-" => return vec![Step::ForeignInput],
            "--" => break,
            "--version" | "--help" | "-V" | "-h" => return steps,
            "-v" if arguments.len() == 1 => return steps,
            // What follows is a module's name, and the module's arguments.
            "-m" if matches!(name, "python" | "pypy") => {
                let runs = rest.first().is_none_or(|module| {
                    module.dynamic() || matches!(&*module.text, "timeit" | "code" | "pdb" | "trace")
                });
                steps.extend(runs.then_some(Step::Note(CODE)));
                return steps;
            }
            _ => {}
        }
        let given = long.iter().any(|known| {
            text == *known || text.strip_prefix(known).is_some_and(|rest| rest.starts_with('='))
        });
        let cluster = !text.starts_with("--") && text[1..].contains(|c| letters.contains(c));
        if given || cluster || text.starts_with('+') {
            steps.push(Step::Note(CODE));
            return steps;
        }
    }
    match rest.first() {
        Some(file) => steps.push(Step::File(file.clone())),
        None if EDITORS.contains(&name) || name == "deno" || name == "bun" => {}
        None => steps.push(Step::ForeignInput),
    }
    steps
}

/// True for the name of a shell.
pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}
