//! Tests of the verbs, through the one door that the face uses.

mod deleting;
mod execs;
mod greps;
mod listing;
mod reading;
mod writing;

use serde_json::{Value, json};

use super::call;
use crate::scoped_fs::tests::Scratch;

#[expect(clippy::needless_pass_by_value, reason = "reads best with json!() in the call")]
/// Calls a verb with the scratch folder's root. No answer may name the folder.
fn tool(scratch: &Scratch, name: &str, input: Value) -> Value {
    let roots = json!({ "rootDir": scratch.inside("") }).to_string();
    let answer = call(name, &roots, &input.to_string());
    let given = input.to_string();
    let folder = scratch.folder().to_str().unwrap();
    assert!(given.contains(folder) || !answer.contains(folder), "a host path: {answer}");
    serde_json::from_str(&answer).unwrap()
}

/// The output of a call that succeeds.
fn ok(scratch: &Scratch, name: &str, input: Value) -> Value {
    let answer = tool(scratch, name, input);
    assert_eq!(answer["ok"], true, "{answer}");
    answer["output"].clone()
}

/// `[code, nativeCode, reason or null]` of a call that fails.
fn fails(scratch: &Scratch, name: &str, input: Value) -> Value {
    let answer = tool(scratch, name, input);
    assert_eq!(answer["ok"], false, "{answer}");
    let error = &answer["error"];
    assert_eq!(error["details"]["nativeCode"], error["nativeCode"]);
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
    json!([error["code"], error["nativeCode"], error["details"]["reason"]])
}

fn invalid(reason: impl Into<Value>) -> Value {
    json!(["INVALID_ARGUMENT", "InvalidArgument", reason.into()])
}

fn denied(reason: &str) -> Value {
    json!(["PERMISSION_DENIED", "PermissionDenied", reason])
}

fn missing() -> Value {
    json!(["INVALID_ARGUMENT", "FileNotFound", "not-found"])
}

#[test]
fn refuses_inputs_that_are_not_its_own() {
    let scratch = Scratch::new();
    for (name, input) in [
        ("read_file", json!({ "path": "a", "encoding": "utf8" })),
        ("write_file", json!({ "path": "a", "content": "", "Mode": 0 })),
        ("delete_file", json!({ "path": "a", "force": true })),
        ("list_dir", json!({ "path": ".", "depth": 1 })),
        ("list_files", json!({ "path": "." })),
        ("grep", json!({ "pattern": "a", "path": ".", "flags": "i" })),
        ("exec", json!({ "command": "ls", "shell": true })),
        ("read_file", json!({})),
        ("read_file", json!({ "path": 5 })),
        ("read_file", json!({ "path": null })),
        ("read_file", json!([])),
        ("read_file", json!("a")),
        ("delete_file", json!({ "path": "a", "recursive": "yes" })),
        ("list_dir", json!({ "path": ".", "page_size": 0 })),
        ("list_dir", json!({ "path": ".", "page_size": 10_001 })),
        ("list_dir", json!({ "path": ".", "page_size": 1.5 })),
        ("list_files", json!({ "dir": ".", "exclude": 5 })),
        ("exec", json!({ "command": "ls", "args": "-l" })),
        ("exec", json!({ "command": "ls", "timeout_ms": 30_001 })),
        ("unknown", json!({})),
    ] {
        assert_eq!(fails(&scratch, name, input.clone()), invalid(Value::Null), "{name} {input}");
    }
    let named = tool(&scratch, "list_dir", json!({ "path": ".", "page_size": -1 }));
    assert_eq!(named["error"]["details"]["field"], "page_size");
    assert_eq!(named["error"]["message"], "page_size must be an integer from 1 to 10000");
}

#[test]
fn names_the_option_of_a_root_that_cannot_be_opened() {
    let scratch = Scratch::new();
    let good = scratch.inside("");
    for (roots, field) in [
        (json!({ "rootDir": scratch.inside("none") }), "nativeTools.rootDir"),
        (
            json!({ "rootDir": good, "additionalRoots": [good, scratch.inside("none")] }),
            "nativeTools.additionalRoots[1]",
        ),
    ] {
        let answer = call("list_dir", &roots.to_string(), r#"{"path":"."}"#);
        assert!(!answer.contains(scratch.folder().to_str().unwrap()), "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["error"]["details"]["field"], field);
    }
}

#[test]
fn names_files_of_further_roots_by_absolute_paths() {
    let scratch = Scratch::new();
    let (root, other) = (scratch.inside(""), scratch.outside(""));
    let roots = json!({ "rootDir": root, "additionalRoots": [other] }).to_string();
    let input = json!({ "path": other }).to_string();
    let answer: Value = serde_json::from_str(&call("list_dir", &roots, &input)).unwrap();
    let entry = &answer["output"]["entries"][0];
    assert_eq!(entry["path"], scratch.outside("secret").to_str().unwrap());
    let input = json!({ "path": entry["path"] }).to_string();
    let answer: Value = serde_json::from_str(&call("read_file", &roots, &input)).unwrap();
    assert_eq!(answer["output"]["content"], "outside");
}
