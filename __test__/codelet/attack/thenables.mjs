// Promises and thenables bend the guest's own flow; they do not steer ours, nor outlive the deadline.
import { assert, body, fails, finds, finish, run, stops } from './support/attack.mjs'

for (const loop of [
  'return { then() { for (;;) {} } }',
  'return { get then() { for (;;) {} } }',
  'const t = { then(r) { r(t) } }; return t',
  'return { then(r) { r({ then: this.then }) } }',
  'return new Proxy({}, { get() { for (;;) {} } })',
  'await { then(r) { r({ then(r) { for (;;) {} } }) } }',
  'const f = (r) => queueMicrotask(() => f(r)); return { then: f }',
  'Object.prototype.then = function (r) { r(this) }; return {}',
  'Promise.prototype.then = function () { for (;;) {} }; return Promise.resolve(1)',
]) {
  await stops('TIMEOUT', body(loop))
}
for (const never of [
  'return { then() {} }',
  'return new Promise(() => {})',
  'return Promise.race([])',
  'await new Promise(() => {})',
  'Promise.prototype.then = () => {}; return new Promise((r) => r(1))',
]) {
  const { error } = await fails('TIMEOUT', body(never), { timeout_ms: 5000 })
  assert.equal(error.details.limit, 'stalled', never)
}
// Only the first settling counts, and the value is what arrives last.
assert.equal(
  await finds(body('return { then(resolve, reject) { resolve(1); reject(2); resolve(3) } }')),
  1,
)
assert.equal(
  await finds(body('return { then(resolve) { resolve({ then(resolve) { resolve("deep") } }) } }')),
  'deep',
)
// Patches of Promise reach neither the driver nor host calls.
const patches = [
  'Promise.prototype.then = () => { throw 1 }',
  'Promise.prototype.constructor = null',
  'Promise.resolve = () => { throw 1 }',
  'Object.defineProperty(Promise, Symbol.species, { get() { throw 1 } })',
  'Promise.prototype.finally = Promise.prototype.catch = null',
  'Object.setPrototypeOf(Promise.prototype, null)',
  'globalThis.Reflect.apply = null',
]
for (const patch of patches) {
  const settled = await run(
    `${patch}\nexport function main() { console.log('ran'); return 'value' }`,
  )
  assert.equal(settled.value, 'value', `${patch}: ${JSON.stringify(settled.error)}`)
  const thrown = await run(`${patch}\nexport function main() { throw new TypeError('x') }`)
  assert.equal(thrown.error.name, 'TypeError', patch)
}
const early = await run(
  body(
    'Promise.prototype.then = function () { return this }; const p = helpers.f(); return "done"',
  ),
  { host: { f: () => 1 } },
)
assert.ok(['done', undefined].includes(early.value))
// A reply whose shape is a thenable: its `then` is data, not a function.
assert.deepEqual(
  await finds(body('const r = await helpers.f(); return [typeof r.then, r.n]'), {
    // biome-ignore lint/suspicious/noThenProperty: a member of that name is what this is about
    host: { f: () => ({ n: 1, nested: { then: 1 } }) },
  }),
  ['undefined', 1],
)
// An inherited `then` sees replies; it is handed nothing that settles somebody else's promise.
await run(
  body(
    `Object.prototype.then = function (r) { delete Object.prototype.then; r('stolen') }; return await helpers.f()`,
  ),
  { host: { f: () => ({ a: 1 }) } },
)
finish()
