//! The options of programs that run other programs, so that what follows them can be found.

use super::words::Word;

/// How a program reads its options.
#[derive(Debug, Clone, Copy)]
pub(super) struct Syntax {
    /// Letters as for getopt: `a` alone, `b:` with a value, `c;` with a value only when attached.
    pub(super) short: &'static str,
    /// Long names; one that ends in `=` takes a value. May be abbreviated.
    pub(super) long: &'static [&'static str],
    /// Operands before the command itself.
    pub(super) operands: usize,
    /// Takes `NAME=value` before the command.
    pub(super) variables: bool,
}

/// One option with its value.
#[derive(Debug, Clone)]
pub(super) struct Given<'w> {
    /// The letter, or the long name in full.
    pub(super) name: String,
    pub(super) value: Option<&'w Word>,
    /// A value that is attached, as text.
    pub(super) attached: Option<String>,
}

/// What was read before the command.
#[derive(Debug, Clone, Default)]
pub(super) struct Read<'w> {
    pub(super) options: Vec<Given<'w>>,
    pub(super) variables: Vec<&'w Word>,
    /// Where the command begins.
    pub(super) rest: usize,
}

impl Read<'_> {
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|given| names.contains(&&*given.name))
    }
}

/// Reads the options before a command. `None` when one is unknown or decided by the run: then nobody
/// can say where the command begins.
pub(super) fn read<'w>(words: &'w [Word], syntax: &Syntax) -> Option<Read<'w>> {
    let mut read = Read::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let text = &*word.text;
        if word.may_be_several() || text.starts_with('\0') {
            return None;
        }
        if text == "--" {
            at += 1;
            break;
        }
        if let Some(long) = text.strip_prefix("--") {
            let value = long_option(long, syntax, &mut read)?;
            at += 1;
            if value {
                read.options.last_mut()?.value = Some(words.get(at)?);
                at += 1;
            }
        } else if text.len() > 1 && text.starts_with('-') {
            let value = letters(&text[1..], syntax, &mut read)?;
            at += 1;
            if value {
                read.options.last_mut()?.value = Some(words.get(at)?);
                at += 1;
            }
        } else if syntax.variables && is_assignment(text) {
            read.variables.push(word);
            at += 1;
        } else if text == "-" && syntax.variables {
            at += 1;
        } else {
            break;
        }
    }
    let operands = words.get(at..).unwrap_or_default().iter().take(syntax.operands);
    if operands.clone().any(Word::may_be_several) {
        return None;
    }
    read.rest = at + operands.len();
    // After operands `env`-like variables do not occur.
    while syntax.variables && words.get(read.rest).is_some_and(|word| is_assignment(&word.text)) {
        read.variables.push(&words[read.rest]);
        read.rest += 1;
    }
    Some(read)
}

/// True when the value is the next word.
fn long_option(text: &str, syntax: &Syntax, read: &mut Read<'_>) -> Option<bool> {
    let (name, attached) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    let full = |known: &&&str| known.trim_end_matches('=') == name;
    let known =
        syntax.long.iter().find(full).or_else(|| {
            syntax.long.iter().find(|known| !name.is_empty() && known.starts_with(name))
        })?;
    let value = known.ends_with('=') && attached.is_none();
    read.options.push(Given {
        name: known.trim_end_matches('=').to_owned(),
        value: None,
        attached,
    });
    Some(value)
}

fn letters(cluster: &str, syntax: &Syntax, read: &mut Read<'_>) -> Option<bool> {
    for (at, letter) in cluster.char_indices() {
        let place = syntax.short.find(letter).filter(|_| letter != ':' && letter != ';')?;
        let kind = syntax.short[place + letter.len_utf8()..].chars().next();
        let rest = &cluster[at + letter.len_utf8()..];
        let name = letter.to_string();
        match kind {
            Some(':') if rest.is_empty() => {
                read.options.push(Given { name, value: None, attached: None });
                return Some(true);
            }
            Some(':' | ';') => {
                let attached = (!rest.is_empty()).then(|| rest.to_owned());
                read.options.push(Given { name, value: None, attached });
                return Some(false);
            }
            _ => read.options.push(Given { name, value: None, attached: None }),
        }
    }
    Some(false)
}

/// True for `NAME=…`.
pub(super) fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
