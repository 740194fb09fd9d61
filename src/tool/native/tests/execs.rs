use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Scratch, denied, fails, invalid, missing, ok, tool};

fn not_allowed() -> Value {
    json!(["PERMISSION_DENIED", "CommandNotAllowed", null])
}

#[test]
fn runs_what_is_allowed_in_the_root() {
    let scratch = Scratch::new();
    scratch.file("dir/a.txt", "one\ntwo\n");
    let out = |input: Value| {
        let output = ok(&scratch, "exec", input);
        assert_eq!(output["exit_code"], 0, "{output}");
        assert_eq!(output["success"], true);
        assert_eq!(output["timed_out"], false);
        assert!(output["duration_ms"].is_u64());
        output["stdout"].as_str().unwrap().to_owned()
    };
    assert_eq!(out(json!({ "command": "echo", "args": ["-n", "--", "/etc"] })), "-- /etc");
    assert_eq!(out(json!({ "command": "ls" })), "dir\n");
    assert_eq!(out(json!({ "command": "cat", "args": ["dir/a.txt"] })), "one\ntwo\n");
    assert_eq!(
        out(json!({ "command": "cat", "args": ["a.txt"], "working_dir": "dir" })),
        "one\ntwo\n"
    );
    assert_eq!(
        out(json!({ "command": "/bin/cat", "args": [scratch.inside("dir/a.txt")] })),
        "one\ntwo\n"
    );
    assert_eq!(out(json!({ "command": "head", "args": ["dir/a.txt", "-n", "1"] })), "one\n");
    assert_eq!(out(json!({ "command": "tail", "args": ["-1", "dir/a.txt"] })), "two\n");
    assert_eq!(
        out(json!({ "command": "grep", "args": ["-rn", "two", "."] })),
        "./dir/a.txt:2:two\n"
    );
    assert_eq!(out(json!({ "command": "find", "args": ["dir", "-type", "f"] })), "dir/a.txt\n");
    assert!(out(json!({ "command": "wc", "args": ["-l", "dir/a.txt"] })).contains('2'));
    assert!(out(json!({ "command": "stat", "args": ["dir/a.txt"] })).contains("dir/a.txt"));
    assert_eq!(out(json!({ "command": "sleep", "args": ["0.01"] })), "");
    // The one command whose output is where the host keeps the folder.
    let roots = json!({ "rootDir": scratch.inside("") }).to_string();
    let input = json!({ "command": "pwd", "working_dir": "dir" }).to_string();
    let answer: Value = serde_json::from_str(&super::call("exec", &roots, &input)).unwrap();
    let expected = format!("{}\n", scratch.inside("dir").to_str().unwrap());
    assert_eq!(answer["output"]["stdout"], expected);
}

#[test]
fn gives_exit_codes_as_values() {
    let scratch = Scratch::new();
    scratch.file("a", "text");
    let output = ok(&scratch, "exec", json!({ "command": "grep", "args": ["none", "a"] }));
    assert_eq!((&output["exit_code"], &output["success"]), (&json!(1), &json!(false)));
}

#[test]
fn ends_what_takes_too_long() {
    let scratch = Scratch::new();
    let start = Instant::now();
    let input = json!({ "command": "sleep", "args": ["25"], "timeout_ms": 100 });
    let output = ok(&scratch, "exec", input);
    assert_eq!(output["timed_out"], true);
    assert_eq!((&output["exit_code"], &output["success"]), (&json!(-1), &json!(false)));
    assert!(start.elapsed() < Duration::from_secs(20), "it was not waited for");
}

#[test]
fn keeps_two_mebibytes_of_output_and_says_so() {
    let scratch = Scratch::new();
    scratch.file("big", "x".repeat(3_000_000));
    let output = ok(&scratch, "exec", json!({ "command": "cat", "args": ["big"] }));
    assert_eq!(output["stdout_truncated"], true);
    let kept = output["stdout"].as_str().unwrap().len();
    assert!((2_097_152..2_097_252).contains(&kept), "{kept}");
    // A directory is no line of text: one complaint for each.
    for number in 0..12 {
        scratch.file(&format!("d{number}{}/f", "n".repeat(200)), "");
    }
    let args: Vec<String> = (0..12).map(|number| format!("d{number}{}", "n".repeat(200))).collect();
    let output = ok(&scratch, "exec", json!({ "command": "cat", "args": args }));
    assert_eq!(output["stderr_truncated"], true);
    assert!(output["stderr"].as_str().unwrap().len() <= 1_024);
}

#[test]
fn gives_a_clean_environment() {
    let scratch = Scratch::new();
    // A command that shows its environment is not on the list; a process file shows it as well, and
    // is outside the root: so what can be seen is only how names and values are checked.
    for env in [
        json!({ "LD_PRELOAD": "x" }),
        json!({ "lower": "x" }),
        json!({ "A-B": "x" }),
        json!({ "": "x" }),
        json!({ "A": "line\nbreak" }),
        json!({ "A": "a\0" }),
        json!({ "A": "a\r" }),
        json!({ "PATH": "/tmp" }),
        json!({ "BUN_OPTIONS": "x" }),
        json!({ "POSIXLY_CORRECT": "1" }),
        json!({ "A": "x".repeat(131_072) }),
        json!({ "A": 5 }),
    ] {
        let input = json!({ "command": "ls", "env": env });
        assert_eq!(fails(&scratch, "exec", input), invalid(Value::Null), "{env}");
    }
    ok(&scratch, "exec", json!({ "command": "ls", "env": { "TZ": "UTC", "NUMBER_1": "x" } }));
    let named = tool(&scratch, "exec", json!({ "command": "ls", "env": { "LD_PRELOAD": "x" } }));
    assert_eq!(
        named["error"]["message"],
        "environment variable validation failed: environment variable \"LD_PRELOAD\" is not allowed \
         for security reasons"
    );
}

