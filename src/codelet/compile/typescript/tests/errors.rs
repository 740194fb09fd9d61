//! What is refused, where, and in which words.

use super::error;

fn assert_error(source: &str, line: u32, column: u32, message: &str) {
    let error = error(source);
    assert_eq!((error.line, error.column), (line, column), "{error:?} in\n{source}");
    assert!(error.message.contains(message), "{error:?} in\n{source}");
    assert!(!error.message.ends_with('.') && !error.message.contains('\n'), "{error:?}");
    assert!(!error.message.starts_with(|c: char| c.is_uppercase()), "{error:?}");
}

#[test]
fn syntax_errors_name_their_place() {
    assert_error("let x = ;", 1, 9, "unexpected token");
    assert_error("let a: number\nlet b: = 1", 2, 8, "unexpected token");
    assert_error("const x: number", 1, 7, "initializer");
    assert_error("f(\n", 2, 1, "expected");
    assert_error("'abc", 1, 1, "unterminated");
    assert_error("interface { a }", 1, 10, "semicolon");
    assert_error("enum A { B", 1, 11, "expected");
}

#[test]
fn columns_count_utf16_units_and_lines_every_line_ending() {
    assert_error("/* \u{1f600} */ let x = ;", 1, 18, "unexpected");
    assert_error("'\u{e9}\u{1f600}'; let x = ;", 1, 16, "unexpected");
    assert_error("\u{feff}let x = ;", 1, 9, "unexpected");
    assert_error("#!\u{1f600}\nlet x = ;", 2, 9, "unexpected");
    for separator in ['\u{2028}', '\u{2029}'] {
        assert_error(&format!("let a: b{separator}let x = ;"), 1, 18, "unexpected");
    }
    for ending in ["\n", "\r\n", "\r"] {
        assert_error(&format!("a{ending}{ending}\u{1f600}"), 3, 1, "");
        assert_error(&format!("let a: b{ending}  let x = ;"), 2, 11, "unexpected");
    }
}

#[test]
fn unsupported_syntax_says_what_to_write_instead() {
    assert_error("let a\nexport = a", 2, 1, "`export =` is not supported; use `export default`");
    assert_error("import a = require('a')", 1, 1, "use an `import` declaration");
    assert_error("a;\n@b class C {}", 2, 1, "decorators are not supported");
    assert_error("class C { @b() d() {} }", 1, 11, "decorators are not supported");
    assert_error("namespace N {\n  export let a = 1 }", 2, 3, "only `const`");
    assert_error(
        "namespace N { export const a = 1; namespace M { export var b } }",
        1,
        49,
        "only `const`",
    );
    assert_error("namespace N {\n  export class {} }", 2, 3, "needs a name");
    assert_error("let a = <b/>", 1, 11, "");
    assert_error("let a = <b></b>", 1, 13, "");
}

#[test]
fn the_first_of_several_refusals_is_reported() {
    assert_error("enum E {}\nexport = a\nimport b = require('b')", 2, 1, "`export =`");
}

#[test]
fn a_slash_nobody_can_read_is_refused() {
    assert_error("x = {}\n/ (a) / b", 2, 1, "put the expression in parentheses");
    for fine in [
        "x = a / (b) / c",
        "x = (a) / (b) / c",
        "x = a[0] / (b) / c",
        "if (a) /[(]/.test(b)",
        "x = a! / (b) / (c)",
        "x = !/[(]/.test(b) || typeof /[)]/",
        "f(/[(]/, [/'/], { a: /\"/ }, b ? /`/ : /(/)",
        "function f() { return /['\"`(]/ }\nf() / 2",
        "x = `${a / (b) / c}` / (d) / e",
        "x = y\n  / z",
        "for (const a of b) /[(]/.test(a)",
    ] {
        assert!(super::strip(fine).is_ok(), "{fine}: {:?}", super::strip(fine));
    }
}

#[test]
fn errors_of_the_engine_are_left_to_the_engine() {
    // Valid syntax, wrong scope: the engine says so, with the same position.
    assert!(super::strip("let a: number; let a: string").is_ok());
}

#[test]
fn messages_become_one_short_sentence() {
    let sentence = super::super::sentence;
    assert_eq!(sentence("Unexpected token."), "unexpected token");
    assert_eq!(sentence("`a` is not\ndefined"), "`a` is not");
    assert_eq!(sentence("JSX is off"), "JSX is off");
    assert_eq!(sentence(""), "");
    let long = sentence(&"\u{e9}".repeat(400));
    assert_eq!(long, "\u{e9}".repeat(150));
}
