//! awk: programs that start commands or write files.

use super::super::payload::Step;
use super::super::words::Word;
use super::UNREAD;

pub(super) fn steps(arguments: &[Word]) -> Vec<Step> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let text = &*word.text;
        if word.may_be_several() {
            return vec![Step::Note(UNREAD)];
        }
        match text {
            "-F" | "-v" | "--assign" | "--field-separator" => {
                words.next();
            }
            "-f" | "--file" if arguments.iter().any(super::is_input) => {
                return vec![Step::Note(UNREAD)];
            }
            // A program in a file is like any other script.
            "-f" | "--file" | "--version" | "--help" | "-V" => return Vec::new(),
            "--" => {
                return match words.next() {
                    Some(program) if !is_plain(program) => vec![Step::Note(UNREAD)],
                    _ => Vec::new(),
                };
            }
            _ if text.starts_with("-F") || text.starts_with("-v") => {}
            // Other options load extensions or texts; the list differs from awk to awk.
            _ if text.starts_with('-') => return vec![Step::Note(UNREAD)],
            _ if is_plain(word) => return Vec::new(),
            _ => return vec![Step::Note(UNREAD)],
        }
    }
    Vec::new()
}

/// True for a program without anything that could start a command, write a file or load code.
fn is_plain(program: &Word) -> bool {
    if program.dynamic() {
        return false;
    }
    let text = program.text.replace("||", "");
    let prints = text.match_indices("print").any(|(at, _)| {
        text[at..].split([';', '}', '\n']).next().is_some_and(|statement| statement.contains('>'))
    });
    !prints
        && !["system", "|", "getline", "@", "close", "fflush"]
            .iter()
            .any(|part| text.contains(part))
}
