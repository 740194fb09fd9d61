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
