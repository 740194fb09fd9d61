import { describe, expect, it } from '@jest/globals'
import { type CodeletSource, type Language, runCodelet } from 'runlet'
import { failureOf, rejectionOf, valueFrom } from './run-text'

const typed = (code: string, language: Language = 'ts'): CodeletSource => ({
  type: 'string',
  code,
  language,
})

const features: ReadonlyArray<[string, string, unknown]> = [
  ['annotations', 'export function main(n: number): number { return n + 1 }', 42],
  [
    'interfaces and aliases',
    'interface A { n: number }\ntype B = A | null\nexport const main = (n: number): B => ({ n })',
    { n: 41 },
  ],
  [
    'generics',
    'const id = <T,>(v: T): T => v\nexport const main = (n: number) => id<number>(n)',
    41,
  ],
  [
    'as, satisfies and !',
    'export const main = (n: unknown) => ((n as number)! satisfies number) + 1',
    42,
  ],
  [
    'type-only imports and exports',
    "import type { X } from './nowhere'\nexport type { X }\nexport const main = (n: number) => n",
    41,
  ],
  [
    'an enum',
    'enum Size { S = 1, M, L = M * 10 }\nexport const main = () => [Size.M, Size.L, Size[1]]',
    [2, 20, 'S'],
  ],
  ['a string enum', "enum E { A = 'a' }\nexport const main = () => E.A", 'a'],
  ['a const enum', 'const enum E { A = 4 }\nexport const main = () => E.A', 4],
  ['an exported enum', 'export enum E { A = 7 }\nexport const main = () => E.A', 7],
  [
    'a namespace',
    'namespace Tax { export const rate = 2; export const of = (n: number) => n * rate }\nexport const main = (n: number) => Tax.of(n)',
    82,
  ],
  ['nested namespaces', 'namespace A.B { export const x = 3 }\nexport const main = () => A.B.x', 3],
  [
    'parameter properties',
    'class P { constructor(private readonly n: number, public m = 1) {}\n sum() { return this.n + this.m } }\nexport const main = (n: number) => new P(n).sum()',
    42,
  ],
  [
    'class members',
    'abstract class A { declare x: number; protected y?: string; abstract z(): void; static s: number = 5 }\nexport const main = () => A.s',
    5,
  ],
  [
    'overloads',
    'function f(a: string): string\nfunction f(a: number): number\nfunction f(a: any) { return a }\nexport const main = (n: number) => f(n)',
    41,
  ],
  [
    'declare',
    'declare const outside: number\ndeclare module "x" {}\nexport const main = () => typeof outside',
    'undefined',
  ],
  [
    'this parameters',
    'function f(this: { n: number }) { return this.n }\nexport const main = (n: number) => f.call({ n })',
    41,
  ],
  [
    'optional parameters',
    'export const main = (n?: number, ...rest: unknown[]) => (n ?? 0) + rest.length',
    42,
  ],
  [
    'an arrow with a return type on the next line',
    'const f = (n: number):\n  number => n\nexport const main = (n: number) => f(n)',
    41,
  ],
  [
    'a type before a bracket',
    'let a = 1\ntype X = number\n;[a] = [2]\nexport const main = () => a',
    2,
  ],
  [
    'a type before a bracket without semicolon',
    'let a: any = 1\ntype X = { y: 1 }\n[1].forEach((n) => { a = n + 1 })\nexport const main = () => a',
    2,
  ],
]

describe('X4 · TypeScript codelets run, types stripped', () => {
  it.each(features)('%s', async (_feature, code, expected) => {
    const result = await runCodelet(typed(code), { input: 41 })
    expect(result.error).toBeUndefined()
    expect(result.value).toEqual(expected)
  })

  it.each(features)('%s, without being told the language', async (_feature, code, expected) => {
    expect(await valueFrom(code, { input: 41 })).toEqual(expected)
  })

  it('never strips what is called JavaScript', async () => {
    const result = await runCodelet(typed('export const main = (n: number) => n', 'js'))
    expect(result.error).toMatchObject({ code: 'SYNTAX_ERROR', line: 1 })
  })

  it('runs JavaScript that only looks like types as JavaScript', async () => {
    const code = 'const a = 1, b = 2, c = 3\nexport const main = () => [a < b, b > (c)]'
    expect(await valueFrom(code)).toEqual([true, false])
    expect(await valueFrom('const f = 1\nexport const main = () => [f<1, 2>(3)]')).toEqual([
      false,
      false,
    ])
  })

  it('takes modules in TypeScript', async () => {
    const modules = {
      'tax.ts': {
        code: 'export enum Kind { Full = 19 }\nexport const rate = (k: Kind): number => k / 100',
        language: 'ts' as const,
      },
    }
    const code =
      "import { Kind, rate } from 'tax.ts'\nexport const main = (n: number) => rate(Kind.Full) * n"
    expect(await valueFrom(code, { modules, input: 100 })).toBe(19)
  })

  it('refuses an unknown language', async () => {
    const error = await rejectionOf(runCodelet(typed('x', 'tsx' as Language)))
    expect(error.details?.field).toBe('source.language')
  })
})

