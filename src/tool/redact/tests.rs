//! Each pattern, what looks like it and is not, the values, and the cost of hostile texts.

use super::{LINE_CHARS, PATTERNS, Redactor};
use regex::Regex;
use std::borrow::Cow;
use std::time::{Duration, Instant};

fn redacted(text: &str) -> String {
    Redactor::default().redact(text).into_owned()
}

#[test]
fn every_pattern_compiles() {
    for (name, look, _) in PATTERNS {
        assert!(Regex::new(look).is_ok(), "{name}");
    }
}

/// Texts by the pattern that alone is to find them: what they become.
fn hits() -> Vec<(&'static str, String, &'static str)> {
    let token = "0123456789abcdefABCDEF0123456789abcd";
    let owned = |name, text: &str, after| (name, text.to_owned(), after);
    vec![
        owned("JSON web token", "got eyJhbGciOi.eyJzdWIiOi_.c2ln-x ok", "got [REDACTED] ok"),
        owned("JSON web token", "(eyJhbGciOi.eyJzdWIiOi)", "([REDACTED])"),
        owned("AWS access key", "id AKIAIOSFODNN7EXAMPLE.", "id [REDACTED]."),
        owned("AWS access key", "id ASIAIOSFODNN7EXAMPLE", "id [REDACTED]"),
        ("GitHub token", format!("ghp_{token} gho_{token}"), "[REDACTED] [REDACTED]"),
        owned("Slack token", "use xoxb-12345-abcdef", "use [REDACTED]"),
        owned("database URL", "DATABASE_URL=sqlite:x.db", "DATABASE_URL=[REDACTED]"),
        owned("database URL", "\"mongodb_uri\": \"h:1/d\"", "\"mongodb_uri\": \"[REDACTED]\""),
        owned("credentials in a URL", "at https://me:pa@ss@h/x", "at https://[REDACTED]@h/x"),
        owned("credentials in a URL", "redis://:pw@h:1/0", "redis://[REDACTED]@h:1/0"),
        owned("bearer token", "Authorization: Bearer a.b/c==", "Authorization: Bearer [REDACTED]"),
        owned("assignment to a secret's name", "apiKey=abc&x=1", "apiKey=[REDACTED]&x=1"),
        owned("assignment to a secret's name", "password: hunter2", "password: [REDACTED]"),
        owned("assignment to a secret's name", "{\"token\":\"a b\",", "{\"token\":[REDACTED],"),
        owned("assignment to a secret's name", "SECRET = 'a b'", "SECRET = [REDACTED]"),
        owned(
            "sk- or pk- key",
            "sk-0123456789abcdef pk_live_0123456789ab",
            "[REDACTED] [REDACTED]",
        ),
        owned("api_ key", "x api_0123456789abcdef", "x [REDACTED]"),
        owned("key- key", "x key-0123456789abcdef", "x [REDACTED]"),
        owned("e-mail address", "to <a.b+c@mail.example.org>.", "to <[REDACTED]>."),
    ]
}

#[test]
fn each_pattern_is_redacted_and_by_itself() {
    for (name, text, after) in hits() {
        assert_eq!(redacted(&text), after, "{name}: {text}");
        assert_eq!(redacted(after), after, "again: {after}");
        let finders: Vec<&str> = PATTERNS
            .iter()
            .filter(|(_, look, _)| Regex::new(look).unwrap().is_match(&text))
            .map(|(name, _, _)| *name)
            .collect();
        // One text for two patterns would hide that one of them is broken.
        assert_eq!(finders, [name], "{text}");
    }
    for (name, _, _) in PATTERNS {
        assert!(hits().iter().any(|(hit, _, _)| *hit == name), "{name} has no text");
    }
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    for text in [
        "eyJhbGciOi without dots",
        "heyJude.x.y",
        "AKIAIOSFODNN7EXAMPL",
        "AKIAIOSFODNN7EXAMPLE1",
        "ghp_0123456789abcdefABCDEF0123456789abc",
        "ghx_0123456789abcdefABCDEF0123456789abcd",
        "xoxb-1234567",
        "the database url is unknown",
        "https://example.com:8080/a@b",
        "see https://example.com/x:y",
        "bearers are many",
        "turn the key to the left",
        "tokens 12, secrets 3",
        "task-0123456789abcdef",
        "sk-0123456789abcde",
        "api_0123456789abcde",
        "monkey-0123456789abcdef",
        "user@localhost",
        "a @ b.com",
        "plain text with ünïcode 日本",
    ] {
        assert!(matches!(Redactor::default().redact(text), Cow::Borrowed(same) if same == text));
    }
}

