//! Names and files that are there to do harm.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{fails, ok, open, operate};
use crate::scoped_fs::tests::Scratch;

/// Every operation that takes a path, with what else it takes.
const OPERATIONS: [&str; 10] =
    ["read", "write", "edit", "grep", "find", "ls", "stat", "list", "delete", "open"];

fn request(path: &str) -> Value {
    json!({ "path": path, "content": "x", "oldText": "x", "newText": "y", "query": "x" })
}

#[test]
fn paths_that_lead_out_are_refused_alike() {
    let scratch = Scratch::new();
    scratch.file("dir/file", "inside");
    scratch.link("way-out", scratch.outside(""));
    scratch.link("chain", "dir/../way-out");
    scratch.link("proc", "/proc/self/root");
    let workspace = open(&scratch);
    let long = format!("{}x", "../".repeat(500));
    for path in [
        "../outside/secret",
        "../",
        "/../../etc/passwd",
        "dir/../../outside/secret",
        "way-out/secret",
        "chain/secret",
        "proc/etc/passwd",
        &long,
    ] {
        for op in OPERATIONS {
            let told = fails(&workspace, op, request(path));
            let shown = &path[..path.len().min(1024)];
            assert_eq!(
                told,
                format!("PERMISSION_DENIED: path escapes runtime root: {shown}"),
                "{op}"
            );
        }
    }
    for op in OPERATIONS {
        assert_eq!(
            fails(&workspace, op, request("a\0b")),
            "INVALID_ARGUMENT: path contains null byte"
        );
    }
    assert_eq!(fs::read(scratch.outside("secret")).unwrap(), b"outside");
    assert_eq!(fs::read_dir(scratch.outside("")).unwrap().count(), 1);
}

#[test]
fn an_absolute_path_means_the_root() {
    let scratch = Scratch::new();
    scratch.file("etc/passwd", "ours");
    let workspace = open(&scratch);
    assert_eq!(ok(&workspace, "read", json!({ "path": "/etc/passwd" }))["text"], "ours");
    let host = scratch.outside("secret");
    let told = operate(&workspace, "stat", &json!({ "path": host })).unwrap();
    assert_eq!(told, json!({}), "not there, seen from the root");
    let guest = super::open_with(&scratch, json!({ "guestRoot": "/workspace/" }));
    assert_eq!(ok(&guest, "read", json!({ "path": "/workspace/etc/passwd" }))["text"], "ours");
    assert_eq!(ok(&guest, "ls", json!({ "path": "/workspace" }))["entries"][0]["name"], "etc");
    let beside = fails(&guest, "read", json!({ "path": "/workspaces/etc/passwd" }));
    assert!(beside.starts_with("RUNTIME_ERROR: path does not exist"), "{beside}");
}

#[test]
fn names_of_every_length_get_an_answer() {
    let scratch = Scratch::new();
    let workspace = open(&scratch);
    for (path, reason) in [
        ("n".repeat(256), "malformed"),
        ("n".repeat(4_096), "malformed"),
        ("n".repeat(100_000), ""),
        ("a/".repeat(2_047) + "a", "limit"),
        ("a/".repeat(3_000), ""),
    ] {
        for op in OPERATIONS {
            let answer = operate(&workspace, op, &request(&path));
            if let Err(error) = answer {
                assert!(error.to_string().len() < 1_200, "{error}");
                let _ = reason;
            }
        }
    }
    assert!(
        fails(&workspace, "read", request(&"n".repeat(4_096)))
            .starts_with("INVALID_ARGUMENT: path is too long: nnn")
    );
}