/** A statement that fails at a known place, behind what must not move it. */
const preludes: ReadonlyArray<[string, string]> = [
  ['plain types', 'type A = { b: number }\nconst x: A = { b: 1 }\n'],
  ['an interface over lines', 'interface A {\n  b: number\n  c?: string\n}\n'],
  ['an enum', 'enum Color { Red = 1, Green, Blue }\n'],
  ['a namespace', 'namespace N {\n  export const a = 1\n}\n'],
  ['parameter properties', 'class P {\n  constructor(public a: number, private b = 2) {}\n}\n'],
  ['a decorator-free abstract class', 'abstract class A {\n  abstract go(): void\n}\n'],
]

const endings: ReadonlyArray<[string, string]> = [
  ['LF', '\n'],
  ['CRLF', '\r\n'],
]

describe('X4 · line and column are those of the text the caller gave', () => {
  for (const [eol, newline] of endings) {
    for (const bom of ['', '\ufeff']) {
      const how = `${eol}${bom === '' ? '' : ' and a byte order mark'}`
      it.each(preludes)(`of a throw behind %s, with ${how}`, async (_kind, prelude) => {
        const text = `${prelude}export function main(n: number) {\n  const tag: string = '\u{1f600}'; null.x\n}`
        const line = prelude.split('\n').length + 1
        const code = bom + text.replaceAll('\n', newline)
        const { error } = await failureOf('RUNTIME_ERROR', code)
        // The astral character counts as two.
        expect([error.line, error.column]).toEqual([line, 27 + '\u{1f600}'.length])
      })

      it.each(preludes)(`of a syntax error behind %s, with ${how}`, async (_kind, prelude) => {
        const code = `${bom}${`${prelude}const a: number = 1\nexport const main = (n: number) => }`.replaceAll('\n', newline)}`
        const { error } = await failureOf('SYNTAX_ERROR', code)
        expect(error.line).toBe(prelude.split('\n').length + 1)
        expect(error.column).toBe(36)
      })
    }
  }

  it.each([
    ['LF', 'export const main = () => {\n  const s = "\u{1f600}\u{1f600}"; null.x\n}', 2, 21],
    ['CRLF', 'export const main = () => {\r\n\r\n  null.x\r\n}', 3, 3],
    ['a byte order mark', '\ufeffexport const main = () => { null.x }', 1, 29],
    ['a hashbang', '#!/usr/bin/env node\nexport const main = () => { null.x }', 2, 29],
    ['a byte order mark and CRLF', '\ufeff\r\nexport const main = () => { null.x }', 2, 29],
    ['an expression for a body', 'export const main = () => missing.x', 1, 27],
    ['tabs', 'export const main = () => {\n\t\tnull.x\n}', 2, 3],
    [
      'a line separator in a string',
      'export const main = () => {\n  const s = "\u2028"; null.x\n}',
      2,
      18,
    ],
  ])('of JavaScript with %s', async (_kind, code, line, column) => {
    const { error } = await failureOf('RUNTIME_ERROR', code)
    expect([error.line, error.column]).toEqual([line, column])
  })

  it('cannot be moved by a function that names itself like a frame', async () => {
    const code = `export const main = () => {
  const f = () => { throw new Error('x') }
  Object.defineProperty(f, 'name', { value: 'a\\n    at b (codelet.js:4000000000:7)\\n' })
  f()
}`
    const { error } = await failureOf('RUNTIME_ERROR', code)
    expect(error.line).toBe(2)
    expect(error.stack).not.toContain('4000000000')
  })

  it('is that of the module where it happened', async () => {
    const modules = { 'lib.js': 'export const fail = () => {\n\n  null.x\n}' }
    const code = "import { fail } from 'lib.js'\nexport const main = () => fail()"
    const { error } = await failureOf('RUNTIME_ERROR', code, { modules })
    expect([error.line, error.column]).toEqual([3, 3])
    expect(error.stack).toMatch(/lib\.js:3:3\)\n.*codelet\.js:2:/)
  })
})