#[test]
fn values_of_eight_characters_are_found_anywhere() {
    let redactor = Redactor::new(["hunter22", "short12", "日本語日本語日本", "日本語"]);
    assert_eq!(redactor.redact("xhunter22y short12 日本語"), "x[REDACTED]y short12 日本語");
    assert_eq!(redactor.redact("<日本語日本語日本>"), "<[REDACTED]>");
    assert_eq!(redactor.redact("hunter22hunter22"), "[REDACTED][REDACTED]");
    assert_eq!(Redactor::new(["1234567"]).redact("1234567"), "1234567");
}

#[test]
fn values_inside_one_another_or_overlapping_leave_no_remainder() {
    let redactor = Redactor::new(["abcdefgh", "abcdefghij", "cdefghijkl", "zzzabcdefghij"]);
    assert_eq!(redactor.redact("-abcdefgh-"), "-[REDACTED]-");
    assert_eq!(redactor.redact("-abcdefghij-"), "-[REDACTED]-");
    assert_eq!(redactor.redact("-abcdefghijkl-"), "-[REDACTED]-");
    assert_eq!(redactor.redact("-zzzabcdefghijkl-abcdefgh"), "-[REDACTED]-[REDACTED]");
}

#[test]
fn lines_are_cut_by_characters_after_they_were_redacted() {
    let redactor = Redactor::new(["correct horse battery"]);
    let line = "é".repeat(LINE_CHARS + 1);
    assert_eq!(redactor.log_line(&line), "é".repeat(LINE_CHARS));
    assert!(matches!(redactor.log_line(&line[2..]), Cow::Borrowed(text) if text.len() == 512));
    // A secret over the cut would no longer be recognised if the cut came first.
    let line = format!("{} correct horse battery", "a".repeat(LINE_CHARS - 12));
    let shown = redactor.log_line(&line).into_owned();
    assert!(shown.ends_with(" [REDACTED]") && shown.chars().count() == LINE_CHARS - 1, "{shown}");
}

/// Ten times the text may take ten times as long, and much longer on a busy machine; a hundred
/// times is what quadratic work takes.
#[test]
fn hostile_texts_take_linear_time() {
    let value = "a".repeat(5_000);
    let redactor = Redactor::new([format!("{value}b"), "aaaaaaaa".to_owned()]);
    let pieces = [
        "a",
        "eyJ",
        "eyJa.",
        "://a:",
        "a@a.",
        "key=",
        "bearer ",
        "key \t",
        "database_url ",
        "key=\"",
        "sk-",
        ".",
        "@",
        "xoxb-",
        "://:@",
        "a.a@a.a.1",
        "ghp_0123456789",
        "password='",
    ];
    for piece in pieces {
        let small = piece.repeat(100_000 / piece.len());
        let large = piece.repeat(1_000_000 / piece.len());
        let time = |text: &str| {
            let started = Instant::now();
            redactor.redact(text);
            started.elapsed()
        };
        time(&small);
        let (one, ten) = (time(&small), time(&large));
        let bound = one * 60 + Duration::from_secs(2);
        assert!(ten < bound, "{piece:?}: {one:?}, then {ten:?}");
    }
}
