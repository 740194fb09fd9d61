//! What an analysis says.

use serde::Serialize;

/// How dangerous a command is held to be. The order is that of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Risk {
    /// May run.
    #[default]
    Allow,
    /// A person has to agree first.
    Approval,
    /// Must not run.
    Block,
}

/// Why a risk was given: a stable name for programs; the reason beside it is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Cause {
    /// Nothing speaks against it.
    #[default]
    SafeDefault,
    /// A rule of the caller.
    Rule,
    /// The text could not be read with certainty.
    Unclear,
    /// A recursive removal or change of a root-like folder.
    RootTarget,
    /// Ends or restarts the machine, or formats a disk.
    Machine,
    /// A function that multiplies itself.
    ForkBomb,
    /// What was downloaded is run at once.
    DownloadedCode,
    /// Talks to the network or to other machines.
    Network,
    /// Gains or passes on rights.
    Privilege,
    /// Publishes something.
    Publishing,
    /// Changes the machine's services, firewall, accounts or file systems.
    System,
    /// Runs text as a program that the guard does not read.
    HiddenCode,
    /// Sets a variable that decides which code later commands run.
    Environment,
    /// A recursive removal or change of rights.
    Recursive,
    /// Writes outside the workspace.
    OutsidePath,
    /// Writes to a path that is known only when the command runs.
    DynamicPath,
}

/// A part of the analysed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Where it begins, in bytes of UTF-8; see [`Analysis::in_utf16`].
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// A risk and its reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verdict {
    /// The risk.
    pub risk: Risk,
    /// One line for people.
    pub reason: String,
    /// The stable name of the reason.
    pub code: Cause,
    /// What was unclear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
}

/// One redirection of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// The operator as it stands in the text: `>`, `>>`, `<`, `&>` and so on.
    pub operator: String,
    /// The file or the descriptor; `null` when only the run itself decides it.
    pub target: Option<String>,
}

/// One simple command, at whatever depth: in a substitution, behind a wrapper, in a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SimpleCommand {
    /// Its words after quoting is undone; `null` for one that only the run itself decides.
    pub argv: Vec<Option<String>>,
    /// Its source text.
    pub source: String,
    /// Where the text stands; for a command inside a payload, where the payload stands.
    pub span: Span,
    /// Its redirections.
    pub redirects: Vec<Redirect>,
    /// True when a word is decided by the run itself.
    pub dynamic: bool,
    /// True when an allow rule of the caller may override the verdict.
    pub overridable: bool,
    /// The verdict on this command alone.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The verdict on a text and on each of its commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// The strictest of `whole` and every command's verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The part that decided it; `null` when that is the whole text.
    pub span: Option<Span>,
    /// The verdict on what belongs to no single command: unclear text, pipes into shells.
    pub whole: Verdict,
    /// Every command found.
    pub commands: Vec<SimpleCommand>,
}

impl Verdict {
    pub(super) fn new(risk: Risk, code: Cause, what: &str) -> Verdict {
        let reason = match risk {
            Risk::Allow if what.is_empty() => "safe default".to_owned(),
            Risk::Allow => format!("allowed by {what}"),
            Risk::Approval => format!("approval by {what}"),
            Risk::Block => format!("blocked by {what}"),
        };
        Verdict { risk, reason, code, detail: None }
    }
}

impl Analysis {
    /// Counts spans in UTF-16 code units, as JavaScript does, instead of in bytes.
    pub fn in_utf16(&mut self, text: &str) {
        if text.is_ascii() {
            return;
        }
        let units = |at: usize| text.get(..at).map_or(at, |head| head.encode_utf16().count());
        let convert = |span: &mut Span| {
            *span = Span { start: units(span.start), end: units(span.end) };
        };
        self.span.iter_mut().for_each(convert);
        self.commands.iter_mut().for_each(|command| convert(&mut command.span));
    }
}
