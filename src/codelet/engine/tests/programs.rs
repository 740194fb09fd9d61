//! Small programs that together touch every part of the engine. Each ends with a value; the tests
//! of this folder end them at each of their allocations, and `tests/fuzz_source.rs` takes them apart.

/// One program and the modules it imports. All get the same input, capabilities and host functions
/// (`tools.double`, which answers with twice its argument, and `tools.fail`, which throws).
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) code: &'static str,
    pub(crate) modules: &'static [(&'static str, &'static str)],
}

/// The input of every program.
pub(crate) const INPUT: &str =
    r#"{"words":["alpha","beta","gamma"],"n":7,"nested":{"a":[1,2,{"b":null}]},"text":"añ😀z"}"#;

const fn alone(name: &'static str, code: &'static str) -> Sample {
    Sample { name, code, modules: &[] }
}

pub(crate) const SAMPLES: &[Sample] = &[
    alone("empty", "export const main = () => {}"),
    alone(
        "statements",
        r"
export function main({ n }) {
  let out = []
  outer: for (let i = 0; i < n; i++) {
    for (const key in { a: 1, b: 2 }) { if (key === 'b') continue outer; out.push(key + i) }
  }
  do { n -= 1; if (n === 2) break } while (n > 0)
  switch (n) { case 1: out.push('one'); default: out.push('other'); case 2: out.push('two') }
  try { try { throw n } finally { out.push('finally') } } catch (caught) { out.push(caught) }
  var hoisted; { function hoisted2() { return hoisted } out.push(typeof hoisted2()) }
  return out
}",
    ),
    alone(
        "operators",
        r"
export function main({ n }) {
  let a = n ?? 1, b = null
  a **= 2; a ||= 3; b ??= 4; b &&= 5; a >>>= 1; a ^= b; a <<= 2; a |= 1; a &= 0xff; a %= 50
  const o = { get x() { return this.y ?? 0 }, set x(v) { this.y = v }, ['k' + a]: a, n, f() { return super.toString() } }
  o.x = a; delete o.n
  return [a, b, o, o?.q?.r, o.f?.(), typeof a, void 0, -a, ~a, !a, a++ + --b, 'x' in o, o instanceof Object, (1, 2), a > b ? 1 : 2]
}",
    ),
    alone(
        "closures",
        r"
export function main({ n }) {
  const counters = []
  for (let i = 0; i < n; i++) counters.push({ up: () => ++i, get now() { return i } })
  counters[0].up()
  const compose = (...fs) => (x) => fs.reduceRight((y, f) => f(y), x)
  function fact(k) { return k < 2 ? 1 : k * fact(k - 1) }
  const curried = (a) => (b) => (c) => a + b + c
  return [counters.map((c) => c.now), compose((x) => x + 1, (x) => x * 2)(n), fact(10), curried(1)(2)(3), (function () { return arguments.length })(1, 2)]
}",
    ),
    alone(
        "destructuring",
        r"
export function main({ words: [first, , ...rest], n = 1, nested: { a: [x, y = 5, { b: z = 'none' } = {}], q: { r } = { r: 'deep' } }, ...others }) {
  let a = 1, b = 2;
  [a, b] = [b, a]
  const o = {};
  ({ p: o.p, ['q' + a]: o.q = 9 } = { p: 3 })
  const f = ({ k = a, ...more }, [l] = [b], ...tail) => [k, more, l, tail]
  for (const [key, { v }] of Object.entries({ a: { v: 1 } })) o[key] = v
  return [first, rest, n, x, y, z, r, others, a, b, o, f({ m: 1 }), f({ k: 0 }, [1], 2, 3)]
}",
    ),
    alone(
        "classes",
        r"
class Base {
  static #made = 0
  static { Base.kind = 'base' }
  #secret = 1; open = this.#secret + 1; ['computed' + 1] = 2
  constructor(...args) { Base.#made++; this.args = args }
  get secret() { return this.#secret } set secret(v) { this.#secret = v }
  #hidden() { return 'hidden' } reveal() { return this.#hidden() }
  static made() { return Base.#made } static has(o) { return #secret in o }
  *[Symbol.iterator]() { yield* this.args } async later() { return this.open }
  get [Symbol.toStringTag]() { return 'Based' }
}
class Derived extends Base {
  constructor() { super(1, 2); this.target = new.target.name }
  reveal() { return super.reveal() + '!' } static made() { return super.made() + 100 }
}
export async function main() {
  const d = new Derived(); d.secret = 7
  const Mixed = ((S) => class extends S { mixed = true })(Derived)
  return [d.reveal(), d.secret, [...d], await d.later(), Derived.made(), Base.has(d), Base.has({}), `${d}`, new Mixed().mixed, d.target, Base.kind, d]
}",
    ),
    alone(
        "builtin-subclasses",
        r"
class Stack extends Array { top() { return this.at(-1) } static get [Symbol.species]() { return Array } }
class Failure extends Error { constructor(m, o) { super(m, o); this.name = 'Failure' } }
class Counts extends Map { add(k) { return this.set(k, (this.get(k) ?? 0) + 1) } }
class Later extends Promise {}
export async function main({ words }) {
  const s = Stack.from(words), c = new Counts()
  for (const w of [...words, ...words]) c.add(w[0])
  const f = new Failure('outer', { cause: new Failure('inner') })
  return [s.top(), s.map((x) => x) instanceof Stack, [...c], f.cause.message, `${f}`, f instanceof Error, await Later.resolve(3)]
}",
    ),
    alone(
        "generators",
        r"
function* numbers(n) { try { for (let i = 0; i < n; i++) { const back = yield i; if (back) yield back } } finally { yield 'closing' } }
function* nested() { const r = yield* numbers(2); yield r; return 'end' }
export function main({ n }) {
  const g = numbers(n), log = []
  log.push(g.next(), g.next('sent'), g.return('early'), g.next())
  const h = numbers(3); h.next()
  try { h.throw(new Error('in')); h.next() } catch (e) { log.push(e.message) }
  const [a, b] = numbers(5)
  return [log, [...nested()], a, b, Math.max(...numbers(n).take(4))]
}",
    ),
    alone(
        "async",
        r"
const tick = (v) => new Promise((resolve) => resolve(v))
async function* stream(n) { for (let i = 0; i < n; i++) { await null; yield i } }
export async function main({ n }) {
  const out = []
  for await (const x of stream(n)) out.push(x)
  for await (const x of [tick(1), 2]) out.push(x)
  const settled = await Promise.allSettled([tick(1), Promise.reject(new Error('no')), 3])
  out.push(settled.map((s) => s.status), await Promise.any([Promise.reject(1), tick(2)]), await Promise.race([tick('r')]))
  const { promise, resolve } = Promise.withResolvers(); resolve('w'); out.push(await promise)
  try { await Promise.any([Promise.reject(1)]) } catch (e) { out.push(e.name, e.errors) }
  try { await (async () => { throw new RangeError('r') })() } catch (e) { out.push(e.message) } finally { out.push('f') }
  out.push(await { then(f) { f('thenable') } }, await tick(1).then((v) => v + 1).finally(() => 9), await Promise.try(() => 5))
  const it = stream(5); await it.next(); out.push(await it.return('stop'))
  return out
}",
    ),
    alone(
        "top-level-await",
        "const ready = await Promise.resolve([1, 2])\nconst more = await Promise.all(ready.map(async (x) => x * 2))\nexport const main = async () => [...ready, ...more]",
    ),
    alone(
        "regexp",
        r"
export function main({ words, text }) {
  const line = '2024-02-29T10:00 key=value; k2=v2'
  const date = /(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)/d.exec(line)
  const pairs = [...line.matchAll(/(?<k>\w+)=(?<v>\w+)/g)].map((m) => ({ ...m.groups }))
  const sticky = /a/y; sticky.lastIndex = 1
  return [date.groups, date.indices.groups.month, pairs, line.replace(/(\w+)=(\w+)/g, '$2=$1'), line.replace(/k(\d)/, (m, d, at) => `${m}${d}${at}`),
    'aBc'.replace(/b/i, '[$&$`$\']'), line.split(/[-=;]\s*/), /^(?:a+)+$/.test('aaaa'), /(?<=k2=)v(?!3)/.exec(line)?.[0], /(a)|(b)/.exec('b'), sticky.test('ba'),
    words.map((w) => w.search(/[mt]/)), /(.)\1/.test('aa'), text.match(/./gu), new RegExp('[' + 'a-z' + ']+', 'gims').flags, /\b/[Symbol.split]('a b'), RegExp.prototype.toString.call(/x\/y/), /(?<a>x)|(?<a>y)/.exec('y').groups.a]
}",
    ),
    alone(
        "regexp-unicode",
        r"
export function main({ text }) {
  return [text.match(/\p{L}+/gu), text.match(/\p{Emoji_Presentation}/u)?.[0], /[\p{L}--[a-z]]/v.exec(text)?.[0], /[[a-z]&&[aeiou]]+/v.exec('xaey')?.[0], /^\p{RGI_Emoji}$/v.test('👍🏽'),
    /[\q{abc|d}]/v.exec('xabc')?.[0], /\u{1F600}/u.test(text), /[^\x00-\x7f]/g[Symbol.replace](text, '?'), /ſ/iu.test('S'), /\P{ASCII}/u.exec(text)?.index, 'ǅ'.match(/[ǆ]/iu)?.[0], /\p{Script=Greek}/u.test('α'), /(?i:A)b/.test('ab')]
}",
    ),
    alone(
        "json",
        r#"
export function main(input) {
  const text = JSON.stringify(input, null, 2)
  const back = JSON.parse(text, (key, value) => (typeof value === 'number' ? value + 1 : value))
  const odd = JSON.stringify({ d: new Date(0), u: undefined, n: NaN, big: { toJSON: () => '1n' }, s: '\ud800"\\\u2028\n', l: [() => 1, Symbol('x'), , -0], w: Object(1) }, (k, v) => (k === 'w' ? [v] : v), '\t')
  const errors = []
  for (const bad of ['{', '[1,]', '"\\x"', '01', '{"a":1,}', 'nul', '"\n"', '1e', '']) { try { JSON.parse(bad) } catch (e) { errors.push(e.name) } }
  const loop = {}; loop.loop = loop
  try { JSON.stringify(loop) } catch (e) { errors.push(e.message) }
  return [back, odd, errors, JSON.stringify(input, ['words', 'n']), JSON.parse('{"__proto__":1,"1e2":[1e2,-0.5E-3,"\\u00e9\\ud83d\\ude00"]}')]
}"#,
    ),
    alone(
        "typed-arrays",
        r"
export function main({ n }) {
  const buffer = new ArrayBuffer(64, { maxByteLength: 256 }), view = new DataView(buffer, 8)
  view.setFloat64(0, Math.PI); view.setBigUint64(8, 2n ** 63n, true); view.setInt16(16, -2)
  const bytes = new Uint8Array(buffer), words = new Uint16Array([1, 2, 70000]), floats = Float32Array.of(1.1, NaN, -0)
  buffer.resize(128); bytes.set(words, 100); const tail = bytes.subarray(100, 104)
  const moved = buffer.transfer(32)
  const all = [Int8Array, Uint8ClampedArray, Int32Array, Float64Array, BigInt64Array].map((T) => { const a = new T(n); a.fill(a instanceof BigInt64Array ? 5n : 5.7); return [...a.slice(1, 3)].map(String) })
  return [all, moved.byteLength, buffer.detached, tail.length, Array.from(words.toSorted((a, b) => b - a)), [...floats.entries()].length, floats.map((x) => x * 2).join(), new Uint8Array([3, 1, 2]).sort().reverse().indexOf(2), words.with(0, 9).at(0), new Uint8Array(new Set([1, 2])).reduce((a, b) => a + b)]
}",
    ),
    alone(
        "map-set",
        r"
export function main({ words, n }) {
  const map = new Map(words.map((w, i) => [w, i])), set = new Set(words)
  for (let i = 0; i < 40; i++) { map.set({ i }, i); map.set(i, -0); set.add(i % n).add(String(i)) }
  for (const [k] of map) if (typeof k === 'object') map.delete(k)
  const seen = []; for (const x of set) { if (x === 1) set.delete(1), set.add('late'); seen.push(x) }
  const grouped = Map.groupBy(words, (w) => w.length)
  return [map.size, seen.length, [...set].slice(0, 4), [...grouped], Object.groupBy(words, (w) => w[0]), [...new Set([1, 2, 3]).union(new Set([4]))], [...new Set([1, 2]).intersection(new Set([2]))], [...new Set([1, 2]).symmetricDifference(new Set([2, 3]))], new Set([1]).isSubsetOf(new Set([1, 2])), [...map.keys()].length, map.get(NaN), (map.clear(), map.size)]
}",
    ),
    alone(
        "weak",
        r"
export async function main() {
  const weakMap = new WeakMap(), weakSet = new WeakSet(), kept = [], refs = [], log = []
  const registry = new FinalizationRegistry((held) => log.push(held))
  for (let i = 0; i < 30; i++) {
    const key = { i }, cycle = { key }; key.cycle = cycle
    weakMap.set(key, cycle); weakSet.add(cycle); refs.push(new WeakRef(key)); registry.register(key, i, key)
    if (i % 3 === 0) kept.push(key); if (i % 5 === 0) registry.unregister(key)
  }
  const junk = []; for (let i = 0; i < 400; i++) { const a = {}, b = { a }; a.b = b; junk.push([a]) }
  junk.length = 0; await null
  return [kept.every((k) => weakMap.get(k).key === k && weakSet.has(k.cycle)), refs.filter((r) => r.deref()).length >= kept.length, weakMap.delete(kept[0]), weakMap.has(kept[0])]
}",
    ),
    alone(
        "proxy-reflect",
        r"
export function main() {
  const log = [], note = (name) => (...args) => { log.push(name); return Reflect[name](...args) }
  const handler = Object.fromEntries(['get', 'set', 'has', 'deleteProperty', 'ownKeys', 'getOwnPropertyDescriptor', 'defineProperty', 'getPrototypeOf', 'setPrototypeOf', 'isExtensible', 'preventExtensions', 'apply', 'construct'].map((n) => [n, note(n)]))
  const p = new Proxy({ a: 1, [Symbol.iterator]: function* () { yield 1 } }, handler), F = new Proxy(function (x) { if (new.target) this.x = x }, handler)
  p.b = 2; 'a' in p; delete p.a; Object.keys(p); ({ ...p }); [...p]; JSON.stringify(p); Object.setPrototypeOf(p, null); Object.isExtensible(p); Object.freeze(p)
  F(1); log.push(new F(2).x, Array.isArray(new Proxy([], {})))
  const { proxy, revoke } = Proxy.revocable({}, {}); revoke()
  try { proxy.x } catch (e) { log.push(e.name) }
  try { new Proxy(Object.freeze({ a: 1 }), { get: () => 2 }).a } catch (e) { log.push(e.name) }
  return log
}",
    ),
    alone(
        "sort",
        r"
export function main({ words }) {
  const numbers = Array.from({ length: 120 }, (_, i) => (i * 7919) % 101)
  const objects = numbers.map((n, i) => ({ n, i }))
  objects.sort((a, b) => a.n - b.n)
  let calls = 0
  try { [3, 2, 1].sort(() => { if (++calls > 1) throw new Error('compare') }) } catch (e) { calls = e.message }
  const shrinking = [5, 4, 3, 2, 1]; shrinking.sort((a, b) => { shrinking.length = 2; return a - b })
  return [[...numbers].sort().slice(0, 5), numbers.toSorted((a, b) => b - a).slice(0, 3), objects.every((o, i) => i === 0 || objects[i - 1].n < o.n || objects[i - 1].i < o.i), calls, shrinking, [3, undefined, , 1, 'b', 'a'].sort(), words.toReversed(), [...words].sort((a, b) => b.localeCompare(a))]
}",
    ),
    alone(
        "arrays",
        r"
export function main({ words }) {
  const sparse = [1, , 3]; sparse[10] = 11; sparse.length = 12
  const grown = []; for (let i = 0; i < 70; i++) { grown.push(i); if (i % 3 === 0) grown.unshift(-i); if (i % 4 === 0) grown.shift() }
  grown.splice(3, 5, 'a', 'b'); grown.copyWithin(0, 10, 12); grown.fill(0, 20, 22)
  return [grown.length, sparse.flatMap((x) => [x, [x]]).length, [1, [2, [3, [4]]]].flat(Infinity), words.concat('x', ['y']), grown.findLast((x) => x > 5), grown.includes(NaN), words.entries().toArray(), [...'héy'], Array.of(1, 2).with(0, 3), words.toSpliced(1, 1), words.join('-'), words.lastIndexOf('beta'), [3, 4].reduceRight((a, b) => a - b), Array.from({ length: 3, 0: 'a' }), words.some((w) => w > 'b'), Array.prototype.slice.call('abc', 1), Object.keys(sparse)]
}",
    ),
    alone(
        "bigint",
        r"
export function main({ n }) {
  let a = 1n; for (let i = 1n; i <= 60n; i++) a *= i
  const b = 2n ** 400n - 1n
  return [a, b % 1000007n, -b / 12345678901234567890n, b >> 300n, a << 70n, a & b, a | 1n, a ^ b, ~a, BigInt(n), BigInt('0xffffffffffffffffffff'), BigInt.asUintN(64, -1n), BigInt.asIntN(8, 255n), a > b, a === 1n, 5n == 5, b.toString(36), a.toString(2).length, BigInt(2 ** 60) - BigInt(Number.MAX_SAFE_INTEGER)].map((v) => typeof v === 'bigint' ? v.toString() : v)
}",
    ),
    alone(
        "numbers-math",
        r"
export function main({ n }) {
  return [0.1 + 0.2, 1e21, 1e-7, -0, 123456789.125.toString(2), (255).toString(16), (1 / 3).toFixed(20), (1234.5678).toExponential(3), (0.000123).toPrecision(2), Number('0b101'), parseInt('12px', 10), parseFloat('1.5e3x'), Number.parseFloat('-.5'), 5e-324, 1.7976931348623157e308 * 10, NaN, 0x1f, 0o17, 1_000, n % 4, 2 ** -1074,
    ...['abs', 'ceil', 'cbrt', 'clz32', 'exp', 'expm1', 'fround', 'log2', 'sign', 'sinh', 'tan', 'trunc'].map((f) => Math[f](n + 0.5)), Math.hypot(3, 4), Math.imul(3, -2), Math.atan2(1, 2), Math.max(), (25).toString(36), Number.isSafeInteger(2 ** 53), Math.f16round?.(1.337)]
}",
    ),
    alone(
        "templates",
        r"
const tag = (strings, ...values) => strings.raw.map((s, i) => s + (values[i] ?? '')).join('|')
const same = () => ((s) => s)`x${1}`
export const main = ({ words, n }) => [`a${n}b${words}c${`nested ${n + 1}`}`, tag`one\n${n}two\u{41}${words[0]}`, same() === same(), String.raw`\x${1}`, `multi
line`, ((s) => s[0])`\unicode`]",
    ),
    alone(
        "strings",
        r"
export function main({ words, text }) {
  const wide = text.repeat(3), narrow = words.join('').repeat(2)
  return [wide.length, wide.slice(1, 5), narrow.substring(4, 2), wide.at(-1), [...wide].length, wide.codePointAt(2), String.fromCodePoint(0x1f600, 97), narrow.split('a'), wide.padStart(20, 'ab'), ' \u00a0x\ufeff'.trim(), narrow.toUpperCase(), 'İSTANBUL'.toLowerCase(), 'ß'.toUpperCase(), 'ΑΣ'.toLowerCase(), 'e\u0301'.normalize('NFC').length, '\ufb01'.normalize('NFKD'), 'a-b-c'.replaceAll('-', '$&$&'), narrow.indexOf('beta', 3), narrow.lastIndexOf('a'), 'abc' < 'abd', narrow.startsWith('al'), '\ud83d'.isWellFormed(), '\ud83dx'.toWellFormed(), escape('ü €'), unescape('%u20AC%FC'), encodeURIComponent(text), decodeURI('%C3%A9%20'), 'x'.localeCompare('y'), words.map((w) => w.charCodeAt(0) + w.charAt(1) + w[2])]
}",
    ),
    alone(
        "ropes",
        r"
export function main({ words, text }) {
  let left = '', right = '', both = ''
  for (let i = 0; i < 600; i++) { left += words[i % 3]; right = 'x' + right; both = i % 2 ? both + text : text + both }
  const long = 'abcdefgh'.repeat(200); let joined = long; for (let i = 0; i < 12; i++) joined = joined + long + i
  const set = { [left.slice(0, 40)]: 1, [joined.slice(-10)]: 2 }
  return [left.length, right.length, both.length, joined.length, joined.indexOf('11'), joined[5000], left === left + '', joined > long, set, both.split('z').length, joined.concat(right, left).length, JSON.stringify(both).length]
}",
    ),
    alone(
        "symbols-objects",
        r"
export function main() {
  const s = Symbol('mine'), reg = Symbol.for('reg')
  const o = { [s]: 1, [reg]: 2, a: 1, 2: 'two', 1: 'one', __proto__: { inherited: true }, get g() { return 1 } }
  Object.defineProperty(o, 'hidden', { value: 1, configurable: true }); Object.defineProperties(o, { h2: { get: () => 3, enumerable: true } })
  const many = {}; for (let i = 0; i < 80; i++) many['key' + i] = i; for (let i = 0; i < 80; i += 2) delete many['key' + i]
  const prim = { [Symbol.toPrimitive]: (hint) => (hint === 'number' ? 7 : hint) }
  const frozen = Object.freeze([1]); let refused; try { frozen.push(2) } catch (e) { refused = e.name }
  const keys = []; for (const k in o) keys.push(k)
  return [keys, Object.getOwnPropertySymbols(o).map(String), Symbol.keyFor(reg), Object.entries(many).length, +prim, `${prim}`, prim + '', refused, Object.assign({}, o, null, 'ab'), structured(o), Object.is(-0, 0), Object.fromEntries([['a', 1]]), Object.getOwnPropertyDescriptor(o, 'g').set, Object.isSealed(Object.seal({ x: 1 })), Object.hasOwn(o, s), s.description, o.inherited]
}
function structured(o) { return Object.entries(Object.getOwnPropertyDescriptors(o)).length }",
    ),
    alone(
        "dates",
        r"
export function main() {
  const d = new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 123))
  const e = new Date('2024-02-29T12:30:15+02:00'); e.setUTCMonth(12); e.setFullYear(2000, 5, 31)
  return [d.toISOString(), d.getDay(), d.toString(), d.toUTCString(), d.toLocaleString(), d.toDateString(), e.toJSON(), d - e, new Date(NaN).getTime(), Date.parse('Thu, 01 Jan 1970 00:00:00 GMT'), Date.parse('2020-13-01'), new Date(2020, 0).getTimezoneOffset(), new Date(8.64e15 + 1).getTime(), d[Symbol.toPrimitive]('default'), typeof Date(), new Date().getTime() === Date.now()]
}",
    ),
    alone(
        "iterators",
        r"
export function main({ words }) {
  const closed = [], source = { i: 0, [Symbol.iterator]() { return this }, next() { return { value: this.i++, done: this.i > 50 } }, return(v) { closed.push(this.i); return { value: v, done: true } } }
  const piped = Iterator.from(source).filter((x) => x % 2).map((x) => x * x).drop(2).take(3).flatMap((x) => [x, -x])
  const out = [...piped]
  const [a] = Object.assign(Object.create(source), { i: 5 })
  try { for (const x of Iterator.from(source)) throw new Error('stop') } catch (e) { out.push(e.message) }
  return [out, closed, a, words.values().reduce((x, y) => x + y), words.values().some((w) => w === 'beta'), words.keys().every(Number.isInteger), words.values().find((w) => w > 'b'), Iterator.concat?.([1], [2]).toArray(), [...'ab'].entries().map(([i, c]) => i + c).toArray(), new Map([[1, 2]]).entries().next()]
}",
    ),
    alone(
        "error-stacks",
        r"
function deep(n) { if (n === 0) { const error = new TypeError('bottom', { cause: { code: 1 } }); error.extra = [1]; throw error } return deep(n - 1) }
class Custom extends RangeError { get name() { return 'Custom' } }
export function main() {
  const out = []
  try { deep(6) } catch (e) { out.push(e.stack.split('\n').length, e.cause, e.extra) }
  for (const f of [() => null.x, () => undefinedName, () => (void 0)(), () => new (class { constructor() { this.#p } #p })().q.r, () => [].reduce((a) => a), () => 'x'.repeat(-1), () => new Array(-1), () => Symbol() + '', () => 1n + 1, () => { const c = 1; c = 2 }, () => ({}).x.y.z, () => { throw new AggregateError([new Custom('in')], 'agg') }, () => decodeURIComponent('%'), () => new Proxy({}, null), () => { late; let late }, () => new RegExp('(')]) {
    try { f() } catch (e) { out.push(`${e.name}: ${e.message}`, typeof e.stack) }
  }
  return out
}",
    ),
    alone(
        "thrown",
        "const fail = (why) => { throw Object.assign(new Error(why, { cause: new TypeError('deeper') }), { code: 'E', list: [1, { a: 2 }] }) }\nexport const main = ({ words }) => words.forEach((word) => fail(word))",
    ),
    alone(
        "thrown-value",
        "export const main = async () => { await null; throw { message: 'not an error', toString: () => 'odd', nested: { deep: [new Date(0), new Map([[1, 2]])] } } }",
    ),
    alone(
        "unhandled",
        "export const main = async () => { Promise.reject(new Error('nobody')); Promise.reject(5); await null; return 'done' }",
    ),
    alone(
        "deep-recursion",
        "export const main = () => { let depth = 0; const down = () => { depth++; down() }; try { down() } catch (e) { return [e.name, depth > 10] } }",
    ),
    alone(
        "logging",
        r"
export function main(input, { logger }) {
  const loop = { name: 'loop' }; loop.self = loop
  logger.info('all', input, [1, , 3], new Map([[{ a: 1 }, new Set([1n])]]), new Date(0), /x/g, Symbol('s'), () => 1, class A {}, new Error('e'), loop, new Uint8Array(5), Object.create(null), -0, 'quote\'s', null, undefined, new Proxy({}, {}), Promise.resolve(1), new (class Named { x = 1 })())
  logger.warn('%s', 'x'); logger.error({ deep: { a: { b: { c: { d: 1 } } } }, long: 'y'.repeat(300), many: Array.from({ length: 120 }, (_, i) => i) })
  console.log('also', input.n); console.debug({ get trap() { return 1 } })
  return 'logged'
}",
    ),
    alone(
        "host-calls",
        r"
export async function main({ n }, { tools }) {
  const one = await tools.double(n)
  const all = await Promise.all([1, 2, 3].map((x) => tools.double(x)))
  let caught; try { await tools.fail('why', { deep: [1] }) } catch (e) { caught = [e.name, e.message] }
  const settled = await Promise.allSettled([tools.fail(), tools.double(21)])
  let bad; try { await tools.double(() => 1, 1n) } catch (e) { bad = e.name }
  return [one, all, caught, settled.map((s) => s.status), bad]
}",
    ),
    alone(
        "timers",
        r"
export async function main() {
  const log = [], wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms, ms))
  const every = setInterval(() => log.push('tick'), 10)
  const never = setTimeout(() => log.push('never'), 25); clearTimeout(never)
  setTimeout((a, b) => log.push(a + b), 5, 1, 2)
  log.push(await wait(35)); clearInterval(every)
  queueMicrotask(() => log.push('micro')); await Promise.all([wait(3), wait(1)])
  return [log, Date.now() > 0]
}",
    ),
    alone(
        "helpers-env",
        "export const main = (input, context) => [context.env.NAME, Object.keys(context).sort(), typeof context.helpers, Math.random() < 1, (() => { try { context.env.x = 1 } catch (e) { return e.name } })(), (() => { try { eval('1') } catch (e) { return e.name } })(), (() => { try { globalThis.q = 1 } catch (e) { return e.name } })()]",
    ),
    Sample {
        name: "modules",
        code: r"
import plain, { a, next as step } from 'lib/a.js'
import * as b from 'lib/b.js'
export { again } from 'lib/c.js'
export async function main() {
  step(); const late = await import('lib/c.js'); step()
  let refused; try { await import('fs') } catch (e) { refused = e.name }
  return [plain, a, Object.keys(b), b.fromA(), late.default, late.again, refused, typeof import.meta]
}",
        modules: &[
            (
                "lib/a.js",
                "import { fromA } from './b.js'; export let a = 1; export const next = () => { a++ }; export function one() { return 1 }; export default class Named { static x = fromA.name }",
            ),
            (
                "lib/b.js",
                "import { one, a } from './a.js'; export function fromA() { return one() + a } export * from './c.js'; export * as c from './c.js'",
            ),
            (
                "lib/c.js",
                "export default ['c', await 5]; export const again = 'again'; const hidden = 1; export { hidden as 'a string name' }",
            ),
        ],
    },
    Sample {
        name: "module-that-throws",
        code: "export async function main() { const out = []; for (const m of ['bad.js', 'bad.js', 'cycle.js']) { try { out.push(Object.keys(await import(m))) } catch (e) { out.push(e.message) } } return out }",
        modules: &[
            ("bad.js", "throw new Error('while loading')"),
            ("cycle.js", "import './other.js'; export const x = 1"),
            ("other.js", "import * as me from './cycle.js'; export const y = () => me.x"),
        ],
    },
    Sample {
        name: "broken-ring",
        code: r"
export async function main() {
  const seen = []
  for (const name of ['ring-a.js', 'ring-b.js', 'ring-b.js', 'ring-a.js']) {
    await import(name).then(() => seen.push('given'), (error) => seen.push(error.name))
    for (let i = 0; i < 50; i++) new ArrayBuffer(312).resizable
  }
  return seen
}",
        modules: &[
            ("ring-a.js", "import './ring-b.js'; import 'nope'"),
            ("ring-b.js", "import './ring-a.js'"),
        ],
    },
    Sample {
        name: "missing-export",
        code: "import { nothing } from 'lib.js'; export const main = () => nothing",
        modules: &[("lib.js", "export const something = 1")],
    },
    alone(
        "typescript",
        r"
enum Colour { Red = 1, Green = Red << 2, Name = 'n'.length }
namespace Shapes { export const sides = 4; export function area(s: number): number { return s * s } }
interface Item<T = unknown> { readonly id: number; value?: T }
type Keys = keyof Item | `k${string}`
abstract class Thing<T> implements Item<T> { constructor(public readonly id: number, protected value?: T) {} abstract name(): string; declare ghost: string }
class Real extends Thing<string> { override name(): string { return `${this.id}:${this.value!}` } }
function over(a: string): string; function over(a: number): number; function over(a: any): any { return a satisfies unknown }
export async function main(input: { n: number }): Promise<unknown> {
  const list = [1, 2] as const, key: Keys = 'kx', pick = <T,>(x: T): T => x
  return [Colour.Green, Colour[1], Shapes.area(Shapes.sides), new Real(1, 'v').name(), over(input.n), list, key, pick<number>(3), (input as any)?.q]
}",
    ),
    alone(
        "syntax-odds",
        r"
label: { break label }
var async = { x: 1 }, of = [2], let_ = 3, get = 4, $ = 5, \u0061b = 6, 変数 = 7
const { static: s = 8, await: w = 9 } = {}
for (var i = 0, j = 10; i < j; i++, j--);
for (async.x of of);
if (s) ; else if (w) { } else { }
debugger
const f = async (x, y = async () => await x, ...[z]) => { for await (const q of [x]) return [await y(), z, q] }
const o = { async *g() { yield await 1 }, 'quoted key': 1, 0x10: 2, get: 3, set: 4, async: 5, await: 6, async get() { return 7 }, *[Symbol.iterator]() { yield 8 }, new() { return new.target } }
/* comment */ // another
export { f as default, ab as 'string' }
export const main = async () => [await f(1, undefined, 3), o['quoted key'], o[16], await o.get(), [...o], async, $, ab, 変数, (() => ({}))(), ((a, b) => a + b)(...[1, 2]), 0 || (null ?? 1), i+++j, `${'a' + `${1}`}`]",
    ),
    alone(
        "using-labels-switch",
        r"
export function main({ words }) {
  const seen = []
  a: for (const x of words) { b: for (const y of words) { switch (y) { case 'beta': continue a; case x: seen.push(x + y); break b; default: seen.push(y) } } }
  const f = (k) => { try { if (k) return 'try' ; throw 1 } catch { return 'catch' } finally { seen.push('finally' + k); if (k === 2) return 'override' } }
  let w = 0; while (true) { if (w++ > 3) break; if (w % 2) continue; seen.push(w) }
  const { length } = words; switch (true) { case length > 5: { let scoped = 1; seen.push(scoped) } case length > 2: { class Scoped {} seen.push(Scoped.name) } }
  return [seen, f(0), f(1), f(2)]
}",
    ),
    alone(
        "constructors-bind",
        r"
function Old(a) { if (!new.target) return new Old(a); this.a = a } Old.prototype.get = function () { return this.a }
export function main() {
  const bound = Old.bind(null, 5), m = Old.prototype.get.bind({ a: 6 }), R = Reflect.construct(Old, [7], Array)
  const many = Array.from({ length: 300 }, (_, i) => i)
  return [new bound().a, Old(1).get(), m(), R instanceof Array, Math.max.apply(null, many), String.fromCharCode(...many.slice(65, 70)), bound.name, bound.length, Old.toString().length > 3, (function f() { return typeof f })(), Function.prototype.call.call(Old.prototype.get, { a: 8 }), [1, 2].map(String), Reflect.ownKeys(Old).length]
}",
    ),
    alone(
        "data-crunching",
        r"
export function main({ words }) {
  const rows = Array.from({ length: 60 }, (_, i) => ({ id: i, who: words[i % 3], amount: (i * 37) % 91, tags: [words[(i + 1) % 3], `t${i % 4}`] }))
  const totals = rows.reduce((acc, { who, amount, tags }) => { const t = (acc[who] ??= { sum: 0, tags: new Set() }); t.sum += amount; for (const tag of tags) t.tags.add(tag); return acc }, Object.create(null))
  const csv = rows.map((r) => Object.values(r).flat().join(',')).join('\n')
  const parsed = csv.split('\n').map((line) => line.split(',')).filter(([, who]) => who === 'beta').map(([id, , amount]) => ({ id: +id, amount: Number(amount) }))
  const memo = new Map(), fib = (n) => memo.get(n) ?? (memo.set(n, n < 2 ? BigInt(n) : fib(n - 1) + fib(n - 2)), memo.get(n))
  return [Object.entries(totals).map(([k, v]) => [k, v.sum, [...v.tags].sort()]), parsed.length, csv.length, String(fib(90)), Object.groupBy(rows, (r) => r.tags[1]).t0.length]
}",
    ),
    alone(
        "result-shapes",
        "export const main = () => ({ toJSON(key) { return { key, list: [undefined, () => 1, NaN], map: new Map([[1, 2]]), get lazy() { return [new Date(0)] }, nested: JSON.parse('[[[[[[1]]]]]]'), text: '\\ud83d\\ude00\\u0000' } } })",
    ),
    alone("bad-result", "export const main = () => { const a = { b: 1n }; a.a = [a]; return a }"),
    alone(
        "default-object",
        "export default { main: 1 }\nexport function handler(i) { return i }\nexport const main = function named(input) { return [named.name, input?.n, main.length] }",
    ),
    alone(
        "eval-free-functions",
        r"
export function main() {
  const out = []
  for (const make of [() => Function('return 1'), () => (0, eval)('1'), () => (function* () {}).constructor('yield 1'), () => setTimeout('1'), () => require('x'), () => fetch('http://localhost'), () => new WebAssembly.Module(), () => new SharedArrayBuffer(1)]) { try { out.push(typeof make()) } catch (e) { out.push(e.name) } }
  return out
}",
    ),
    alone(
        "atomics-buffers",
        r"
export function main() {
  const b = new ArrayBuffer(16), a = new Int32Array(b), c = b.slice(4, 12), log = []
  for (const f of [() => b.resize(1), () => new Uint32Array(b, 1), () => new Uint8Array(b, 20), () => new DataView(b).getInt32(14), () => a.with(9, 1), () => new Uint8Array(-1), () => a.set([1], 4), () => a.subarray(2).slice(9).at(0)]) { try { log.push(f() ?? null) } catch (e) { log.push(e.name) } }
  const view = new DataView(b, 2, 10); view.setInt8(0, -1); view.setFloat32(4, 1.5, true)
  return [a.length, c.byteLength, log, view.getUint8(0), view.getFloat32(4, true), btoa('xyz'), atob('eHl6'), ArrayBuffer.isView(view)]
}",
    ),
];
