use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::Cancel;
use super::{fails, ok, open, open_with, paths};
use crate::scoped_fs::ScopedPath;
use crate::scoped_fs::tests::Scratch;

#[test]
fn finds_lines_literally_or_by_expression() {
    let scratch = Scratch::new();
    scratch.file("a.rs", "fn one() {}\r\n\tlet a.b = 1;\r\nfn Two() {}\n");
    scratch.file("b/c.md", "a.b\naxb\n");
    let workspace = open(&scratch);
    let lines = |mut request: Value| -> Vec<(String, u64)> {
        request["trim"] = json!(true);
        let hits = ok(&workspace, "grep", request)["hits"].clone();
        let line =
            |hit: &Value| (hit["path"].as_str().unwrap().into(), hit["line"].as_u64().unwrap());
        hits.as_array().unwrap().iter().map(line).collect()
    };
    let at = |places: &[(&str, u64)]| -> Vec<(String, u64)> {
        places.iter().map(|(path, line)| ((*path).to_owned(), *line)).collect()
    };
    assert_eq!(lines(json!({ "query": "a.b" })), at(&[("a.rs", 2), ("b/c.md", 1)]));
    assert_eq!(
        lines(json!({ "query": "a.b", "regex": true })),
        at(&[("a.rs", 2), ("b/c.md", 1), ("b/c.md", 2)])
    );
    assert_eq!(lines(json!({ "query": "TWO" })), at(&[]));
    assert_eq!(lines(json!({ "query": "TWO", "ignoreCase": true })), at(&[("a.rs", 3)]));
    assert_eq!(
        lines(json!({ "query": r"^fn \w+\(\) \{\}$", "regex": true })),
        at(&[("a.rs", 1), ("a.rs", 3)])
    );
    assert_eq!(lines(json!({ "query": "a.b", "glob": "*.md" })), at(&[("b/c.md", 1)]));
    assert_eq!(lines(json!({ "query": "a.b", "path": "b" })), at(&[("b/c.md", 1)]));
    assert_eq!(lines(json!({ "query": "a.b", "path": "/b/c.md" })), at(&[("b/c.md", 1)]));
    assert_eq!(lines(json!({ "query": "", "path": "b" })), at(&[("b/c.md", 1), ("b/c.md", 2)]));
    let spanning = json!({ "query": r"one.*\n.*a\.b", "regex": true, "multiline": true });
    assert_eq!(lines(spanning), at(&[("a.rs", 1)]));
}

#[test]
fn tells_files_counts_and_what_stands_around() {
    let scratch = Scratch::new();
    scratch.file("a", "1\n  2\nx\n  4\r\n5\n");
    scratch.file("b", "x\nx");
    let workspace = open(&scratch);
    assert_eq!(
        ok(&workspace, "grep", json!({ "query": "x", "mode": "files" })),
        json!({ "hits": [], "files": ["a", "b"] })
    );
    let counts = json!([{ "path": "a", "count": 1 }, { "path": "b", "count": 2 }]);
    assert_eq!(
        ok(&workspace, "grep", json!({ "query": "x", "mode": "count" })),
        json!({ "hits": [], "counts": counts })
    );
    let around = ok(&workspace, "grep", json!({ "query": "x", "context": 2, "path": "a" }));
    assert_eq!(
        around["hits"],
        json!([{ "path": "a", "line": 3, "text": "x", "before": ["1", "  2"], "after": ["  4", "5"] }])
    );
    let clipped = ok(&workspace, "grep", json!({ "query": "2", "maxLineChars": 2, "trim": false }));
    assert_eq!(clipped["hits"], json!([{ "path": "a", "line": 2, "text": "  ", "clipped": true }]));
}

#[test]
fn gives_the_first_results_however_many_threads_look() {
    let scratch = Scratch::new();
    for number in 0..300 {
        scratch.file(&format!("d{}/f{number:03}", number % 7), "x\nx\n");
    }
    let workspace = open(&scratch);
    let all = ok(&workspace, "grep", json!({ "query": "x", "maxResults": 600 }));
    assert_eq!(all["hits"].as_array().unwrap().len(), 600);
    assert!(all.get("truncated").is_none(), "all that were wanted are all there are");
    for _ in 0..20 {
        let some = ok(&workspace, "grep", json!({ "query": "x", "maxResults": 7 }));
        assert_eq!(some["hits"].as_array().unwrap()[..], all["hits"].as_array().unwrap()[..7]);
        assert_eq!(some["truncated"], true);
        assert!(some["totalSeen"].as_u64().unwrap() > 7);
    }
    let ceiling = open_with(&scratch, json!({ "limits": { "maxResults": 5 } }));
    let some = ok(&ceiling, "grep", json!({ "query": "x", "maxResults": 1000 }));
    assert_eq!(some["hits"].as_array().unwrap().len(), 5);
}

