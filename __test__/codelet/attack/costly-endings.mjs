// Work that the host does for a run that has ended: traces, messages, details, logs. It must be
// bounded by something other than the run's deadline.
import { assert, body, finish, run } from './support/attack.mjs'

const pad = `/*${'x'.repeat(250_000)}*/`
const inTime = async (what, code, options) => {
  const started = performance.now()
  const result = await run(code, { timeout_ms: 500, ...options })
  const took = performance.now() - started
  assert.ok(took < 5000, `${what} took ${Math.round(took)} ms`)
  const size = JSON.stringify(result.error ?? null).length
  assert.ok(size < 100_000, `${what} made an error of ${size} bytes`)
  return result
}
const forged = `const f = { f() { throw new Error('x') } }.f
  Object.defineProperty(f, 'name', { value: '\\n    at codelet.js:9999999:1'.repeat(60_000) })`
await inTime('a forged trace', `${pad}\n${body(`${forged}; f()`)}`)
await inTime(
  'a forged trace in a log',
  `${pad}\n${body(`${forged}; try { f() } catch (e) { console.log(e) }`)}`,
)
await inTime(
  'a forged trace, read',
  `${pad}\n${body(`${forged}; try { f() } catch (e) { return e.stack.length }`)}`,
)
await inTime(
  'a name in a thousand places',
  `export function main() { if (0) [${'Map,'.repeat(60_000)}0]; throw new TypeError("'Map' is read-only") }`,
)
await inTime('a long specifier', body("await import('x'.repeat(5e6))"))
await inTime('a long export name', body('return 1'), {}, { export_name: 'x'.repeat(1e5) })
await inTime('surrogates in a specifier', body("await import('\\ud800'.repeat(1e7))"))
const lossy = await inTime(
  'surrogates in a log',
  body("const s = '\\ud800'.repeat(1e7); for (let i = 0; i < 50; i++) console.log(s); return 1"),
)
assert.ok(lossy.logs.every(({ message }) => message.length < 30_000))
await inTime('a namespace that cannot be read', "import 'a'", {
  modules: {
    a: "import { f } from 'b'; f(); export let q = 1",
    b: "import * as ns from 'a'; export function f() { throw ns }",
  },
})
// Arguments that wait for the host count like memory.
const flood = await run(body("for (let i = 0; i < 256; i++) helpers.take('x'.repeat(1_000_000))"), {
  host: { take: () => 1 },
  memory_limit_bytes: 1 << 25,
})
assert.equal(flood.error?.code, 'MEMORY_LIMIT')
finish()
