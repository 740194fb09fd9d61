// Well-known symbols steer the guest's own built-ins and nothing of ours.
import { assert, body, fails, finds, finish, run, stops } from './support/attack.mjs'

const bent = `
  const shown = [[1, 2], new Map([[1, 2]]), { a: [1] }, /x/, new Uint8Array(2), new Date(0), new Set([1])]
  const trap = function () { seen.push(this === undefined ? 'undefined' : typeof this); return [] }
  const seen = []
  for (const C of [Array, Map, Set, RegExp, ArrayBuffer, Object.getPrototypeOf(Uint8Array)]) Object.defineProperty(C, Symbol.species, { get() { seen.push('species'); return trap } })
  for (const P of [Array.prototype, String.prototype, Map.prototype, Set.prototype, Object.getPrototypeOf(Uint8Array.prototype)]) P[Symbol.iterator] = function* () { seen.push('iterated'); yield 1 }
  Object.defineProperty(Object.prototype, Symbol.toPrimitive, { value() { seen.push('primitive'); return 'x' }, configurable: true })
  Object.defineProperty(Object.prototype, Symbol.toStringTag, { get() { seen.push('tag'); return 'x' }, configurable: true })
  Array.prototype[Symbol.isConcatSpreadable] = true
  String.prototype[Symbol.replace] = String.prototype[Symbol.split] = RegExp.prototype[Symbol.match] = () => { seen.push('text'); return 'x' }
  seen.length = 0`
// The prelude logs, inspects, calls the host and reports errors without asking any of them.
const host = { echo: (...values) => values }
for (const use of [
  'console.log(shown, shown[1], shown[2], shown[3], shown[4], shown[5], shown[6])',
  'await helpers.echo([1, 2], { a: 1 })',
  'helpers.logger.info([[1]])',
  "try { eval('x') } catch {}",
  'queueMicrotask(() => {})',
  'setTimeout(() => {}, 1, 2, 3)',
  'helpers.random.uuid(); helpers.random.bytes(3)',
  'try { globalThis.x = 1 } catch {}',
]) {
  const value = await finds(body(`${bent}; ${use}; return { __proto__: null, seen }`), {
    host,
    allow: { timers: true, random: true },
  })
  assert.deepEqual(value.seen, [], use)
}
const result = await run(body(`${bent}; throw new Error('still told')`))
assert.equal(result.error.message, 'still told')
// As weapons: loops in each of them are the guest's own time.
for (const loop of [
  'class A extends Array { static get [Symbol.species]() { for (;;) {} } } new A(3).map((x) => x)',
  'Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1 }; new Set([1])',
  '+{ [Symbol.toPrimitive]() { for (;;) {} } }',
  '({}) instanceof { [Symbol.hasInstance]() { for (;;) {} } }',
  "'x'.split({ [Symbol.split]() { for (;;) {} } })",
]) {
  await stops('TIMEOUT', body(loop))
}
// A species that hands out one array for all: the engine must not write past it.
for (const make of [
  'new Proxy([], { set() { return true }, defineProperty() { return true } })',
  'Object.freeze([1])',
  'new Uint8Array(1)',
  'null',
  '{ length: 2 ** 53 - 1 }',
  'new Float64Array(1).buffer',
]) {
  await run(
    body(
      `class A extends Array { static get [Symbol.species]() { return function () { return (${make}) } } } const a = new A(1, 2, 3); for (const m of ['map', 'filter', 'slice', 'splice', 'concat', 'flat', 'flatMap']) { try { a[m]((x) => [x]) } catch {} } return 1`,
    ),
  )
}
// Typed arrays whose buffer shrinks or leaves while a built-in works on them.
for (const act of [
  't.sort(() => { b.resize(0); return 1 })',
  't.fill({ valueOf() { b.resize(0); return 1 } })',
  't.set({ length: 4, get 0() { b.resize(0); return 1 }, 1: 1, 2: 2, 3: 3 })',
  't.map((x) => { b.resize(0); return x })',
  't.copyWithin({ valueOf() { b.resize(0); return 0 } }, 4)',
  't.slice({ valueOf() { b.resize(0); return 0 } })',
  't.with({ valueOf() { b.resize(0); return 0 } }, 1)',
  't.indexOf(1, { valueOf() { b.resize(0); return 0 } })',
  't.includes(undefined, { valueOf() { b.transfer(); return 0 } })',
  't.subarray({ valueOf() { b.transfer(); return 0 } })',
  't.join({ toString() { b.resize(0); return "," } })',
  'new DataView(b).setInt32({ valueOf() { b.resize(0); return 0 } }, 1)',
  't.lastIndexOf(1, { valueOf() { b.resize(0); return 63 } })',
  't.toSorted(() => { b.resize(0); return 1 })',
]) {
  await run(
    body(
      `const b = new ArrayBuffer(64, { maxByteLength: 4096 }); const t = new Uint8Array(b); try { ${act} } catch {} return t.length`,
    ),
  )
}
await fails(
  ['RUNTIME_ERROR', 'POLICY_VIOLATION'],
  body('Promise[Symbol.species] = Function; throw 1'),
)
finish()
