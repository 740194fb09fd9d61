use serde_json::{Value, json};

use super::{Scratch, denied, fails, invalid, missing, ok};

/// A field of every entry.
fn each<'a>(output: &'a Value, field: &str) -> Vec<&'a str> {
    let entries = output["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry[field].as_str().unwrap()).collect()
}

fn project() -> Scratch {
    let scratch = Scratch::new();
    for file in
        ["README.md", "src/main.ts", "src/lib/deep.ts", "src/lib/deep.js", "docs/a.md", ".env"]
    {
        scratch.file(file, file);
    }
    scratch.link("link", scratch.outside(""));
    scratch
}

#[test]
fn lists_one_level_sorted_with_facts() {
    let scratch = project();
    let output = ok(&scratch, "list_dir", json!({ "path": "." }));
    assert_eq!(each(&output, "name"), [".env", "README.md", "docs", "link", "src"]);
    assert_eq!(each(&output, "type"), ["file", "file", "dir", "symlink", "dir"]);
    assert_eq!(output["entries"][1]["size"], 9);
    assert!(output["entries"][1]["modified"].as_str().unwrap().starts_with("20"));
    assert!(output.get("next_page_token").is_none());
    assert!(output.get("truncated").is_none());
}

#[test]
fn lists_trees_by_level_and_by_pattern() {
    let scratch = project();
    let list = |input: Value| {
        let output = ok(&scratch, "list_dir", input);
        each(&output, "path").join(" ")
    };
    let files = json!({ "path": ".", "recursive": true, "include_dirs": false });
    assert_eq!(
        list(files),
        ".env README.md link docs/a.md src/main.ts src/lib/deep.js src/lib/deep.ts"
    );
    let dirs = json!({ "path": ".", "recursive": true, "include_files": false });
    assert_eq!(list(dirs), "docs src src/lib");
    for (pattern, expected) in [
        ("*.ts", "src/main.ts src/lib/deep.ts"),
        ("src/*.ts", "src/main.ts"),
        ("**/lib/*.{js,ts}", "src/lib/deep.js src/lib/deep.ts"),
        ("lib/", "src/lib"),
        ("?.md", "docs/a.md"),
    ] {
        assert_eq!(list(json!({ "path": ".", "recursive": true, "pattern": pattern })), expected);
    }
    assert_eq!(list(json!({ "path": "src", "pattern": "*.ts" })), "src/main.ts");
    for pattern in ["!a", "#a", "", "{a"] {
        let input = json!({ "path": ".", "pattern": pattern });
        assert_eq!(fails(&scratch, "list_dir", input), invalid(Value::Null), "{pattern}");
    }
}

#[test]
fn gives_pages_that_belong_to_one_question() {
    let scratch = Scratch::new();
    for number in 0..7 {
        scratch.file(&format!("d{}/f{number}", number % 2), "");
    }
    let ask = |token: &Value| {
        let input = json!({ "path": ".", "recursive": true, "page_size": 4, "page_token": token });
        ok(&scratch, "list_dir", input)
    };
    let first = ask(&Value::Null);
    assert_eq!(each(&first, "path"), ["d0", "d1", "d0/f0", "d0/f2"]);
    let token = first["next_page_token"].clone();
    // What came and went since does not move the place.
    scratch.file("a", "");
    let second = ask(&token);
    assert_eq!(each(&second, "path"), ["d0/f4", "d0/f6", "d1/f1", "d1/f3"]);
    let third = ask(&second["next_page_token"]);
    assert_eq!(each(&third, "path"), ["d1/f5"]);
    assert!(third.get("next_page_token").is_none());
    for input in [
        json!({ "path": "d0", "recursive": true, "page_token": token }),
        json!({ "path": ".", "recursive": true, "pattern": "*", "page_token": token }),
        json!({ "path": ".", "page_token": token }),
        json!({ "path": ".", "recursive": true, "page_token": "made up" }),
        json!({ "path": ".", "recursive": true, "page_token": format!("{}zz", token.as_str().unwrap()) }),
    ] {
        assert_eq!(fails(&scratch, "list_dir", input.clone()), invalid(Value::Null), "{input}");
    }
}

#[test]
fn says_when_it_stopped_looking() {
    let scratch = Scratch::new();
    for number in 0..10_001 {
        scratch.file(&format!("many/{number:05}"), "");
    }
    let output = ok(&scratch, "list_dir", json!({ "path": "many", "page_size": 10_000 }));
    assert_eq!(output["entries"].as_array().unwrap().len(), 10_000);
    assert_eq!(output["truncated"], true);
    let input = json!({ "dir": "many" });
    assert_eq!(fails(&scratch, "list_files", input), invalid("too-many-entries"));
    let less = ok(&scratch, "list_files", json!({ "dir": "many", "exclude": "10000" }));
    assert_eq!(less["files"].as_array().unwrap().len(), 10_000);
}

#[test]
fn lists_only_directories_of_the_root() {
    let scratch = project();
    for (path, expected) in [
        ("none", missing()),
        ("README.md", invalid("not-a-directory")),
        ("link", denied("outside-root")),
        ("..", denied("outside-root")),
        ("/", denied("outside-root")),
    ] {
        assert_eq!(fails(&scratch, "list_dir", json!({ "path": path })), expected, "{path}");
        assert_eq!(fails(&scratch, "list_files", json!({ "dir": path })), expected, "{path}");
        let input = json!({ "path": path, "pattern": "x" });
        if path != "README.md" {
            assert!(fails(&scratch, "grep", input)[0].is_string(), "{path}");
        }
    }
}

/// Exclusions of `list_files`, with what is left of the project.
#[test]
fn excludes_as_gitignore_does() {
    let scratch = project();
    let all = ".env README.md docs/a.md src/lib/deep.js src/lib/deep.ts src/main.ts";
    for (exclude, expected) in [
        (json!(null), all),
        (json!([]), all),
        (json!("*.ts"), ".env README.md docs/a.md src/lib/deep.js"),
        (json!(["*.ts", "*.js"]), ".env README.md docs/a.md"),
        (json!("*.{ts,js}"), ".env README.md docs/a.md"),
        (json!("src/"), ".env README.md docs/a.md"),
        (json!("/src/*.ts"), ".env README.md docs/a.md src/lib/deep.js src/lib/deep.ts"),
        (json!("**/lib/**"), ".env README.md docs/a.md src/main.ts"),
        (json!(["*", "!*.md", "!docs"]), "README.md docs/a.md"),
        (
            json!(["docs", "!docs/a.md"]),
            ".env README.md src/lib/deep.js src/lib/deep.ts src/main.ts",
        ),
        (
            json!(["# a comment", "", ".*"]),
            "README.md docs/a.md src/lib/deep.js src/lib/deep.ts src/main.ts",
        ),
    ] {
        let input = json!({ "dir": ".", "recursive": true, "exclude": exclude });
        let output = ok(&scratch, "list_files", input);
        let files: Vec<&str> =
            output["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
        assert_eq!(files.join(" "), expected, "{exclude}");
    }
    assert_eq!(
        ok(&scratch, "list_files", json!({ "dir": "." }))["files"],
        json!([".env", "README.md"])
    );
    let below = ok(&scratch, "list_files", json!({ "dir": "src", "recursive": true }));
    assert_eq!(below["files"], json!(["lib/deep.js", "lib/deep.ts", "main.ts"]));
    for exclude in [json!("{a"), json!(vec!["a"; 257]), json!("a".repeat(1_025))] {
        let input = json!({ "dir": ".", "exclude": exclude });
        assert_eq!(fails(&scratch, "list_files", input), invalid(Value::Null));
    }
}
