use serde_json::json;

use super::{Scratch, denied, fails, invalid, ok};

#[test]
fn removes_files_and_says_if_there_was_none() {
    let scratch = Scratch::new();
    scratch.file("dir/a", "");
    assert_eq!(ok(&scratch, "delete_file", json!({ "path": "dir/a" }))["success"], true);
    assert_eq!(ok(&scratch, "delete_file", json!({ "path": "dir/a" }))["success"], false);
    assert_eq!(ok(&scratch, "delete_file", json!({ "path": "none/a" }))["success"], false);
}

#[test]
fn removes_directories_only_when_asked_to() {
    let scratch = Scratch::new();
    scratch.file("dir/sub/a", "");
    scratch.file("dir/b", "");
    let once = json!({ "path": "dir" });
    assert_eq!(fails(&scratch, "delete_file", once), invalid("directory"));
    assert!(scratch.inside("dir/sub/a").is_file());
    let whole = json!({ "path": "dir", "recursive": true });
    assert_eq!(ok(&scratch, "delete_file", whole)["success"], true);
    assert!(!scratch.inside("dir").is_dir());
}

#[test]
fn removes_links_and_not_what_they_lead_to() {
    let scratch = Scratch::new();
    scratch.link("link", scratch.outside("secret"));
    scratch.link("dir/deep/link", scratch.outside(""));
    ok(&scratch, "delete_file", json!({ "path": "link" }));
    ok(&scratch, "delete_file", json!({ "path": "dir", "recursive": true }));
    assert!(scratch.outside("secret").is_file());
}

#[test]
fn refuses_the_root_and_what_is_beside_it() {
    let scratch = Scratch::new();
    scratch.link("parent", scratch.outside(""));
    for (path, expected) in [
        (".", denied("root")),
        ("a/..", denied("root")),
        ("..", denied("outside-root")),
        ("../outside/secret", denied("outside-root")),
        ("parent/secret", denied("outside-root")),
    ] {
        let input = json!({ "path": path, "recursive": true });
        assert_eq!(fails(&scratch, "delete_file", input), expected, "{path}");
    }
    let root = json!({ "path": scratch.inside(""), "recursive": true });
    assert_eq!(fails(&scratch, "delete_file", root), denied("root"));
    assert!(scratch.outside("secret").is_file());
}
