//! Step 3: programs that run the program they are given.

use super::analysis::Cause;
use super::invocation::{Finding, Input};
use super::options::{Syntax, read};
use super::payload::Step;
use super::words::{UNKNOWN, Word};

/// A wrapper's syntax, and what it is worth by itself.
struct Wrapper {
    names: &'static [&'static str],
    syntax: Syntax,
    own: Option<Finding>,
}

const fn syntax(short: &'static str, long: &'static [&'static str], operands: usize) -> Syntax {
    Syntax { short, long, operands, variables: false }
}

const fn with_variables(syntax: Syntax) -> Syntax {
    Syntax { variables: true, ..syntax }
}

const PRIVILEGE: Finding = Finding::approval(Cause::Privilege, "a change of rights");

#[rustfmt::skip]
const WRAPPERS: &[Wrapper] = &[
    Wrapper { names: &["sudo"], own: Some(PRIVILEGE), syntax: with_variables(syntax(
        "ABbEeHhiKklNnPSsVvC:D:g:p:R:r:T:t:U:u:",
        &["askpass", "background", "bell", "preserve-env", "edit", "set-home", "help", "login",
          "remove-timestamp", "reset-timestamp", "list", "no-update", "non-interactive",
          "preserve-groups", "stdin", "shell", "version", "validate", "close-from=", "chdir=",
          "group=", "host=", "prompt=", "chroot=", "role=", "type=", "command-timeout=",
          "other-user=", "user="], 0)) },
    Wrapper { names: &["doas"], own: Some(PRIVILEGE), syntax: syntax("Lnsa:C:u:", &[], 0) },
    Wrapper { names: &["pkexec"], own: Some(PRIVILEGE), syntax: syntax(
        "u:", &["user=", "disable-internal-agent", "keep-cwd", "help", "version"], 0) },
    Wrapper { names: &["chroot"], own: Some(PRIVILEGE), syntax: syntax(
        "", &["groups=", "userspec=", "skip-chdir", "help", "version"], 1) },
    Wrapper { names: &["gosu", "su-exec"], own: Some(PRIVILEGE), syntax: syntax("", &[], 1) },
    Wrapper { names: &["unshare"], own: Some(PRIVILEGE), syntax: syntax(
        "muinpUCTrcfm;", &["mount", "uts", "ipc", "net", "pid", "user", "cgroup", "time",
        "map-root-user", "map-current-user", "fork", "mount-proc"], 0) },
    Wrapper { names: &["env"], own: None, syntax: with_variables(syntax(
        "i0vu:C:P:S:a:",
        &["ignore-environment", "null", "unset=", "chdir=", "split-string=", "debug", "argv0=",
          "block-signal", "default-signal", "ignore-signal", "list-signal-handling", "help",
          "version"], 0)) },
    Wrapper { names: &["command"], own: None, syntax: syntax("pvV", &[], 0) },
    Wrapper { names: &["builtin", "coproc", "unbuffer", "eatmydata", "catchsegv", "tini",
        "dumb-init", "fakeroot", "dbus-run-session", "torsocks"], own: None,
        syntax: syntax("", &["help", "version"], 0) },
    Wrapper { names: &["exec"], own: None, syntax: syntax("cla:", &[], 0) },
    Wrapper { names: &["time"], own: None, syntax: syntax("pavVqf:o:",
        &["format=", "output=", "append", "verbose", "portability", "quiet", "help", "version"], 0) },
    Wrapper { names: &["nohup"], own: None, syntax: syntax("", &["help", "version"], 0) },
    Wrapper { names: &["nice"], own: None, syntax: syntax(
        "n:0;1;2;3;4;5;6;7;8;9;", &["adjustment=", "help", "version"], 0) },
    Wrapper { names: &["ionice"], own: None, syntax: syntax("c:n:tp:P:u:hV",
        &["class=", "classdata=", "ignore", "pid=", "pgid=", "uid=", "help", "version"], 0) },
    Wrapper { names: &["chrt"], own: None, syntax: syntax("abdfiormpvT:P:D:RhV",
        &["all-tasks", "batch", "deadline", "fifo", "idle", "other", "rr", "max", "pid", "verbose",
          "reset-on-fork", "help", "version"], 1) },
    Wrapper { names: &["taskset"], own: None, syntax: syntax("apchV",
        &["all-tasks", "pid", "cpu-list", "help", "version"], 1) },
    Wrapper { names: &["timeout"], own: None, syntax: syntax("vfpk:s:",
        &["preserve-status", "foreground", "kill-after=", "signal=", "verbose", "help",
          "version"], 1) },
    Wrapper { names: &["stdbuf"], own: None, syntax: syntax("i:o:e:",
        &["input=", "output=", "error=", "help", "version"], 0) },
    Wrapper { names: &["setsid"], own: None, syntax: syntax("cfwhV",
        &["ctty", "fork", "wait", "help", "version"], 0) },
    Wrapper { names: &["setarch"], own: None, syntax: syntax("BFILRSTXZv3hV", &["help", "version"], 1) },
    Wrapper { names: &["linux32", "linux64", "i386", "x86_64"], own: None,
        syntax: syntax("BFILRSTXZv3hV", &["help", "version"], 0) },
    Wrapper { names: &["strace", "ltrace"], own: None, syntax: syntax(
        "cCdfFhiqrtTvVwxyYzZa:b:e:E:I:n:o:O:p:P:s:S:u:U:X:", &[], 0) },
    Wrapper { names: &["busybox", "toybox"], own: None,
        syntax: syntax("", &["list", "list-full", "help", "install"], 0) },
];

const XARGS: Syntax = syntax(
    "0rtxopa:d:E:I:L:n:P:s:J:R:S:e;i;l;",
    &[
        "null",
        "arg-file=",
        "delimiter=",
        "eof",
        "replace",
        "max-lines",
        "max-args=",
        "max-procs=",
        "max-chars=",
        "no-run-if-empty",
        "interactive",
        "verbose",
        "exit",
        "open-tty",
        "show-limits",
        "process-slot-var=",
        "help",
        "version",
    ],
    0,
);
const WATCH: Syntax = syntax(
    "bcCdegprtqwxhvn:q:s:",
    &[
        "beep",
        "color",
        "no-color",
        "differences",
        "errexit",
        "chgexit",
        "interval=",
        "precise",
        "no-rerun",
        "no-title",
        "no-wrap",
        "exec",
        "equexit=",
        "shotsdir=",
        "help",
        "version",
    ],
    0,
);
const FLOCK: Syntax = syntax(
    "snuxeoFhVw:E:",
    &[
        "shared",
        "nonblock",
        "unlock",
        "exclusive",
        "close",
        "no-fork",
        "wait=",
        "timeout=",
        "conflict-exit-code=",
        "verbose",
        "help",
        "version",
    ],
    1,
);

/// What the guard cannot read the options of.
const OPAQUE: Finding =
    Finding::approval(Cause::HiddenCode, "a wrapper with options the guard does not know").firm();

/// The steps of a wrapper; `None` for other programs.
pub(super) fn steps(name: &str, words: &[Word]) -> Option<Vec<Step>> {
    let arguments = words.get(1..).unwrap_or_default();
    match name {
        "xargs" => return Some(xargs(arguments)),
        "find" | "gfind" => return Some(find(arguments)),
        "watch" => return Some(watch(arguments)),
        "flock" => return Some(flock(arguments)),
        "parallel" => return Some(parallel(arguments)),
        _ => {}
    }
    if name.starts_with("ld-linux") || name.starts_with("ld-musl") || name == "ld.so" {
        let loader = syntax(
            "",
            &[
                "library-path=",
                "preload=",
                "audit=",
                "argv0=",
                "inhibit-cache",
                "inhibit-rpath=",
                "glibc-hwcaps-prepend=",
                "list",
                "verify",
                "help",
                "version",
            ],
            0,
        );
        let own = Finding::approval(Cause::HiddenCode, "a program started by the loader");
        return Some(plain(arguments, &loader, Some(own), name));
    }
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.names.contains(&name))?;
    Some(plain(arguments, &wrapper.syntax, wrapper.own, name))
}

