//! Step 6: the verdict on one command, and on what belongs to none.

use super::analysis::{Cause, Redirect, Risk, SimpleCommand, Verdict};
use super::collect::hides_code;
use super::invocation::{Finding, Invocation};
use super::rules::{Match, OnUnclear, Rule};
use super::targets::Folders;
use super::words::Word;
use super::{Guard, lists, variables, writes};

/// See [`variables`].
pub(super) const SETS_CODE: Finding =
    Finding::approval(Cause::Environment, "a variable that decides which code runs").firm();
const HOLDS_CODE: Finding =
    Finding::approval(Cause::HiddenCode, "a value that runs when it is counted with").firm();

impl Guard {
    /// What belongs to the text as a whole. Block rules that are expressions see all of it.
    pub(super) fn judge_whole(&self, text: &str, findings: &[Finding]) -> Verdict {
        if let Some(rule) = self.block.iter().find(|rule| rule.finds(text)) {
            return Verdict::new(Risk::Block, Cause::Rule, rule.shown());
        }
        strictest(findings.iter()).map_or_else(safe, |finding| self.verdict(finding))
    }

    /// Judges one command: block, allow rules, approval, default.
    pub(super) fn judge(&self, invocation: Invocation, folders: &Folders) -> SimpleCommand {
        let mut findings = invocation.findings.clone();
        findings.extend(lists::findings(&invocation, folders));
        findings.extend(
            invocation
                .redirections
                .iter()
                .filter_map(|redirection| writes::redirection(redirection, folders)),
        );
        let sets = |name: String| variables::sets_code(&name, invocation.arguments());
        findings.extend(invocation.name().is_some_and(sets).then_some(SETS_CODE));
        for (name, value) in &invocation.assignments {
            findings.extend(variables::decides_code(name).then_some(SETS_CODE));
            let counted = value.text.contains('[') && hides_code(&value.text);
            findings.extend(counted.then_some(HOLDS_CODE));
        }
        let firm = strictest(findings.iter().filter(|finding| finding.firm));
        let soft = strictest(findings.iter());
        let verdict = self.ruled(&invocation, firm, soft);
        let overridable = firm.is_none();
        describe(invocation, verdict, overridable)
    }

    fn ruled(
        &self,
        invocation: &Invocation,
        firm: Option<&Finding>,
        soft: Option<&Finding>,
    ) -> Verdict {
        if let Some(rule) = caught(&self.block, invocation, Match::Yes) {
            return Verdict::new(Risk::Block, Cause::Rule, rule.shown());
        }
        let open = caught(&self.block, invocation, Match::Perhaps);
        match (firm, open) {
            (Some(finding), _) if finding.risk == Risk::Block => return self.verdict(finding),
            (_, Some(rule)) => return Verdict::new(Risk::Approval, Cause::Rule, rule.shown()),
            (Some(finding), None) => return self.verdict(finding),
            (None, None) => {}
        }
        if let Some(rule) = self.allow.iter().find(|rule| rule.allows(invocation)) {
            return Verdict::new(Risk::Allow, Cause::Rule, rule.shown());
        }
        let asked = caught(&self.approve, invocation, Match::Yes)
            .or_else(|| caught(&self.approve, invocation, Match::Perhaps));
        if let Some(rule) = asked {
            return Verdict::new(Risk::Approval, Cause::Rule, rule.shown());
        }
        soft.map_or_else(safe, |finding| self.verdict(finding))
    }

    fn verdict(&self, finding: &Finding) -> Verdict {
        if finding.code != Cause::Unclear {
            return Verdict::new(finding.risk, finding.code, finding.what);
        }
        let risk = match self.on_unclear {
            OnUnclear::Approval => Risk::Approval,
            OnUnclear::Block => Risk::Block,
        };
        let verdict = Verdict::new(risk, finding.code, "unparsed shell");
        Verdict { detail: Some(finding.what), ..verdict }
    }
}

fn safe() -> Verdict {
    Verdict::new(Risk::Allow, Cause::SafeDefault, "")
}

/// The first of the strictest.
fn strictest<'f>(findings: impl Iterator<Item = &'f Finding>) -> Option<&'f Finding> {
    findings.reduce(|most, finding| if finding.risk > most.risk { finding } else { most })
}

fn caught<'r>(rules: &'r [Rule], invocation: &Invocation, how: Match) -> Option<&'r Rule> {
    rules.iter().find(|rule| rule.catches(invocation) == how)
}

fn describe(invocation: Invocation, verdict: Verdict, overridable: bool) -> SimpleCommand {
    let certain = |word: &Word| word.fixed().map(str::to_owned);
    let argv: Vec<Option<String>> = invocation.words.iter().map(certain).collect();
    let redirects = invocation.redirections.iter().map(|redirection| Redirect {
        operator: redirection.operator.clone(),
        target: certain(&redirection.target),
    });
    SimpleCommand {
        dynamic: argv.contains(&None),
        argv,
        redirects: redirects.collect(),
        source: invocation.source,
        span: invocation.span,
        overridable,
        verdict,
    }
}
