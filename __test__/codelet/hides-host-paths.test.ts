import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type CodeletResult,
  type CodeletRunOptions,
  type CodeletSource,
  createCodeletRunner,
} from 'runlet'
import { body, rejectionOf } from './run-text'

const runner = createCodeletRunner()
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runlet-paths-'))
})
afterAll(() => {
  runner.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const packageFolder = resolve(__dirname, '..', '..')

/** Everything a caller can read off a result, hidden members included. */
function allText(result: CodeletResult): string {
  const { error } = result
  const parts = [
    JSON.stringify(result),
    String(error?.stack),
    String(error?.message),
    String(error?.name),
  ]
  for (const key of Object.getOwnPropertyNames(error ?? {})) {
    if (key !== 'cause') parts.push(JSON.stringify(Reflect.get(error ?? {}, key)) ?? '')
  }
  return parts.join('\n')
}

function expectNoPath(result: CodeletResult): void {
  expect(result.ok).toBe(false)
  const text = allText(result)
  for (const path of [
    process.cwd(),
    packageFolder,
    __dirname,
    homedir(),
    folder,
    'node_modules',
    'file://',
  ]) {
    // A home directory of one character would be found in every text.
    if (path.length > 2) expect(text).not.toContain(path)
  }
}

const throwers = [
  "throw new Error('x')",
  'null.x',
  'undefined()',
  'const f = () => f(); f()',
  "throw { toString() { throw new Error('y') } }",
  "await Promise.reject(new Error('z'))",
  "eval('1')",
  "new Function('return process')()",
  "require('fs')",
  "await import('node:fs')",
  "await import('./x.js')",
  "throw new Error(new Error('inner').stack)",
  'throw new Error(String(import.meta.url))',
  'const o = {}; Error.captureStackTrace(o); throw new Error(o.stack)',
  "Error.prepareStackTrace = (e, s) => JSON.stringify(s); throw new Error('p')",
  'throw new Error(JSON.stringify(Object.getOwnPropertyNames(import.meta)))',
  "JSON.parse('{')",
  "new RegExp('(')",
  'await helpers.fail()',
  'await helpers.failLate()',
  'await helpers.wrong()',
  'return 1n',
  'await helpers.fail().catch((e) => { throw new Error([e.stack, e.message, e.name, e.cause, ...Object.getOwnPropertyNames(e).map((k) => String(e[k]))].join()) })',
  "try { eval('1') } catch (e) { throw new Error(e.stack) }",
  'throw new Error(String(helpers.fail))',
]

const host = {
  fail() {
    throw new Error(`cannot read ${process.cwd()}/secret and ${homedir()}/secret`)
  },
  async failLate() {
    await null
    throw new Error(`late failure in ${__filename}`)
  },
  wrong: () => 1n,
}

const options: CodeletRunOptions = { host, timeout_ms: 5000 }

describe('A9 · no host path can enter an error', () => {
  it.each(throwers)('from %s', async (statements) => {
    expectNoPath(await runner.run({ type: 'string', code: body(statements) }, options))
  })

  it('from 300 generated failures', async () => {
    const runs: Promise<CodeletResult>[] = []
    for (let index = 0; index < 300; index++) {
      const statements = throwers[index % throwers.length] ?? ''
      const gap = '\n'.repeat(index % 7)
      const code = `const pad${index} = ${index}${gap}\n${body(statements)}`
      runs.push(runner.run({ type: 'string', code, filename: `unit-${index}.js` }, options))
    }
    for (const result of await Promise.all(runs)) expectNoPath(result)
  })

  it.each([
    ['a syntax error', 'export const main = () => {'],
    ['an unknown import', "import x from './other.js'\nexport const main = () => x"],
    ['a path as import', `import x from '${'/'}etc/passwd'\nexport const main = () => x`],
    ['a missing export', 'export const other = 1'],
  ])('from %s', async (_kind, code) => {
    expectNoPath(await runner.run({ type: 'string', code }, options))
  })

  it('from a file: stacks show the base name only', async () => {
    const path = join(folder, 'from-file.js')
    writeFileSync(path, body("throw new Error('in a file')"))
    const result = await runner.run({ type: 'file', path })
    expectNoPath(result)
    expect(result.error?.stack).toContain('(from-file.js:2:')
    const broken = join(folder, 'broken.ts')
    writeFileSync(broken, 'export const main = (: number) => {')
    expectNoPath(await runner.run({ type: 'file', path: pathToFileURL(broken) }))
  })

  it('keeps the host’s own error on the host side, where it is whole', async () => {
    const result = await runner.run({ type: 'string', code: body('await helpers.fail()') }, options)
    expect(String(result.error?.cause)).toContain('secret')
    expect(JSON.stringify(result)).not.toContain('secret')
    expect(result.error?.message).toBe('host function "fail" failed')
  })

  it.each([
    ['one that does not exist', 'missing.js'],
    ['a directory', '.'],
  ])('names an unreadable path as it was written: %s', async (_kind, name) => {
    const cwd = process.cwd()
    const written = join('..', basename(cwd), name === '.' ? '__test__' : name)
    const source: CodeletSource = { type: 'file', path: written }
    const error = await rejectionOf(runner.run(source))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe('source.path')
    expect(error.message).toContain(JSON.stringify(written))
    expect(error.message).not.toContain(dirname(cwd) === '/' ? cwd : dirname(cwd))
  })
})
