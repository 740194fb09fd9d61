// The 31 runaway cases by name: no crash, no hang, the loop beats, the next run is well.
import { assert, body, expectPristine, finish, residentBytes, runner } from './support/attack.mjs'

const T = ['TIMEOUT']
const M = ['MEMORY_LIMIT', 'TIMEOUT']
const R = ['RUNTIME_ERROR', 'TIMEOUT', 'OK']
const cases = {
  while_true: [T, 'for (;;) {}'],
  promise_loop: [T, 'for (;;) await null'],
  then_loop: [
    M,
    'const p = Promise.resolve(); const f = () => p.then(f); f(); await new Promise(() => {})',
  ],
  never_resolves: [T, 'await new Promise(() => {})'],
  job_fork: [
    M,
    'const f = () => { Promise.resolve().then(f); Promise.resolve().then(f) }; f(); await new Promise(() => {})',
  ],
  catch_timeout: [
    T,
    'for (;;) { try { for (;;) {} } catch { for (;;) {} } finally { for (;;) {} } }',
  ],
  generator: [T, 'for (const _ of (function* () { for (;;) yield })());'],
  proxy_getter: [T, 'const p = new Proxy({}, { get: () => p }); for (;;) p.a.b.c'],
  regex_redos: [T, "/^(a+)+$/.test('a'.repeat(40) + 'b')"],
  evil_sort: [
    T,
    'for (;;) Array.from({ length: 1000 }, Math.random).sort(() => Math.random() - 0.5)',
  ],
  sort_grow: [
    M,
    'const a = [1, 2, 3]; a.sort(() => { a.push(1); return 1 }); for (;;) a.sort(() => { a.push(1); return 1 })',
  ],
  typed_sort: [T, 'for (;;) new Float64Array(4e6).sort()'],
  array_join: [M, "Array(1e9).join('x')"],
  arraylike_join: [M, "Array.prototype.join.call({ length: 2 ** 53 - 1 }, '')"],
  str_indexof: [T, "'a'.repeat(3e6).indexOf('a'.repeat(1e6) + 'b')"],
  array_like_indexof: [T, 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)'],
  array_like_reverse: [T, 'Array.prototype.reverse.call({ length: 2 ** 53 - 1 })'],
  mem_array: [M, 'const a = []; for (;;) a.push({})'],
  map_grow: [M, 'const m = new Map(); for (let i = 0; ; i++) m.set(i, {})'],
  mem_strings_kept: [M, "const a = []; for (;;) a.push('x'.repeat(1000) + a.length)"],
  mem_string: [M, "let s = 'x'; for (;;) { s += s; s.charCodeAt(1) }"],
  repeat_2_29: [M, "return 'x'.repeat(2 ** 29).length"],
  mem_typed: [M, 'const a = []; for (;;) a.push(new Uint8Array(8 << 20).fill(1))'],
  array_fill: [M, 'new Array(5e8).fill(0)'],
  array_prealloc: [
    M,
    'const n = 100 << 20; const a = new Array(n); for (let i = n - 1; i >= 0; i--) a[i] = i',
  ],
  deep_recursion: [R, 'const f = () => f() + 1; return f()'],
  json_nest: [R, "try { JSON.parse('['.repeat(200000)) } catch (e) { return e.name }"],
  bigint: [R, 'return String(2n ** 10000000n % 7n)'],
  bigint_tostring: [R, 'return (3n ** 2000000n).toString().length'],
  tojson_return: [T, 'return { toJSON() { for (;;) {} } }'],
  thenable_return: [T, 'return { then() { for (;;) {} } }'],
}
assert.equal(Object.keys(cases).length, 31)
let beats = 0
const heart = setInterval(() => beats++, 10)
const before = residentBytes()
const deadline = 200
for (const [name, [codes, statements]] of Object.entries(cases)) {
  const started = performance.now()
  const result = await runner.run(
    { type: 'string', code: body(statements) },
    { timeout_ms: deadline },
  )
  const took = performance.now() - started
  assert.ok(
    codes.includes(result.error?.code ?? 'OK'),
    `${name}: ${JSON.stringify(result.error ?? result.value)}`,
  )
  assert.ok(took < deadline + 2000, `${name} took ${took} ms`)
  await expectPristine()
}
clearInterval(heart)
assert.ok(beats > 50, `the timer of the host fired ${beats} times`)
const grown = (residentBytes() - before) / (1 << 20)
assert.ok(grown < 64 + 32 + 64, `the process grew by ${Math.round(grown)} MiB`)
finish()
