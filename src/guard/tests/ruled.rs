//! Rules of the caller, reasons, spans, and where a workspace lies.

use super::{analyze, risk};
use crate::Code;
use crate::guard::{Cause, Guard, GuardOptions, Risk};

fn strings(rules: &[&str]) -> Vec<String> {
    rules.iter().map(|rule| (*rule).to_owned()).collect()
}

fn ruled(allow: &[&str], approve: &[&str], block: &[&str]) -> Guard {
    let (allow, approve, block) = (strings(allow), strings(approve), strings(block));
    Guard::new(&GuardOptions { allow, approve, block, ..GuardOptions::default() }).unwrap()
}

fn verdict(guard: &Guard, text: &str) -> (Risk, String) {
    let verdict = guard.analyze(text).verdict;
    (verdict.risk, verdict.reason)
}

#[test]
fn reasons_name_the_rule() {
    let guard = ruled(&["/^git push/"], &["/^make/i"], &["/secret/", "Bash(npm publish:*)"]);
    let of = |text| verdict(&guard, text).1;
    assert_eq!(of("git push origin"), "allowed by /^git push/");
    assert_eq!(of("MAKE all"), "approval by /^make/i");
    assert_eq!(of("cat secret.txt"), "blocked by /secret/");
    assert_eq!(of("npm publish"), "blocked by Bash(npm publish:*)");
    assert_eq!(of("ls"), "safe default");
    assert_eq!(of("echo \""), "approval by unparsed shell");
}

#[test]
fn block_goes_before_allow_and_allow_before_approval() {
    let guard =
        ruled(&["Bash(git push:*)", "Bash(rm:*)"], &["Bash(git:*)"], &["Bash(git push --force:*)"]);
    assert_eq!(verdict(&guard, "git push").0, Risk::Allow);
    assert_eq!(verdict(&guard, "git push --force").0, Risk::Block);
    assert_eq!(verdict(&guard, "git log").0, Risk::Approval);
    assert_eq!(verdict(&guard, "rm -rf build").0, Risk::Allow);
    // A built-in block stays one.
    assert_eq!(verdict(&guard, "rm -rf /").0, Risk::Block);
}

#[test]
fn an_allowed_part_never_allows_the_whole() {
    let guard = ruled(&["Bash(git push:*)", "/^echo/"], &[], &[]);
    for text in [
        "git push && curl http://x",
        "git push $(curl http://x)",
        "git push > /tmp/out",
        "sudo git push",
        "LD_PRELOAD=x git push",
        "echo $(git push; ssh h)",
        "echo x > ../y",
        "./git push",
        "git push; if",
        "$git push",
    ] {
        assert_eq!(verdict(&guard, text).0, Risk::Approval, "{text}");
    }
}

#[test]
fn a_rule_that_forbids_is_not_got_round() {
    let guard = ruled(&[], &[], &["Bash(git push:*)", "Bash(deploy now)"]);
    for text in [
        "git push",
        "/usr/bin/git push",
        "g''it pu\"sh\"",
        "git -C sub push",
        "git --no-pager -c user.name=x push",
        "sh -c 'git push'",
        "nohup git push &",
        "echo $(git push)",
        "deploy now",
        "\\deploy 'now'",
    ] {
        assert_eq!(verdict(&guard, text).0, Risk::Block, "{text}");
    }
    for text in ["git $x", "git pu{sh,ll}", "deploy \"$when\"", "deploy $(date)"] {
        assert_eq!(verdict(&guard, text).0, Risk::Approval, "{text}");
    }
    for text in ["git pull", "deploy later", "deploy now or never", "echo git push", "git log push"]
    {
        assert_eq!(verdict(&guard, text).0, Risk::Allow, "{text}");
    }
}

#[test]
fn expressions_see_the_source_of_each_command() {
    let guard = ruled(&[], &[], &["/^deploy/"]);
    assert_eq!(verdict(&guard, "ls; deploy").0, Risk::Block);
    assert_eq!(verdict(&guard, "nohup deploy").0, Risk::Block);
    assert_eq!(verdict(&guard, "echo deploy").0, Risk::Allow);
    // And a block rule sees the whole text.
    let guard = ruled(&[], &[], &["/a.*;.*b/"]);
    assert_eq!(verdict(&guard, "echo a; echo b").0, Risk::Block);
}

