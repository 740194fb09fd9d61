import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCodelet } from 'runlet'
import { failureOf, refusedOption, rejectionOf, valueFrom } from './run-text'

describe('X5 · ES modules by name, and everything else denied', () => {
  it.each([
    ['a bare name', "import { n } from 'dep'", { dep: 'export const n = 42' }],
    ['a scoped name', "import { n } from '@scope/dep'", { '@scope/dep': 'export const n = 42' }],
    [
      'a node name, when given',
      "import { n } from 'node:fs'",
      { 'node:fs': 'export const n = 42' },
    ],
    [
      'a URL, when given',
      "import { n } from 'https://x.test/y.js'",
      { 'https://x.test/y.js': 'export const n = 42' },
    ],
    ['a default', "import n from 'dep'", { dep: 'export default 42' }],
    [
      'a namespace',
      "import * as all from 'dep'\nconst { n } = all",
      { dep: 'export const n = 42' },
    ],
    ['a re-export', "import { n } from 'a'", { a: "export * from 'b'", b: 'export const n = 42' }],
    [
      'relative names',
      "import { n } from 'lib/a.js'",
      { 'lib/a.js': "export { n } from './b.js'", 'lib/b.js': 'export const n = 42' },
    ],
    [
      'a parent folder',
      "import { n } from 'lib/a.js'",
      { 'lib/a.js': "export { n } from '../b.js'", 'b.js': 'export const n = 42' },
    ],
    [
      'top-level await',
      "import { n } from 'dep'",
      { dep: 'export const n = await Promise.resolve(42)' },
    ],
    [
      'a codelet-relative name',
      "import { n } from './dep.js'",
      { 'dep.js': 'export const n = 42' },
    ],
  ])('imports %s', async (_kind, head, modules) => {
    expect(
      await valueFrom(`${head}\nexport const main = () => n`, {
        modules: modules as Record<string, string>,
      }),
    ).toBe(42)
  })

  it('handles cycles', async () => {
    const modules = {
      a: "import { b } from 'b'\nexport const a = () => 'a'\nexport const both = () => a() + b()",
      b: "import { a } from 'a'\nexport const b = () => 'b' + a()",
    }
    expect(
      await valueFrom("import { both } from 'a'\nexport const main = () => both()", { modules }),
    ).toBe('aba')
  })

  it('evaluates a module once per run', async () => {
    const modules = { n: "console.log('evaluated')\nexport let n = 0\nexport const up = () => ++n" }
    const code =
      "import { up } from 'n'\nimport * as again from 'n'\nexport const main = () => { up(); return again.n }"
    const result = await runCodelet({ type: 'string', code }, { modules })
    expect([result.value, result.logs.length]).toEqual([1, 1])
    expect((await runCodelet({ type: 'string', code }, { modules })).value).toBe(1)
  })

  it('imports dynamically from the same map', async () => {
    const modules = {
      'lib/a.js': "export const load = () => import('./b.js')",
      'lib/b.js': 'export const n = 42',
    }
    const code = "import { load } from 'lib/a.js'\nexport const main = async () => (await load()).n"
    expect(await valueFrom(code, { modules })).toBe(42)
    const computed = "export const main = async () => (await import(['lib', 'b.js'].join('/'))).n"
    expect(await valueFrom(computed, { modules })).toBe(42)
  })

  it.each([
    ['an unknown name', 'other'],
    ['above the root', '../dep'],
    ['far above the root', './../../dep'],
    ['an absolute path', '/dep'],
    ['another case', 'Dep'],
    ['a name with a query', 'dep?x'],
    ['a name with a space', 'dep '],
    ['a file URL', 'file:///dep'],
    ['the empty name', ''],
    ['an inherited name', 'toString'],
    ['__proto__', '__proto__'],
  ])('denies %s', async (_kind, name) => {
    const modules = { dep: 'export const n = 42' }
    const statically = `import ${JSON.stringify(name)}\nexport const main = () => 1`
    const first = await failureOf('POLICY_VIOLATION', statically, { modules })
    expect(first.error.details).toMatchObject({ capability: 'import', name })
    const dynamically = `export const main = () => import(${JSON.stringify(name)})`
    await failureOf('POLICY_VIOLATION', dynamically, { modules })
  })

  it('says which name of a given module is missing', async () => {
    const code = "import { missing } from 'dep'\nexport const main = () => missing"
    const { error } = await failureOf('SYNTAX_ERROR', code, {
      modules: { dep: 'export const n = 1' },
    })
    expect(error.message).toContain('missing')
  })

  it('names the module of a syntax error', async () => {
    const code = "import 'dep.js'\nexport const main = () => 1"
    const { error } = await failureOf('SYNTAX_ERROR', code, {
      modules: { 'dep.js': 'const a = 1\nconst b = }' },
    })
    expect([error.line, error.column]).toEqual([2, 11])
    expect(error.stack).toContain('dep.js:2:11')
  })

  it.each([
    ['modules', []],
    ['modules', 'x'],
    ['modules["a"]', { a: 5 }],
    ['modules["a"]', { a: null }],
    ['modules["a"].code', { a: { code: 5 } }],
    ['modules["a"].language', { a: { code: 'x', language: 'py' } }],
    ['modules["a"].lang', { a: { code: 'x', lang: 'js' } }],
    ['modules[""]', { '': 'x' }],
    ['modules["a\\u0000b"]', { 'a\0b': 'x' }],
  ])('refuses %s in %j', async (field, modules) => {
    const error = await rejectionOf(
      runCodelet({ type: 'string', code: 'export const main = () => 1' }, { modules } as never),
    )
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe(field)
  })

  it('refuses options that are no modules', async () => {
    await refusedOption({ modules: 7 }, 'modules')
  })
})

