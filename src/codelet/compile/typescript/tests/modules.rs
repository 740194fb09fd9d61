//! Imports and exports: what is marked `type` goes, all else stays.

use super::{blanked, reprinted};

const CASES: &[(&str, &str)] = &[
    ("import type A from 'a'", ""),
    ("import type { A, B as C } from 'a'", ""),
    ("import type * as A from 'a'", ""),
    ("import { type A } from 'a'", "import {} from 'a'"),
    ("import { type A, b, type C as D } from 'a'", "import { b } from 'a'"),
    ("import { a, type B, } from 'a'", "import { a } from 'a'"),
    ("import a, { type B, type C as D } from 'a'", "import a, {} from 'a'"),
    ("import type from 'a'", "import type from 'a'"),
    ("import { type } from 'a'", "import { type } from 'a'"),
    ("import { type as as } from 'a'", "import { type as as } from 'a'"),
    ("import type, { type as t } from 'a'", "import type, { type as t } from 'a'"),
    ("import a, * as b from 'a'", "import a, * as b from 'a'"),
    ("import 'a'", "import 'a'"),
    ("import a from 'a' with { type: 'json' }", "import a from 'a' with { type: 'json' }"),
    ("import type A = require('a')", ""),
    ("export type { A } from 'a'", ""),
    ("export type * from 'a'", ""),
    ("export type * as A from 'a'", ""),
    ("export { type A, b, type C as D } from 'a'", "export { b } from 'a'"),
    ("export * from 'a'", "export * from 'a'"),
    ("const a = 1; export { a, type B }", "const a = 1; export { a }"),
    ("export type A = 1; export interface B {}", ""),
    (
        "export declare const a: number; export declare function f(): void; export declare class A {}",
        "",
    ),
    ("export declare enum E {} export declare namespace N {}", ""),
    ("export default interface A {}", ""),
    (
        "export default function f(): void; export default function f() {}",
        "export default function f() {}",
    ),
    ("export default function <T>(a: T) {}", "export default function (a) {}"),
    ("export default (a: number): number => a", "export default (a) => a"),
    ("export default class<T> implements A {}", "export default class {}"),
    ("export default a satisfies B", "export default a"),
    ("export const a: number = 1, b = 2 as const", "export const a = 1, b = 2"),
    ("export async function f<T>(): Promise<T> {}", "export async function f() {}"),
    ("export abstract class A { abstract b: number }", "export class A {}"),
    // Without a mark it stays, used or not.
    ("import { A } from 'a'; let b: A", "import { A } from 'a'; let b"),
    // What the module itself binds as a type cannot be exported as a value.
    ("interface A {} type B = A; class C {} export { A, B, C }", "class C {} export { C }"),
    ("interface A {} export default A", ""),
    (
        "import type { A } from 'a'; import { type B, c } from 'b'; export { A, B, c }",
        "import { c } from 'b'; export { c }",
    ),
    ("declare const a: number; export { a }", "export {}"),
    ("namespace N { export type A = 1 } export { N }", "export {}"),
    // Unless it is a value as well.
    ("interface A {} const A = 1; export { A }", "const A = 1; export { A }"),
    (
        "type A = 1; import { A } from 'a'; export { A }; export default A",
        "import { A } from 'a'; export { A }; export default A",
    ),
    (
        "type A = 1; const { b: [A] } = c; export { A as B }",
        "const { b: [A] } = c; export { A as B }",
    ),
    ("type A = 1; export { A } from 'a'", "export { A } from 'a'"),
];

#[test]
fn only_what_is_a_type_goes() {
    for (source, expected) in CASES {
        assert_eq!(reprinted(&blanked(source)), reprinted(expected), "{source}");
    }
}