#[test]
fn wrong_options_are_refused() {
    let many = vec!["/x/".to_owned(); 1_001];
    let cases = [
        (GuardOptions { block: strings(&["git push"]), ..GuardOptions::default() }, "neither"),
        (
            GuardOptions { block: strings(&["Bash()"]), ..GuardOptions::default() },
            "names no command",
        ),
        (GuardOptions { allow: strings(&["/(?=x)/"]), ..GuardOptions::default() }, "linear-time"),
        (GuardOptions { allow: strings(&["/x/q"]), ..GuardOptions::default() }, "unknown flag"),
        (
            GuardOptions { allow: vec!["/x/".repeat(2_000)], ..GuardOptions::default() },
            "longer than",
        ),
        (GuardOptions { approve: many, ..GuardOptions::default() }, "more than 1000"),
        (GuardOptions { workspace: Some("src".into()), ..GuardOptions::default() }, "absolute"),
    ];
    for (options, part) in cases {
        let error = Guard::new(&options).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.to_string().contains(part), "{error}");
    }
    let unknown = serde_json::from_str::<GuardOptions>(r#"{"blocks":[]}"#);
    assert!(unknown.unwrap_err().to_string().contains("unknown field `blocks`"));
}

#[test]
fn a_workspace_has_a_place() {
    let options = GuardOptions {
        workspace: Some("/srv/work/a".into()),
        cwd: Some("/srv/work/a/sub".into()),
        ..GuardOptions::default()
    };
    let guard = Guard::new(&options).unwrap();
    let of = |text: &str| verdict(&guard, text).0;
    for text in ["echo x > /srv/work/a/y", "echo x > ../y", "tee y", "cd .. && tee y", "mv y ../z"]
    {
        assert_eq!(of(text), Risk::Allow, "{text}");
    }
    for text in [
        "echo x > /srv/work/b",
        "echo x > ../../y",
        "cd ../.. && tee y",
        "tee /srv/work/ab/y",
        "tee /srv/work/a/../b",
    ] {
        assert_eq!(of(text), Risk::Approval, "{text}");
    }
    assert_eq!(of("echo x > ../../../../etc/x"), Risk::Block);
    assert_eq!(of("cd ../../../.. && rm -rf *"), Risk::Block);
}

#[test]
fn commands_are_described() {
    let analysis = analyze("é=1; FOO=1 nohup cat \"a b\" $x > out 2>&1");
    let shown = serde_json::to_value(&analysis).unwrap();
    assert_eq!(shown["risk"], "allow");
    assert_eq!(shown["code"], "SAFE_DEFAULT");
    let outer = &shown["commands"][1];
    assert_eq!(outer["argv"], serde_json::json!(["nohup", "cat", "a b", null]));
    assert_eq!(outer["source"], "FOO=1 nohup cat \"a b\" $x > out 2>&1");
    assert_eq!(outer["redirects"][0], serde_json::json!({ "operator": ">", "target": "out" }));
    assert_eq!(outer["redirects"][1], serde_json::json!({ "operator": ">&", "target": "1" }));
    assert_eq!(outer["dynamic"], true);
    assert_eq!(shown["commands"][2]["argv"], serde_json::json!(["cat", "a b", null]));
    assert_eq!(shown["commands"][2]["source"], "cat \"a b\" $x");
}

#[test]
fn spans_count_as_javascript_does() {
    let text = "echo '\u{1f600}é'; reboot";
    let mut analysis = analyze(text);
    let span = analysis.span.unwrap();
    assert_eq!(&text[span.start..span.end], "reboot");
    analysis.in_utf16(text);
    let span = analysis.span.unwrap();
    let units: Vec<u16> = text.encode_utf16().collect();
    assert_eq!(String::from_utf16(&units[span.start..span.end]).unwrap(), "reboot");
    assert_eq!(analysis.commands[1].span, span);
}

#[test]
fn the_strictest_part_decides() {
    let analysis = analyze("ls && curl http://x; reboot");
    assert_eq!(analysis.verdict.code, Cause::Machine);
    let risks: Vec<Risk> = analysis.commands.iter().map(|command| command.verdict.risk).collect();
    assert_eq!(risks, [Risk::Allow, Risk::Approval, Risk::Block]);
    assert_eq!(analysis.whole.risk, Risk::Allow);
    assert!(!analysis.commands[2].overridable && analysis.commands[1].overridable);
    assert_eq!(risk(""), Risk::Allow);
}
