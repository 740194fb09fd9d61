// Getters, traps and toJSON of a result run on the guest's clock, in its memory, and see no host.
import { assert, body, fails, finds, finish, stops } from './support/attack.mjs'

for (const result of [
  '{ get a() { for (;;) {} } }',
  '{ a: { b: [{ get c() { for (;;) {} } }] } }',
  '[1, { get a() { for (;;) {} } }]',
  '{ toJSON() { for (;;) {} } }',
  '{ get toJSON() { for (;;) {} } }',
  'new Proxy({}, { get() { for (;;) {} } })',
  'new Proxy({}, { ownKeys() { for (;;) {} } })',
  'new Proxy({ a: 1 }, { getOwnPropertyDescriptor() { for (;;) {} } })',
  'new Proxy([], { get(t, k) { if (k === "length") return 2 ** 53 - 1; return k === "then" ? undefined : null } })',
  '{ get then() { for (;;) {} } }',
]) {
  await stops(['TIMEOUT', 'MEMORY_LIMIT'], body(`return (${result})`))
}
for (const result of [
  "{ get a() { return 'x'.repeat(2 ** 29) } }",
  '{ toJSON() { const a = []; for (;;) a.push({}) } }',
  "{ toJSON() { return Array(1e6).fill('x'.repeat(1e3)) } }",
]) {
  await fails(['MEMORY_LIMIT', 'TIMEOUT'], body(`return (${result})`), { timeout_ms: 5000 })
}
await fails('OUTPUT_LIMIT', body("return { get a() { return 'x'.repeat(2e6) } }"))
// A getter that looks for what serialises it: no arguments, no caller, a receiver of its own.
const value = await finds(
  body(`
  const o = { get a() { const e = new Error('x'); return [arguments.length, this === o, /native|serde|rust|napi/i.test(e.stack)] } }
  return o`),
)
assert.deepEqual(value, { a: [0, true, false] })
// One result, read once: it cannot say one thing to the check and another to the caller.
const twice = await finds(
  body(`
  let n = 0
  return { get a() { return ++n }, toJSON: undefined }`),
)
assert.deepEqual(twice, { a: 1 })
// A getter that throws a denial, an overflow, or null.
await fails('POLICY_VIOLATION', body("return { get a() { return eval('1') } }"))
await fails('RUNTIME_ERROR', body('const f = () => f(); return { get a() { return f() } }'))
await fails('RUNTIME_ERROR', body('return { get a() { throw null } }'))
await fails('RUNTIME_ERROR', body('return { toJSON() { throw undefined } }'))
await fails(
  'RUNTIME_ERROR',
  body('return { toJSON() { throw new Proxy({}, { get() { throw 1 } }) } }'),
)
finish()
