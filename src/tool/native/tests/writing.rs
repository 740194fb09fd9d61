#![expect(clippy::disallowed_methods, reason = "looks at what was written")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{Scratch, denied, fails, invalid, ok};

#[test]
fn writes_with_parents_and_says_what_it_wrote() {
    let scratch = Scratch::new();
    let output = ok(&scratch, "write_file", json!({ "path": "a/b/c.txt", "content": "héllo" }));
    assert_eq!(output["success"], true);
    assert_eq!(output["metadata"]["path"], "a/b/c.txt");
    assert_eq!(output["metadata"]["size"], 6);
    assert_eq!(fs::read_to_string(scratch.inside("a/b/c.txt")).unwrap(), "héllo");
}

#[test]
fn appends() {
    let scratch = Scratch::new();
    for part in ["one\n", "two\n"] {
        ok(&scratch, "write_file", json!({ "path": "log", "content": part, "append": true }));
    }
    assert_eq!(fs::read_to_string(scratch.inside("log")).unwrap(), "one\ntwo\n");
}

#[test]
fn sets_permission_bits_and_no_others() {
    let scratch = Scratch::new();
    for (mode, bits) in [(json!(0o600), 0o600), (json!("0755"), 0o755), (json!("0o640"), 0o640)] {
        ok(&scratch, "write_file", json!({ "path": "a", "content": "", "mode": mode }));
        let found = fs::metadata(scratch.inside("a")).unwrap().permissions().mode();
        assert_eq!(found & 0o7777, bits);
    }
    for mode in
        [json!(0o4755), json!("2755"), json!("1777"), json!(-1), json!("rw"), json!(1.5), json!("")]
    {
        let input = json!({ "path": "b", "content": "", "mode": mode });
        assert_eq!(fails(&scratch, "write_file", input), invalid(json!(null)), "{mode}");
    }
    assert!(!scratch.inside("b").exists());
}

#[test]
fn an_oversize_write_leaves_the_old_file() {
    let scratch = Scratch::new();
    scratch.file("a", "old");
    let most = "x".repeat(1_048_576);
    let more = "x".repeat(1_048_577);
    for append in [false, true] {
        let input = json!({ "path": "a", "content": more, "append": append });
        assert_eq!(fails(&scratch, "write_file", input), invalid("too-large"));
        assert_eq!(fs::read_to_string(scratch.inside("a")).unwrap(), "old");
    }
    ok(&scratch, "write_file", json!({ "path": "a", "content": most }));
}

#[test]
fn writes_nowhere_else() {
    let scratch = Scratch::new();
    scratch.link("link", scratch.outside("secret"));
    scratch.link("parent", scratch.outside(""));
    for (path, expected) in [
        ("link", denied("symbolic-link")),
        ("parent/new", denied("outside-root")),
        ("/tmp/runlet-never", denied("outside-root")),
        ("../outside/new", denied("outside-root")),
        (".", denied("root")),
    ] {
        for append in [false, true] {
            let input = json!({ "path": path, "content": "x", "append": append });
            assert_eq!(fails(&scratch, "write_file", input), expected, "{path}");
        }
    }
    assert_eq!(fs::read_to_string(scratch.outside("secret")).unwrap(), "outside");
    assert!(!scratch.outside("new").exists());
}
