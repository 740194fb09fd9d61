// Values cross as clones while the guest bends every built-in, runs code in the middle of the walk,
// and writes what looks like the marks of the text.
import { assert, body, fails, finds, finish, run } from './support/attack.mjs'

const values = 'clone'
const clones = (input, more) => ({ values, input, ...more })

/** Replaces whatever can be replaced on the built-ins, and puts setters and getters in the way. */
const bend = `
  const bent = () => { throw new Error('bent') }
  const kinds = [Object, Array, Map, Set, WeakMap, Date, RegExp, Error, TypeError, RangeError, AggregateError, ArrayBuffer, DataView,
    Uint8Array, Float64Array, Object.getPrototypeOf(Uint8Array), String, Number, Boolean, BigInt, Symbol, Proxy, Reflect, JSON, Math, Iterator]
  const spare = new Set(['constructor', 'then', 'prototype', 'name', 'length'])
  const { ownKeys, getOwnPropertyDescriptor, defineProperty, getPrototypeOf } = Reflect
  const patch = (object) => {
    if (object === undefined || object === null) return
    for (const key of ownKeys(object)) {
      const found = getOwnPropertyDescriptor(object, key)
      if (spare.has(key) || !found.configurable) continue
      if (found.get) todo.push([object, key, { __proto__: null, get: bent, set: bent, configurable: true }])
      else if (typeof found.value === 'function') todo.push([object, key, { __proto__: null, value: bent, configurable: true, writable: true }])
    }
  }
  const todo = []
  for (const kind of kinds) { patch(kind); patch(kind.prototype) }
  patch(getPrototypeOf(new Map().entries())); patch(getPrototypeOf([].values()))
  const trap = { __proto__: null, get: bent, set: bent, configurable: true }
  for (const key of ['0', '1', '2', 'toJSON', 'get', 'set', 'value', 'tag', 'payload', 'extra', 'number', 'shared', 'marked', 'key', 'buffer', 'writable', 'enumerable', 'stack', 'cause', 'errors', 'a', 'deep'])
    for (const object of [Object.prototype, Array.prototype, Map.prototype, Error.prototype]) todo.push([object, key, trap])
  const all = todo.length
  const apply = () => { for (let at = 0; at < all; at++) { const entry = todo[at]; defineProperty(entry[0], entry[1], entry[2]) } }
`
const make = () => ({
  map: new Map([
    ['k', new Date(5)],
    [{ deep: [1] }, new Set([1n, undefined])],
  ]),
  pattern: /a\/b/gi,
  list: Object.assign(new Array(4), { 0: 1, 2: -0, 3: Number.NaN }),
  big: -255n,
  bytes: new Uint8Array([1, 2, 3]),
  view: new DataView(new ArrayBuffer(4), 1, 2),
  boxed: [Object(1), Object('s'), Object(2n)],
  error: new RangeError('far', { cause: new TypeError('near') }),
  many: new AggregateError([new Error('one')], 'all'),
  plain: { a: [{ b: 'c' }], ['__proto__']: 1 },
})
const made = `(${make})()`
const expected = make()

const check = (value) => {
  assert.deepEqual(value.map, expected.map)
  assert.deepEqual([...value.map.keys()][1], { deep: [1] })
  assert.deepEqual([String(value.pattern), value.big], ['/a\\/b/gi', -255n])
  assert.deepEqual(
    [1 in value.list, Object.is(value.list[2], -0), value.list[3]],
    [false, true, Number.NaN],
  )
  assert.deepEqual(value.bytes, expected.bytes)
  assert.deepEqual([value.view.byteLength, value.view.getUint8(1)], [2, 0])
  assert.deepEqual(
    value.boxed.map((one) => one.valueOf()),
    [1, 's', 2n],
  )
  assert.deepEqual([value.error.message, value.error.cause.message], ['far', 'near'])
  assert.ok(value.error instanceof RangeError && value.error.cause instanceof TypeError)
  assert.equal(value.many.errors[0].message, 'one')
  assert.deepEqual(Object.keys(value.plain), ['a', '__proto__'])
  assert.equal(Object.getPrototypeOf(value.plain), Object.prototype)
}

// Written with everything bent; and read after everything was bent at the top of the module.
check(
  await finds(
    `${bend}\nexport function main() { const value = ${made}; apply(); return value }`,
    clones(null),
  ),
)
check(
  await finds(`${bend}\napply()\nexport function main(input) { return input }`, clones(expected)),
)
const through = []
await finds(
  `${bend}\nexport async function main(input, { take }) { const value = ${made}; apply(); await take(value); await take(await take(value)) }`,
  clones(null, { host: { take: (value) => through.push(value) && value } }),
)
assert.equal(through.length, 3)
through.forEach(check)

