//! `__test__/workspace/fixtures/guard.json`: bypass spellings and their harmless twins.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde::Deserialize;

use super::{analyze, guard};
use crate::guard::{Cause, Guard, GuardOptions, Risk};

const TEXT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/__test__/workspace/fixtures/guard.json"));

#[derive(Debug, Deserialize)]
pub(super) struct Fixture {
    pub(super) bypasses: Vec<Spelling>,
    pub(super) harmless: Vec<Spelling>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Spelling {
    pub(super) family: String,
    pub(super) command: String,
    risk: String,
    why: String,
}

pub(super) fn fixture() -> Fixture {
    serde_json::from_str(TEXT).unwrap()
}

fn shown(risk: Risk) -> String {
    serde_json::to_value(risk).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_spelling_has_its_risk() {
    let Fixture { bypasses, harmless } = fixture();
    assert!(bypasses.len() >= 150 && harmless.len() >= 150);
    let guard = guard();
    let mut wrong = Vec::new();
    for spelling in bypasses.iter().chain(&harmless) {
        let analysis = guard.analyze(&spelling.command);
        let risk = shown(analysis.verdict.risk);
        if risk != spelling.risk {
            let Spelling { command, risk: wanted, why, .. } = spelling;
            let reason = analysis.verdict.reason;
            wrong.push(format!("{command:?}: {risk} ({reason}), wanted {wanted}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(bypasses.iter().all(|spelling| spelling.risk != "allow"));
    assert!(harmless.iter().all(|spelling| spelling.risk == "allow"));
}

#[test]
fn every_family_has_both_sides() {
    let Fixture { bypasses, harmless } = fixture();
    let families = |list: &[Spelling]| -> BTreeSet<String> {
        list.iter().map(|spelling| spelling.family.clone()).collect()
    };
    assert_eq!(families(&bypasses), families(&harmless));
    assert!(families(&bypasses).len() >= 11);
}

#[test]
fn what_is_unclear_can_be_blocked() {
    let options =
        GuardOptions { on_unclear: crate::guard::OnUnclear::Block, ..GuardOptions::default() };
    let strict = Guard::new(&options).unwrap();
    let mut unclear = 0;
    for spelling in fixture().bypasses {
        let before = analyze(&spelling.command).verdict;
        let after = strict.analyze(&spelling.command).verdict;
        assert!(after.risk >= before.risk, "{}", spelling.command);
        if before.code == Cause::Unclear {
            unclear += 1;
            assert_eq!(after.risk, Risk::Block, "{}", spelling.command);
            assert_eq!(before.reason, "approval by unparsed shell");
            assert_eq!(after.reason, "blocked by unparsed shell");
        }
    }
    assert!(unclear > 20);
    let twins = fixture().harmless;
    assert!(twins.iter().all(|twin| strict.analyze(&twin.command).verdict.risk == Risk::Allow));
}

/// A classifier as one would write it first: expressions over the parts of the text.
fn expressions_only(text: &str) -> bool {
    let parts = Regex::new(r"&&|\|\||;|\||\n|&").unwrap();
    let dangerous = Regex::new(concat!(
        r"(?x)^\s*(sudo\s+)?(rm\s+-rf\s+/|mkfs|shutdown\b|reboot\b|halt\b|poweroff\b|rm\s+-rf\b",
        r"|(curl|wget|ssh|scp|rsync|docker|kubectl|terraform|helm|iptables|firewall-cmd)\b",
        r"|git\s+push\b|(npm|pnpm)\s+publish\b|ufw\s+(allow|deny|delete|enable|disable)\b)",
        r"|:\(\)\s*\{|\bdd\s+if=.*of=/dev/"
    ))
    .unwrap();
    parts.split(text).any(|part| dangerous.is_match(part))
}

/// Shows that the spellings are attacks: most of them pass a classifier without a parser.
#[test]
fn expressions_alone_let_them_pass() {
    let Fixture { bypasses, harmless } = fixture();
    assert!(expressions_only("rm -rf /") && expressions_only("ls && curl http://x"));
    let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
    for spelling in bypasses.iter().filter(|spelling| !expressions_only(&spelling.command)) {
        *passed.entry(&spelling.family).or_default() += 1;
    }
    let total: usize = passed.values().sum();
    let alarms = harmless.iter().filter(|twin| expressions_only(&twin.command)).count();
    println!("expressions alone let {total} of {} spellings pass: {passed:?}", bypasses.len());
    println!("and stop {alarms} of {} harmless twins", harmless.len());
    assert!(total > bypasses.len() / 4);
}

/// Rows of `docs/guard.md` below a head with `risk` and with `text` or `example`.
#[test]
fn the_documents_examples_are_true() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guard.md"));
    assert!(text.contains("The guard is governance, not isolation."));
    let mut columns = None;
    let mut checked = 0;
    for line in text.lines() {
        let hidden = line.replace("\\|", "\u{1}");
        let cells: Vec<&str> = hidden.trim_matches('|').split('|').map(str::trim).collect();
        let column = |names: &[&str]| cells.iter().position(|cell| names.contains(cell));
        if !line.starts_with('|') || line.starts_with("|---") {
            columns = columns.filter(|_| line.starts_with('|'));
        } else if let Some((example, risk)) = columns {
            let command: &str = cells[example];
            let command = command.trim_matches('`').replace('\u{1}', "|");
            assert_eq!(shown(analyze(&command).verdict.risk), cells[risk], "{line}");
            checked += 1;
        } else {
            columns = column(&["text", "example"]).zip(column(&["risk"]));
        }
    }
    assert!(checked >= 50, "{checked} rows");
}
