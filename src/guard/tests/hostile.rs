//! Texts made to break the guard rather than to pass it.

use std::time::Instant;

use super::fixture::fixture;
use super::{Dice, analyze, guard, risk};
use crate::guard::parse::parse;
use crate::guard::{Cause, Risk, bounds};

#[test]
fn bounds_make_a_text_unclear() {
    let long = "a".repeat(bounds::TEXT_BYTES + 1);
    for text in [&*long, "echo \0", &"cat <<E ".repeat(100)] {
        let verdict = analyze(text).verdict;
        assert_eq!((verdict.risk, verdict.code), (Risk::Approval, Cause::Unclear));
    }
    assert_eq!(risk(&"true\n".repeat(300)), Risk::Allow);
    assert_eq!(risk(&format!("true{}", " && true".repeat(100))), Risk::Allow);
    // Too many commands, too deep a chain.
    assert_eq!(risk(&"true\n".repeat(5_000)), Risk::Approval);
    assert_eq!(risk(&format!("true{}", " && true".repeat(1_000))), Risk::Approval);
}

/// Deep and broad texts on a stack of the size that a small thread has.
#[test]
fn nesting_overflows_no_stack() {
    let texts = || {
        let openers = [
            "(",
            "{ ",
            "$(",
            "`",
            "\"$(",
            "${x:-",
            "$((",
            "((",
            "[[ (",
            "if ",
            "while ",
            "case x in x) ",
            "f() { ",
            "<(",
            "a[",
            "! ",
            "sh -c '",
            "eval ",
            "sudo ",
            "echo \"",
            "\\",
            "'",
            "<<E ",
            "&&",
            "|",
            "$'",
            "{a,",
            "x=",
            "[ ",
            "a | ",
            "a && ",
            "a; ",
            "time ",
            "!(",
            "@(",
            "env ",
            ">x ",
        ];
        openers.map(|opener| {
            let all = opener.repeat(bounds::TEXT_BYTES / opener.len() - 8);
            [format!("{all}rm -rf /"), opener.repeat(63), opener.repeat(300)]
        })
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let judged = thread.spawn(move || {
        let guard = guard();
        texts().iter().flatten().map(|text| guard.analyze(text).commands.len()).max()
    });
    assert!(judged.unwrap().join().unwrap().unwrap() <= 2_000);
}

#[test]
fn payloads_are_read_to_a_depth_only() {
    let mut text = "ls".to_owned();
    for depth in 0..14 {
        let quoted = text.replace('\'', "'\\''");
        text = format!("eval '{quoted}'");
        let expected = if depth < 8 { Risk::Allow } else { Risk::Approval };
        assert_eq!(risk(&text), expected, "{depth}");
        if text.len() > 20_000 {
            break;
        }
    }
}

/// The grammar's scanner looks characters up in a table of 256: this text ended the process.
#[test]
fn characters_beyond_its_tables_end_nothing() {
    for c in ['\u{10ffff}', '\u{2028}', '\u{85}', 'é', '\u{7f}', '\u{1}', '\r', '\u{b}', '\u{feff}']
    {
        for text in [
            format!("a ${{{c}"),
            format!("{c}=1 ${{x}}"),
            format!("ls; {c}; reboot"),
            format!("[[ -{c}"),
        ] {
            assert_ne!(risk(&text), Risk::Allow, "{text:?}");
        }
        assert_eq!(risk(&format!("echo {c} a{c}b")), Risk::Allow, "{c:?}");
    }
}

/// Whatever a text is, it is judged; one with an error of syntax is never allowed.
fn judge(text: &str) {
    let analysis = guard().analyze(text);
    let clear = parse(text, Instant::now() + bounds::PARSE_TIME)
        .is_ok_and(|tree| !tree.root_node().has_error());
    assert!(clear || analysis.verdict.risk != Risk::Allow, "{text:?}");
    let most = analysis.commands.iter().map(|command| command.verdict.risk).max();
    let most = most.unwrap_or_default().max(analysis.whole.risk);
    assert_eq!(most, analysis.verdict.risk, "{text:?}");
    for command in &analysis.commands {
        assert!(text.get(command.span.start..command.span.end).is_some(), "{text:?}");
    }
}

fn mutated(dice: &mut Dice, text: &str) -> String {
    const PIECES: &[&str] = &[
        "'",
        "\"",
        "\\",
        "`",
        "$(",
        ")",
        "(",
        "{",
        "}",
        "\n",
        ";",
        "&",
        "|",
        "#",
        "<<E",
        "E\n",
        "<",
        ">",
        "$",
        "${",
        "[[",
        "]]",
        "[",
        "]",
        "((",
        "))",
        "$'",
        " ",
        "\t",
        "\r",
        "\u{a0}",
        "é",
        "\u{1}",
        "=",
        "~",
        "*",
        "!",
        "if ",
        "done",
        "rm",
        "-rf",
        "/",
        "0",
        "\\\n",
        "<<<",
        "<(",
        "@P}",
        "\u{10ffff}",
    ];
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(chars.len() + 1);
        match dice.below(3) {
            0 if at < chars.len() => {
                chars.remove(at);
            }
            1 => {
                let other = dice.below(chars.len() + 1);
                let (from, to) = (at.min(other), at.max(other).min(at.min(other) + 12));
                let copied: Vec<char> = chars[from..to].to_vec();
                chars.splice(at..at, copied);
            }
            _ => {
                chars.splice(at..at, dice.one(PIECES).chars());
            }
        }
    }
    chars.into_iter().collect()
}

fn fuzz(seed: u64, count: usize) {
    let mut dice = Dice(seed);
    let fixture = fixture();
    let texts: Vec<&str> =
        fixture.bypasses.iter().chain(&fixture.harmless).map(|one| &*one.command).collect();
    for _ in 0..count {
        let text = texts[dice.below(texts.len())];
        let text = mutated(&mut dice, text);
        judge(&text);
        let bytes: Vec<u8> =
            (0..dice.below(64)).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
        judge(&String::from_utf8_lossy(&bytes));
        let punctuation: String = (0..dice.below(32))
            .map(|_| char::from(b"'\"\\`$(){}[]<>|&;#\nae =!~*"[dice.below(25)]))
            .collect();
        judge(&punctuation);
    }
}

#[test]
fn random_texts_break_nothing() {
    fuzz(3, 1_500);
}

#[test]
#[ignore = "takes minutes: cargo test --release -- --ignored"]
fn random_texts_break_nothing_at_length() {
    fuzz(4, 400_000);
}