#[test]
fn refuses_other_commands() {
    let scratch = Scratch::new();
    scratch.link("ls", "/bin/sh");
    for command in ["sh", "rm", "/bin/rm", "ls;id", "LS", "", "./ls", "bin/ls", "../ls"] {
        let input = json!({ "command": command });
        assert_eq!(fails(&scratch, "exec", input), not_allowed(), "{command}");
    }
    let input = json!({ "command": scratch.inside("ls") });
    assert_eq!(fails(&scratch, "exec", input), not_allowed(), "a shell under an allowed name");
}

#[test]
fn refuses_arguments_that_write_run_wait_or_follow() {
    let scratch = Scratch::new();
    scratch.file("a", "");
    for (command, args) in [
        ("find", vec![".", "-delete"]),
        ("find", vec![".", "-exec", "id", "+"]),
        ("find", vec![".", "-execdir", "id", "+"]),
        ("find", vec![".", "-ok", "id"]),
        ("find", vec![".", "-fprint", "b"]),
        ("find", vec![".", "-fls", "b"]),
        ("find", vec![".", "-fprintf", "b", "x"]),
        ("find", vec!["-L", "."]),
        ("find", vec![".", "-follow"]),
        ("find", vec!["-files0-from", "a"]),
        ("find", vec![".", "-newer", "/etc/passwd"]),
        ("find", vec![".", "-name"]),
        ("find", vec![".", "-maxdepth", "-delete"]),
        ("ls", vec!["-L"]),
        ("ls", vec!["-lH"]),
        ("ls", vec!["--dereference"]),
        ("tail", vec!["-f", "a"]),
        ("tail", vec!["-5f", "a"]),
        ("tail", vec!["--follow=name", "a"]),
        ("tail", vec!["--pid=1", "a"]),
        ("head", vec!["-n", "/etc/passwd"]),
        ("head", vec!["--lines=/../../etc/passwd"]),
        ("grep", vec!["-R", "x", "."]),
        ("grep", vec!["-f", "a", "a"]),
        ("grep", vec!["--file=/etc/passwd", "a"]),
        ("grep", vec!["-P", "x", "a"]),
        ("grep", vec!["-e"]),
        ("wc", vec!["--files0-from=a"]),
        ("stat", vec!["-L", "a"]),
        ("stat", vec!["-f", "a"]),
        ("cat", vec!["a;id"]),
        ("cat", vec!["$HOME"]),
        ("cat", vec!["a b"]),
        ("cat", vec!["*"]),
        ("echo", vec![""]),
        ("pwd", vec!["a"]),
        ("sleep", vec![]),
        ("sleep", vec!["1", "2"]),
        ("sleep", vec!["31"]),
        ("sleep", vec!["inf"]),
        ("sleep", vec!["1d"]),
    ] {
        let input = json!({ "command": command, "args": args });
        assert_eq!(fails(&scratch, "exec", input), not_allowed(), "{command} {args:?}");
    }
    let many = json!({ "command": "echo", "args": vec!["a"; 13] });
    assert_eq!(fails(&scratch, "exec", many), invalid(Value::Null));
}

#[test]
fn refuses_paths_beyond_the_root() {
    let scratch = Scratch::new();
    scratch.file("dir/a", "inside");
    scratch.file("-n", "inside");
    scratch.link("out", scratch.outside("secret"));
    scratch.link("parent", scratch.outside(""));
    scratch.link("self", ".");
    let escapes = json!(["PERMISSION_DENIED", "CommandNotAllowed", "outside-root"]);
    for (command, args, expected) in [
        ("cat", vec!["/etc/passwd"], denied("outside-root")),
        ("cat", vec!["--", "/etc/passwd"], denied("outside-root")),
        ("cat", vec!["-n", "/etc/passwd"], denied("outside-root")),
        ("cat", vec!["out"], denied("outside-root")),
        ("cat", vec!["parent/secret"], denied("outside-root")),
        ("ls", vec!["/"], denied("outside-root")),
        ("ls", vec!["dir", "parent"], denied("outside-root")),
        ("grep", vec!["x", "out"], denied("outside-root")),
        ("grep", vec!["-e", "x", "out"], denied("outside-root")),
        ("grep", vec!["--regexp=x", "out"], denied("outside-root")),
        ("find", vec!["/", "-name", "a"], denied("outside-root")),
        ("head", vec!["-n", "1", "out"], denied("outside-root")),
        ("cat", vec!["../outside/secret"], escapes.clone()),
        ("cat", vec!["dir/../dir/a"], escapes.clone()),
        ("find", vec![".."], escapes),
        ("cat", vec!["none"], missing()),
    ] {
        let input = json!({ "command": command, "args": args });
        assert_eq!(fails(&scratch, "exec", input), expected, "{command} {args:?}");
    }
    for folder in ["parent", "..", "/"] {
        let input = json!({ "command": "ls", "working_dir": folder });
        assert_eq!(fails(&scratch, "exec", input), denied("outside-root"), "{folder}");
    }
    let dash = json!({ "command": "cat", "args": ["--", "-n"] });
    assert_eq!(ok(&scratch, "exec", dash)["stdout"], "inside", "a name that looks like an option");
}
