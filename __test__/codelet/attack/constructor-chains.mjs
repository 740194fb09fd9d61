// Every road from a value to a constructor that compiles text ends at a refusal.
import { assert, body, fails, finds, finish } from './support/attack.mjs'

const values = [
  '[]',
  '{}.x ?? {}',
  "''",
  '1',
  '1n',
  'true',
  'Symbol()',
  '/x/',
  'new Map()',
  'Promise.resolve()',
  'new Error()',
  'console',
  'console.log',
  'helpers',
  'helpers.logger.info',
  'globalThis',
  'Math',
  'JSON',
  'Reflect',
  'new Proxy({}, {})',
  'new Proxy(() => {}, {})',
  'import.meta',
  'performance',
  'Date',
  'fetch',
  'require',
  'eval',
  'Function',
  'WebSocket',
  'new Uint8Array()',
  'Array.prototype.values()',
  'new WeakMap()',
  'new DisposableStack()',
  'class {}',
  'Object.getOwnPropertyDescriptor(Map.prototype, "size").get',
  'helpers.f',
  'Symbol.prototype[Symbol.toPrimitive]',
]
const host = { f: () => 1 }
for (const value of values) {
  await fails(
    'POLICY_VIOLATION',
    body(
      `const v = (${value}); let c = Object(v).constructor; for (let i = 0; i < 6 && c; i++) { c('return 1'); c = c.constructor }; (() => {}).constructor('x')`,
    ).replace(
      "c('return 1');",
      "if (c === Function || Object.getPrototypeOf(c) === null) c('return this')();",
    ),
    { host },
  )
}
for (const made of [
  'Function',
  'new Function',
  '(async () => {}).constructor',
  '(function* () {}).constructor',
  '(async function* () {}).constructor',
  'Object.getPrototypeOf(async function () {}).constructor',
  '({ async m() {} }).m.constructor',
  '({ *m() {} }).m.constructor',
  '({ async *m() {} }).m.constructor',
  '(class { static async m() {} }).m.constructor',
  'Object.getPrototypeOf(Object.getPrototypeOf(async function* () {})).constructor',
]) {
  for (const call of [
    `${made}('return 1')`,
    `Reflect.construct(${made.replace('new ', '')}, ['return 1'])`,
    `Reflect.apply(${made.replace('new ', '')}, null, ['return 1'])`,
    `(${made.replace('new ', '')}).call(null, 'return 1')`,
    `new (class extends (${made.replace('new ', '')}) {})('return 1')`,
  ]) {
    await fails('POLICY_VIOLATION', body(`return typeof ${call}`))
  }
}
// Whatever calls itself a constructor of functions, none of all reachable ones compiles text.
const compiled = await finds(
  `
export function main(input, helpers) {
  const seen = new Set(); const queue = [globalThis, helpers, async () => {}, function* () {}, async function* () {}, [].values(), new Map().entries()]; const hits = []
  for (const object of queue) {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null || seen.has(object)) continue
    seen.add(object); queue.push(Object.getPrototypeOf(object))
    for (const key of Reflect.ownKeys(object)) { const d = Reflect.getOwnPropertyDescriptor(object, key); queue.push(d.value, d.get, d.set) }
    if (typeof object !== 'function') continue
    for (const use of [() => object('return 7'), () => new object('return 7'), () => object.call(null, 'x', 'return 7')]) {
      try { const made = use(); if (typeof made === 'function' && made !== object && made() === 7) hits.push(object.name) } catch {}
    }
  }
  return [seen.size > 500, hits]
}`,
  { host },
)
assert.deepEqual(compiled, [true, []])
finish()
