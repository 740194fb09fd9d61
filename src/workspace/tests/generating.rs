use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::base64;
use super::super::scope::attachment_path;
use super::{fails, ok, open, open_with, paths};
use crate::scoped_fs::tests::Scratch;

#[test]
fn tells_what_changed_since_a_mark() {
    let scratch = Scratch::new();
    scratch.file("before", "");
    scratch.file("dir/edited", "");
    let workspace = open(&scratch);
    let mark = ok(&workspace, "mark", json!({}))["mark"].clone();
    assert_eq!(fs::read_dir(scratch.inside("")).unwrap().count(), 2, "a mark leaves nothing");
    scratch.file("dir/edited", "now");
    scratch.file("new", "12");
    scratch.link("link", "new");
    scratch.file(".runlet/out-1", "");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    fs::File::options().write(true).open(scratch.inside("new")).unwrap().set_modified(old).unwrap();

    let found = ok(&workspace, "generated", json!({ "since": mark }));
    assert_eq!(paths(&found["files"]), ["dir/edited", "new"], "whatever time it pretends to be of");
    assert_eq!(found["files"][1], json!({ "path": "new", "size": 2, "mtimeMs": 1000.0 }));
    let below = ok(&workspace, "generated", json!({ "since": mark, "path": "dir" }));
    assert_eq!(paths(&below["files"]), ["dir/edited"]);
    let all = ok(&workspace, "generated", json!({ "since": 0 }));
    assert_eq!(paths(&all["files"]), ["before", "dir/edited", "new"]);
    for since in [json!("x"), json!(-1), json!(1e300)] {
        let told = fails(&workspace, "generated", json!({ "since": since }));
        assert!(told.starts_with("INVALID_ARGUMENT: since must be a mark"), "{told}");
    }
}

#[test]
fn a_mark_parts_what_was_before_it_from_what_comes() {
    let scratch = Scratch::new();
    let workspace = open(&scratch);
    for round in 0..50 {
        scratch.file("before", "");
        let mark = ok(&workspace, "mark", json!({}))["mark"].clone();
        let found = ok(&workspace, "generated", json!({ "since": mark }));
        assert_eq!(found["files"], json!([]), "round {round}");
        scratch.file("after", "");
        let found = ok(&workspace, "generated", json!({ "since": mark }));
        assert_eq!(paths(&found["files"]), ["after"], "round {round}");
    }
}

#[test]
fn opens_regular_files_of_the_scope_only() {
    let scratch = Scratch::new();
    let bytes = b"\x89PNG\0";
    scratch.file("dir/a.PNG", bytes);
    scratch.link("inside.txt", "dir/a.PNG");
    scratch.link("out.txt", scratch.outside("secret"));
    let workspace = open_with(&scratch, json!({ "limits": { "maxAttachmentBytes": 6 } }));
    let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
    let wanted = json!({
        "path": "dir/a.PNG",
        "size": 5,
        "sha256": sha256.concat(),
        "mimeType": "image/png",
        "base64": base64::encode(bytes),
    });
    assert_eq!(ok(&workspace, "open", json!({ "path": "dir/a.PNG" })), wanted);
    let attached = attachment_path("channel/a/b", "dir/a.PNG").unwrap();
    for path in ["dir/a.PNG", &attached] {
        assert_eq!(ok(&workspace, "open", json!({ "path": path, "scope": "channel/a/b" })), wanted);
    }
    for link in ["inside.txt", "out.txt"] {
        assert!(
            fails(&workspace, "open", json!({ "path": link })).starts_with("PERMISSION_DENIED")
        );
    }
    let small = json!({ "path": "dir/a.PNG", "maxBytes": 4 });
    assert_eq!(fails(&workspace, "open", small), "OUTPUT_LIMIT: dir/a.PNG exceeds limit: 5 > 4");
    scratch.file("large", "1234567");
    let told = fails(&workspace, "open", json!({ "path": "large", "maxBytes": 100 }));
    assert_eq!(told, "OUTPUT_LIMIT: large exceeds limit: 7 > 6");
}

#[test]
fn attachments_have_one_form() {
    let path = |path| attachment_path("user/a", path).map_err(|error| error.to_string());
    assert_eq!(path("x/./y//z"), Ok("scopes/user/a/x/y/z".into()));
    assert_eq!(path("scopes/user/a/x"), Ok("scopes/user/a/x".into()));
    assert_eq!(path("scopes/user/b/x"), Ok("scopes/user/a/scopes/user/b/x".into()));
    assert_eq!(path("a/../b"), Ok("scopes/user/a/b".into()));
    assert_eq!(path(""), Err("path is required".into()));
    assert_eq!(path("a\0"), Err("path contains invalid character".into()));
    assert_eq!(path("../x"), Err("path escapes runtime scope".into()));
    assert_eq!(path("scopes/user/a/../x"), Err("path escapes runtime scope".into()));
}
