//! Path two: TypeScript that has a value, and the way back to its positions.

use super::{place, reprinted, rewritten};

/// TypeScript, and the JavaScript it must mean.
const CASES: &[(&str, &str)] = &[
    (
        "enum A { B, C = 5, D, E = 'e', F = C | 1, 'g-h' }",
        "var A = function(A) { A[A['B'] = 0] = 'B'; A[A['C'] = 5] = 'C'; A[A['D'] = 6] = 'D'; \
         A['E'] = 'e'; A[A['F'] = 5] = 'F'; A[A['g-h'] = 6] = 'g-h'; return A }(A || {})",
    ),
    (
        "const enum A { B = 'b', C = B + 'c', D = `${C}d` } f(A.C)",
        "var A = function(A) { A['B'] = 'b'; A['C'] = 'bc'; A['D'] = 'bcd'; return A }(A || {}); f(A.C)",
    ),
    (
        "export enum A { B = x.length, C = B * 2 }",
        "export let A = function(A) { A[A['B'] = x.length] = 'B'; A[A['C'] = A.B * 2] = 'C'; \
         return A }({})",
    ),
    (
        "namespace N { export const a = 1; export function f() { return a } export class C {} }",
        "let N; (function(_N) { const a = _N.a = 1; function f() { return a } _N.f = f; \
         class C {} _N.C = C })(N || (N = {}))",
    ),
    (
        "export namespace A.B { export const c: number = 1 }",
        "export let A; (function(_A) { let B; (function(_B) { const c = _B.c = 1 })\
         (B || (B = _A.B || (_A.B = {}))) })(A || (A = {}))",
    ),
    (
        "class A extends B { c = 1; constructor(private d: number, readonly e = 2, f?: string) \
         { super(); g() } }",
        "class A extends B { d; e; c = 1; constructor(d, e = 2, f) { super(); this.d = d; \
         this.e = e; g() } }",
    ),
    ("import a = b.c.d; a()", "var a = b.c.d; a()"),
    ("import a = b; export import c = a.d", "var a = b; export var c = a.d"),
    // Everything else is as on path one.
    (
        "enum A {} import { B } from 'b'; import { type C, d } from 'c'; import type E from 'e'; \
         export type { F } from 'f'; class G { h: number; #i?: T; static j = 1 } \
         const k = async (l?: M) => (await l!)?.n ?? o ** 2; k ||= 1n",
        "var A = function(A) { return A }(A || {}); import { B } from 'b'; import { d } from 'c'; \
         class G { h; #i; static j = 1 } \
         const k = async (l) => (await l)?.n ?? o ** 2; k ||= 1n",
    ),
];

#[test]
fn values_of_typescript_become_javascript() {
    for (source, expected) in CASES {
        assert_eq!(reprinted(&rewritten(source).code), reprinted(expected), "{source}");
    }
}

/// Strips a source that throws in several places and follows each back.
fn follow_back(source: &str, throws: &[&str]) {
    let stripped = rewritten(source);
    for throw in throws {
        let (line, column) = place(&stripped.code, throw);
        let expected = place(source, throw);
        assert_eq!(stripped.original_position(line, column), expected, "{throw} of\n{source}");
        // Anywhere in the token leads to its start.
        assert_eq!(stripped.original_position(line, column + 3), expected, "{throw}");
    }
}

#[test]
fn positions_lead_back_to_the_source() {
    let lines = [
        "enum Colour { Red, Green = 4 }",
        "interface Options { name: string }",
        "",
        "/* \u{1f600} */ function check(options: Options): void {",
        "    if (!options) throw new TypeError('no \u{1f600}'); throw new RangeError('both')",
        "}",
        "const \u{e9} = '\u{1f600}\u{1f600}'; errorOne(\u{e9} as string); errorTwo(Colour.Red!)",
        "class Point { constructor(private x: number) { errorThree(x) } }",
    ];
    let throws =
        ["throw new TypeError", "throw new RangeError", "errorOne", "errorTwo", "errorThree"];
    for ending in ["\n", "\r\n", "\r", "\u{2028}", "\u{2029}"] {
        follow_back(&lines.join(ending), &throws);
    }
    // U+2028 ends a line for the source map but not for the engine, in source and code alike.
    let template = "enum A { B }\n`\u{2028}\u{1f600}${errorOne()}\n\u{2029}`; errorTwo()";
    follow_back(template, &["errorOne", "errorTwo"]);
}

#[test]
fn a_byte_order_mark_and_a_hashbang_do_not_shift_positions() {
    let source = "enum A { B }; errorOne()\nerrorTwo()";
    follow_back(source, &["errorOne", "errorTwo"]);
    follow_back(&format!("#!bun\n{source}"), &["errorOne", "errorTwo"]);
    let marked = rewritten(&format!("\u{feff}{source}"));
    let (line, column) = place(&marked.code, "errorOne");
    assert_eq!(marked.original_position(line, column), place(source, "errorOne"));
}

#[test]
fn a_position_before_every_token_leads_to_the_start() {
    let stripped = rewritten("enum A { B }\nthrow 1");
    assert_eq!(stripped.original_position(0, 0), stripped.original_position(1, 1));
    assert_eq!(stripped.original_position(1, 1).0, 1);
    assert_eq!(stripped.original_position(u32::MAX, u32::MAX).0, 2);
}
