//! Which arguments each command may get. Text alone: nothing is touched here.
//!
//! Options are listed one by one; what is not listed is refused. That leaves out everything that
//! writes, runs, waits for more, reads a list of names from a file, or follows links while it walks.

use crate::tool::native::error::{NativeError, quoted};

const MAX_ARGUMENTS: usize = 12;
const MAX_ARGUMENT_BYTES: usize = 4_096;
/// Seconds of `sleep`.
const MAX_SLEEP: f64 = 30.0;

/// What a command may be started with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// In the order the program gets them.
    pub(super) arguments: Vec<String>,
    /// Those that are paths, which still have to be resolved.
    pub(super) paths: Vec<String>,
}

/// What follows the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operands {
    None,
    Paths,
    /// A pattern, unless an option gave one, and paths.
    Pattern,
}

/// The value an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Nothing,
    Number,
    Text,
}

struct Rule {
    /// Letters without a value.
    letters: &'static str,
    /// Letters with a number and with a text behind them.
    number_letters: &'static str,
    text_letters: &'static str,
    /// Long names with what they take.
    long: &'static [(&'static str, Taken)],
    /// `-5` for a number of lines.
    bare_number: bool,
    operands: Operands,
}

const PLAIN: Rule = Rule {
    letters: "",
    number_letters: "",
    text_letters: "",
    long: &[],
    bare_number: false,
    operands: Operands::Paths,
};

use Taken::{Nothing, Number, Text};

fn rule(command: &str) -> Option<Rule> {
    Some(match command {
        "ls" => Rule {
            letters: "1ABCFGNQRSUXabcdfghiklmnopqrstuvx",
            long: &[
                ("all", Nothing),
                ("almost-all", Nothing),
                ("directory", Nothing),
                ("human-readable", Nothing),
                ("recursive", Nothing),
                ("reverse", Nothing),
                ("size", Nothing),
            ],
            ..PLAIN
        },
        "pwd" => Rule { letters: "LP", operands: Operands::None, ..PLAIN },
        "cat" => Rule {
            letters: "AETbenstuv",
            long: &[("number", Nothing), ("number-nonblank", Nothing), ("show-all", Nothing)],
            ..PLAIN
        },
        "head" | "tail" => Rule {
            letters: "qvz",
            number_letters: "cn",
            long: &[("lines", Number), ("bytes", Number), ("quiet", Nothing), ("verbose", Nothing)],
            bare_number: true,
            ..PLAIN
        },
        "wc" => Rule {
            letters: "Lclmw",
            long: &[("lines", Nothing), ("words", Nothing), ("bytes", Nothing), ("chars", Nothing)],
            ..PLAIN
        },
        "stat" => Rule { letters: "t", long: &[("terse", Nothing)], ..PLAIN },
        "grep" => Rule {
            letters: "EFGHILZabchilnoqrsvwxyz",
            number_letters: "ABCm",
            text_letters: "e",
            long: &[
                ("after-context", Number),
                ("before-context", Number),
                ("byte-offset", Nothing),
                ("context", Number),
                ("count", Nothing),
                ("exclude", Text),
                ("exclude-dir", Text),
                ("extended-regexp", Nothing),
                ("files-with-matches", Nothing),
                ("files-without-match", Nothing),
                ("fixed-strings", Nothing),
                ("ignore-case", Nothing),
                ("include", Text),
                ("invert-match", Nothing),
                ("line-number", Nothing),
                ("line-regexp", Nothing),
                ("max-count", Number),
                ("no-filename", Nothing),
                ("no-messages", Nothing),
                ("only-matching", Nothing),
                ("quiet", Nothing),
                ("recursive", Nothing),
                ("regexp", Text),
                ("text", Nothing),
                ("with-filename", Nothing),
                ("word-regexp", Nothing),
            ],
            bare_number: true,
            operands: Operands::Pattern,
        },
        _ => return None,
    })
}

