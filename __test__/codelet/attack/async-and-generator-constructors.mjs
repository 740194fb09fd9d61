// The hidden constructors of the three other kinds of function refuse, however they are reached.
import { assert, body, fails, finds, finish } from './support/attack.mjs'

const kinds = ['async () => {}', 'async function () {}', 'function* () {}', 'async function* () {}']
for (const kind of kinds) {
  await fails('POLICY_VIOLATION', body(`(${kind}).constructor('return globalThis')()`))
  await fails('POLICY_VIOLATION', body(`Object.getPrototypeOf(${kind}).constructor('x')`))
  await fails(
    'POLICY_VIOLATION',
    body(`const C = (${kind}).constructor; delete Function.prototype.constructor; new C('x')`),
  )
  await fails(
    'POLICY_VIOLATION',
    body(
      `const f = (${kind}); Object.setPrototypeOf(f, null); Object.getPrototypeOf(${kind}).constructor.apply(null, ['x'])`,
    ),
  )
  // The refusing one stands where the real one stood: same prototype object, same key.
  const value = await finds(
    body(
      `const P = Object.getPrototypeOf(${kind}); return [P.constructor.prototype === P, typeof P.constructor, Object.getPrototypeOf(P.constructor) === Function.prototype || Object.getPrototypeOf(P.constructor) === Function]`,
    ),
  )
  assert.deepEqual(value, [true, 'function', true])
}
await fails(
  'POLICY_VIOLATION',
  body(`
  const AsyncFunction = (async () => {}).constructor
  class Sub extends AsyncFunction { constructor() { super('return process') } }
  await new Sub()()`),
)
await fails(
  'POLICY_VIOLATION',
  body(`
  const G = Object.getPrototypeOf(function* () {}); const proxy = new Proxy(G.constructor, {})
  proxy('yield 1')`),
)
await fails(
  'POLICY_VIOLATION',
  body(`
  const D = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(async function* () {}), 'constructor')
  D.value.bind(null, 'yield 1')()`),
)
// Species and Symbol.hasInstance do not bring the real ones back either.
await fails(
  'POLICY_VIOLATION',
  body(
    `class A extends Array { static get [Symbol.species]() { return Function } } new A(1, 2).map(() => 'return 1')`,
  ),
)
await fails('POLICY_VIOLATION', body(`Array.from.call(Function, ['return 1'])`))
await fails('POLICY_VIOLATION', body(`Array.of.call((async () => {}).constructor, 'return 1')`))
await fails('POLICY_VIOLATION', body(`Promise.try.call(Function, () => 1)`))
await fails(
  'POLICY_VIOLATION',
  body(`JSON.parse('["return 1"]', (k, v) => (k === '0' ? Function(v) : v))`),
)
await fails('POLICY_VIOLATION', body(`['return 1'].forEach(Function)`))
await fails('POLICY_VIOLATION', body(`'return 1'.replace(/.*/, Function)`))
await fails('POLICY_VIOLATION', body(`await Promise.resolve('return 1').then(Function)`))
await fails('POLICY_VIOLATION', body('Function`return 1`'))
await fails('POLICY_VIOLATION', body('eval`1`'))
finish()
