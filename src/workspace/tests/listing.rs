use serde_json::json;

use super::{fails, ok, open, open_with, paths};
use crate::scoped_fs::tests::Scratch;

#[test]
fn lists_one_level_with_what_links_lead_to() {
    let scratch = Scratch::new();
    scratch.file("b/file", "four");
    scratch.file("a", "12");
    scratch.link("b/to-dir", "../b");
    scratch.link("b/to-file", "../a");
    let workspace = open(&scratch);
    assert_eq!(
        ok(&workspace, "ls", json!({})),
        json!({ "entries": [
            { "name": "a", "path": "a", "type": "file", "size": 2 },
            { "name": "b", "path": "b", "type": "directory" },
        ] })
    );
    let below = json!({ "entries": [
        { "name": "file", "path": "b/file", "type": "file", "size": 4 },
        { "name": "to-dir", "path": "b/to-dir", "type": "directory" },
        { "name": "to-file", "path": "b/to-file", "type": "file", "size": 2 },
    ] });
    assert_eq!(ok(&workspace, "ls", json!({ "path": "b/" })), below);
    let two = ok(&workspace, "ls", json!({ "path": "b", "maxResults": 2 }));
    assert_eq!(two["entries"].as_array().unwrap().len(), 2);
    assert_eq!((&two["truncated"], &two["totalSeen"]), (&json!(true), &json!(3)));
    let told = fails(&workspace, "ls", json!({ "path": "a" }));
    assert_eq!(told, "RUNTIME_ERROR: path is not a directory: a");
    let told = fails(&workspace, "ls", json!({ "path": "none" }));
    assert_eq!(told, "RUNTIME_ERROR: path does not exist: none");
}

#[test]
fn describes_what_is_there_and_nothing_else() {
    let scratch = Scratch::new();
    scratch.file("dir/a", "12");
    scratch.link("out", scratch.outside("secret"));
    let workspace = open(&scratch);
    let stat = ok(&workspace, "stat", json!({ "path": "dir/a" }));
    let stat = &stat["stat"];
    assert_eq!(
        (&stat["path"], &stat["type"], &stat["size"]),
        (&json!("dir/a"), &json!("file"), &json!(2))
    );
    assert!(stat["mtimeMs"].as_f64().unwrap() > 1.0e12);
    for path in ["none", "none/x", "dir/a/x"] {
        assert_eq!(ok(&workspace, "stat", json!({ "path": path })), json!({}));
    }
    let out = ok(&workspace, "stat", json!({ "path": "out" }));
    assert_eq!(out["stat"]["type"], "other");
    assert!(out["stat"].get("size").is_none(), "not even its size");
    assert_eq!(ok(&workspace, "stat", json!({ "path": "" }))["stat"]["type"], "directory");
}

#[test]
fn lists_everything_below() {
    let scratch = Scratch::new();
    for file in ["b/c/d", "b-a", "a"] {
        scratch.file(file, "");
    }
    scratch.link("b/loop", "..");
    let workspace = open(&scratch);
    let listed = ok(&workspace, "list", json!({}));
    assert_eq!(paths(&listed["entries"]), ["a", "b", "b/c", "b/c/d", "b/loop", "b-a"]);
    assert_eq!(paths(&ok(&workspace, "list", json!({ "path": "b/c" }))["entries"]), ["b/c/d"]);
    assert_eq!(paths(&ok(&workspace, "list", json!({ "path": "a" }))["entries"]), ["a"]);
    assert_eq!(ok(&workspace, "list", json!({ "path": "none" })), json!({ "entries": [] }));
    let few = open_with(&scratch, json!({ "limits": { "maxEntries": 4 } }));
    let listed = ok(&few, "list", json!({}));
    assert_eq!(listed["truncated"], true);
    assert_eq!(paths(&listed["entries"]), ["a", "b", "b/c", "b-a"]);
}

#[test]
fn what_a_killed_write_left_is_not_listed() {
    let scratch = Scratch::new();
    scratch.file(".runlet-0123456789abcdef.tmp", "x");
    scratch.file(".runlet-tmp", "x");
    scratch.file(".runlet/out-1", "x");
    let workspace = open(&scratch);
    assert_eq!(ok(&workspace, "find", json!({})), json!({ "paths": [".runlet-tmp"] }));
    let hits = ok(&workspace, "grep", json!({ "query": "x" }));
    assert_eq!(paths(&hits["hits"]), [".runlet-tmp"]);
    assert_eq!(ok(&workspace, "read", json!({ "path": ".runlet/out-1" }))["text"], "x");
}
