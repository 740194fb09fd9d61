//! Real commands, each started from the text that the face gives.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn sh(script: &str, changes: &Value) -> Value {
    let mut spec = json!({
        "command": "my-shell",
        "program": "/bin/sh",
        "arguments": ["-c", script],
        "env": [["PATH", "/usr/bin:/bin"]],
        "folder": "/tmp",
        "timeoutMs": 60_000.0,
        "limits": {
            "memoryBytes": 256 << 20,
            "dataBytes": null,
            "processes": 16,
            "openFiles": 64,
            "fileBytes": 1 << 20,
            "outputBytes": 1 << 20,
            "captureBytes": 64 << 10,
        },
        "permissions": ["--allow-run"],
        "bestEffort": false,
        "hosts": {},
        "servers": [],
        "maxConnections": 64,
    });
    for (name, value) in changes.as_object().unwrap() {
        spec[name] = value.clone();
    }
    spec
}

fn run(spec: &Value, input: Option<&[u8]>) -> Result<Outcome, NotStarted> {
    let spec: Spec = serde_json::from_value(spec.clone()).unwrap();
    let (give, done) = sync_channel(1);
    let ready = Ready::new(&spec).unwrap();
    let _cancel = ready.start(input.map(<[u8]>::to_vec), None, move |out| give.send(out).unwrap());
    done.recv_timeout(Duration::from_secs(30)).unwrap()
}

#[test]
fn a_command_reads_its_input_and_knows_its_name() {
    let done = run(&sh("echo $0; cat; exit 3", &json!({})), Some(b"given")).unwrap();
    assert_eq!(done.stdout, "my-shell\ngiven");
    assert_eq!((done.exit_code, done.signal, done.limit), (Some(3), None, None));
}

#[test]
fn only_what_is_said_to_be_unconfined_is() {
    let script = "ls / > /dev/null && echo open; setsid true || echo kept";
    let confined = run(&sh(script, &json!({ "unconfined": false })), None).unwrap();
    assert_eq!(confined.stdout, "kept\n");
    let changes = json!({ "unconfined": true, "permissions": [] });
    assert_eq!(run(&sh(script, &changes), None).unwrap().stdout, "open\nkept\n");
    let silent = run(&sh(script, &json!({})), None).unwrap();
    assert_eq!(silent.stdout, "kept\n");
}

#[test]
fn a_command_has_three_descriptors_and_no_other() {
    let script = "for fd in 3 4 5 6 7 8 9; do (: <&$fd) 2>/dev/null && echo $fd; done; true";
    for unconfined in [false, true] {
        let done = run(&sh(script, &json!({ "unconfined": unconfined })), None).unwrap();
        assert_eq!((done.stdout.as_str(), done.exit_code), ("", Some(0)));
    }
}

#[test]
fn a_program_that_ends_its_own_group_does_not_end_the_tree() {
    let script = "timeout 0.1 sleep 1000; echo $?; kill 0; echo on";
    for unconfined in [false, true] {
        let changes =
            json!({ "unconfined": unconfined, "permissions": ["--allow-read", "--allow-run"] });
        assert_eq!(run(&sh(script, &changes), None).unwrap().stdout, "124\non\n");
    }
}

#[test]
fn input_that_nobody_reads_is_no_failure() {
    let large = vec![b'x'; 4 << 20];
    let done = run(&sh("exit 0", &json!({})), Some(&large)).unwrap();
    assert_eq!(done.exit_code, Some(0));
    // More than any pipe holds, so it is written while the command reads.
    let done = run(&sh("wc -c", &json!({})), Some(&large)).unwrap();
    assert_eq!(done.stdout.trim(), large.len().to_string());
}

#[test]
fn a_limit_is_named_even_if_the_command_was_faster() {
    let limits = sh("", &json!({}))["limits"].clone();
    let small = |bytes: u64| {
        let mut limits = limits.clone();
        limits["outputBytes"] = bytes.into();
        run(&sh("printf 12345", &json!({ "limits": limits })), None).unwrap().limit
    };
    for _ in 0..20 {
        assert_eq!((small(5), small(4)), (None, Some(Limit::Output)));
    }
}

#[test]
fn what_was_cancelled_says_so() {
    let spec: Spec = serde_json::from_value(sh("sleep 1000", &json!({}))).unwrap();
    let (give, done) = sync_channel(1);
    let ready = Ready::new(&spec).unwrap();
    let cancel = ready.start(None, None, move |out| give.send(out).unwrap());
    cancel.cancel();
    cancel.cancel();
    let done = done.recv_timeout(Duration::from_secs(30)).unwrap().unwrap();
    assert!(done.cancelled && !done.timed_out);
    assert_eq!((done.exit_code, done.signal.as_deref()), (None, Some("SIGKILL")));
}

#[test]
fn what_cannot_be_started_says_what_was_wrong() {
    let wrong = |changes: Value| {
        let error = run(&sh("exit 0", &changes), None).unwrap_err();
        (error.code, error.field)
    };
    let folder = json!({ "folder": "/no/such/folder" });
    assert_eq!(wrong(folder), (crate::Code::InvalidArgument, Some("cwd")));
    let program = json!({ "program": "/no/such/program" });
    assert_eq!(wrong(program), (crate::Code::InvalidArgument, Some("command")));
    let arguments = json!({ "arguments": ["x".repeat(1 << 20)] });
    assert_eq!(wrong(arguments), (crate::Code::InvalidArgument, Some("args")));
}

#[test]
fn what_is_unconfined_has_the_rights_of_its_user() {
    let id = run(&sh("id -u", &json!({})), None).unwrap().stdout;
    assert_eq!(id, "0\n", "this test needs root, who has rights to lose");
    let script = "grep CapEff /proc/$PPID/status; grep CapEff /proc/self/status";
    let changes = json!({ "unconfined": true, "permissions": [] });
    let own = run(&sh(script, &changes), None).unwrap().stdout;
    let (host, child) = own.split_once('\n').unwrap();
    assert_eq!(host, child.trim_end(), "{own}");
    let script = "grep CapEff /proc/self/status";
    let confined = run(&sh(script, &json!({ "permissions": ["--allow-read"] })), None).unwrap();
    assert_ne!(confined.stdout.trim_end(), host);
}