describe('X5 · a codelet may be a file', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'runlet-files-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }

  it('by path and by URL', async () => {
    const path = write('plain.js', 'export const main = (n) => n + 1')
    expect((await runCodelet({ type: 'file', path }, { input: 1 })).value).toBe(2)
    expect(
      (await runCodelet({ type: 'file', path: pathToFileURL(path) }, { input: 1 })).value,
    ).toBe(2)
  })

  it('takes the language from the extension', async () => {
    const path = write('typed.ts', 'export const main = (n: number): number => n + 1')
    expect((await runCodelet({ type: 'file', path }, { input: 1 })).value).toBe(2)
    const wrong = write('typed.js', 'export const main = (n: number) => n')
    expect((await runCodelet({ type: 'file', path: wrong })).error?.code).toBe('SYNTAX_ERROR')
  })

  it('is read afresh each time', async () => {
    const path = write('changes.js', 'export const main = () => 1')
    expect((await runCodelet({ type: 'file', path })).value).toBe(1)
    write('changes.js', 'export const main = () => 2')
    expect((await runCodelet({ type: 'file', path })).value).toBe(2)
  })

  it('drops a byte order mark', async () => {
    const path = write('bom.js', '\ufeffexport const main = () => 1')
    expect((await runCodelet({ type: 'file', path })).value).toBe(1)
  })

  it('may not import its neighbours', async () => {
    write('neighbour.js', 'export const n = 1')
    const path = write(
      'curious.js',
      "import { n } from './neighbour.js'\nexport const main = () => n",
    )
    expect((await runCodelet({ type: 'file', path })).error?.code).toBe('POLICY_VIOLATION')
  })

  it('must be UTF-8', async () => {
    const path = write('latin1.js', Uint8Array.from([0x2f, 0x2f, 0xe4, 0xff, 0x0a]))
    const { error } = await runCodelet({ type: 'file', path })
    expect(error?.code).toBe('SYNTAX_ERROR')
    expect(error?.message).toContain('latin1.js')
  })

  it('must be within max_source_bytes', async () => {
    const path = write('long.js', `export const main = () => 1 // ${'x'.repeat(200)}`)
    const { error } = await runCodelet({ type: 'file', path }, { max_source_bytes: 100 })
    expect(error?.code).toBe('POLICY_VIOLATION')
    expect(error?.details).toMatchObject({ limit: 'max_source_bytes' })
  })

  it.each([
    ['an empty file', () => write('empty.js', '')],
    ['a directory', () => folder],
    ['a missing file', () => join(folder, 'missing.js')],
    ['a device', () => '/dev/zero'],
    ['no path', () => ''],
    ['a NUL', () => 'a\0b'],
    ['another scheme', () => new URL('https://example.com/x.js')],
    ['a number', () => 7],
  ])('refuses %s', async (_kind, path) => {
    const run = runCodelet({ type: 'file', path: path() as string })
    const error = await rejectionOf(run)
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe('source.path')
  })
})
