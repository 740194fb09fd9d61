//! The tables of the contract for ids and variables, row by row, and what lies around them.

use super::tool_id::clean;
use super::{EnvText, Text, check_env, check_tool_id};
use crate::error::{Code, Error};
use crate::permission::PermissionSet;

const EMPTY: &str = "tool_id cannot be empty";
const SURROGATE: &str = "tool_id contains invalid UTF-8 characters";
const COMPONENTS: &str = "tool_id contains path traversal or invalid path components";
const ABSOLUTE: &str = "tool_id cannot be an absolute path";
const TRAVERSAL: &str = "tool_id contains directory traversal patterns";
const CHARACTERS: &str = "tool_id contains invalid characters";
const DOT: &str = "tool_id cannot start with dot or contain multiple consecutive dots";
const LONG: &str = "tool_id is too long";

#[test]
fn ids_are_judged_by_the_table() {
    for (id, expected) in [
        ("simple-tool", Ok("simple-tool")),
        ("category/tool-name", Ok("category/tool-name")),
        ("tool.name", Ok("tool.name")),
        ("", Err(EMPTY)),
        ("../malicious", Err(TRAVERSAL)),
        ("tool/../../../etc/passwd", Err(COMPONENTS)),
        ("/etc/passwd", Err(ABSOLUTE)),
        (".hidden-tool", Err(DOT)),
        ("tool...name", Err(TRAVERSAL)),
        ("tool@name", Err(CHARACTERS)),
        ("tool\0name", Err(CHARACTERS)),
        ("t\u{3bf}\u{3bf}l", Err(CHARACTERS)),
        ("a..b", Err(TRAVERSAL)),
        ("a/", Err(COMPONENTS)),
        ("a//b", Err(COMPONENTS)),
        ("./a", Err(COMPONENTS)),
        // More of our own.
        ("a/./b", Err(COMPONENTS)),
        ("a/.", Err(COMPONENTS)),
        ("a/../b", Err(COMPONENTS)),
        ("//a", Err(COMPONENTS)),
        ("/", Err(ABSOLUTE)),
        ("/..", Err(COMPONENTS)),
        (".", Err(DOT)),
        ("..", Err(TRAVERSAL)),
        ("a/..b", Err(TRAVERSAL)),
        ("a/.b", Ok("a/.b")),
        ("a.", Ok("a.")),
        ("_/-", Ok("_/-")),
        ("0", Ok("0")),
        ("a b", Err(CHARACTERS)),
        ("a\\b", Err(CHARACTERS)),
        ("a\n", Err(CHARACTERS)),
        ("a\u{200b}", Err(CHARACTERS)),
        // Normalised first: the Kelvin sign is a K, a letter with its accent behind it is no letter.
        ("\u{212a}", Ok("K")),
        ("e\u{301}", Err(CHARACTERS)),
        ("toString", Ok("toString")),
        ("__proto__", Ok("__proto__")),
    ] {
        let found = check_tool_id(&Text::from(id));
        assert_eq!(found.as_deref(), expected.as_ref().copied(), "{id:?}");
    }
}

#[test]
fn an_id_has_at_most_256_characters() {
    assert!(check_tool_id(&Text::from(&*"a".repeat(256))).is_ok());
    assert_eq!(check_tool_id(&Text::from(&*"a".repeat(257))), Err(LONG));
    // Characters, not bytes, and those of the normal form.
    assert_eq!(check_tool_id(&Text::from(&*"\u{e9}".repeat(256))), Err(CHARACTERS));
    assert_eq!(check_tool_id(&Text::from(&*"e\u{301}".repeat(256))), Err(CHARACTERS));
    assert_eq!(check_tool_id(&Text::from(&*"e\u{301}".repeat(257))), Err(LONG));
}