#[test]
fn counts_what_it_passes_over() {
    let scratch = Scratch::new();
    scratch.file("a", "needle");
    scratch.file("binary", b"needle\0");
    scratch.file("large", "needle".repeat(200));
    scratch.file("closed/file", "needle");
    scratch.file("unreadable", "needle");
    scratch.link("dangling", "nowhere");
    let shut = |path: &str| {
        fs::set_permissions(scratch.inside(path), fs::Permissions::from_mode(0o0)).unwrap();
    };
    shut("unreadable");
    shut("closed");
    // Nothing is closed to root.
    let closed = if fs::File::open(scratch.inside("unreadable")).is_err() { 2 } else { 0 };
    if closed == 0 {
        println!("nothing is unreadable to this user: their count is 0 here");
        fs::remove_file(scratch.inside("unreadable")).unwrap();
        fs::remove_dir_all(scratch.inside("closed")).unwrap();
    }
    let workspace = open_with(&scratch, json!({ "limits": { "maxFileBytes": 1000 } }));
    let found = ok(&workspace, "grep", json!({ "query": "needle" }));
    if closed > 0 {
        fs::set_permissions(scratch.inside("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    }
    assert_eq!(paths(&found["hits"]), ["a"]);
    assert_eq!(found["skipped"], json!({ "oversize": 1, "binary": 1, "unreadable": closed }));
    assert!(found.get("truncated").is_none());
}

#[test]
fn what_no_path_reaches_is_counted() {
    let scratch = Scratch::new();
    scratch.file("a", "needle");
    let workspace = open(&scratch);
    // Two halves of a path that is longer than the system takes: unreadable even to root.
    let half = ScopedPath::parse(format!("{}/", "d".repeat(200)).repeat(11).as_ref()).unwrap();
    workspace.root.create_dirs(&half).unwrap();
    workspace.root.below(&half).unwrap().create_dirs(&half).unwrap();
    let found = ok(&workspace, "grep", json!({ "query": "needle" }));
    assert_eq!(paths(&found["hits"]), ["a"]);
    assert_eq!(found["skipped"], json!({ "oversize": 0, "binary": 0, "unreadable": 1 }));
    let found = ok(&workspace, "find", json!({ "pattern": "a" }));
    assert_eq!(found["skipped"]["unreadable"], 1);
}

#[test]
fn a_large_tree_with_one_of_each_kind_is_searched_whole() {
    let scratch = Scratch::new();
    for folder in 0..100 {
        fs::create_dir_all(scratch.inside(&format!("d{folder:02}"))).unwrap();
        for file in 0..100 {
            fs::write(scratch.inside(&format!("d{folder:02}/f{file:02}")), "hay\nneedle\n")
                .unwrap();
        }
    }
    scratch.file("d50/f50", b"needle\0");
    scratch.file("d60/f60", "needle".repeat(200_000));
    scratch.link("d70/dangling", "nowhere");
    let workspace = open(&scratch);
    let found = ok(&workspace, "grep", json!({ "query": "needle", "maxResults": 10_000 }));
    assert_eq!(found["hits"].as_array().unwrap().len(), 9_998);
    assert_eq!(found["skipped"], json!({ "oversize": 1, "binary": 1, "unreadable": 0 }));
    assert!(found.get("truncated").is_none());
}

#[test]
fn ends_early_with_a_word() {
    let scratch = Scratch::new();
    for number in 0..50 {
        scratch.file(&format!("f{number:02}"), "x".repeat(100));
    }
    let limited = |limits: Value| open_with(&scratch, json!({ "limits": limits }));
    let grep = json!({ "query": "x" });
    let few = ok(&limited(json!({ "maxScanBytes": 1_000 })), "grep", grep.clone());
    assert_eq!(few["truncated"], true);
    assert_eq!(paths(&few["hits"])[0], "f00");
    assert!((9..=10).contains(&few["hits"].as_array().unwrap().len()), "{few}");
    let strict = json!({ "limits": { "maxScanBytes": 1_000 }, "oversize": "error" });
    assert_eq!(
        fails(&open_with(&scratch, strict), "grep", grep.clone()),
        "OUTPUT_LIMIT: scan exceeds limit: 1100 > 1000"
    );
    let some = ok(&limited(json!({ "maxEntries": 20 })), "grep", grep.clone());
    assert_eq!((some["hits"].as_array().unwrap().len(), &some["truncated"]), (20, &json!(true)));
    let some = ok(&limited(json!({ "maxEntries": 20 })), "find", json!({}));
    assert_eq!(some["totalSeen"], 20);
    assert_eq!(some["truncated"], true);
    let exact = ok(&limited(json!({ "maxEntries": 50 })), "find", json!({}));
    assert!(exact.get("truncated").is_none(), "a bound that is just met cuts nothing");
}

#[test]
fn a_cancelled_search_ends() {
    let scratch = Scratch::new();
    for folder in 0..20 {
        for file in 0..100 {
            scratch.file(&format!("{folder}/{file}"), "x");
        }
    }
    let workspace = open(&scratch);
    let cancel = Cancel::default();
    cancel.cancel();
    for op in ["grep", "find", "ls", "list", "generated", "read", "write"] {
        let request = r#"{"query":"x","path":"a","content":"","since":0}"#;
        let error = workspace.operate(op, request, &cancel).unwrap_err();
        assert_eq!((error.code().as_str(), error.to_string()), ("CANCELLED", "cancelled".into()));
    }
    assert!(!scratch.inside("a").exists());

    // Again and again, at whatever point the other thread has come to.
    let mut ended = 0;
    for step in 0..40 {
        let cancel = Cancel::default();
        let other = cancel.clone();
        let told = std::thread::scope(|scope| {
            let workspace = &workspace;
            let search = scope
                .spawn(move || workspace.operate("grep", r#"{"query":"y","path":""}"#, &other));
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_micros(step * 250) {
                std::thread::yield_now();
            }
            cancel.cancel();
            search.join().unwrap()
        });
        ended += u32::from(told.is_err_and(|error| error.to_string() == "cancelled"));
    }
    assert!(ended > 0, "no search was met under way");
}

#[test]
fn expressions_take_no_longer_than_their_text() {
    let scratch = Scratch::new();
    scratch.file("a", "a".repeat(100_000) + "!");
    let workspace = open(&scratch);
    let begun = Instant::now();
    let found = ok(&workspace, "grep", json!({ "query": "(a|aa)+$", "regex": true }));
    assert_eq!(found, json!({ "hits": [] }));
    // Backtracking would not come to an end.
    assert!(begun.elapsed() < Duration::from_mins(1));
    for (query, told) in [
        ("(", "query is not a regular expression: "),
        ("(?=x)", "query is not a regular expression: "),
        ("(\\w{1000}){1000}", "query is not a regular expression: "),
        ("a\nb", "query spans lines, which takes multiline"),
    ] {
        let error = fails(&workspace, "grep", json!({ "query": query, "regex": true }));
        assert!(error.starts_with(&format!("INVALID_ARGUMENT: {told}")), "{error}");
    }
}

#[test]
fn leaves_out_what_it_is_told_to() {
    let scratch = Scratch::new();
    for file in [
        "src/a.rs",
        "src/build/out.rs",
        "build/b.rs",
        "node_modules/m/x.rs",
        ".git/config",
        "src/keep.log",
        "src/drop.log",
        "other/build/c.rs",
    ] {
        scratch.file(file, "x");
    }
    scratch.file(".gitignore", "build/\n*.log\n/node_modules\n");
    scratch.file("src/.gitignore", "!keep.log\n");
    scratch.file("other/.gitignore", "!build/\n");
    let workspace = open(&scratch);
    let find = |request: Value| ok(&workspace, "find", request)["paths"].clone();
    assert_eq!(
        find(json!({ "type": "file", "gitignore": true, "exclude": [".git", ".gitignore"] })),
        json!(["other/build/c.rs", "src/a.rs", "src/keep.log"])
    );
    assert_eq!(
        find(json!({ "type": "file", "path": "src", "gitignore": true })),
        json!(["src/.gitignore", "src/a.rs", "src/keep.log"]),
        "the rules above the folder hold in it"
    );
    assert_eq!(find(json!({ "pattern": "*.log" })), json!(["src/drop.log", "src/keep.log"]));
    let grep = json!({ "query": "x", "gitignore": true, "exclude": [".git"], "mode": "files" });
    assert_eq!(
        ok(&workspace, "grep", grep)["files"],
        json!(["other/build/c.rs", "src/a.rs", "src/keep.log"])
    );
    let found = find(json!({ "type": "file", "exclude": ["node_modules", ".git", "src/*"] }));
    assert_eq!(found, json!([".gitignore", "build/b.rs", "other/.gitignore", "other/build/c.rs"]));
}

#[test]
fn sorts_and_filters_what_it_finds() {
    let scratch = Scratch::new();
    for (age, file) in [(30, "old"), (10, "new"), (20, "dir/middle")] {
        scratch.file(file, "");
        let at = std::time::SystemTime::now() - Duration::from_secs(age);
        fs::File::options()
            .write(true)
            .open(scratch.inside(file))
            .unwrap()
            .set_modified(at)
            .unwrap();
    }
    scratch.link("to-dir", "dir");
    scratch.link("to-file", "new");
    scratch.link("dangling", "none");
    let workspace = open(&scratch);
    let find = |request: Value| ok(&workspace, "find", request)["paths"].clone();
    assert_eq!(find(json!({})), json!(["dir", "dir/middle", "new", "old", "to-dir", "to-file"]));
    assert_eq!(find(json!({ "type": "directory" })), json!(["dir", "to-dir"]));
    assert_eq!(find(json!({ "type": "other" })), json!(["dangling"]));
    let by_time = find(json!({ "sort": "mtime", "pattern": "{old,new,middle}" }));
    assert_eq!(by_time, json!(["new", "dir/middle", "old"]));
    assert_eq!(find(json!({ "path": "to-dir" })), json!(["to-dir/middle"]));
    assert_eq!(find(json!({ "path": "dir", "pattern": "dir/*" })), json!([]));
    let told = fails(&workspace, "find", json!({ "path": "new" }));
    assert_eq!(told, "RUNTIME_ERROR: path is not a directory: new");
}
