//! Step 5: which arguments of a command are written to.

use super::analysis::Cause;
use super::collect::{HIDDEN_SUBSCRIPT, hides_code};
use super::invocation::{Finding, Redirection};
use super::targets::{Folders, Place};
use super::words::Word;

/// What writing to a place is worth.
pub(super) fn writing(place: Place) -> Option<Finding> {
    Some(match place {
        Place::Inside => return None,
        Place::Dynamic => Finding::approval(Cause::DynamicPath, "a path that only the run decides"),
        Place::Outside => Finding::approval(Cause::OutsidePath, "a path outside the workspace"),
        Place::System => Finding::block(Cause::OutsidePath, "a path of the system"),
        Place::Device => Finding::block(Cause::Machine, "a device"),
        Place::Network => Finding::block(Cause::Network, "a connection by /dev/tcp"),
        Place::Root => Finding::block(Cause::RootTarget, "a root-like path"),
    })
}

/// What a redirection is worth.
pub(super) fn redirection(redirection: &Redirection, folders: &Folders) -> Option<Finding> {
    let target = &redirection.target;
    let descriptor = target.text.chars().all(|c| c.is_ascii_digit() || c == '-');
    // bash expands the word after `>&` once more than others.
    if redirection.operator.contains('&') && hides_code(&target.text) {
        return Some(HIDDEN_SUBSCRIPT);
    }
    let place = folders.place(target);
    match &*redirection.operator {
        "<" => (place == Place::Network).then_some(place),
        "<&" | "<&-" | ">&-" => None,
        ">&" if descriptor && !target.text.is_empty() => None,
        // `>&$fd` is nearly always a descriptor, but need not be one.
        _ => Some(place),
    }
    .and_then(writing)
    .map(Finding::firm)
}

/// What the files that a command writes are worth.
pub(super) fn findings(name: &str, arguments: &[Word], folders: &Folders) -> Vec<Finding> {
    let operands = operands(arguments);
    let owned = |operands: Vec<&Word>| operands.into_iter().cloned().collect::<Vec<Word>>();
    let written: Vec<Word> = match name {
        "rm" => return removal(arguments, &operands, folders),
        "chmod" | "chown" | "chgrp" => return rights(name, arguments, &operands, folders),
        "shred" | "truncate" | "tee" | "unlink" | "sponge" | "mv" | "rmdir" => owned(operands),
        "cp" | "install" => last_or_target(arguments, &operands),
        "ln" => return links(arguments, &operands, folders),
        "dd" => return copies(arguments, folders),
        "sed" | "gsed" if in_place(arguments) => edited(arguments, &operands),
        "tar" | "gtar" | "bsdtar" => values(arguments, "-C", "--directory"),
        "unzip" => values(arguments, "-d", "--directory"),
        "sort" => values(arguments, "-o", "--output"),
        _ => return Vec::new(),
    };
    written.iter().filter_map(|word| writing(folders.place(word))).collect()
}

fn operands(arguments: &[Word]) -> Vec<&Word> {
    let mut only = false;
    let mut operands = Vec::new();
    for word in arguments {
        if !only && word.text == "--" {
            only = true;
        } else if only || !word.text.starts_with('-') || word.text == "-" {
            operands.push(word);
        }
    }
    operands
}

/// True when an option is given, alone, in a cluster or abbreviated.
fn has(arguments: &[Word], letters: &[char], long: &str) -> bool {
    arguments.iter().take_while(|word| word.text != "--").any(|word| {
        let text = &*word.text;
        match text.strip_prefix("--") {
            Some(name) => !name.is_empty() && long.starts_with(name),
            None => text.starts_with('-') && text.contains(letters),
        }
    })
}

fn removal(arguments: &[Word], operands: &[&Word], folders: &Folders) -> Vec<Finding> {
    let recursive = has(arguments, &['r', 'R'], "recursive");
    let forced = arguments.iter().any(|word| word.text.starts_with("--no-p"));
    // An option may hide in what only the run decides.
    let may_recurse = recursive || operands.iter().any(|word| word.may_be_several());
    let mut findings = Vec::new();
    if recursive {
        findings.push(Finding::approval(Cause::Recursive, "rm -r"));
    }
    if forced || may_recurse && operands.iter().any(|word| folders.is_root(word)) {
        findings.push(Finding::block(Cause::RootTarget, "rm -r of a root-like path"));
    }
    findings.extend(operands.iter().filter_map(|word| writing(folders.place(word))));
    findings
}

