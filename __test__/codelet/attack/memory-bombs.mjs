// Every sort of bomb ends as MEMORY_LIMIT (or in time), and the process stays small.
import { assert, body, fails, finish, residentBytes } from './support/attack.mjs'

const MIB = 1 << 20
const bombs = [
  'const a = []; for (;;) a.push({ a: [] })',
  "const a = []; for (;;) a.push('x'.repeat(1000) + a.length)",
  "let s = 'x'; for (;;) s += s",
  "let s = 'x'; for (;;) { s += s; s.charCodeAt(1) }",
  "'x'.repeat(2 ** 29)",
  "'x'.padStart(2 ** 29)",
  "'abc'.repeat(2 ** 27).split('')",
  "Array(2 ** 26).fill('x').join('y')",
  'new Array(5e8).fill(0)',
  'const a = []; for (let i = 1e8; i >= 0; i--) a[i] = i',
  'Array.from({ length: 1e9 }, () => 0)',
  '[...Array(1e9).keys()]',
  'const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))',
  'const a = []; for (;;) a.push(new Uint8Array(8 << 20).fill(1))',
  'new ArrayBuffer(8, { maxByteLength: 2 ** 30 }).resize(2 ** 30)',
  'const a = []; for (;;) { const b = new ArrayBuffer(1 << 20); a.push(b.slice(0)) }',
  'const a = []; for (;;) a.push(new Float64Array(1e5).subarray(1))',
  'const m = new Map(); for (let i = 0; ; i++) m.set(i, i)',
  'const s = new Set(); for (let i = 0; ; i++) s.add({})',
  'const w = new WeakMap(); const keep = []; for (;;) { const k = {}; keep.push(k); w.set(k, {}) }',
  'const a = []; for (;;) a.push(Symbol(a.length))',
  'for (let i = 0; ; i++) Symbol.for("k" + i)',
  'let n = 1n; const a = []; for (;;) { n = n * 3n; a.push(n) }',
  'let n = 2n ** 20000n; const a = []; for (;;) a.push(n + BigInt(a.length))',
  'let f = () => 1; for (;;) { const g = f; f = () => g }',
  'const a = []; for (;;) a.push(() => a)',
  'const a = []; for (;;) a.push(class { x = 1 })',
  'const a = []; for (;;) a.push((function* () { yield 1 })())',
  'const a = []; for (;;) { const g = (function* () { yield 1 })(); g.next(); a.push(g) }',
  "const a = []; for (;;) a.push(new RegExp('(a|b)'.repeat(500) + a.length))",
  "/(?:a|b|c)*x/.exec('abc'.repeat(5e6))",
  "'x'.repeat(1e7).match(/x/g)",
  "'x'.repeat(1e7).replace(/x/g, 'yyyyyyyyyy')",
  "'x'.repeat(3e6).replaceAll('x', 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy')",
  "const s = JSON.stringify(Array(1e5).fill('x')); const a = []; for (;;) a.push(JSON.parse(s))",
  "JSON.parse('[' + '[],'.repeat(1e7) + '[]]')",
  'let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; JSON.stringify(a)',
  'JSON.stringify({ a: 1 }, null, 10).repeat(1e9)',
  'const o = {}; for (let i = 0; ; i++) o["k" + i] = 1',
  'const a = []; for (;;) a.push(Promise.resolve(a))',
  'for (;;) Promise.reject(new Error("x"))',
  'const f = async () => { await f() }; await f()',
  'const a = []; for (;;) a.push(new Proxy({}, {}))',
  'const a = []; for (;;) a.push(new Error("x".repeat(100) + a.length))',
  'let e = new Error("x"); for (;;) e = new Error("y", { cause: e })',
  'let a = []; for (;;) a = [a]',
  'let o = {}; for (;;) o = Object.create(o)',
  'const a = []; for (;;) { try { a.push(Array(1e6).fill({})) } catch {} }',
  'const a = [1]; for (;;) a.push(...a)',
  'String.raw({ raw: { length: 1e9 } }, "x")',
  'Array(1e5).fill(Array(1e5).fill(0)).flat()',
  "Array(2 ** 25).fill('xxxxxxxx').concat(Array(2 ** 25).fill(1))",
  "'a'.repeat(1e7).normalize('NFD')",
  "encodeURIComponent('ä'.repeat(1e7))",
  "btoa('x'.repeat(4e7))",
  "escape('\\u1234'.repeat(1e7))",
  'Object.fromEntries(Array(1e7).fill(0).map((_, i) => [i, i]))',
  'structured = new DisposableStack(); for (;;) structured.defer(() => {})'.replace(
    'structured =',
    'const structured =',
  ),
  "const a = []; for (;;) a.push('x'.repeat(1e5).split('').reverse().join(''))",
  'const logs = []; for (;;) { logs.push({}); console.log(logs) }',
]
const before = residentBytes()
for (const bomb of bombs) {
  await fails(['MEMORY_LIMIT', 'TIMEOUT', 'RUNTIME_ERROR'], body(bomb), {
    memory_limit_bytes: 16 * MIB,
    timeout_ms: 250,
  })
}
// Text decides nothing: catching, finally and a bent Error change no code.
for (const dodge of [
  "try { 'x'.repeat(2 ** 29) } catch { return 1 }",
  "try { 'x'.repeat(2 ** 29) } finally { return 1 }",
  "Error.prototype.message = InternalError.prototype.name = 'x'; 'x'.repeat(2 ** 29)",
  "await (async () => 'x'.repeat(2 ** 29))().catch(() => 1)",
  "return { get a() { try { return 'x'.repeat(2 ** 29) } catch { return 1 } } }",
  "throw { get message() { return 'x'.repeat(2 ** 29) } }",
  "console.log({ toString() {} }, 'x'.repeat(2 ** 29))",
]) {
  await fails('MEMORY_LIMIT', body(dodge), { memory_limit_bytes: 16 * MIB })
}
const grown = (residentBytes() - before) / MIB
assert.ok(grown < 160, `the process grew by ${Math.round(grown)} MiB`)
finish()
