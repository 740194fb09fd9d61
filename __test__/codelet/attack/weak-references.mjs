// What the collector does cannot run code after the end, cross runs, or crash the heap.
import { assert, body, finds, finish, run, stops } from './support/attack.mjs'

const calls = []
const host = { note: (text) => calls.push(text) }
for (const act of [
  'const r = new FinalizationRegistry(() => helpers.note("finalized")); for (let i = 0; i < 1e4; i++) r.register({}, i)',
  'const r = new FinalizationRegistry(() => { for (;;) {} }); for (let i = 0; i < 1e3; i++) r.register({ a: [] }, i); await null',
  'const r = new FinalizationRegistry((v) => { throw new Error(v) }); for (let i = 0; i < 1e3; i++) r.register({}, i); await null; await null',
  'const r = new FinalizationRegistry((v) => r.register({}, v)); for (let i = 0; i < 1e3; i++) r.register({}, r); await null',
  'const r = new FinalizationRegistry(() => {}); const t = {}; for (let i = 0; i < 1e4; i++) { r.register({}, t, t); r.unregister(t) }',
  'const refs = []; for (let i = 0; i < 1e5; i++) refs.push(new WeakRef({ i })); for (const ref of refs) ref.deref()',
  'const w = new WeakMap(); let k = {}; for (let i = 0; i < 1e5; i++) { const n = {}; w.set(k, n); k = n }',
  'const w = new WeakMap(); for (let i = 0; i < 1e4; i++) { const a = {}, b = {}; w.set(a, b); w.set(b, a) } const s = new WeakSet(); for (let i = 0; i < 1e5; i++) s.add({})',
  'const w = new WeakMap(); w.set(w, w); const r = new WeakRef(w); return r.deref() === w ? "self" : "gone"',
  'const a = []; for (let i = 0; i < 1e4; i++) { const o = { a, m: new Map() }; o.m.set(o, o); a[i % 100] = o }',
  'const gens = []; for (let i = 0; i < 1e4; i++) { const g = (function* () { try { yield g } finally { gens.length = 0 } })(); g.next(); if (i % 2) gens.push(g) }',
]) {
  await run(body(act), { host, timeout_ms: 300, memory_limit_bytes: 32 << 20 })
}
await stops(
  ['TIMEOUT', 'MEMORY_LIMIT', 'RUNTIME_ERROR'],
  body('const r = new FinalizationRegistry(() => { for (;;) {} }); for (;;) r.register({}, 1)'),
)
calls.length = 0
await new Promise((resolve) => setTimeout(resolve, 50))
assert.deepEqual(calls, [])
// Neither Symbol.for nor a registry carries anything into the next run.
await run(
  body(
    "globalThis.Symbol.for('mark').description; Symbol.for('shared'); Object.prototype[Symbol.for('shared')] = 1; return 1",
  ),
)
assert.equal(await finds(body("return String(({})[Symbol.for('shared')])")), 'undefined')
// What the collector does must not show in a repeatable run.
assert.deepEqual(
  await finds(body('return [typeof WeakRef, typeof FinalizationRegistry]'), {
    deterministic: { seed: 1 },
  }),
  ['undefined', 'undefined'],
)
finish()
