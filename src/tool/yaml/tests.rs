use serde_json::{Value, json};

use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES, parse};

fn value(text: &str) -> Value {
    serde_json::to_value(parse(text).unwrap().value).unwrap()
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn values_are_those_of_the_core_schema() {
    let text = "a: 1\nb: -2.5\nc: true\nd: null\ne:\nf: yes\ng: '1'\nh: 0x1F\ni: [x, {y: z}]\n";
    let expected = json!({
        "a": 1, "b": -2.5, "c": true, "d": null, "e": null, "f": "yes", "g": "1", "h": 31,
        "i": ["x", { "y": "z" }],
    });
    assert_eq!(value(text), expected);
    assert_eq!(value("x: --allow-read=./data\n"), json!({ "x": "--allow-read=./data" }));
    assert_eq!(value("x: |\n  one\n  two\n"), json!({ "x": "one\ntwo\n" }));
    assert_eq!(value(""), json!(null));
    assert_eq!(value("# nothing\n"), json!(null));
    assert_eq!(value("---\na: 1\n...\n"), json!({ "a": 1 }));
}

#[test]
fn keys_stay_in_order() {
    let text = serde_json::to_string(&parse("z: 1\na: 2\nm: 3\n").unwrap().value).unwrap();
    assert_eq!(text, r#"{"z":1,"a":2,"m":3}"#);
}

#[test]
fn every_key_and_item_has_its_line() {
    let text = "runtime:\n  limits:\n    memory: 1GB\n  permissions:\n    - --allow-read\n    \
                - --allow-net\ntools:\n  a.b: {\n    timeout: 5m }\n";
    let lines = parse(text).unwrap().lines;
    let of = |path: &str| lines.get(path).copied();
    assert_eq!(of("runtime"), Some(1));
    assert_eq!(of("runtime.limits.memory"), Some(3));
    assert_eq!(of("runtime.permissions"), Some(4));
    assert_eq!(of("runtime.permissions[1]"), Some(6));
    assert_eq!(of("tools[\"a.b\"].timeout"), Some(9));
    assert_eq!(of("memory"), None);
}

#[test]
fn what_json_cannot_hold_is_refused_with_its_place() {
    for (text, expected) in [
        ("a: &x 1\nb: *x\n", "line 1, column 4: anchors are not read"),
        ("a: *x\n", "line 1"),
        ("a: 1\nb: !!str 2\n", "tags are not read"),
        ("a: !own {}\n", "tags are not read"),
        ("a:\n  <<: {b: 1}\n", "line 2, column 3: merge keys"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4, column 3: b.c is given twice"),
        ("a: 1\n'a': 2\n", "a is given twice"),
        ("? [1]\n: 2\n", "a key must be text"),
        ("? {a: 1}\n: 2\n", "a key must be text"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("a: .nan\n", "a number must be finite"),
        ("a: -.inf\n", "a number must be finite"),
        ("a: 0600\n", "line 1, column 4: a number with leading zeros"),
        ("a: 9007199254740993\n", "would be rounded"),
        ("a: 99999999999999999999\n", "would be rounded"),
        ("a: [1\n", "line"),
        ("a: 1\n\tb: 2\n", "found a tab"),
    ] {
        let message = refusal(text);
        assert!(message.contains(expected), "{text:?} gave {message:?}");
    }
}

#[test]
fn size_depth_and_count_are_bounded() {
    assert!(refusal(&" ".repeat(MAX_BYTES + 1)).contains("at most 1048576"));
    assert!(parse(&" ".repeat(MAX_BYTES)).is_ok());
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert!(refusal(&nested(MAX_DEPTH + 1)).contains("nested more than 64 deep"));
    assert!(refusal(&nested(200_000)).contains("line 1"));
    assert!(refusal(&"- 1\n".repeat(MAX_NODES + 1)).contains("more than 50000"));
    assert!(refusal(&format!("{}: 1\n", "k".repeat(257))).contains("at most 256 bytes"));
}

#[test]
fn no_cut_of_a_document_panics() {
    let text =
        "runtime: {a: [1, \"x\\u00e9\"], b: 'é'}\n# c\ntools:\n  - |\n   text\n  - ? k\n    : v\n";
    for (at, _) in text.char_indices() {
        let _ = parse(&text[..at]);
        let _ = parse(&text[at..]);
        for extra in ["[", "}", "\t", "&a", "*a", "---\n", "\0", "\u{feff}"] {
            let _ = parse(&format!("{}{extra}{}", &text[..at], &text[at..]));
        }
    }
}
