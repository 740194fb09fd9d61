use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::edit::edit_with;
use super::super::{Cancel, Watch};
use super::{fails, ok, open, open_with};
use crate::scoped_fs::tests::Scratch;

fn edit(old: &str, new: &str, all: bool) -> Value {
    json!({ "path": "a", "oldText": old, "newText": new, "replaceAll": all })
}

#[test]
fn replaces_once_or_everywhere() {
    let scratch = Scratch::new();
    let workspace = open(&scratch);
    for (text, old, new, all, result) in [
        ("a b a", "b", "c", false, "a c a"),
        ("a b a", "a", "x", true, "x b x"),
        ("a b a", "a b a", "", false, ""),
        ("aaaa", "aa", "b", true, "bb"),
        ("aaa", "aa", "b", true, "ba"),
        ("日本", "本", "日", false, "日日"),
        // Line ends that differ, in either direction, and in a file that has both.
        ("1\r\n2\r\n3", "1\n2\n", "x\ny\nz\n", false, "x\r\ny\r\nz\r\n3"),
        ("1\n2\n3", "1\r\n2\r\n", "x\r\n", false, "x\n3"),
        ("1\r\n2\n3\n", "1\n2\n3", "x\ny", false, "x\r\ny\n"),
        ("1\r\n2\r\n", "1\r\n2", "x\ny", false, "x\ny\r\n"),
        ("a\r\n\r\nb", "\n\n", "\n", false, "a\r\nb"),
        ("\u{FEFF}a\r\nb", "a\nb", "c\nd", false, "\u{FEFF}c\r\nd"),
    ] {
        scratch.file("a", text);
        ok(&workspace, "edit", edit(old, new, all));
        let edited = fs::read_to_string(scratch.inside("a")).unwrap();
        assert_eq!(edited, result, "{old:?} to {new:?} in {text:?}");
    }
    scratch.file("a", "x x x");
    let count = ok(&workspace, "edit", edit("x", "y", true));
    assert_eq!(count, json!({ "path": "a", "replacements": 3 }));
}

#[test]
fn keeps_what_is_no_text() {
    let scratch = Scratch::new();
    scratch.file("a", b"\xFF\0old\xFE\r\n");
    ok(&open(&scratch), "edit", edit("old", "new", false));
    assert_eq!(fs::read(scratch.inside("a")).unwrap(), b"\xFF\0new\xFE\r\n");
}

#[test]
fn refuses_what_is_not_one_place() {
    let scratch = Scratch::new();
    scratch.file("a", "aaa\n");
    let workspace = open_with(&scratch, json!({ "limits": { "maxFileBytes": 5 } }));
    for (old, new, told) in [
        ("b", "c", "VALIDATION_ERROR: text not found in a"),
        ("a\n\n", "c", "VALIDATION_ERROR: text not found in a"),
        ("a", "c", "VALIDATION_ERROR: text is not unique in a"),
        ("aa", "c", "VALIDATION_ERROR: text is not unique in a"),
        ("", "c", "INVALID_ARGUMENT: oldText must not be empty"),
        ("aaa", "aaaaa", "OUTPUT_LIMIT: a exceeds limit: 6 > 5"),
    ] {
        assert_eq!(fails(&workspace, "edit", edit(old, new, false)), told);
    }
    assert_eq!(fs::read(scratch.inside("a")).unwrap(), b"aaa\n");
    scratch.file("a", "aaaaaaaa");
    assert_eq!(
        fails(&workspace, "edit", edit("b", "c", false)),
        "OUTPUT_LIMIT: a exceeds limit: 8 > 5"
    );
}

#[test]
fn notices_that_the_file_was_changed_meanwhile() {
    let scratch = Scratch::new();
    scratch.file("a", "old 0");
    let workspace = open(&scratch);
    let cancel = Cancel::default();
    let watch = Watch { cancel: &cancel, until: Instant::now() + Duration::from_mins(1) };
    let request = serde_json::from_value(edit("old", "new", false)).unwrap();
    let mut tries = 0;
    let edited = edit_with(&workspace, &request, watch, || {
        tries += 1;
        if tries == 1 {
            scratch.file("a", "somebody else's old");
        }
    });
    assert!(edited.is_ok());
    assert_eq!(tries, 2, "the first try was thrown away");
    assert_eq!(fs::read_to_string(scratch.inside("a")).unwrap(), "somebody else's new");

    scratch.file("a", "old 0");
    let edited = edit_with(&workspace, &request, watch, || {
        tries += 1;
        scratch.file("a", format!("old {}", "x".repeat(tries)));
    });
    assert_eq!(
        edited.unwrap_err().to_string(),
        "path changed while it was edited: a",
        "an edit is lost with a word, never without"
    );
    assert_eq!(fs::read_to_string(scratch.inside("a")).unwrap(), "old xxxx");
    assert_eq!(fs::read_dir(scratch.inside("")).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn eight_at_once_lose_nothing() {
    let scratch = Scratch::new();
    let slots: String = (0..80).map(|n| format!("<{n}>")).collect::<Vec<_>>().concat();
    scratch.file("a", &slots);
    scratch.link("same", ".");
    let workspaces: Vec<_> = (0..8).map(|_| open(&scratch)).collect();
    thread::scope(|scope| {
        for (index, workspace) in workspaces.iter().enumerate() {
            scope.spawn(move || {
                for n in (index * 10)..(index * 10 + 10) {
                    let path = if n % 2 == 0 { "a" } else { "same/a" };
                    let old = format!("<{n}>");
                    let edit = json!({ "path": path, "oldText": old, "newText": format!("[{n}]") });
                    ok(workspace, "edit", edit);
                }
            });
        }
    });
    let wanted = slots.replace('<', "[").replace('>', "]");
    assert_eq!(fs::read_to_string(scratch.inside("a")).unwrap(), wanted);
}
