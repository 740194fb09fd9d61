//! Bounds of the engine that a script met, for whoever reads its result.

use std::sync::{Mutex, PoisonError};

/// Sentences at most; one script may meet a bound in a loop.
const MOST: usize = 10;

/// How commands of the engine say that a bound of theirs cut something. A script can print such lines too.
const SIGNS: &[&str] = &[
    "truncated",
    "limit (",
    "limit exceeded",
    "exceeds limit",
    "range too large",
    "nesting too deep",
    "recursion level exceeded",
    "maximum source depth",
];

/// Words of a brace range.
const MAX_RANGE: u64 = 10_000;

/// How many words a range such as `{1..9..2}` makes; nothing for what is none.
fn words_of(range: &str) -> Option<u64> {
    let inner = range.strip_prefix('{')?.strip_suffix('}')?;
    let mut numbers = inner.split("..").map(str::parse::<i64>);
    let (first, last) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let step = numbers.next().unwrap_or(Ok(1)).ok()?.unsigned_abs().max(1);
    if numbers.next().is_some() {
        return None;
    }
    Some((first.abs_diff(last) / step).saturating_add(1))
}

/// What was cut, and by what.
#[derive(Debug, Default)]
pub(crate) struct Limited(Mutex<Vec<String>>);

impl Limited {
    pub(crate) fn note(&self, sentence: &str) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MOST && !noted.iter().any(|known| known == sentence) {
            noted.push(sentence.to_owned());
        }
    }

    /// Notes what commands have printed of bounds.
    pub(crate) fn read(&self, errors: &str) {
        for line in errors.lines().filter(|line| SIGNS.iter().any(|sign| line.contains(sign))) {
            let sentence = line.strip_prefix("bash: ").unwrap_or(line);
            if sentence.len() < 1000 {
                self.note(sentence);
            }
        }
    }

    /// Notes ranges such as `{1..20000}`, as they stand in a script, which the engine leaves as they are
    /// without a word where they make too many words.
    pub(crate) fn read_script(&self, script: &str) {
        for (at, _) in script.match_indices('{') {
            let Some(range) = script[at..].split_inclusive('}').next() else { continue };
            if words_of(range).is_some_and(|words| words > MAX_RANGE) {
                self.note(&format!("brace range {range}: not expanded, over {MAX_RANGE} words"));
            }
        }
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_are_not_expanded_are_told() {
        let limited = Limited::default();
        limited.read_script("echo {1..10000} {a,b} {x..z} ${v} {0..20000..2}; f() { :; }");
        let told = "brace range {0..20000..2}: not expanded, over 10000 words";
        assert_eq!(limited.told(), [told]);
    }

    #[test]
    fn what_commands_say_of_bounds_is_told_once() {
        let limited = Limited::default();
        let warning =
            "sed: warning: branch/label loop limit (1000) reached; output may be truncated";
        limited.read(&format!("cat: x: No such file or directory\n{warning}\n{warning}\n"));
        limited.read("bash: printf: format width 30000000 exceeds limit 10000\n");
        let width = "printf: format width 30000000 exceeds limit 10000";
        assert_eq!(limited.told(), [warning, width]);
    }
}
