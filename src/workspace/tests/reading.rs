use std::fs;

use serde_json::{Value, json};

use super::super::{Cancel, base64};
use super::{fails, ok, open, open_with};
use crate::scoped_fs::tests::Scratch;

/// What splitting at `\r?\n` and joining again with the line ends that were there gives.
fn expected(text: &str, offset: usize, limit: usize) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if text.is_empty() || text.ends_with('\n') {
        lines.push("");
    }
    let first = offset.max(1) - 1;
    let end = if limit == 0 { lines.len() } else { (first + limit).min(lines.len()) };
    let window = lines.get(first..end).unwrap_or_default().concat();
    if end == lines.len() {
        return window;
    }
    let window = window.strip_suffix('\n').unwrap_or(&window);
    window.strip_suffix('\r').unwrap_or(window).to_owned()
}

#[test]
fn gives_the_lines_that_are_asked_for() {
    let scratch = Scratch::new();
    let workspace = open(&scratch);
    let long = (0..30_000).map(|n| format!("{n}\r\n")).collect::<Vec<_>>().concat();
    for text in ["", "a", "a\n", "a\nb", "a\r\nb\r\n\r\nc", "\n\n\n", "\r\n", "a\rb\n", &long] {
        scratch.file("a", text);
        let lines = text.matches('\n').count() + 1;
        for offset in [0, 1, 2, 3, lines, lines + 1, lines + 7] {
            for limit in [0, 1, 2, lines, 10_000] {
                let request = json!({ "path": "a", "offset": offset, "limit": limit });
                let read = ok(&workspace, "read", request);
                let wanted = json!({
                    "text": expected(text, offset, limit), "path": "a", "lines": lines,
                });
                assert_eq!(read, wanted, "{offset} {limit} of {:?}", &text[..text.len().min(20)]);
            }
        }
    }
}

#[test]
fn bounds_cut_between_lines_and_say_where_to_go_on() {
    let scratch = Scratch::new();
    scratch.file("a", "one\ntwo\r\nthree\nfour\n");
    let workspace = open(&scratch);
    let read = |mut request: Value| {
        request["path"] = json!("a");
        let read = ok(&workspace, "read", request);
        (
            read["text"].as_str().unwrap().to_owned(),
            read["truncated"].clone(),
            read["nextOffset"].clone(),
        )
    };
    let cut = |text: &str, next: u32| (text.to_owned(), json!(true), json!(next));
    let whole = |text: &str| (text.to_owned(), Value::Null, Value::Null);
    assert_eq!(read(json!({ "maxLines": 2 })), cut("one\ntwo", 3));
    assert_eq!(read(json!({ "maxLines": 2, "offset": 3 })), whole("three\nfour"));
    assert_eq!(read(json!({ "maxLines": 2, "limit": 2 })), whole("one\ntwo"));
    assert_eq!(read(json!({ "maxLines": 9 })), whole("one\ntwo\r\nthree\nfour\n"));
    assert_eq!(read(json!({ "maxReadBytes": 8 })), cut("one", 2));
    assert_eq!(read(json!({ "maxReadBytes": 9 })), cut("one\ntwo", 3));
    assert_eq!(read(json!({ "maxReadBytes": 2 })), cut("on", 2));
    assert_eq!(read(json!({ "maxReadBytes": 100 })), whole("one\ntwo\r\nthree\nfour\n"));
    let clipped = read(json!({ "maxLineChars": 3 }));
    assert_eq!(clipped, ("one\ntwo\r\nthr\nfou\n".to_owned(), json!(true), Value::Null));
    scratch.file("a", "日本語");
    assert_eq!(read(json!({ "maxReadBytes": 4 })), ("日".to_owned(), json!(true), Value::Null));
}

#[test]
fn says_what_is_no_text_and_gives_its_bytes() {
    let scratch = Scratch::new();
    let bytes = b"a\0b\xFFc\xC3\xA9";
    scratch.file("a", bytes);
    let workspace = open(&scratch);
    let read = ok(&workspace, "read", json!({ "path": "a" }));
    let text = "a\0b\u{FFFD}cé";
    assert_eq!(read, json!({ "text": text, "path": "a", "lines": 1, "binary": true }));
    let read = ok(&workspace, "read", json!({ "path": "a", "encoding": "base64" }));
    assert_eq!(base64::decode(read["text"].as_str().unwrap()).unwrap(), bytes);
    let written = json!({ "path": "b", "content": read["text"], "encoding": "base64" });
    assert_eq!(ok(&workspace, "write", written), json!({ "path": "b", "bytes": 7 }));
    assert_eq!(fs::read(scratch.inside("b")).unwrap(), bytes);
}

#[test]
fn follows_links_that_stay_inside() {
    let scratch = Scratch::new();
    scratch.file("dir/a", "text");
    scratch.link("link", "dir/a");
    scratch.link("dir/up", "..");
    scratch.link("loop", "loop");
    let workspace = open(&scratch);
    assert_eq!(ok(&workspace, "read", json!({ "path": "link" }))["text"], "text");
    assert_eq!(ok(&workspace, "read", json!({ "path": "dir/up/link" }))["path"], "dir/up/link");
    let looped = fails(&workspace, "read", json!({ "path": "loop" }));
    assert_eq!(looped, "PERMISSION_DENIED: path is a symbolic link that is not followed: loop");
    assert_eq!(
        fails(&workspace, "read", json!({ "path": "dir" })),
        "RUNTIME_ERROR: path is a directory: dir"
    );
}

#[test]
fn ends_when_it_is_cancelled_or_late() {
    let scratch = Scratch::new();
    // All holes: it takes no room, and longer to read than the time there is.
    fs::File::create(scratch.inside("huge")).unwrap().set_len(1 << 40).unwrap();
    let workspace = open_with(&scratch, json!({ "limits": { "maxScanMs": 50 } }));
    let first = ok(&workspace, "read", json!({ "path": "huge", "offset": 1, "maxReadBytes": 3 }));
    assert_eq!(first["truncated"], true);
    assert_eq!(first["binary"], true);
    let late = fails(&workspace, "read", json!({ "path": "huge", "offset": 2 }));
    assert_eq!(late, "TIMEOUT: reading took too long: huge");

    let workspace = open_with(&scratch, json!({ "limits": { "maxScanMs": 600_000 } }));
    let cancel = Cancel::default();
    let other = cancel.clone();
    let told = std::thread::scope(|scope| {
        let request = r#"{"path":"huge","offset":2}"#;
        let reading = scope.spawn(move || workspace.operate("read", request, &other));
        cancel.cancel();
        reading.join().unwrap()
    });
    assert_eq!(told.unwrap_err().to_string(), "cancelled");
}