// A getter in the middle of the walk calls the host with buffers of its own.
const calls = []
const crossed = await finds(
  body(`
  const first = new Uint8Array([1, 1])
  return { first, get middle() { helpers.take(new Uint8Array([9]), new Date(9)); return new Uint8Array([2]) }, last: new Uint8Array([3, 3, 3]) }`),
  clones(null, { host: { take: (...args) => void calls.push(args) } }),
)
assert.deepEqual(crossed, {
  first: new Uint8Array([1, 1]),
  middle: new Uint8Array([2]),
  last: new Uint8Array([3, 3, 3]),
})
assert.deepEqual(calls, [[new Uint8Array([9]), new Date(9)]])

// A getter changes what was seen before it: it comes as it was when it was seen.
const before = await finds(
  body(`
  const early = { list: [1, { a: 1 }], text: 'x' }
  const map = new Map([['k', early]])
  const late = { b: 1 }
  return { early, map, get turn() {
    early.list[1].a = () => 1; early.list.push(2); early.more = Symbol('s'); map.set('l', () => 1); late.b = 2
    Object.prototype.toJSON = Array.prototype.toJSON = () => 'bent'
    return [1] }, late }`),
  clones(null),
)
assert.deepEqual(before.early, { list: [1, { a: 1 }], text: 'x' })
assert.deepEqual([before.map.get('k') === before.early, before.map.size], [true, 1])
assert.deepEqual([before.turn, before.late], [[1], { b: 2 }])
const list = await finds(
  body(`
  const early = { list: [1, { a: 1 }], text: 'x' }
  return [early, { get turn() { early.list[1].a = 2; early.text = () => 1; return 1 } }]`),
  clones(null),
)
assert.deepEqual(list, [{ list: [1, { a: 1 }], text: 'x' }, { turn: 1 }])
for (const change of ['bytes.buffer.transfer()', 'bytes.buffer.resize(1)']) {
  const { error } = await fails(
    'RUNTIME_ERROR',
    body(`
    const bytes = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))
    return { bytes, get turn() { ${change}; return 1 } }`),
    clones(null),
  )
  assert.equal(error.details.reason, 'UNSERIALIZABLE_RESULT')
  assert.match(error.message, /result\.bytes/)
}

// Text that looks like marks, as keys, strings and lists, with and without real marks beside it.
const marks = [
  [0, 1],
  ['r', 0],
  ['&', 0, ['r', 0]],
  ['b', 0],
  ['v', 'Uint8Array', ['b', 0], 0, 1e9],
  ['s', 2 ** 32, {}],
  ['m', [1]],
  ['e', 'constructor', {}],
  '["u"]',
  { 0: 'u', length: 1 },
]
for (const extra of [[], [new Date(0)], [undefined, 1n]]) {
  const input = [
    ...marks,
    ...extra,
    Object.fromEntries(marks.map((mark) => [JSON.stringify(mark), mark])),
  ]
  assert.deepEqual(await finds(body('return input'), clones(input)), input)
}

// No prototype changes on either side.
const hostile = JSON.parse(
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"d":0}',
)
hostile.d = new Date(0)
const echoed = await finds(
  body(
    'return [input, ({}).polluted === undefined, Object.getPrototypeOf(input) === Object.prototype]',
  ),
  clones(hostile),
)
assert.deepEqual(echoed, [hostile, true, true])
assert.equal({}.polluted, undefined)
const holes = await finds(
  body(
    "const list = []; list['__proto__'] = 1; Object.defineProperty(list, '__proto__', { value: { polluted: 1 }, enumerable: true }); list.length = 4e9; return list",
  ),
  clones(null),
)
assert.deepEqual(
  [holes.length, Object.getPrototypeOf(holes) === Array.prototype, Object.keys(holes)],
  [4e9, true, ['__proto__']],
)

// Endless and huge values end by their limits; a denial in a getter stays a denial.
for (const value of [
  '{ get a() { for (;;) {} } }',
  '[1n, { get a() { for (;;) {} } }]',
  '(() => { const e = new Error(); Object.defineProperty(e, "name", { get() { for (;;) {} } }); return e })()',
  '(() => { const e = new Error(); e.message = { toString() { for (;;) {} } }; return e })()',
  '(() => { const s = new Set(); for (let i = 0; i < 1e7; i++) s.add({ i: 1n }); return s })()',
]) {
  await fails(
    ['TIMEOUT', 'MEMORY_LIMIT', 'OUTPUT_LIMIT'],
    body(`return (${value})`),
    clones(null, { timeout_ms: 1000 }),
  )
}
await fails(
  'POLICY_VIOLATION',
  body("return { m: new Map(), get a() { return eval('1') } }"),
  clones(null),
)
await fails(
  'OUTPUT_LIMIT',
  body('return Array.from({ length: 64 }, () => new ArrayBuffer(1 << 20))'),
  clones(null, { memory_limit_bytes: 1 << 28 }),
)
const deep = await run(
  body('let at = []; for (let i = 0; i < 1e6; i++) at = [at, undefined]; return at'),
  clones(null),
)
assert.ok(
  ['RUNTIME_ERROR', 'MEMORY_LIMIT', 'TIMEOUT'].includes(deep.error?.code),
  JSON.stringify(deep.error),
)
finish()
