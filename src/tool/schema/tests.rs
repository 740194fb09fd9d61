//! Valid and invalid values, hostile schemas' limits, and values made to cost much.

use super::{Issue, MESSAGE_BYTES, MOST_ISSUES, Schema};
use std::fmt::Write;
use std::time::{Duration, Instant};

fn schema(text: &str) -> Schema {
    Schema::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn issues(schema_text: &str, value: &str) -> Vec<(String, String)> {
    let issues = schema(schema_text).issues(value);
    issues.into_iter().map(|Issue { path, message }| (path, message)).collect()
}

#[test]
fn issues_have_a_path_and_a_message_without_the_value() {
    let order = r##"{"type":"object","required":["id"],"additionalProperties":false,
        "properties":{"id":{"type":"integer"},"lines":{"type":"array","items":{"$ref":"#/$defs/line"}}},
        "$defs":{"line":{"type":"object","properties":{"price":{"type":"number","minimum":0}}}}}"##;
    assert_eq!(issues(order, r#"{"id":1,"lines":[{"price":2}]}"#), []);
    let found = issues(order, r#"{"id":"hunter2","lines":[{"price":1},{"price":-4711}],"x":1}"#);
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths.len(), 3, "{found:?}");
    assert!(paths.contains(&"/id") && paths.contains(&"/lines/1/price") && paths.contains(&""));
    for (_, message) in &found {
        assert!(!message.contains("hunter2") && !message.contains("4711"), "{message}");
    }
    assert!(found.iter().any(|(_, message)| message == "the value is not of type \"integer\""));
}

#[test]
fn it_is_draft_2020_12_unless_the_schema_says_otherwise() {
    let tuple = r#"{"prefixItems":[{"type":"string"}],"items":false}"#;
    assert_eq!(issues(tuple, r#"["a"]"#), []);
    assert_eq!(issues(tuple, r#"["a",1]"#).len(), 1);
    assert_eq!(issues(r#"{"unevaluatedProperties":false}"#, r#"{"a":1}"#).len(), 1);
    let seven = r#"{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}"#;
    assert_eq!(issues(seven, r#"["a",1]"#).len(), 1);
    assert_eq!(issues(r#"{"format":"email"}"#, r#""no""#), []);
}

#[test]
fn references_stay_inside() {
    let tree = r##"{"$id":"https://x.test/tree","$defs":{"n":{"$anchor":"node","type":"integer"}},"$ref":"#node"}"##;
    assert_eq!(issues(tree, "1"), []);
    assert_eq!(issues(tree, "\"a\"").len(), 1);
    for outside in
        ["https://127.0.0.1:1/s.json", "http://x.test/s", "file:///etc/hostname", "other.json"]
    {
        let error = Schema::compile(&format!(r#"{{"$ref":"{outside}"}}"#)).unwrap_err();
        assert!(error.contains("disabled") || error.contains("No base URI"), "{outside}: {error}");
    }
    assert!(Schema::compile(r##"{"$ref":"#/$defs/missing"}"##).is_err());
}

#[test]
fn a_bad_schema_is_named() {
    for (text, part) in [
        ("{", "the schema is not JSON"),
        ("[]", "an object or a boolean"),
        (r#"{"type":"nonsense"}"#, "at /type"),
        (r#"{"pattern":"("}"#, "pattern"),
        // Looking around and back is not linear.
        (r#"{"pattern":"(?=a)b"}"#, "pattern"),
        (r#"{"pattern":"(a)\\1"}"#, "pattern"),
        (r#"{"pattern":"(((a{1,1000}){1,1000}){1,1000})"}"#, "pattern"),
        (r#"{"$schema":"https://x.test/own"}"#, "the schema is not valid"),
    ] {
        let error = Schema::compile(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
        assert!(error.len() < MESSAGE_BYTES + 200, "{error}");
    }
    let long = format!(r#"{{"title":"{}"}}"#, "a".repeat(super::SCHEMA_BYTES));
    assert!(Schema::compile(&long).unwrap_err().contains("more than"));
    assert!(Schema::compile(&"[".repeat(100_000)).unwrap_err().contains("not JSON"));
}

#[test]
fn what_is_no_json_is_an_issue() {
    assert_eq!(issues("true", "{\"a\"").len(), 1);
    assert_eq!(issues("true", "").len(), 1);
    assert_eq!(issues("true", "1e999").len(), 1);
}

#[test]
fn issues_and_messages_are_bounded() {
    let numbers = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
    let strings = r#"{"items":{"type":"string"}}"#;
    assert_eq!(issues(strings, &numbers(1_000)).len(), MOST_ISSUES);
    // A million issues would take hundreds of megabytes: the first is enough.
    assert_eq!(
        issues(strings, &numbers(1_000_000)),
        [("/0".into(), "the value is not of type \"string\"".into())]
    );
    let either = r#"{"anyOf":[{"items":{"type":"string"}},{"items":{"type":"null"}}]}"#;
    let found = issues(either, &numbers(1_000_000));
    assert!(found.len() == 1 && found[0].1.contains("too large"), "{found:?}");
    let mut names = String::new();
    for name in 0..5_000 {
        let _ = write!(names, "\"é{name}\":0,");
    }
    let found = issues(r#"{"additionalProperties":false}"#, &format!("{{{names}\"x\":0}}"));
    assert!(found.len() == 1 && found[0].1.len() <= MESSAGE_BYTES + 3, "{found:?}");
}

fn nested(depth: usize) -> String {
    format!("{}7{}", "{\"a\":".repeat(depth), "}".repeat(depth))
}

#[test]
fn depth_is_looked_at_on_a_stack_made_for_it() {
    let tree = r##"{"allOf":[{"anyOf":[{"type":"integer"},{"properties":{"a":{"$ref":"#"}},"required":["a"]}]}]}"##;
    let tree = schema(tree);
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let looked = small.spawn(move || {
        (
            tree.issues(&nested(1_000)).len(),
            tree.issues(&nested(9_999)).len(),
            tree.issues(&nested(10_001)),
        )
    });
    let (valid, deep, deeper) = looked.unwrap().join().unwrap();
    assert_eq!((valid, deep), (0, 0));
    assert!(deeper[0].message.contains("deeper than 10000"), "{deeper:?}");
    // Invalid at the very bottom: the errors of each level are made as well.
    let strings = r##"{"if":{"type":"object"},"then":{"properties":{"a":{"$ref":"#"}}},"else":{"type":"string"}}"##;
    let found = issues(strings, &nested(1_000));
    assert!(found.len() == 1 && found[0].0.len() < 600, "{found:?}");
    let wide = format!(r#"{{"allOf":[{}true]}}"#, "true,".repeat(50_000));
    assert!(issues(&wide, &nested(9_000))[0].1.contains("too deeply for this schema"));
}

#[test]
fn a_schema_that_refers_to_itself_forever_ends() {
    for text in [
        r##"{"$ref":"#"}"##,
        r##"{"allOf":[{"$ref":"#"}]}"##,
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}}}"##,
        r##"{"$dynamicAnchor":"n","$dynamicRef":"#n"}"##,
        r##"{"not":{"$ref":"#"}}"##,
    ] {
        // Which answer it gives is not defined; that it gives one is.
        if let Ok(schema) = Schema::compile(text) {
            let _ = schema.issues("{\"a\":1}");
        }
    }
}

#[test]
fn hostile_patterns_and_values_take_linear_time() {
    let started = Instant::now();
    let text = format!("\"{}!\"", "a".repeat(1_000_000));
    assert_eq!(issues(r#"{"pattern":"^(a+)+$"}"#, &text).len(), 1);
    assert_eq!(issues(r#"{"pattern":"^(a|aa)+$"}"#, &text).len(), 1);
    let many: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    assert_eq!(issues(r#"{"uniqueItems":true}"#, &format!("[{}]", many.join(","))).len(), 0);
    assert!(started.elapsed() < Duration::from_mins(1));
}
