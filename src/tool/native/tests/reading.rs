use serde_json::json;

use super::{Scratch, denied, fails, invalid, missing, ok, tool};

#[test]
fn gives_text_and_facts() {
    let scratch = Scratch::new();
    scratch.file("dir/ünï.txt", "héllo\r\n日本語\n");
    let output = ok(&scratch, "read_file", json!({ "path": "dir/../dir/ünï.txt" }));
    assert_eq!(output["content"], "héllo\r\n日本語\n");
    let facts = &output["metadata"];
    assert_eq!(facts["path"], "dir/ünï.txt");
    assert_eq!(facts["size"], 18);
    assert!(facts["mode"].as_u64().unwrap() & 0o600 == 0o600);
    assert!(facts["modified"].as_str().unwrap().ends_with('Z'));
    assert!(facts.get("lossy").is_none());
}

#[test]
fn reads_absolute_paths_beneath_the_root() {
    let scratch = Scratch::new();
    scratch.file("a", "inside");
    let output = ok(&scratch, "read_file", json!({ "path": scratch.inside("a") }));
    assert_eq!(output["content"], "inside");
    assert_eq!(output["metadata"]["path"], "a");
}

#[test]
fn takes_scripts_beyond_ascii_for_text_and_others_for_binary() {
    let scratch = Scratch::new();
    scratch.file("cjk", "漢字".repeat(5_000));
    scratch.file("empty", "");
    scratch.file("nul", b"text\0text");
    scratch.file("latin", b"caf\xE9");
    scratch.file("late", [&[b'a'; 9_000][..], b"\xFF"].concat());
    assert!(ok(&scratch, "read_file", json!({ "path": "cjk" }))["content"].is_string());
    assert_eq!(ok(&scratch, "read_file", json!({ "path": "empty" }))["content"], "");
    for path in ["nul", "latin"] {
        assert_eq!(fails(&scratch, "read_file", json!({ "path": path })), invalid("binary"));
    }
    assert_eq!(ok(&scratch, "read_file", json!({ "path": "late" }))["metadata"]["lossy"], true);
}

#[test]
fn stops_at_one_mebibyte() {
    let scratch = Scratch::new();
    scratch.file("exact", "x".repeat(1_048_576));
    scratch.file("over", "x".repeat(1_048_577));
    let output = ok(&scratch, "read_file", json!({ "path": "exact" }));
    assert_eq!(output["content"].as_str().unwrap().len(), 1_048_576);
    assert_eq!(fails(&scratch, "read_file", json!({ "path": "over" })), invalid("too-large"));
}

#[test]
fn refuses_what_is_no_file_of_the_root() {
    let scratch = Scratch::new();
    scratch.file("dir/a", "");
    scratch.link("link", "dir/a");
    scratch.link("parent", scratch.outside(""));
    scratch.link("proc", "/proc/self/root");
    for (path, expected) in [
        ("none", missing()),
        ("dir", invalid("directory")),
        ("link", denied("symbolic-link")),
        ("parent/secret", denied("outside-root")),
        ("proc/etc/passwd", denied("outside-root")),
        ("/etc/passwd", denied("outside-root")),
        ("../outside/secret", denied("outside-root")),
        ("dir/../../outside/secret", denied("outside-root")),
        ("", invalid("malformed")),
        ("a\0b", invalid("malformed")),
    ] {
        assert_eq!(fails(&scratch, "read_file", json!({ "path": path })), expected, "{path}");
    }
    let beside = tool(&scratch, "read_file", json!({ "path": scratch.outside("secret") }));
    assert_eq!(beside["error"]["code"], "PERMISSION_DENIED");
}
