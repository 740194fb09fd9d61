//! Mistakes that such a room can make, each beside the usual way to make it, which must fail here.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::local_path;
use super::super::scope::{Origin, Overlap, resolve_scope, safe_root};
use super::{fails, ok, open, open_with, paths};
use crate::scoped_fs::tests::Scratch;

#[test]
fn new_text_with_dollar_signs_is_not_a_pattern() {
    let new = "$& $1 $$ $` ${a}";
    // The usual way: a replace that looks for groups in the new text.
    let usual = regex::Regex::new("old").unwrap().replace("an old text", new).into_owned();
    assert_ne!(usual, format!("an {new} text"));

    let scratch = Scratch::new();
    scratch.file("a", "an old text");
    let edit = json!({ "path": "a", "oldText": "old", "newText": new });
    assert_eq!(ok(&open(&scratch), "edit", edit), json!({ "path": "a", "replacements": 1 }));
    assert_eq!(fs::read_to_string(scratch.inside("a")).unwrap(), format!("an {new} text"));
}

#[test]
fn find_filters_before_it_counts() {
    let scratch = Scratch::new();
    for number in 0..20 {
        scratch.file(&format!("a{number:02}"), "");
    }
    scratch.file("wanted.txt", "");
    let mut names: Vec<_> =
        fs::read_dir(scratch.inside("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    // The usual way: the first five, and of those the ones that match.
    assert_eq!(names.iter().take(5).filter(|name| *name == "wanted.txt").count(), 0);

    let find = json!({ "pattern": "*.txt", "maxResults": 5 });
    assert_eq!(ok(&open(&scratch), "find", find), json!({ "paths": ["wanted.txt"] }));
}

#[test]
fn one_bad_link_spoils_no_listing() {
    let scratch = Scratch::new();
    scratch.file("a.txt", "needle");
    scratch.link("out", scratch.outside("secret"));
    scratch.link("dangling", "nowhere");
    scratch.link("loop", "loop");
    scratch.link("sub/way-out", scratch.outside(""));
    // The usual way: look at everything, and fail where that fails.
    let usual: Result<Vec<_>, _> = fs::read_dir(scratch.inside(""))
        .unwrap()
        .map(|entry| fs::metadata(entry?.path()))
        .collect();
    assert!(usual.is_err());

    let workspace = open(&scratch);
    let listed = ok(&workspace, "ls", json!({}));
    let types: Vec<_> = listed["entries"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(paths(&listed["entries"]), ["a.txt", "dangling", "loop", "out", "sub"]);
    assert_eq!(types, ["file", "other", "other", "other", "directory"]);
    assert_eq!(ok(&workspace, "find", json!({})), json!({ "paths": ["a.txt", "sub"] }));
    let hits = json!({ "hits": [{ "path": "a.txt", "line": 1, "text": "needle" }] });
    assert_eq!(ok(&workspace, "grep", json!({ "query": "needle" })), hits);
    let outside = ok(&workspace, "grep", json!({ "query": "outside" }));
    assert_eq!(outside, json!({ "hits": [] }), "nothing is read through a link that leads out");
}

#[test]
fn one_large_file_spoils_no_search() {
    let scratch = Scratch::new();
    scratch.file("a.txt", "needle");
    scratch.file("large", "needle".repeat(100));
    let options = json!({ "limits": { "maxFileBytes": 100 } });
    // The usual way is still to be had, for hosts that expect it.
    let strict = open_with(&scratch, json!({ "limits": options["limits"], "oversize": "error" }));
    let grep = json!({ "query": "needle" });
    assert_eq!(
        fails(&strict, "grep", grep.clone()),
        "OUTPUT_LIMIT: large exceeds limit: 600 > 100"
    );

    let workspace = open_with(&scratch, options);
    let expected = json!({
        "hits": [{ "path": "a.txt", "line": 1, "text": "needle" }],
        "skipped": { "oversize": 1, "binary": 0, "unreadable": 0 },
    });
    assert_eq!(ok(&workspace, "grep", grep), expected);
    assert_eq!(
        fails(&workspace, "grep", json!({ "query": "needle", "path": "large" })),
        "OUTPUT_LIMIT: large exceeds limit: 600 > 100",
        "a file that was asked for by its name is no skip"
    );
}

#[test]
fn no_failure_names_a_path_of_the_host() {
    let scratch = Scratch::new();
    scratch.file("dir/file", "");
    scratch.link("out", scratch.outside("secret"));
    let host = scratch.inside("missing");
    // The usual way: the path that was worked with, in the message.
    let usual = fs::canonicalize(&host).map_err(|error| format!("{error}: {}", host.display()));
    assert!(usual.unwrap_err().contains("runlet-scoped-"));

    // `operate` of these tests refuses every answer that names the folder.
    let workspace = open(&scratch);
    for op in ["read", "write", "edit", "grep", "find", "ls", "stat", "list", "delete", "open"] {
        for path in ["missing/x", "out", "out/x", "../x", "dir/file/x", "dir", "", "\u{0}"] {
            let request = json!({
                "path": path, "content": "x", "oldText": "x", "newText": "y", "query": "x",
            });
            let _ = super::operate(&workspace, op, &request);
        }
    }
    assert_eq!(
        fails(&workspace, "read", json!({ "path": "/nothing" })),
        "RUNTIME_ERROR: path does not exist: /nothing"
    );
}

#[test]
fn different_scopes_have_different_folders() {
    let origin = |team: Option<&str>, channel: &str| Origin {
        agent: "a".into(),
        provider: "slack".into(),
        team: team.map(str::to_owned),
        channel: channel.into(),
        actor: "u".into(),
    };
    let folder = |team, channel| PathBuf::from(resolve_scope(&origin(team, channel)).channel.path);
    // The usual way: the component of a URI with another sign for what it escapes.
    let usual = |channel: &str| {
        let encoded = channel.replace('/', "~2F");
        normal(&Path::new("channel/a/slack/none").join(encoded))
    };
    assert_eq!(usual(".."), Path::new("channel/a/slack"), "the parent of every channel");
    assert_eq!(usual("a/b"), usual("a~2Fb"));

    assert!(normal(&folder(None, "..")).starts_with("channel/a/slack/none"));
    assert_eq!(normal(&folder(None, "..")).components().count(), 5);
    assert_ne!(folder(None, "a/b"), folder(None, "a~2Fb"));
    assert_ne!(folder(None, "c"), folder(Some("none"), "c"));
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        if component.as_os_str() == ".." {
            normal.pop();
        } else if component.as_os_str() != "." {
            normal.push(component);
        }
    }
    normal
}

#[test]
fn a_number_that_is_none_is_refused() {
    let scratch = Scratch::new();
    scratch.file("a", "one\ntwo\n");
    let workspace = open(&scratch);
    // The usual way, `Number(x) || all`, takes each of these for no number given. `null` is what
    // becomes of NaN on its way here.
    for value in [json!(null), json!(-1), json!(1.5), json!("2"), json!(true)] {
        for (op, field) in [
            ("read", "offset"),
            ("read", "limit"),
            ("grep", "maxResults"),
            ("find", "maxResults"),
            ("ls", "maxResults"),
        ] {
            let mut request = json!({ "path": if op == "read" { "a" } else { "." }, "query": "o" });
            request[field] = value.clone();
            let message = format!("{field} must be a whole number that is not negative");
            assert_eq!(
                fails(&workspace, op, request),
                format!("INVALID_ARGUMENT: {message}"),
                "{op} {value}"
            );
        }
    }
    let none = ok(&workspace, "find", json!({ "maxResults": 0 }));
    assert_eq!(none, json!({ "paths": [], "truncated": true, "totalSeen": 1 }));
}

#[test]
fn a_large_log_is_read_by_its_lines() {
    let scratch = Scratch::new();
    let lines: Vec<String> = (1..=20_000).map(|n| format!("line {n} {}", "x".repeat(50))).collect();
    scratch.file("log", lines.join("\n") + "\n");
    let workspace = open(&scratch);
    // The usual way: the limit for whole files stands before every read.
    let whole = fails(&workspace, "read", json!({ "path": "log" }));
    assert!(whole.starts_with("OUTPUT_LIMIT: log exceeds limit: 1"), "{whole}");

    let some = ok(&workspace, "read", json!({ "path": "log", "offset": 15_000, "limit": 2 }));
    let text = format!("{}\n{}", lines[14_999], lines[15_000]);
    assert_eq!(some, json!({ "text": text, "path": "log", "lines": 20_001 }));
    let rest = ok(&workspace, "read", json!({ "path": "log", "offset": 2 }));
    assert_eq!(rest["truncated"], true);
    let next = usize::try_from(rest["nextOffset"].as_u64().unwrap()).unwrap();
    assert!(rest["text"].as_str().unwrap().ends_with(&lines[next - 2]));
    assert!(rest["text"].as_str().unwrap().len() > 900_000);
}

#[test]
fn line_ends_and_marks_stay_as_they_are() {
    let scratch = Scratch::new();
    let text = "\u{FEFF}one\r\ntwo\r\nthree\n";
    scratch.file("a", text);
    // The usual way: split into lines, join them again.
    assert_ne!(text.lines().collect::<Vec<_>>().join("\n") + "\n", text);

    let workspace = open(&scratch);
    let read = ok(&workspace, "read", json!({ "path": "a" }));
    assert_eq!(read, json!({ "text": text, "path": "a", "lines": 4 }));
    let some = ok(&workspace, "read", json!({ "path": "a", "offset": 1, "limit": 2 }));
    assert_eq!(some["text"], "\u{FEFF}one\r\ntwo");
    let edit = json!({ "path": "a", "oldText": "one\ntwo\n", "newText": "1\n2\n3\n" });
    ok(&workspace, "edit", edit);
    assert_eq!(fs::read_to_string(scratch.inside("a")).unwrap(), "\u{FEFF}1\r\n2\r\n3\r\nthree\n");
}

#[test]
fn two_stars_stand_for_no_directory_too() {
    let scratch = Scratch::new();
    for file in ["a.txt", "b/c.txt", "b/d/e.txt", "b/f.md"] {
        scratch.file(file, "");
    }
    // The usual way: `**/` for anything and a slash.
    let usual = regex::Regex::new(r"^.*/[^/]*\.txt$").unwrap();
    assert!(!usual.is_match("a.txt"));

    let workspace = open(&scratch);
    for (pattern, found) in [
        ("**/*.txt", vec!["a.txt", "b/c.txt", "b/d/e.txt"]),
        ("b/**/*.txt", vec!["b/c.txt", "b/d/e.txt"]),
        ("?.txt", vec!["a.txt", "b/c.txt", "b/d/e.txt"]),
        ("[a-c].{txt,md}", vec!["a.txt", "b/c.txt"]),
        ("*.{txt,md}", vec!["a.txt", "b/c.txt", "b/d/e.txt", "b/f.md"]),
    ] {
        assert_eq!(
            ok(&workspace, "find", json!({ "pattern": pattern })),
            json!({ "paths": found })
        );
    }
}

#[test]
fn found_lines_are_trimmed_unless_they_are_not_to_be() {
    let scratch = Scratch::new();
    scratch.file("a", "\u{FEFF}  first needle\t\r\n\tneedle\u{A0}\n");
    let workspace = open(&scratch);
    // The usual way is one of the two, whichever the place.
    let trimmed = ok(&workspace, "grep", json!({ "query": "needle" }));
    assert_eq!(trimmed["hits"][0]["text"], "first needle");
    assert_eq!(trimmed["hits"][1]["text"], "needle");
    let raw = ok(&workspace, "grep", json!({ "query": "needle", "trim": false }));
    assert_eq!(raw["hits"][0]["text"], "\u{FEFF}  first needle\t");
    assert_eq!(raw["hits"][1]["text"], "\tneedle\u{A0}");
}

#[test]
fn a_local_workspace_deletes_what_it_is_told_to() {
    let scratch = Scratch::new();
    scratch.file("dir/file", "");
    scratch.link("link", "dir");
    scratch.link("out", scratch.outside(""));
    scratch.link("dangling", "nowhere");
    // The usual way: join, resolve, remove.
    assert_eq!(scratch.inside(&local_path("").unwrap()), scratch.inside(""));
    assert_eq!(fs::canonicalize(scratch.inside("link")).unwrap(), scratch.inside("dir"));
    assert!(fs::canonicalize(scratch.inside("dangling")).is_err());

    let workspace = open(&scratch);
    let listed = ok(&workspace, "list", json!({ "path": "" }));
    assert_eq!(
        paths(&listed["entries"]),
        ["dangling", "dir", "dir/file", "link", "out"],
        "a dangling link fails no list"
    );
    let root = "INVALID_ARGUMENT: path is the runtime root: ";
    for path in ["", ".", "dir/..", "/"] {
        assert_eq!(fails(&workspace, "delete", json!({ "path": path })), format!("{root}{path}"));
    }
    for link in ["link", "out", "dangling"] {
        assert_eq!(ok(&workspace, "delete", json!({ "path": link })), json!({ "deleted": true }));
    }
    assert!(scratch.inside("dir/file").is_file());
    assert!(scratch.outside("secret").is_file());
    ok(&workspace, "delete", json!({ "path": "dir" }));
    assert_eq!(ok(&workspace, "delete", json!({ "path": "dir" })), json!({ "deleted": false }));
    assert!(scratch.inside("").is_dir());
}

#[test]
fn an_overlap_is_seen_through_links() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.inside("home/app/src")).unwrap();
    fs::create_dir_all(scratch.inside("home/app/agent")).unwrap();
    scratch.link("alias", "home");
    scratch.link("alias-of-alias", "alias/app");
    scratch.link("later", "home/app/agent/new");
    let check = |root: &str, app: &str, agent: Option<&str>| {
        let agent = agent.map(|agent| scratch.inside(agent));
        let folders = Overlap { root: scratch.inside(root), app: scratch.inside(app), agent };
        safe_root(&folders).map_err(|error| error.to_string())
    };
    // The usual way: compare the texts.
    assert!(!scratch.inside("home/app").starts_with(scratch.inside("alias")));

    let holds_app = Err("runtime root contains app directory".to_owned());
    let overlaps = Err("runtime root overlaps agent directory".to_owned());
    assert_eq!(check("alias", "home/app", None), holds_app);
    assert_eq!(check("home/app", "alias-of-alias", None), holds_app);
    assert_eq!(check("home/app/../app/.", "home/app", None), holds_app);
    assert_eq!(check("home/app/workspace", "home/app", None), Ok(()));
    assert_eq!(check("home/application", "home/app", None), Ok(()));
    assert_eq!(check("alias-of-alias/agent/x", "home/app", Some("home/app/agent")), overlaps);
    assert_eq!(check("home/app/agent", "home/app", Some("alias/app/agent/y")), overlaps);
    assert_eq!(check("later", "home/app", Some("home/app/agent")), overlaps);
    assert_eq!(check("home/app/workspace", "home/app", Some("home/app/agent")), Ok(()));
    let relative = Overlap { root: "x".into(), app: scratch.inside("home"), agent: None };
    assert!(safe_root(&relative).is_err());
}
