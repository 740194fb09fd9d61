use serde_json::{Value, json};

use super::{Scratch, denied, fails, invalid, ok};

#[test]
fn gives_file_line_and_byte_column() {
    let scratch = Scratch::new();
    scratch.file("a.txt", "first\r\n  äh: Needle and needle\nlast");
    let output = ok(&scratch, "grep", json!({ "pattern": "[Nn]eedle", "path": "a.txt" }));
    assert_eq!(
        output,
        json!({ "matches": [
            { "file": "a.txt", "line": 2, "column": 8, "text": "  äh: Needle and needle" },
        ] })
    );
    let ends = ok(&scratch, "grep", json!({ "pattern": "t$", "path": "a.txt" }));
    assert_eq!(ends["matches"].as_array().unwrap().len(), 2, "a line may end with CR LF");
    let none = ok(&scratch, "grep", json!({ "pattern": "NEEDLE", "path": "." }));
    assert_eq!(none, json!({ "matches": [] }));
    let any = json!({ "pattern": "NEEDLE", "path": ".", "ignore_case": true });
    assert_eq!(ok(&scratch, "grep", any)["matches"][0]["column"], 8);
}

#[test]
fn searches_trees_past_what_is_no_text() {
    let scratch = Scratch::new();
    scratch.file("a", "hit");
    scratch.file("sub/b", "hit");
    scratch.file("binary", b"hit\0");
    scratch.file("large", "hit".repeat(400_000));
    scratch.link("link", scratch.outside("secret"));
    scratch.link("dangling", "nowhere");
    let files = |input: Value| -> Vec<String> {
        let output = ok(&scratch, "grep", input);
        let matches = output["matches"].as_array().unwrap();
        matches.iter().map(|found| found["file"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(files(json!({ "pattern": "hit|out", "path": "." })), ["a"]);
    assert_eq!(
        files(json!({ "pattern": "hit|out", "path": ".", "recursive": true })),
        ["a", "sub/b"]
    );
    let wide = json!({ "pattern": "hit", "path": ".", "max_file_bytes": 2_000_000 });
    assert_eq!(files(wide), ["a", "large"]);
    let one = json!({ "pattern": "hit", "path": "large" });
    assert_eq!(fails(&scratch, "grep", one), invalid("too-large"), "asked for by name");
    assert_eq!(
        fails(&scratch, "grep", json!({ "pattern": "o", "path": "link" })),
        denied("outside-root")
    );
}

#[test]
fn says_when_a_bound_ended_it() {
    let scratch = Scratch::new();
    scratch.file("a", "x\nx\nx\n");
    scratch.file("b", "x\n");
    let count = |input: Value| {
        let output = ok(&scratch, "grep", input);
        (output["matches"].as_array().unwrap().len(), output.get("truncated").is_some())
    };
    assert_eq!(count(json!({ "pattern": "x", "path": "." })), (4, false));
    assert_eq!(count(json!({ "pattern": "x", "path": ".", "max_results": 4 })), (4, false));
    assert_eq!(count(json!({ "pattern": "x", "path": ".", "max_results": 2 })), (2, true));
    assert_eq!(count(json!({ "pattern": "x", "path": ".", "max_files_visited": 1 })), (3, true));
    assert_eq!(
        count(json!({ "pattern": "^$", "path": "." })),
        (0, false),
        "no line behind the last"
    );
}

#[test]
fn cuts_lines_that_are_too_long() {
    let scratch = Scratch::new();
    scratch.file("a", "ä".repeat(5_000));
    let found = &ok(&scratch, "grep", json!({ "pattern": "ä", "path": "a" }))["matches"][0];
    assert_eq!(found["text"].as_str().unwrap().len(), 4_096);
    assert_eq!(found["text_truncated"], true);
}

#[test]
fn refuses_patterns_it_cannot_run_in_linear_time() {
    let scratch = Scratch::new();
    scratch.file("a", "a".repeat(50_000));
    for pattern in ["", "(", "(a)\\1", "(?=a)", "((a{1000}){1000}){1000}", &"a".repeat(4_097)] {
        let input = json!({ "pattern": pattern, "path": "." });
        assert_eq!(fails(&scratch, "grep", input), invalid(Value::Null), "{pattern}");
    }
    let bomb = json!({ "pattern": "(a+)+$|(a|aa)+b", "path": "a" });
    assert_eq!(ok(&scratch, "grep", bomb)["matches"][0]["column"], 1);
    let outside = json!({ "pattern": "o", "path": "../outside" });
    assert_eq!(fails(&scratch, "grep", outside), denied("outside-root"));
}
