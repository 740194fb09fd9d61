//! Takes secrets out of what is logged and out of error texts.
//!
//! Two sources: the values that a call was given in its environment, as exact strings, and twelve
//! kinds of text that are secrets by their look. It is a net for accidents, not a boundary: a tool
//! that wants to tell a secret can always spell it differently.
//!
//! Linear in the text by construction. The values are found by one automaton. Each pattern is a
//! regular expression of a linear-time engine, written so that a match is never longer searched for
//! than it is long: what follows a pattern's fixed head is a run of one class of characters, and
//! no two searches read the same run twice.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

/// What stands in place of a secret.
const MARK: &str = "[REDACTED]";
/// Shorter values of the environment are words such as `true` or `8080`.
const LEAST_VALUE: usize = 8;
/// Characters of a line that reach a logger.
pub const LINE_CHARS: usize = 256;

/// The twelve kinds: a name, what it looks like, and what stays of it beside the mark.
///
/// In the order in which they are applied: a whole URL before its parts, the precise before the
/// vague. Classes and boundaries are ASCII: secrets are, and the boundaries of Unicode would send
/// every text that is not through the slowest engine.
const PATTERNS: [(&str, &str, &str); 12] = [
    (
        "JSON web token",
        r"(?-u:\b)eyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]*)?",
        "[REDACTED]",
    ),
    ("AWS access key", r"(?-u:\b)A[KS]IA[0-9A-Z]{16}(?-u:\b)", "[REDACTED]"),
    ("GitHub token", r"(?-u:\b)gh[pousr]_[0-9A-Za-z]{36,}", "[REDACTED]"),
    ("Slack token", r"(?-u:\b)xox[a-z]-[0-9A-Za-z-]{8,}", "[REDACTED]"),
    (
        "database URL",
        r#"(?i)((?:database|db|mongo(?:db)?|postgres(?:ql)?|mysql|redis|amqp)_?(?:url|uri|dsn)["']?[ \t]*[=:][ \t]*["']?)[^\s"']+"#,
        "${1}[REDACTED]",
    ),
    ("credentials in a URL", r#"([0-9A-Za-z+.-]://)[^\s/"'@:]*:[^\s/"']*@"#, "${1}[REDACTED]@"),
    ("bearer token", r"(?i)(?-u:\b)(bearer[ \t]+)[0-9A-Za-z._~+/=-]+", "${1}[REDACTED]"),
    (
        "assignment to a secret's name",
        r#"(?i)((?:key|token|secret|password)["']?[ \t]*[=:][ \t]*)(?:"[^"\n]*"?|'[^'\n]*'?|[^\s"',;&]+)"#,
        "${1}[REDACTED]",
    ),
    ("sk- or pk- key", r"(?-u:\b)[sp]k[-_][0-9A-Za-z_-]{16,}", "[REDACTED]"),
    ("api_ key", r"(?-u:\b)api_[0-9A-Za-z_-]{16,}", "[REDACTED]"),
    ("key- key", r"(?-u:\b)key-[0-9A-Za-z_-]{16,}", "[REDACTED]"),
    (
        "e-mail address",
        r"[0-9A-Za-z_.%+-]+@[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*\.[A-Za-z]{2,}",
        "[REDACTED]",
    ),
];

/// The patterns, compiled at first use; a test compiles each, so none can be missing here.
static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    PATTERNS.iter().filter_map(|(_, look, stays)| Some((Regex::new(look).ok()?, *stays))).collect()
});

/// Takes the secrets of one call out of texts.
#[derive(Debug, Default)]
pub struct Redactor {
    values: Values,
}

#[derive(Debug, Default)]
enum Values {
    #[default]
    None,
    Found(AhoCorasick),
    /// More than an automaton can hold: nothing is let through.
    TooMany,
}

impl Redactor {
    /// A redactor for the patterns and for `values`, of which those shorter than eight characters
    /// are left out.
    pub fn new<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> Redactor {
        let long = |value: &T| value.as_ref().chars().nth(LEAST_VALUE - 1).is_some();
        let values: Vec<T> = values.into_iter().filter(long).collect();
        if values.is_empty() {
            return Redactor::default();
        }
        let found = AhoCorasick::new(values.iter().map(T::as_ref));
        Redactor { values: found.map_or(Values::TooMany, Values::Found) }
    }

    /// The text without secrets; borrowed when there is none in it.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = match &self.values {
            Values::None => Cow::Borrowed(text),
            Values::Found(automaton) => without_values(automaton, text),
            Values::TooMany => return Cow::Borrowed(MARK),
        };
        for (pattern, stays) in COMPILED.iter() {
            if let Cow::Owned(changed) = pattern.replace_all(&text, *stays) {
                text = Cow::Owned(changed);
            }
        }
        text
    }

    /// One line for a logger: redacted first, so that no half of a secret is left at the end, then
    /// cut to [`LINE_CHARS`] characters.
    pub fn log_line<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let redacted = self.redact(line);
        let Some((end, _)) = redacted.char_indices().nth(LINE_CHARS) else { return redacted };
        match redacted {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
            Cow::Owned(mut text) => {
                text.truncate(end);
                Cow::Owned(text)
            }
        }
    }
}

/// Marks every stretch that one value, or several that overlap, cover.
fn without_values<'a>(automaton: &AhoCorasick, text: &'a str) -> Cow<'a, str> {
    let mut covered: Vec<(usize, usize)> = Vec::new();
    // Ends never go back, starts may: a longer value ends where a shorter one does, or later.
    for found in automaton.find_overlapping_iter(text) {
        let mut start = found.start();
        while let Some(&(from, to)) = covered.last() {
            if to <= start {
                break;
            }
            start = start.min(from);
            covered.pop();
        }
        covered.push((start, found.end()));
    }
    if covered.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to) in covered {
        clean.push_str(&text[at..from]);
        clean.push_str(MARK);
        at = to;
    }
    clean.push_str(&text[at..]);
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests;
