use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{fails, ok, open, open_with};
use crate::scoped_fs::tests::Scratch;

#[test]
fn makes_parents_keeps_the_mode_and_replaces_as_a_whole() {
    let scratch = Scratch::new();
    let workspace = open(&scratch);
    let write = |content: &str| json!({ "path": "/a/b/./c", "content": content });
    assert_eq!(ok(&workspace, "write", write("é")), json!({ "path": "a/b/c", "bytes": 2 }));
    fs::set_permissions(scratch.inside("a/b/c"), fs::Permissions::from_mode(0o750)).unwrap();
    let before = fs::File::open(scratch.inside("a/b/c")).unwrap();
    ok(&workspace, "write", write("new"));
    assert_eq!(std::io::read_to_string(before).unwrap(), "é", "it was replaced, not rewritten");
    let mode = fs::metadata(scratch.inside("a/b/c")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o750);
    assert_eq!(fs::read_dir(scratch.inside("a/b")).unwrap().count(), 1);
}

#[test]
fn refuses_targets_that_are_no_files() {
    let scratch = Scratch::new();
    scratch.file("dir/a", "");
    scratch.link("link", "dir/a");
    scratch.link("out", scratch.outside("secret"));
    scratch.link("dangling", scratch.outside("new"));
    let workspace = open_with(&scratch, json!({ "limits": { "maxFileBytes": 3 } }));
    for (path, told) in [
        ("link", "PERMISSION_DENIED: path is a symbolic link that is not followed: link"),
        ("out", "PERMISSION_DENIED: path is a symbolic link that is not followed: out"),
        ("dangling", "PERMISSION_DENIED: path is a symbolic link that is not followed: dangling"),
        ("dir", "RUNTIME_ERROR: path is a directory: dir"),
        (".", "INVALID_ARGUMENT: path is the runtime root: ."),
        ("dir/a/b", "RUNTIME_ERROR: path is not a directory: dir/a/b"),
    ] {
        assert_eq!(fails(&workspace, "write", json!({ "path": path, "content": "x" })), told);
    }
    let large = json!({ "path": "new", "content": "four" });
    assert_eq!(fails(&workspace, "write", large), "OUTPUT_LIMIT: new exceeds limit: 4 > 3");
    assert!(!scratch.inside("new").exists());
    assert_eq!(fs::read_dir(scratch.outside("")).unwrap().count(), 1);
}

#[test]
fn says_what_is_wrong_with_a_request() {
    let scratch = Scratch::new();
    let workspace = open(&scratch);
    assert_eq!(
        fails(&workspace, "write", json!({ "path": "a" })),
        "INVALID_ARGUMENT: the request is not acceptable: missing field `content`"
    );
    let text = json!({ "path": "a", "content": "no base64", "encoding": "base64" });
    assert_eq!(fails(&workspace, "write", text), "INVALID_ARGUMENT: content is not base64");
    assert_eq!(
        fails(&workspace, "bash", json!({})),
        "INVALID_ARGUMENT: there is no operation of that name"
    );
}

#[test]
fn deletes_trees_only_if_it_may() {
    let scratch = Scratch::new();
    scratch.file("dir/sub/a", "");
    scratch.link("dir/out", scratch.outside(""));
    let workspace = open(&scratch);
    let told = fails(&workspace, "delete", json!({ "path": "dir", "recursive": false }));
    assert_eq!(told, "RUNTIME_ERROR: path is a directory: dir");
    assert_eq!(ok(&workspace, "delete", json!({ "path": "dir" })), json!({ "deleted": true }));
    assert!(!scratch.inside("dir").exists());
    assert!(scratch.outside("secret").exists());
}