/// Checks the arguments of an allowed command.
pub(super) fn check(command: &str, arguments: &[String]) -> Result<Plan, NativeError> {
    if arguments.len() > MAX_ARGUMENTS {
        let message = format!("args has {} entries, over {MAX_ARGUMENTS}", arguments.len());
        return Err(NativeError::invalid(message).of_field("args"));
    }
    for argument in arguments {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./@=+:,".contains(&byte);
        if argument.is_empty()
            || argument.len() > MAX_ARGUMENT_BYTES
            || !argument.bytes().all(known)
        {
            let message = format!(
                "argument {} is not allowed: 1 to {MAX_ARGUMENT_BYTES} letters, digits and \
                 _ - . / @ = + : , are",
                quoted(argument)
            );
            return Err(NativeError::not_allowed(message).of_field("args"));
        }
    }
    match command {
        // It prints what it gets and opens nothing.
        "echo" => Ok(Plan { arguments: arguments.to_vec(), paths: Vec::new() }),
        "sleep" => sleep(arguments),
        "find" => super::rules_find::check(arguments),
        _ => match rule(command) {
            Some(rule) => by_rule(command, &rule, arguments),
            None => Err(refused(command, "any argument")),
        },
    }
}

/// An argument that the rules of its command do not name.
pub(super) fn refused(command: &str, argument: &str) -> NativeError {
    let message = format!("argument {} of {command} is not allowed", quoted(argument));
    NativeError::not_allowed(message).of_field("args")
}

fn sleep(arguments: &[String]) -> Result<Plan, NativeError> {
    let [seconds] = arguments else {
        return Err(NativeError::not_allowed("sleep takes one argument".into()).of_field("args"));
    };
    let plain = seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match seconds.parse::<f64>() {
        Ok(number) if plain && number <= MAX_SLEEP => {
            Ok(Plan { arguments: vec![seconds.clone()], paths: Vec::new() })
        }
        _ => Err(refused("sleep", seconds)),
    }
}

/// A count as the commands take it: `5`, `+5`, `-5`, `2k`.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    (1..=18).contains(&end)
        && digits.len() - end <= 3
        && digits[end..].bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Options first, then `--`, then the rest: nothing behind it is read as an option, whatever the
/// system's program makes of options between paths.
fn by_rule(command: &str, rule: &Rule, given: &[String]) -> Result<Plan, NativeError> {
    let mut options = Vec::new();
    let mut operands = Vec::new();
    let mut pattern_given = false;
    let mut left = given.iter();
    while let Some(argument) = left.next() {
        if argument == "--" {
            operands.extend(left.by_ref().cloned());
        } else if argument.len() > 1 && argument.starts_with('-') {
            let (taken, value) =
                option(rule, argument).ok_or_else(|| refused(command, argument))?;
            options.push(argument.clone());
            let value = match value {
                None if taken != Nothing => {
                    let next = left.next().ok_or_else(|| refused(command, argument))?;
                    options.push(next.clone());
                    next.as_str()
                }
                value => value.unwrap_or_default(),
            };
            if taken == Number && !is_number(value) {
                return Err(refused(command, if value.is_empty() { argument } else { value }));
            }
            pattern_given |=
                argument.starts_with("--regexp") || (!argument.starts_with("--") && taken == Text);
        } else {
            operands.push(argument.clone());
        }
    }
    let paths = match rule.operands {
        Operands::None => match operands.first() {
            Some(operand) => return Err(refused(command, operand)),
            None => Vec::new(),
        },
        Operands::Paths => operands.clone(),
        Operands::Pattern if pattern_given => operands.clone(),
        Operands::Pattern => operands.iter().skip(1).cloned().collect(),
    };
    let mut arguments = options;
    if !operands.is_empty() {
        arguments.push("--".to_owned());
        arguments.extend(operands);
    }
    Ok(Plan { arguments, paths })
}

/// What a listed option takes, and the value that stands in the same argument.
fn option<'a>(rule: &Rule, argument: &'a str) -> Option<(Taken, Option<&'a str>)> {
    if let Some(long) = argument.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let taken = rule.long.iter().find(|(known, _)| *known == name)?.1;
        return (taken != Nothing || value.is_none()).then_some((taken, value));
    }
    let letters = &argument[1..];
    if rule.bare_number && letters.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((Nothing, None));
    }
    for (index, letter) in letters.char_indices() {
        let rest = &letters[index + 1..];
        let rest = (!rest.is_empty()).then_some(rest);
        if rule.number_letters.contains(letter) {
            return Some((Number, rest));
        }
        if rule.text_letters.contains(letter) {
            return Some((Text, rest));
        }
        if !rule.letters.contains(letter) {
            return None;
        }
    }
    Some((Nothing, None))
}
