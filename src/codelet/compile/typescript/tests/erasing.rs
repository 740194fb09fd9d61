//! Path one: every construct that is only type.

use super::{blanked, reprinted};

/// TypeScript, and the JavaScript it must mean.
const CASES: &[(&str, &str)] = &[
    // Annotations.
    ("let x: number = 1", "let x = 1"),
    ("let x: { a: string; b?: () => void }, y: Array<Map<string, number[]>> = []", "let x, y = []"),
    ("const { a, b }: { a: number; b: string } = c", "const { a, b } = c"),
    ("let x!: string", "let x"),
    ("let f: typeof import('./x').y", "let f"),
    ("let t: `a${string}b` = 'a`b'", "let t = 'a`b'"),
    ("let u: unique symbol, k: keyof typeof u, o: -1 | 'a' | null", "let u, k, o"),
    ("let g: abstract new (...a: any[]) => object", "let g"),
    ("for (const x: number of y) {}", "for (const x of y) {}"),
    ("try {} catch (e: unknown) {}", "try {} catch (e) {}"),
    ("using r: Resource = open()", "using r = open()"),
    (
        "label: for (;;) { let x: number = 1; break label }",
        "label: for (;;) { let x = 1; break label }",
    ),
    // Functions.
    ("function f(a: number, b?: string, ...c: any[]): void {}", "function f(a, b, ...c) {}"),
    (
        "function f<T extends object = {}>(a: T): a is T { return true }",
        "function f(a) { return true }",
    ),
    ("function f(this: Window, a: number) {}", "function f(a) {}"),
    ("function f(this: Window) {}", "function f() {}"),
    ("function f(x: unknown): asserts x is string {}", "function f(x) {}"),
    (
        "function f({ a = 1, b }: { a?: number; b: string } = { b: '' }) {}",
        "function f({ a = 1, b } = { b: '' }) {}",
    ),
    (
        "async function* g<T>(a: T): AsyncGenerator<T> { yield a }",
        "async function* g(a) { yield a }",
    ),
    ("const f = function <T>(a: T): T { return a }", "const f = function (a) { return a }"),
    ("const f = <T,>(a: T): T => a", "const f = (a) => a"),
    ("const f = async <const T>(a?: T): Promise<T | undefined> => a", "const f = async (a) => a"),
    (
        "const f = (a: (b: number) => string) => (c: number): string => a(c)",
        "const f = (a) => (c) => a(c)",
    ),
    ("x ? (y): number => y : z", "x ? (y) => y : z"),
    (
        "const o = { m<T>(this: T, a: T): T { return a }, get g(): number { return 1 }, set g(v: number) {} }",
        "const o = { m(a) { return a }, get g() { return 1 }, set g(v) {} }",
    ),
    (
        "function f(a: string): void\nfunction f(a: number): void\nfunction f(a: any) { return a }",
        "function f(a) { return a }",
    ),
    ("{ function g(): void; function g(a?: any) {} }", "{ function g(a) {} }"),
    // Expressions.
    ("f(x as string, y as const, z satisfies T)", "f(x, y, z)"),
    ("const a = <any>b, c = <{ x: number }>d.e", "const a = b, c = d.e"),
    ("a!.b!()![0]!.c", "a.b()[0].c"),
    ("a!++; b! += 1; delete c!.d", "a++; b += 1; delete c.d"),
    ("(x as any) = 1; [y as any, z!] = w", "(x) = 1; [y, z] = w"),
    ("for (x as any of y as any[]) {}", "for (x of y) {}"),
    (
        "f<string>(x); new Map<string, Set<number>>(); new Foo<T>; t<A>`b`",
        "f(x); new Map(); new Foo; t`b`",
    ),
    ("a?.<T>(b); a?.b<T>?.(c)", "a?.(b); a?.b?.(c)"),
    ("const g = f<string>, h = g<number>", "const g = f, h = g"),
    ("super_<T>(x) as unknown as { y: number }", "super_(x)"),
    ("a < b && c > d; a<b>(c)", "a < b && c > d; a(c)"),
    ("x = a as T ? b as U : c!", "x = a ? b : c"),
    ("`a${b as string}c${d!}`", "`a${b}c${d}`"),
    ("await (x as Promise<void>)", "await (x)"),
    ("f(<T>(a: T) => a, async <T>(a: T) => a)", "f((a) => a, async (a) => a)"),
    // Classes.
    ("class A<T> extends B<T> implements C<T>, D {}", "class A extends B {}"),
    ("class A implements B {}", "class A {}"),
    ("class A extends (B as any)<T> implements C {}", "class A extends (B) {}"),
    (
        "abstract class A { abstract a: number; abstract m(): void; abstract get g(): number; b = 1 }",
        "class A { b = 1 }",
    ),
    ("export default abstract class A {}", "export default class A {}"),
    (
        "class A { private a = 1; protected static b?: number; public readonly c!: string; override d = 2; e?: T }",
        "class A { a = 1; static b; c; d = 2; e }",
    ),
    (
        "class A { declare a: string; declare readonly b: number; [k: string]: any; static [k: number]: any; c = 1 }",
        "class A { c = 1 }",
    ),
    (
        "class A { constructor(); constructor(a: string); constructor(a?: any) {} m?(): void; n?() {} }",
        "class A { constructor(a) {} n() {} }",
    ),
    (
        "class A { private async *m<T>(a: T): AsyncGenerator<T> {} static override readonly #x: number = 1 }",
        "class A { async *m(a) {} static #x = 1 }",
    ),
    (
        "class A { public 'a': number = 1; private [b]: string = ''; readonly 1: T = 2 }",
        "class A { 'a' = 1; [b] = ''; 1 = 2 }",
    ),
    (
        "class A { public get x(): number { return 1 } protected set x(v: number) {} static { let y: T } }",
        "class A { get x() { return 1 } set x(v) {} static { let y } }",
    ),
    (
        "class A { accessor a: number = 1; private accessor b!: string; abstract = 1; declare = 2; readonly = 3; public = 4 }",
        "class A { accessor a = 1; accessor b; abstract = 1; declare = 2; readonly = 3; public = 4 }",
    ),
    ("const A = class<T> extends B<T> { m(): void {} }", "const A = class extends B { m() {} }"),
    (
        "class A { static async = 1; get; set; static; m() {} }",
        "class A { static async = 1; get; set; static; m() {} }",
    ),
    // Whole statements.
    (
        "interface A<T> extends B, C<T> { (x: T): void; new (x: T): A<T>; readonly [k: string]: any; m?(): void }\nx",
        "x",
    ),
    ("type A<T> = T extends infer U extends string ? U : never; x", "x"),
    ("type M<T> = { readonly [K in keyof T as `get${K & string}`]?: T[K] }\nx", "x"),
    ("declare const a: number, b: string\ndeclare let c; declare var d: any\nx", "x"),
    ("declare function f(a: number): void; declare async function g(): Promise<void>\nx", "x"),
    ("declare class A { m(): void; private x }\ndeclare abstract class B {}\nx", "x"),
    ("declare enum E { A }\ndeclare const enum F { B = 1 }\nx", "x"),
    ("declare namespace N { const a: number; namespace M {} }\nx", "x"),
    (
        "declare module 'm' { export default x }\ndeclare global { interface Window { y: number } }\nx",
        "x",
    ),
    ("namespace N { export interface A {} type B = 1; namespace M { type C = 2 } }\nx", "x"),
    ("export as namespace N\nx", "x"),
    ("function f() { interface A {} type B = A; return 1 }", "function f() { return 1 }"),
    ("switch (x) { case 1: type A = 1; break }", "switch (x) { case 1: ; break }"),
    // Names that look like keywords.
    (
        "type = 1; declare = type; namespace = declare; abstract = module; as = satisfies",
        "type = 1; declare = type; namespace = declare; abstract = module; as = satisfies",
    ),
    ("let type: string, of: number, as: any, async: T", "let type, of, as, async"),
    ("type\nFoo = 1", "type\nFoo = 1"),
    (
        "const o = { as: 1, type: 2, readonly: 3, get: 4 as number, async<T>() {}, get<T>() {}, set<T>() {} }",
        "const o = { as: 1, type: 2, readonly: 3, get: 4, async() {}, get() {}, set() {} }",
    ),
    // Plain JavaScript comes back as it is.
    (
        "const a = { b: 1, ['c']: /[/'\"]/g, d: a ? b : c }; a < b > c; a << 1 >> 2",
        "const a = { b: 1, ['c']: /[/'\"]/g, d: a ? b : c }; a < b > c; a << 1 >> 2",
    ),
];