fn plain(arguments: &[Word], syntax: &Syntax, own: Option<Finding>, name: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = own.map(Step::Note).into_iter().collect();
    // These end or begin a statement: what follows is no list of words.
    let opens = |word: &Word| {
        matches!(
            &*word.text,
            "{" | "("
                | "[["
                | "(("
                | "if"
                | "while"
                | "until"
                | "for"
                | "case"
                | "select"
                | "function"
                | "!"
        )
    };
    if matches!(name, "time" | "coproc") && arguments.iter().any(opens) {
        steps.push(Step::Note(Finding::unclear("a statement behind a reserved word")));
        return steps;
    }
    let Some(read) = read(arguments, syntax) else {
        steps.push(Step::Note(OPAQUE));
        return steps;
    };
    for variable in &read.variables {
        steps.push(Step::Set((*variable).clone()));
    }
    let rest = arguments.get(read.rest..).unwrap_or_default();
    match name {
        "env" if read.has(&["C", "chdir"]) => {
            let moved = Finding::approval(Cause::OutsidePath, "a command in another folder");
            steps.push(Step::Note(moved));
            steps.push(Step::Run(rest.to_vec()));
        }
        "command" if read.has(&["v", "V"]) => {}
        "sudo" if read.has(&["e", "edit"]) => {}
        "sudo" if rest.is_empty() && read.has(&["s", "i", "shell", "login"]) => {
            steps.push(Step::Input);
        }
        "sudo" if read.has(&["s", "i", "shell", "login"]) => steps.push(Step::Text(joined(rest))),
        "env" if read.has(&["S", "split-string"]) => {
            let mut words: Vec<Word> = Vec::new();
            for given in read.options.iter().filter(|given| given.name.starts_with(['S', 's'])) {
                let place = given.value.or(arguments.first());
                let text = given.attached.clone().or(given.value.map(|word| word.text.clone()));
                if let (Some(place), Some(text)) = (place, text) {
                    words.push(Word::literal(&text, place));
                }
            }
            words.extend_from_slice(rest);
            steps.push(Step::Text(joined(&words)));
        }
        _ if rest.is_empty() => {}
        _ => steps.push(Step::Run(rest.to_vec())),
    }
    steps
}

