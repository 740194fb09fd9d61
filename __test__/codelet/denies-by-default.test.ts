import { describe, expect, it } from '@jest/globals'
import { runCodelet } from 'runlet'
import { body, failureOf, js, valueFrom } from './run-text'

/** What is tried, the capability that is named, and words of the remedy. */
const denied: ReadonlyArray<[string, string, RegExp]> = [
  ["require('fs')", 'require', /modules/],
  ["globalThis.require('node:fs')", 'require', /modules/],
  ["await import('fs')", 'import', /modules/],
  ["await import('data:text/javascript,export default 1')", 'import', /modules/],
  ["await import('file:///etc/passwd')", 'import', /modules/],
  ["await import('https://example.com/x.js')", 'import', /modules/],
  ["await import('./other.js')", 'import', /modules/],
  ["await import('../../etc/passwd')", 'import', /modules/],
  ["eval('1')", 'eval', /no option/],
  ["(0, eval)('1')", 'eval', /no option/],
  ["globalThis.eval('1')", 'eval', /no option/],
  ["Reflect.apply(eval, null, ['1'])", 'eval', /no option/],
  ["Function('return 1')", 'eval', /no option/],
  ["new Function('return 1')", 'eval', /no option/],
  ["Reflect.construct(Function, ['return 1'])", 'eval', /no option/],
  ["(() => {}).constructor('return this')", 'eval', /no option/],
  ["[].constructor.constructor('return this')", 'eval', /no option/],
  ["console.log.constructor('return this')", 'eval', /no option/],
  ["helpers.logger.info.constructor('return this')", 'eval', /no option/],
  ["(async () => {}).constructor('return 1')", 'eval', /no option/],
  ["(function* () {}).constructor('yield 1')", 'eval', /no option/],
  ["(async function* () {}).constructor('yield 1')", 'eval', /no option/],
  ["(class {}).constructor('return 1')", 'eval', /no option/],
  ["new (class extends Function {})('return 1')", 'eval', /no option/],
  ["Object.getPrototypeOf(async () => {}).constructor('return 1')", 'eval', /no option/],
  ['setTimeout(() => {}, 1)', 'timers', /timers: true/],
  ['setInterval(() => {}, 1)', 'timers', /timers: true/],
  ['setImmediate(() => {})', 'timers', /timers: true/],
  ["setTimeout('code', 1)", 'timers', /timers: true/],
  ["await fetch('http://127.0.0.1/')", 'fetch', /allow\.fetch/],
  ["await helpers.fetch('http://127.0.0.1/')", 'fetch', /allow\.fetch/],
  ['helpers.random()', 'random', /random: true/],
  ['helpers.now()', 'now', /now: true/],
  ['helpers.env', 'env', /allow\.env/],
  ['helpers.env.PATH', 'env', /allow\.env/],
  ["new WebSocket('ws://127.0.0.1')", 'network', /allow\.fetch/],
  ['new XMLHttpRequest()', 'network', /allow\.fetch/],
  ["new EventSource('http://127.0.0.1')", 'network', /allow\.fetch/],
  ["new Worker('x.js')", 'Worker', /no option/],
  ['new SharedArrayBuffer(8)', 'SharedArrayBuffer', /no option/],
  ['SharedArrayBuffer(8)', 'SharedArrayBuffer', /no option/],
  ['Atomics.wait(new Int32Array(4), 0, 0)', 'Atomics', /no option/],
  ['Atomics.add(new Int32Array(4), 0, 0)', 'Atomics', /no option/],
  ['WebAssembly.compile(new Uint8Array(8))', 'WebAssembly', /no option/],
  ['new WebAssembly.Module(new Uint8Array(8))', 'WebAssembly', /no option/],
  ['new WebAssembly.Memory({ initial: 1 })', 'WebAssembly', /no option/],
  ['globalThis.mine = 1', 'globals', /frozen/],
  ['helpers.mine = 1', 'globals', /frozen/],
]

