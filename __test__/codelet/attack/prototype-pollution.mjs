// Pollution goes neither out to the host, nor in from it, nor on to the next run.
import { assert, body, finds, finish, run } from './support/attack.mjs'

const hostKeys = () =>
  [Object.prototype, Array.prototype, Function.prototype, Promise.prototype].map((p) =>
    Reflect.ownKeys(p).map(String).join(),
  )
const before = hostKeys()
for (const text of [
  '{"__proto__": {"polluted": 1}}',
  '[{"__proto__": {"polluted": 1}}]',
  '{"constructor": {"prototype": {"polluted": 1}}}',
  '{"a": {"__proto__": {"__proto__": {"polluted": 1}}}}',
]) {
  // Out: as a result, as arguments of a host call, as what was thrown.
  const seen = []
  const host = {
    take: (value) => {
      seen.push(value)
      return value
    },
  }
  const value = await finds(
    body(`const v = JSON.parse(${JSON.stringify(text)}); return [v, await helpers.take(v)]`),
    { host },
  )
  assert.equal(
    JSON.stringify(value),
    `[${text.replaceAll(': ', ':')},${text.replaceAll(': ', ':')}]`,
  )
  assert.equal(seen[0].polluted, undefined)
  const thrown = await run(body(`throw JSON.parse(${JSON.stringify(text)})`))
  assert.equal(thrown.error.details.polluted, undefined)
  // In: as input, as globals, as a reply.
  const input = JSON.parse(text)
  const inside = await finds(
    body(
      `const r = await helpers.take(input); return [({}).polluted, [].polluted, G.polluted, r.polluted, ({}).constructor === Object].map(String)`,
    ),
    { input, globals: { G: input }, host },
  )
  assert.deepEqual(inside, ['undefined', 'undefined', 'undefined', 'undefined', 'true'])
  assert.equal({}.polluted, undefined)
}
// A guest that pollutes its own prototypes pollutes only itself, in this run only.
for (const proto of [
  'Object',
  'Array',
  'Function',
  'Promise',
  'Error',
  'String',
  'Number',
  'RegExp',
  'Map',
  'Date',
]) {
  const result = await run(
    body(
      `${proto}.prototype.polluted = 'x'; ${proto}.prototype.toString = () => 'mine'; return { a: [1] }`,
    ),
  )
  assert.equal(JSON.stringify(result.value), '{"a":[1]}')
}
for (const key of [
  'ok',
  'error',
  'code',
  'message',
  'then',
  'toJSON',
  'value',
  'retryable',
  'details',
  'stack',
  'line',
]) {
  const result = await run(body(`Object.prototype.${key} = 'forged'; throw { mine: 1 }`))
  assert.equal(result.error?.code, 'RUNTIME_ERROR')
  assert.equal(result.ok, false)
  assert.equal(result.error.retryable, false)
  assert.equal(result.error.line, undefined)
}
// A polluted host does not change what a codelet is granted.
Object.prototype.timers = Object.prototype.random = true
try {
  const denied = await run(body('helpers.random()'))
  assert.equal(denied.error?.code, 'POLICY_VIOLATION')
} finally {
  delete Object.prototype.timers
  delete Object.prototype.random
}
assert.deepEqual(hostKeys(), before)
finish()
