//! One simple command while it is being judged.

use super::analysis::{Cause, Risk, Span};
use super::words::Word;

/// Where a command's input comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Input {
    /// From whoever runs the text.
    #[default]
    Inherited,
    /// From a pipe; true when a command before it downloads.
    Pipe(bool),
    /// From a heredoc or a here-string; `None` when the run decides the text.
    Text(Option<String>),
}

/// One redirection.
#[derive(Debug, Clone)]
pub(super) struct Redirection {
    pub(super) operator: String,
    pub(super) target: Word,
}

/// What speaks against a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) risk: Risk,
    pub(super) code: Cause,
    /// What a person reads after "blocked by" or "approval by".
    pub(super) what: &'static str,
    /// An allow rule does not lift it.
    pub(super) firm: bool,
}

impl Finding {
    pub(super) const fn approval(code: Cause, what: &'static str) -> Finding {
        Finding { risk: Risk::Approval, code, what, firm: false }
    }

    pub(super) const fn block(code: Cause, what: &'static str) -> Finding {
        Finding { risk: Risk::Block, code, what, firm: true }
    }

    /// What could not be read.
    pub(super) const fn unclear(what: &'static str) -> Finding {
        Finding { risk: Risk::Approval, code: Cause::Unclear, what, firm: true }
    }

    pub(super) const fn firm(self) -> Finding {
        Finding { firm: true, ..self }
    }
}

/// One simple command.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    /// Its words, the name first. Empty for assignments and redirections that stand alone.
    pub(super) words: Vec<Word>,
    /// The variables set before the name.
    pub(super) assignments: Vec<(String, Word)>,
    pub(super) redirections: Vec<Redirection>,
    pub(super) input: Input,
    pub(super) source: String,
    pub(super) span: Span,
    pub(super) findings: Vec<Finding>,
}

impl Invocation {
    /// The name without its folder, in small letters: some file systems do not tell them apart.
    /// `None` when it is not certain.
    pub(super) fn name(&self) -> Option<String> {
        self.words.first().and_then(name)
    }

    pub(super) fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// True for programs that fetch something from elsewhere.
    pub(super) fn downloads(&self) -> bool {
        self.name().is_some_and(|name| super::lists::DOWNLOADERS.contains(&&*name))
    }
}

/// See [`Invocation::name`].
pub(super) fn name(word: &Word) -> Option<String> {
    let text = word.fixed().or_else(|| (word.text == "[").then_some("["))?;
    let base = text.rsplit('/').next().unwrap_or(text).to_ascii_lowercase();
    Some(base.strip_suffix(".exe").map(str::to_owned).unwrap_or(base))
}
