//! The words of a command, sorted into options and operands as the usual commands read them.

/// What an option is: its letter, its long name, and whether it takes a value.
pub(super) struct Spec {
    pub(super) letter: char,
    pub(super) long: &'static str,
    pub(super) takes: Takes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Value,
    /// With `=` alone.
    Perhaps,
}

/// Short for a table of options. A letter of NUL has no short form.
pub(super) const fn option(letter: char, long: &'static str, takes: Takes) -> Spec {
    Spec { letter, long, takes }
}

/// Options by their long names, in order, and the other words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) options: Vec<(&'static str, String)>,
    pub(super) operands: Vec<String>,
}

impl Words {
    pub(super) fn has(&self, long: &str) -> bool {
        self.options.iter().any(|(name, _)| *name == long)
    }

    /// The last one given.
    pub(super) fn value(&self, long: &str) -> Option<&str> {
        let found = self.options.iter().rev().find(|(name, _)| *name == long);
        found.map(|(_, value)| value.as_str())
    }
}

/// Sorts words; the error is a sentence for people. `is_operand` keeps words such as `-1` from being read
/// as options.
pub(super) fn sort(
    words: &[String],
    specs: &[Spec],
    is_operand: fn(&str) -> bool,
) -> Result<Words, String> {
    let mut sorted = Words::default();
    let mut left = words.iter();
    while let Some(word) = left.next() {
        if word == "--" {
            sorted.operands.extend(left.by_ref().cloned());
        } else if word == "-" || !word.starts_with('-') || is_operand(word) {
            sorted.operands.push(word.clone());
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let unknown = || format!("unrecognized option '--{name}'");
            let exact = specs.iter().find(|spec| spec.long == name);
            let mut near = specs.iter().filter(|spec| spec.long.starts_with(name));
            let spec = exact.or_else(|| near.next()).ok_or_else(unknown)?;
            let value = match (spec.takes, value) {
                (Takes::Nothing, Some(_)) => {
                    return Err(format!("option '--{name}' doesn't allow an argument"));
                }
                (Takes::Value, None) => left
                    .next()
                    .cloned()
                    .ok_or_else(|| format!("option '--{name}' requires an argument"))?,
                (_, value) => value.unwrap_or_default(),
            };
            sorted.options.push((spec.long, value));
        } else {
            let mut letters = word[1..].char_indices();
            while let Some((at, letter)) = letters.next() {
                let spec = specs
                    .iter()
                    .find(|spec| spec.letter == letter)
                    .ok_or_else(|| format!("invalid option -- '{letter}'"))?;
                if spec.takes != Takes::Value {
                    sorted.options.push((spec.long, String::new()));
                    continue;
                }
                let rest = &word[1 + at + letter.len_utf8()..];
                let value = if rest.is_empty() { left.next().cloned() } else { Some(rest.into()) };
                let value =
                    value.ok_or_else(|| format!("option requires an argument -- '{letter}'"))?;
                sorted.options.push((spec.long, value));
                letters = "".char_indices();
            }
        }
    }
    Ok(sorted)
}

/// No word that looks like an option is anything else.
pub(super) fn none(_: &str) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: &[Spec] = &[
        option('a', "all", Takes::Nothing),
        option('n', "lines", Takes::Value),
        option('\0', "color", Takes::Perhaps),
    ];

    fn sorted(line: &str) -> Result<Words, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        sort(&words, SPECS, none)
    }

    #[test]
    fn words_are_sorted_as_the_usual_commands_do() {
        let words = sorted("x -an3 --lines=4 --co y -n 5 -- -a").unwrap();
        let options: Vec<(&str, &str)> =
            words.options.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let expected = [("all", ""), ("lines", "3"), ("lines", "4"), ("color", ""), ("lines", "5")];
        assert_eq!(options, expected);
        assert_eq!(words.operands, ["x", "y", "-a"]);
        assert_eq!(words.value("lines"), Some("5"));
    }

    #[test]
    fn what_is_no_option_is_named() {
        assert_eq!(sorted("-z").unwrap_err(), "invalid option -- 'z'");
        assert_eq!(sorted("--zoo").unwrap_err(), "unrecognized option '--zoo'");
        assert_eq!(sorted("-n").unwrap_err(), "option requires an argument -- 'n'");
        assert_eq!(sorted("--all=1").unwrap_err(), "option '--all' doesn't allow an argument");
    }
}