#[test]
fn every_construct_leaves_the_javascript_it_means() {
    assert!(CASES.len() >= 60);
    for (source, expected) in CASES {
        assert_eq!(reprinted(&blanked(source)), reprinted(expected), "{source}");
    }
}

#[test]
fn line_endings_comments_and_wide_characters_keep_their_places() {
    for ending in ["\n", "\r\n", "\r", "\u{2028}", "\u{2029}"] {
        for (source, expected) in CASES {
            // A line comment before each line, and astral characters before and inside types.
            let commented = |text: &str| {
                format!("let q = '\u{1f600}'; // \u{e9}: number\n{text}").replace('\n', ending)
            };
            let typed = "let p: '\u{1f600}\u{e9}' | /* \u{1d11e} */ \u{fc}; ";
            let source = typed.to_owned() + &commented(source);
            let expected = "let p; ".to_owned() + &commented(expected);
            assert_eq!(reprinted(&blanked(&source)), reprinted(&expected), "{source}");
        }
    }
}

#[test]
fn blanking_is_exact() {
    let cases = [
        ("const a: number = 1 as any", "const a         = 1;      "),
        ("let \u{e9}: '\u{1f600}' = x", "let \u{e9}       = x"),
        ("f(a!, <T>b)", "f(a ,    b)"),
        ("type A = {\r\n\tx: 1 // y\r\n}\r\nz", ";         \r\n          \r\n \r\nz"),
        ("function f(this: A, b?: B): C {}", "function f(         b    )    {}"),
        ("import { type A, b } from 'c'", "import {         b } from 'c'"),
        ("class A { private x!: T }", "class A {         x;    }"),
    ];
    for (source, expected) in cases {
        assert_eq!(blanked(source), expected);
    }
}

#[test]
fn a_hashbang_stays_and_a_byte_order_mark_goes() {
    let source = "#!/usr/bin/env node\nlet x: T = y";
    let code = "#!/usr/bin/env node\nlet x    = y";
    assert_eq!(blanked(source), code);
    assert_eq!(super::stripped(&format!("\u{feff}{source}")).code, code);
    assert_eq!(super::stripped("\u{feff}let x: T").code, "let x   ");
    assert_eq!(super::stripped("").code, "");
}