describe('A10 · everything is denied by default, each as POLICY_VIOLATION', () => {
  it.each(denied)('%s', async (statement, capability, remedy) => {
    const { error, usage } = await failureOf('POLICY_VIOLATION', body(`return ${statement}`))
    expect(error.details?.capability).toBe(capability)
    expect(typeof error.details?.name).toBe('string')
    expect(error.message).toMatch(remedy)
    expect(error.retryable).toBe(false)
    expect(error.line).toBe(2)
    expect(usage.policyDenials).toBe(1)
  })

  it.each(denied)('%s, when caught, lets the codelet go on and is counted', async (statement) => {
    const code = body(
      `try { await (${statement.replace(/^await /, '')}) } catch (e) { return e.name } return 'allowed'`,
    )
    const result = await runCodelet(js(code))
    expect(result.value).toBe('PolicyViolation')
    expect(result.usage.policyDenials).toBe(1)
  })

  it('a computed name of an import is denied as well', async () => {
    const code = body('const name = { toString: () => "fs" }; await import(name)')
    const { error } = await failureOf('POLICY_VIOLATION', code)
    expect(error.details).toEqual({ capability: 'import', name: 'fs' })
  })

  it.each([
    "import fs from 'fs'",
    "import * as os from 'node:os'",
    "import 'std'",
    "import { x } from './x.js'",
    "export * from 'os'",
    "export { x } from 'bjson'",
    "import data from './data.json' with { type: 'json' }",
  ])('%s is refused before a line of the codelet runs', async (statement) => {
    const code = `console.log('ran')\n${statement}\nexport const main = () => 1`
    const { error, logs } = await failureOf('POLICY_VIOLATION', code)
    expect(error.details?.capability).toBe('import')
    expect(error.line).toBe(2)
    expect(logs).toEqual([])
  })

  it.each([
    'process',
    'Buffer',
    'module',
    'exports',
    '__dirname',
    'Deno',
    'Bun',
    'global',
    'window',
    'self',
    'std',
    'os',
    'bjson',
    'print',
    'gc',
    'scriptArgs',
    'navigator',
    'crypto',
    'structuredClone',
    'native',
  ])('%s is not defined, and a feature test says so', async (name) => {
    expect(await valueFrom(body(`return typeof ${name}`))).toBe('undefined')
    const { error } = await failureOf('RUNTIME_ERROR', body(`return ${name}.x`))
    expect(error.name).toBe('ReferenceError')
  })

  it('leaves what needs no grant', async () => {
    const code = body(
      `await new Promise((resolve) => queueMicrotask(resolve))
       return [typeof Date.now(), typeof Math.random(), typeof performance.now(), atob(btoa('x')), new Date(0).toISOString()]`,
    )
    expect(await valueFrom(code)).toEqual([
      'number',
      'number',
      'number',
      'x',
      '1970-01-01T00:00:00.000Z',
    ])
  })

  it('tells nothing of the machine by import.meta, the time zone or the locale', async () => {
    const code = body(
      `return [Object.getOwnPropertyNames(import.meta), new Date(0).getTimezoneOffset(), new Date(2020, 6, 1).getUTCHours(), typeof Intl]`,
    )
    expect(await valueFrom(code)).toEqual([[], 0, 0, 'undefined'])
  })

  it('draws different numbers in each run', async () => {
    const code = body('return Math.random()')
    const drawn = await Promise.all(Array.from({ length: 20 }, () => valueFrom(code)))
    expect(new Set(drawn).size).toBe(20)
  })
})

describe('A10 · a granted budget overdrawn is a POLICY_VIOLATION that names the limit', () => {
  it('max_source_bytes counts code and modules, exactly', async () => {
    const code = "import { n } from 'n'\nexport const main = () => n"
    const modules = { n: 'export const n = 1' }
    const size = Buffer.byteLength(code) + Buffer.byteLength(modules.n)
    expect(await valueFrom(code, { modules, max_source_bytes: size })).toBe(1)
    const { error } = await failureOf('POLICY_VIOLATION', code, {
      modules,
      max_source_bytes: size - 1,
    })
    expect(error.details).toMatchObject({ limit: 'max_source_bytes', limitValue: size - 1 })
  })

  it('64 timers may be pending, not one more', async () => {
    const code = (count: number) =>
      body(`for (let i = 0; i < ${count}; i++) setTimeout(() => {}, 1e6); return 'set'`)
    expect(await valueFrom(code(64), { allow: { timers: true } })).toBe('set')
    await failureOf('POLICY_VIOLATION', code(65), { allow: { timers: true } })
  })
})