#[test]
fn a_lone_surrogate_is_recognised_by_its_escape() {
    for json in [r#""a\ud800""#, r#""\udc00b""#, r#""\ud800x""#, r#""\udc00\ud800""#] {
        let id: Text = serde_json::from_str(json).unwrap();
        assert_eq!(check_tool_id(&id), Err(SURROGATE), "{json}");
    }
    // A whole pair is a character, and no character of an id.
    let id: Text = serde_json::from_str(r#""\ud83d\ude00""#).unwrap();
    assert_eq!(check_tool_id(&id), Err(CHARACTERS));
    assert!(serde_json::from_str::<Text>("7").is_err());
}

#[test]
fn paths_are_cleaned_as_go_does() {
    // The rules of Go's documentation for filepath.Clean, with examples for each.
    for (path, expected) in [
        ("", "."),
        ("abc", "abc"),
        ("abc/def", "abc/def"),
        (".", "."),
        ("..", ".."),
        ("../..", "../.."),
        ("../../abc", "../../abc"),
        ("/abc", "/abc"),
        ("/", "/"),
        ("abc/", "abc"),
        ("/abc/", "/abc"),
        ("../", ".."),
        ("abc//def//ghi", "abc/def/ghi"),
        ("//abc", "/abc"),
        ("///", "/"),
        ("abc/./def", "abc/def"),
        ("/./abc/def", "/abc/def"),
        ("abc/.", "abc"),
        ("./../a", "../a"),
        ("abc/def/ghi/../jkl", "abc/def/jkl"),
        ("abc/def/..", "abc"),
        ("abc/def/../..", "."),
        ("/abc/def/../../..", "/"),
        ("abc/def/../../../ghi/jkl/../../../mno", "../../mno"),
        ("/../abc", "/abc"),
        ("abc/../../././../def", "../../def"),
    ] {
        assert_eq!(clean(path), expected, "{path:?}");
        assert_eq!(clean(&clean(path)), expected, "{path:?} twice");
    }
}

fn check(entries: &[(&str, &str)]) -> Result<Vec<(String, String)>, Error> {
    check_under(entries, &[])
}

fn check_under(entries: &[(&str, &str)], flags: &[&str]) -> Result<Vec<(String, String)>, Error> {
    let entries = entries.iter().map(|(name, value)| (Text::from(*name), Text::from(*value)));
    check_env(&EnvText(entries.collect()), &PermissionSet::from_flags(flags).unwrap())
}

fn refusal(name: &str, value: &str) -> String {
    let error = check(&[(name, value)]).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{name:?}");
    let text = error.to_string();
    text.strip_prefix("environment variable validation failed: ").unwrap().to_owned()
}

#[test]
fn variables_are_judged_by_the_table() {
    let fine = [("VALID_VAR", "v"), ("ANOTHER_VAR", ""), ("NUMBER_123", "ö\t\"")];
    let kept = check(&fine).unwrap();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[2], ("NUMBER_123".to_owned(), "ö\t\"".to_owned()));
    assert!(check(&[("1A", "a leading digit"), ("_", "x")]).is_ok());

    for name in ["LD_PRELOAD", "NODE_OPTIONS", "DYLD_INSERT_LIBRARIES", "BUN_OPTIONS", "IFS", "ENV"]
    {
        let expected =
            format!("environment variable \"{name}\" is not allowed for security reasons");
        assert_eq!(refusal(name, "x"), expected);
    }
    for name in ["lowercase_var", "INVALID@VAR", "", "A B", "A=B", "A-B", "Ä", "ld_preload"] {
        let expected = format!(
            "invalid environment variable name \"{name}\": must contain only uppercase letters, \
             numbers, and underscores"
        );
        assert_eq!(refusal(name, "x"), expected);
    }
    for value in ["a\nb", "a\0b", "a\rb"] {
        let expected =
            "environment variable \"X\" contains invalid characters (newline or null byte)";
        assert_eq!(refusal("X", value), expected, "{value:?}");
    }
}

#[test]
fn a_refused_name_stays_on_one_short_line() {
    let text = refusal("A\n\u{1b}[31mB", "x");
    assert!(!text.contains('\n') && !text.contains('\u{1b}'), "{text}");
    assert!(refusal(&"a".repeat(100_000), "x").len() < 400);
}

#[test]
fn lone_surrogates_in_variables_are_refused() {
    let check = |json: &str| {
        check_env(&serde_json::from_str(json).unwrap(), &PermissionSet::default())
            .unwrap_err()
            .to_string()
    };
    assert!(check(r#"{"X":"\ud800"}"#).ends_with("\"X\" contains invalid UTF-8 characters"));
    assert!(check(r#"{"X\ud800":""}"#).contains("must contain only uppercase letters"));
}

#[test]
fn one_variable_and_all_together_have_a_size() {
    let too_large = "environment variable \"X\" is too large";
    // `X=` and the value: 128 KiB less one byte still pass, as they do in the kernel.
    let fits = "x".repeat(128 * 1024 - 3);
    assert!(check(&[("X", &fits)]).is_ok());
    assert_eq!(refusal("X", &format!("{fits}x")), too_large);

    // Sixteen of 64 KiB are exactly 1 MiB.
    let part = "x".repeat(64 * 1024 - 3);
    let names: Vec<String> = (b'A'..=b'P').map(|letter| char::from(letter).into()).collect();
    let mut entries: Vec<(&str, &str)> = names.iter().map(|name| (&**name, &*part)).collect();
    let room = 1024 * 1024 - entries.iter().map(|(n, v)| n.len() + 1 + v.len()).sum::<usize>();
    let last = "x".repeat(room - 2);
    entries.push(("X", &last));
    assert!(check(&entries).is_ok());
    let last = format!("{last}x");
    *entries.last_mut().unwrap() = ("X", &last);
    assert!(check(&entries).unwrap_err().to_string().ends_with(too_large));
}

#[test]
fn a_deny_rule_is_a_violation_and_no_allow_rule_is_needed() {
    let error = check_under(&[("OK", "1"), ("AWS_KEY", "2")], &["--deny-env=AWS_*"]).unwrap_err();
    assert_eq!(error.code(), Code::PolicyViolation);
    assert_eq!(
        error.to_string(),
        "environment variable validation failed: environment variable \"AWS_KEY\" is denied by \
         --deny-env"
    );
    assert!(check_under(&[("OK", "1"), ("HTTP_PROXY", "x")], &["--deny-env=AWS_*"]).is_ok());
    assert!(check_under(&[("OK", "1")], &["--allow-env", "--deny-env"]).is_err());
}

#[test]
fn the_first_reason_counts() {
    // The name before the list, the list before the value, the value before the size.
    assert!(refusal("ld_preload", "\n").starts_with("invalid environment variable name"));
    assert!(refusal("LD_PRELOAD", "\n").ends_with("security reasons"));
    assert!(refusal("X", &"\n".repeat(200_000)).ends_with("(newline or null byte)"));
    let error = check(&[("A", "\n"), ("b", "x")]).unwrap_err().to_string();
    assert!(error.contains("\"A\""), "{error}");
}
