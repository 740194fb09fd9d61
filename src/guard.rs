//! The guard: says of a shell text whether it may run, needs a person's approval or must not run.
//!
//! The guard is governance, not isolation. It reads text; what a program does once it runs, it cannot
//! know. What has to hold is held by the sandbox.
//!
//! Six steps, two opposite defaults. *Unclear* is whatever is not certainly understood: a node the
//! guard does not know, a form the grammar and bash would read differently, a name that only the run
//! decides. *Dangerous* is a text in which any command at any depth is. An unclear text is never
//! allowed, and a dangerous one stays so however unclear the rest is.
//!
//! 1. `parse` reads the text under bounds; `agree` compares the tree with what bash would do.
//! 2. `collect` finds every command at any depth; `words` undoes quoting.
//! 3. `wrappers`, `interpreters` and `programs` find the commands behind commands.
//! 4. `payload` reads texts that are run as programs.
//! 5. `targets` and `writes` follow the paths that are written to.
//! 6. `lists` and `rules` judge each command: block, then the caller's allow, then approval.
//!
//! ```
//! use runlet::guard::{Guard, GuardOptions, Risk};
//!
//! let guard = Guard::new(&GuardOptions::default()).unwrap();
//! assert_eq!(guard.analyze("grep shutdown log").verdict.risk, Risk::Allow);
//! assert_eq!(guard.analyze("git log && curl example.org").verdict.risk, Risk::Approval);
//! assert_eq!(guard.analyze("sh -c 'r\"m\" -fr /'").verdict.risk, Risk::Block);
//! ```

mod agree;
mod analysis;
pub mod bounds;
mod collect;
mod fork_bomb;
mod interpreters;
mod invocation;
mod judge;
mod lists;
mod options;
mod parse;
mod payload;
mod programs;
mod rules;
mod targets;
#[cfg(test)]
mod tests;
mod variables;
mod words;
mod wrappers;
mod writes;

pub use analysis::{Analysis, Cause, Redirect, Risk, SimpleCommand, Span, Verdict};
pub use rules::{GuardOptions, OnUnclear};

use crate::Error;
use collect::{Collector, Layer};
use invocation::Input;
use rules::Rule;
use targets::Folders;

/// The rules of a caller, read once, and the built-in ones.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allow: Vec<Rule>,
    approve: Vec<Rule>,
    block: Vec<Rule>,
    on_unclear: OnUnclear,
    workspace: Option<String>,
    cwd: Option<String>,
}

impl Guard {
    /// Reads the rules.
    pub fn new(options: &GuardOptions) -> Result<Guard, Error> {
        let count = options.allow.len() + options.approve.len() + options.block.len();
        if count > bounds::RULES {
            let most = bounds::RULES;
            return Err(Error::invalid_argument(format!("more than {most} guard rules")));
        }
        for (name, path) in [("workspace", &options.workspace), ("cwd", &options.cwd)] {
            if path.as_ref().is_some_and(|path| !path.starts_with('/')) {
                return Err(Error::invalid_argument(format!("{name} has to be an absolute path")));
            }
        }
        let read = |rules: &[String]| -> Result<Vec<Rule>, Error> {
            rules.iter().map(|rule| Rule::parse(rule)).collect()
        };
        Ok(Guard {
            allow: read(&options.allow)?,
            approve: read(&options.approve)?,
            block: read(&options.block)?,
            on_unclear: options.on_unclear,
            workspace: options.workspace.clone(),
            cwd: options.cwd.clone(),
        })
    }

    /// Judges a text. Never fails, never panics: what cannot be read is unclear.
    pub fn analyze(&self, text: &str) -> Analysis {
        let mut collector = Collector::new();
        collector.read(Layer { text, place: None, depth: 0 }, Input::Inherited);
        let Collector { invocations, whole, .. } = collector;
        let folders = Folders::of(&invocations, self.workspace.as_deref(), self.cwd.as_deref());
        let whole = self.judge_whole(text, &whole);
        let commands: Vec<SimpleCommand> =
            invocations.into_iter().map(|invocation| self.judge(invocation, &folders)).collect();
        let mut verdict = whole.clone();
        let mut span = None;
        for command in &commands {
            if command.verdict.risk > verdict.risk {
                verdict = command.verdict.clone();
                span = Some(command.span);
            }
        }
        // A rule that allowed the only command is worth saying.
        if let ([only], Risk::Allow) = (commands.as_slice(), verdict.risk) {
            verdict = only.verdict.clone();
            span = Some(only.span);
        }
        Analysis { verdict, span, whole, commands }
    }
}