#[test]
fn what_is_no_file_is_neither_read_nor_waited_for() {
    let scratch = Scratch::new();
    let made = Command::new("mkfifo").arg(scratch.inside("pipe")).status().unwrap();
    assert!(made.success());
    std::os::unix::net::UnixListener::bind(scratch.inside("socket")).unwrap();
    let device = Command::new("mknod").arg(scratch.inside("device")).args(["c", "1", "5"]).status();
    let device = device.is_ok_and(|status| status.success());
    if !device {
        println!("no device was tried: this user may not make one");
    }
    scratch.link("to-pipe", "pipe");
    scratch.file("file", "x");
    let workspace = open(&scratch);
    let begun = Instant::now();
    let mut names = vec!["pipe", "socket"];
    names.extend(device.then_some("device"));
    for name in names {
        let refused = format!("RUNTIME_ERROR: path is not a regular file: {name}");
        for op in ["read", "write", "edit", "grep", "open"] {
            assert_eq!(fails(&workspace, op, request(name)), refused, "{op}");
        }
        assert_eq!(ok(&workspace, "stat", request(name))["stat"]["type"], "other");
    }
    assert!(fails(&workspace, "read", request("to-pipe")).ends_with("regular file: to-pipe"));
    assert_eq!(ok(&workspace, "grep", json!({ "query": "x" }))["hits"][0]["path"], "file");
    assert_eq!(ok(&workspace, "find", json!({})), json!({ "paths": ["file"] }));
    assert!(
        ok(&workspace, "find", json!({ "type": "other" }))["paths"].as_array().unwrap().len() > 2
    );
    ok(&workspace, "list", json!({}));
    // A pipe that nobody writes to would hold a plain open for ever.
    assert!(begun.elapsed() < Duration::from_mins(1));
}

#[test]
fn a_write_leaves_the_other_name_of_a_hard_link_alone() {
    let scratch = Scratch::new();
    fs::hard_link(scratch.outside("secret"), scratch.inside("twin")).unwrap();
    let workspace = open(&scratch);
    ok(&workspace, "edit", json!({ "path": "twin", "oldText": "outside", "newText": "x" }));
    assert_eq!(fs::read(scratch.inside("twin")).unwrap(), b"x");
    assert_eq!(fs::read(scratch.outside("secret")).unwrap(), b"outside");

    fs::hard_link(scratch.outside("secret"), scratch.inside("other")).unwrap();
    ok(&workspace, "write", json!({ "path": "other", "content": "y" }));
    assert_eq!(fs::read(scratch.outside("secret")).unwrap(), b"outside");
    fs::hard_link(scratch.outside("secret"), scratch.inside("third")).unwrap();
    assert_eq!(
        fails(&workspace, "open", json!({ "path": "third" })),
        "PERMISSION_DENIED: path has more than one hard link: third",
        "what has another name outside is not handed on"
    );
}

#[test]
fn names_that_are_no_text_come_back_as_they_were_shown() {
    let scratch = Scratch::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xE9\n\tx");
    fs::write(scratch.inside("").join(name), "needle").unwrap();
    scratch.file("caf\\xE9\n\tx", "another needle");
    let workspace = open(&scratch);
    let found = ok(&workspace, "find", json!({}));
    assert_eq!(found, json!({ "paths": ["caf\\x5CxE9\n\tx", "caf\\xE9\n\tx"] }));
    for (path, text) in [("caf\\xE9\n\tx", "needle"), ("caf\\x5CxE9\n\tx", "another needle")] {
        let read = ok(&workspace, "read", json!({ "path": path }));
        assert_eq!(read, json!({ "text": text, "path": path, "lines": 1 }));
    }
    let hits = ok(&workspace, "grep", json!({ "query": "needle" }));
    assert_eq!(super::paths(&hits["hits"]), ["caf\\x5CxE9\n\tx", "caf\\xE9\n\tx"]);
    let edit = json!({ "path": "caf\\xE9\n\tx", "oldText": "needle", "newText": "pin" });
    ok(&workspace, "edit", edit);
    assert_eq!(fs::read(scratch.inside("").join(name)).unwrap(), b"pin");
    assert_eq!(ok(&workspace, "ls", json!({}))["entries"][1]["name"], "caf\\xE9\n\tx");
}