/// Words joined by blanks, as `eval` does.
pub(super) fn joined(words: &[Word]) -> Word {
    let text = words.iter().map(|word| &*word.text).collect::<Vec<_>>().join(" ");
    let mut all = Word { text, ..Word::default() };
    all.splits = words.iter().any(Word::may_be_several);
    all.pattern = words.iter().any(|word| word.pattern);
    if let (Some(first), Some(last)) = (words.first(), words.last()) {
        (all.start, all.end) = (first.start, last.end);
    }
    all
}

fn with_unknown(words: &[Word], mark: &str) -> Vec<Word> {
    let replace = |word: &Word| Word {
        text: word.text.replace(mark, "\0"),
        pattern: word.pattern && word.text != mark,
        ..word.clone()
    };
    words.iter().map(replace).collect()
}

fn xargs(arguments: &[Word]) -> Vec<Step> {
    let Some(read) = read(arguments, &XARGS) else { return vec![Step::Note(OPAQUE)] };
    let rest = arguments.get(read.rest..).unwrap_or_default();
    let Some(first) = rest.first() else { return Vec::new() };
    let mark =
        read.options.iter().find(|given| matches!(&*given.name, "I" | "i" | "replace" | "J"));
    let mut words = match mark {
        Some(given) => {
            let value =
                given.value.map(|word| word.text.clone()).or_else(|| given.attached.clone());
            with_unknown(rest, value.as_deref().unwrap_or("{}"))
        }
        None => rest.to_vec(),
    };
    let place = Word { text: UNKNOWN.to_string(), splits: true, ..first.clone() };
    words.push(Word { pattern: false, ..place });
    vec![Step::Run(words)]
}