fn rights(name: &str, arguments: &[Word], operands: &[&Word], folders: &Folders) -> Vec<Finding> {
    let recursive = has(arguments, &['R'], "recursive");
    let files = operands.get(1..).unwrap_or_default();
    let mut findings = Vec::new();
    if recursive || operands.iter().any(|word| word.may_be_several()) {
        findings.push(Finding::approval(Cause::Recursive, "a change of rights in whole folders"));
        if files.iter().any(|word| folders.is_root(word)) {
            let what = "a change of rights of a root-like path";
            findings.push(Finding::block(Cause::RootTarget, what));
        }
    }
    let mode = operands.first().map_or("", |word| &*word.text);
    let special = mode.len() == 4 && mode.starts_with(['2', '3', '4', '5', '6', '7']);
    if name == "chmod" && (mode.contains('s') || special) {
        findings.push(Finding::approval(Cause::Privilege, "a set-user-ID bit"));
    }
    findings.extend(files.iter().filter_map(|word| writing(folders.place(word))));
    findings
}

fn links(arguments: &[Word], operands: &[&Word], folders: &Folders) -> Vec<Finding> {
    let written = last_or_target(arguments, operands);
    let mut findings: Vec<Finding> = if operands.len() > 1 {
        written.iter().filter_map(|word| writing(folders.place(word))).collect()
    } else {
        Vec::new()
    };
    if operands.iter().any(|word| folders.place(word) > Place::Dynamic) {
        let what = "a link out of the workspace";
        findings.push(Finding::approval(Cause::OutsidePath, what));
    }
    findings
}

fn copies(arguments: &[Word], folders: &Folders) -> Vec<Finding> {
    let target = |word: &Word| match word.text.strip_prefix("of=") {
        Some(path) => writing(folders.place(&Word { text: path.to_owned(), ..word.clone() })),
        None if word.may_be_option() && !word.text.starts_with("if=") => writing(Place::Dynamic),
        None => None,
    };
    arguments.iter().filter_map(target).collect()
}

/// The last operand, or what `-t` names.
fn last_or_target(arguments: &[Word], operands: &[&Word]) -> Vec<Word> {
    let mut written = values(arguments, "-t", "--target-directory");
    written.extend(operands.last().map(|word| (*word).clone()));
    written
}

/// The values of an option, attached or not.
fn values(arguments: &[Word], short: &str, long: &str) -> Vec<Word> {
    let part = |word: &Word, text: &str| Word { text: text.to_owned(), ..word.clone() };
    let mut found = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        let text = &*word.text;
        let next = arguments.get(at + 1);
        if let Some(name) = text.strip_prefix("--") {
            match name.split_once('=') {
                Some((name, value)) if !name.is_empty() && long[2..].starts_with(name) => {
                    found.push(part(word, value));
                }
                None if !name.is_empty() && long[2..].starts_with(name) => {
                    found.extend(next.cloned());
                }
                _ => {}
            }
        } else if text.starts_with('-') {
            match text.split_once(&short[1..]) {
                Some((_, "")) => found.extend(next.cloned()),
                Some((_, value)) => found.push(part(word, value)),
                None => {}
            }
        }
    }
    found
}

/// The files of `sed -i`: the first operand is the script unless an option gives it.
fn edited(arguments: &[Word], operands: &[&Word]) -> Vec<Word> {
    let scripted = has(arguments, &['e', 'f'], "expression") || has(arguments, &[], "file");
    let value = |word: &&Word| {
        arguments.windows(2).any(|pair| {
            std::ptr::eq(&raw const pair[1], *word)
                && matches!(&*pair[0].text, "-e" | "-f" | "--expression" | "--file")
        })
    };
    let from = if scripted { 0 } else { 1.min(operands.len()) };
    operands[from..].iter().filter(|word| !value(word)).map(|word| (*word).clone()).collect()
}

fn in_place(arguments: &[Word]) -> bool {
    has(arguments, &['i'], "in-place")
}
