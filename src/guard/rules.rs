//! Step 6, the caller's part: rules by prefix and by regular expression.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::bounds;
use super::invocation::Invocation;
use super::words::Word;
use crate::Error;

/// What a guard is told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct GuardOptions {
    /// Commands that may run although the built-in lists ask for approval.
    pub allow: Vec<String>,
    /// Commands that need approval.
    pub approve: Vec<String>,
    /// Commands that must not run.
    pub block: Vec<String>,
    /// What becomes of a text that cannot be read with certainty.
    pub on_unclear: OnUnclear,
    /// The absolute path of the folder that commands may write to. Without it that is the folder
    /// they are run in, and every absolute path is outside.
    pub workspace: Option<String>,
    /// The absolute path of the folder that commands are run in; by default the workspace.
    pub cwd: Option<String>,
}

/// What becomes of a text that cannot be read with certainty. It is never allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OnUnclear {
    /// A person has to agree.
    #[default]
    Approval,
    /// It must not run.
    Block,
}

/// One rule.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// `Bash(git push:*)`, or `Bash(git push)` for these words and no others.
    Words { tokens: Vec<String>, open: bool, shown: String },
    /// `/git\s+push/i`, looked for in a command's source text.
    Pattern { regex: Regex, shown: String },
}

/// How a rule stands to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    No,
    /// It would match if the run decided on certain words.
    Perhaps,
    Yes,
}

impl Rule {
    pub(super) fn parse(text: &str) -> Result<Rule, Error> {
        if text.len() > bounds::RULE_BYTES {
            let most = bounds::RULE_BYTES;
            return Err(Error::invalid_argument(format!("a rule is longer than {most} bytes")));
        }
        if let Some(inside) = text.strip_prefix("Bash(").and_then(|rest| rest.strip_suffix(')')) {
            let (words, open) = match inside.strip_suffix(":*") {
                Some(words) => (words, true),
                None => (inside, false),
            };
            let tokens: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            if tokens.is_empty() {
                return Err(wrong(text, "names no command"));
            }
            return Ok(Rule::Words { tokens, open, shown: text.to_owned() });
        }
        let ends = text.rfind('/').filter(|end| *end > 0 && text.starts_with('/'));
        let Some(end) = ends else {
            return Err(wrong(text, "is neither Bash(words), Bash(words:*) nor /expression/flags"));
        };
        let mut builder = RegexBuilder::new(&text[1..end]);
        for flag in text[end + 1..].chars() {
            match flag {
                'i' => builder.case_insensitive(true),
                'm' => builder.multi_line(true),
                's' => builder.dot_matches_new_line(true),
                'g' | 'u' => &mut builder,
                _ => return Err(wrong(text, &format!("has the unknown flag {flag:?}"))),
            };
        }
        let regex = builder.size_limit(1 << 20).build().map_err(|error| {
            let last = error.to_string();
            let last = last.lines().last().unwrap_or_default().trim_start_matches("error: ");
            wrong(text, &format!("is no linear-time regular expression: {last}"))
        })?;
        Ok(Rule::Pattern { regex, shown: text.to_owned() })
    }

    pub(super) fn shown(&self) -> &str {
        match self {
            Rule::Words { shown, .. } | Rule::Pattern { shown, .. } => shown,
        }
    }

    /// Looks at a whole text: for expressions only.
    pub(super) fn finds(&self, text: &str) -> bool {
        matches!(self, Rule::Pattern { regex, .. } if regex.is_match(text))
    }

    /// For a rule that allows: only what is literally so, and the name as it is written.
    pub(super) fn allows(&self, invocation: &Invocation) -> bool {
        match self {
            Rule::Pattern { regex, .. } => regex.is_match(&invocation.source),
            Rule::Words { tokens, open, .. } => {
                let words = &invocation.words;
                let fits =
                    if *open { words.len() >= tokens.len() } else { words.len() == tokens.len() };
                fits && words.iter().zip(tokens).all(|(word, token)| word.fixed() == Some(token))
            }
        }
    }

    /// For a rule that forbids: the name in any folder, with options before the other words, and
    /// what the run may turn into it.
    pub(super) fn catches(&self, invocation: &Invocation) -> Match {
        let (tokens, open) = match self {
            Rule::Pattern { regex, .. } => {
                return if regex.is_match(&invocation.source) { Match::Yes } else { Match::No };
            }
            Rule::Words { tokens, open, .. } => (tokens, *open),
        };
        let Some(name) = invocation.name() else { return Match::No };
        let Some((first, rest)) = tokens.split_first() else { return Match::No };
        let literal = invocation.words.first().and_then(Word::fixed) == Some(first);
        if !literal && !first.eq_ignore_ascii_case(&name) {
            return Match::No;
        }
        let arguments = invocation.arguments();
        let plain = compare(rest, arguments, open);
        let skipped = first_operands(rest, arguments)
            .map(|arguments| compare(rest, arguments, open))
            .find(|found| *found != Match::No);
        match (plain, skipped) {
            (Match::Yes, _) | (_, Some(Match::Yes)) => Match::Yes,
            (Match::No, None | Some(Match::No)) => Match::No,
            _ => Match::Perhaps,
        }
    }
}

/// Where the other words of a rule may begin: after any options and their values.
fn first_operands<'w>(
    tokens: &'w [String],
    arguments: &'w [Word],
) -> impl Iterator<Item = &'w [Word]> {
    let wanted = tokens.first().filter(|token| !token.starts_with('-'));
    let options = arguments.first().is_some_and(|word| word.text.starts_with('-'));
    let most = if wanted.is_some() && options { arguments.len().min(16) } else { 0 };
    (1..most).filter_map(|from| arguments.get(from..))
}

fn compare(tokens: &[String], words: &[Word], open: bool) -> Match {
    let mut certain = true;
    for (at, token) in tokens.iter().enumerate() {
        let Some(word) = words.get(at) else {
            return Match::No;
        };
        if word.may_be_several() {
            return Match::Perhaps;
        }
        match word.fixed() {
            Some(text) if text == token => {}
            Some(_) => return Match::No,
            None => certain = false,
        }
    }
    match (certain, open || words.len() == tokens.len()) {
        (true, true) => Match::Yes,
        (false, true) => Match::Perhaps,
        (_, false) if words.iter().skip(tokens.len()).all(Word::may_be_several) => Match::Perhaps,
        _ => Match::No,
    }
}

fn wrong(rule: &str, what: &str) -> Error {
    let shown: String = rule.chars().take(80).collect();
    Error::invalid_argument(format!("the guard rule {shown:?} {what}"))
}
