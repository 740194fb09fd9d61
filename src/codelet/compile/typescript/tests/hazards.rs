//! Path one where blanking alone would join two lines, split one, or change what binds to what.

use super::{blanked, reprinted, rewritten};

/// TypeScript, and the code it must become; any run of blanks counts as one.
const EXACT: &[(&str, &str)] = &[
    // A type that ended a statement.
    ("a\ntype B = 1\n(c)", "a\n; \n(c)"),
    ("a\ninterface B {}\n[c]", "a\n; \n[c]"),
    ("a\ndeclare let b\n`c`", "a\n; \n`c`"),
    ("a\nexport type B = 1\n/c/g", "a\n; \n/c/g"),
    ("import type A from 'b'\n(c)", "; \n(c)"),
    ("function f(): void\n(g)()", "; \n(g)()"),
    ("if (a) b as T\nelse c as T", "if (a) b; \nelse c; "),
    ("do a as T\nwhile (b)", "do a; \nwhile (b)"),
    // A cast that ended a statement.
    ("a as B\n(c)", "a; \n(c)"),
    ("a satisfies B\n[c]", "a; \n[c]"),
    ("let a = b as C as D\n(e)", "let a = b ; \n(e)"),
    ("const f = () => a as B\n(c)", "const f = () => a; \n(c)"),
    ("export default a as B\n(c)", "export default a; \n(c)"),
    ("let f = g<T>\nh()", "let f = g; \nh()"),
    // A cast that did not.
    ("f(a as B\n)(c)", "f(a \n)(c)"),
    ("(a as B)\n(c)", "(a )\n(c)"),
    // A call that goes on in the next line.
    ("f<T>\n(a)", "f \n(a)"),
    ("a!\n(b)", "a \n(b)"),
    // Arrows do not survive a line break.
    ("f = (a): {\n  b: C\n} => a", "f = (a \n \n) => a"),
    ("f = (): A<\n\u{fc}\n> => 1", "f = ( \n \n) => 1"),
    ("f = async <\n  T\n>(a: T) => a", "f = async (\n \n a ) => a"),
    ("f = () => { return <\nT\n>(a: T) => a }", "f = () => { return (\n \n a ) => a }"),
    // Class members.
    ("class A {\n  a = 1\n  public ['b'] = 2\n}", "class A {\n a = 1\n ; ['b'] = 2\n}"),
    ("class A {\n  a = 1\n  private *b() {}\n}", "class A {\n a = 1\n ; *b() {}\n}"),
    ("class A {\n  a\n  readonly in = 1\n}", "class A {\n a\n ; in = 1\n}"),
    ("class A {\n  a = b as C\n  ['d'] = 1\n}", "class A {\n a = b; \n ['d'] = 1\n}"),
    (
        "class A {\n  a = 1;\n  [k: string]: any\n  *b() {}\n}",
        "class A {\n  a = 1;\n  ; \n  *b() {}\n}",
    ),
    ("class A {\n  get: T\n  b() {}\n}", "class A {\n get; \n b() {}\n}"),
    (
        "class A {\n  set?: T\n  b(c) {}\n  static!: T\n  d() {}\n}",
        "class A {\n set; \n b(c) {}\n static; \n d() {}\n}",
    ),
    ("class A {\n  a = 1;\n  public ['b'] = 2\n}", "class A {\n a = 1;\n ['b'] = 2\n}"),
];

#[test]
fn a_mark_stands_where_a_type_held_the_lines_apart() {
    for (source, expected) in EXACT {
        let code = blanked(source);
        assert_eq!(squeezed(&code), squeezed(expected), "{source}");
        reprinted(&code);
    }
}

/// Blanks are checked to the column by [`blanked`]; here only the marks matter.
fn squeezed(code: &str) -> String {
    let words: Vec<&str> = code.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[test]
fn what_blanking_cannot_express_is_rewritten() {
    let cases = [
        // The body would be a block, the statement a declaration.
        ("f = () => <A>{ b: 1 }", "f = () => ({ b: 1 })"),
        ("<A>{ b: 1 }.b", "({ b: 1 }).b"),
        ("<A>function () {}()", "(function () {})()"),
        ("<A>class {}.name", "(class {}).name"),
        // `return` would stop at the end of its line.
        ("f = () => { return <A>\n b }", "f = () => { return b }"),
        ("f = () => { throw <\nA>b }", "f = () => { throw b }"),
    ];
    for (source, expected) in cases {
        assert_eq!(reprinted(&rewritten(source).code), reprinted(expected), "{source}");
    }
}

#[test]
fn an_assertion_in_the_middle_is_only_blanked() {
    assert_eq!(blanked("a = <A>{ b: 1 }"), "a =    { b: 1 }");
    assert_eq!(blanked("f = () => <A>b"), "f = () =>    b");
    assert_eq!(blanked("f(<A>function () {})"), "f(   function () {})");
    assert_eq!(blanked("<A>b.c()"), "   b.c()");
}

#[test]
fn brackets_and_operators_next_to_types_are_told_apart() {
    let cases = [
        ("a < (b as C) && d > (e)", "a < (b) && d > (e)"),
        ("f(a < b, c > d)", "f(a < b, c > d)"),
        ("f(a<b, c>(d))", "f(a(d))"),
        ("a = b ? (c) : (d): e => f", "a = b ? (c) : (d) => f"),
        ("(a as B) < c && (d as E) ** 2", "(a) < c && (d) ** 2"),
    ];
    for (source, expected) in cases {
        assert_eq!(reprinted(&blanked(source)), reprinted(expected), "{source}");
    }
}
