// A Proxy as result, as what is thrown, as an argument, in a log, in place of a global.
import { assert, body, finds, finish, run } from './support/attack.mjs'

const traps = [
  'get',
  'has',
  'ownKeys',
  'getOwnPropertyDescriptor',
  'getPrototypeOf',
  'isExtensible',
  'defineProperty',
  'set',
  'deleteProperty',
  'apply',
  'construct',
  'preventExtensions',
  'setPrototypeOf',
]
const acts = [
  'for (;;) {}',
  'throw 1',
  'throw new Proxy({}, {})',
  'return undefined',
  'return null',
  'return 1',
  'return {}',
  'return []',
  "return ['a', 'a']",
  'return new Proxy({}, {})',
  "return 'x'.repeat(2 ** 29)",
  'return eval("1")',
]
const targets = ['{}', '[]', '() => 1', "new Error('x')", 'Object.freeze({ a: 1 })']
const host = { f: (...values) => values.length }
const known = [
  'TIMEOUT',
  'RUNTIME_ERROR',
  'MEMORY_LIMIT',
  'POLICY_VIOLATION',
  'HOST_CALL_ERROR',
  undefined,
]
for (const target of targets) {
  for (const act of acts) {
    const every = `{ ${traps.map((trap) => `${trap}() { ${act} }`).join(', ')} }`
    for (const use of [
      'return p',
      'throw p',
      'console.log(p, [p], { p })',
      'await helpers.f(p)',
      'return { p }',
      'throw { p }',
      'await p',
      'Promise.reject(p)',
      "throw new Error('x', { cause: p })",
      'throw new Error(p)',
      'throw Object.create(p)',
      'return Object.create(p)',
      "Object.setPrototypeOf(Object.prototype.constructor, p); throw new Error('x')",
    ]) {
      const result = await run(body(`const p = new Proxy(${target}, ${every}); ${use}`), {
        host,
        timeout_ms: 25,
      })
      assert.ok(
        known.includes(result.error?.code),
        `${use} ${act}: ${JSON.stringify(result.error)}`,
      )
    }
  }
}
// A handler that is a Proxy sees which traps the prelude asks for: none while a value is logged.
assert.deepEqual(
  await finds(
    body(`
  const asked = []
  const p = new Proxy({}, new Proxy({}, { get(_, trap) { asked.push(trap) } }))
  console.log(p, [p], { p }, new Map([[p, p]])); helpers.logger.info(p)
  return asked`),
  ),
  [],
)
// The read-only faces keep their invariants, and their handler cannot be reached through them.
const faces = await finds(
  body(`
  const leaks = []
  for (const face of [globalThis, helpers, helpers.logger, G, G.list, helpers.env, helpers.random]) {
    for (const act of [() => Object.freeze(face), () => Object.seal(face), () => Object.preventExtensions(face), () => Object.isFrozen(face), () => Reflect.ownKeys(face), () => JSON.stringify(face), () => Object.assign({}, face), () => Object.entries(face), () => new Proxy(face, {}).x, () => Object.create(face).x, () => structuredClone(face), () => Reflect.get(face, 'x', { y: 1 }), () => Reflect.set(face, 'x', 1, {}), () => Reflect.set({}, 'x', 1, face), () => Object.create(face).x = 1, () => face.__proto__ = null, () => face.__defineGetter__('x', () => 1), () => Reflect.setPrototypeOf(face, {}), () => delete face.constructor]) { try { act() } catch (e) { if (typeof e.message !== 'string') leaks.push('odd error') } }
    if (face.x !== undefined || Object.getPrototypeOf(face) === null) leaks.push('changed')
  }
  const mine = Object.create(G); try { mine.fresh = 1 } catch {} if (G.fresh !== undefined) leaks.push('written through')
  return leaks`),
  { globals: { G: { list: [1], a: 1 } }, allow: { env: { A: '1' }, random: true } },
)
assert.deepEqual(faces, [])
finish()