fn find(arguments: &[Word]) -> Vec<Step> {
    let mut steps = Vec::new();
    let paths = arguments.iter().position(|word| {
        word.text.starts_with(['-', '(', '!']) && !matches!(&*word.text, "-H" | "-L" | "-P")
    });
    let (paths, tests) = arguments.split_at(paths.unwrap_or(arguments.len()));
    if paths.iter().any(Word::may_be_option) {
        let note = "options that only the run decides";
        steps.push(Step::Note(Finding::approval(Cause::HiddenCode, note).firm()));
    }
    let mut rest = tests;
    let mut harms = false;
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        match &*word.text {
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                steps.push(Step::Note(Finding::approval(Cause::HiddenCode, "find -exec")));
                let end = after.iter().position(|word| matches!(&*word.text, ";" | "+"));
                let (inner, after) = after.split_at(end.unwrap_or(after.len()));
                rest = after;
                let inner = with_unknown(inner, "{}");
                let name = inner.first().and_then(super::invocation::name);
                harms |= name.is_none_or(|name| {
                    matches!(
                        &*name,
                        "rm" | "shred" | "unlink" | "truncate" | "chmod" | "chown" | "mv"
                    )
                });
                steps.push(Step::Run(inner));
            }
            "-delete" => {
                harms = true;
                steps.push(Step::Note(Finding::approval(Cause::Recursive, "find -delete")));
            }
            "-fprint" | "-fprint0" | "-fls" | "-fprintf" => {
                steps.push(Step::Note(Finding::approval(Cause::OutsidePath, "find that writes")));
            }
            _ if word.may_be_option() && !word.text.starts_with('-') => {
                let note = "options that only the run decides";
                steps.push(Step::Note(Finding::approval(Cause::HiddenCode, note).firm()));
            }
            _ => {}
        }
    }
    if harms && paths.iter().any(super::targets::is_root_like) {
        steps.push(Step::Note(Finding::block(Cause::RootTarget, "find that removes below /")));
    }
    steps
}

fn watch(arguments: &[Word]) -> Vec<Step> {
    match read(arguments, &WATCH) {
        Some(read) => vec![Step::Text(joined(arguments.get(read.rest..).unwrap_or_default()))],
        None => vec![Step::Note(OPAQUE)],
    }
}

fn flock(arguments: &[Word]) -> Vec<Step> {
    let Some(read) = read(arguments, &FLOCK) else { return vec![Step::Note(OPAQUE)] };
    let rest = arguments.get(read.rest..).unwrap_or_default();
    match rest.split_first() {
        Some((flag, text)) if matches!(&*flag.text, "-c" | "--command") => {
            vec![Step::Text(joined(text))]
        }
        Some(_) => vec![Step::Run(rest.to_vec())],
        None => Vec::new(),
    }
}

/// Its options are many, and what it runs comes from its input.
fn parallel(arguments: &[Word]) -> Vec<Step> {
    let own = Finding::approval(Cause::HiddenCode, "parallel").firm();
    let first = arguments.iter().position(|word| !word.text.starts_with('-')).unwrap_or(0);
    let end = arguments.iter().position(|word| word.text.starts_with(":::"));
    let words = arguments.get(first..end.unwrap_or(arguments.len())).unwrap_or_default();
    vec![Step::Note(own), Step::Text(joined(words))]
}

/// The input a wrapped command gets: that of its wrapper, but for those that read it themselves.
pub(super) fn inner_input(name: &str, input: &Input) -> Input {
    if matches!(name, "xargs" | "parallel") { Input::Text(None) } else { input.clone() }
}
