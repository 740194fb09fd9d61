// Floods of logs, microtasks, rejections, timers and host calls stay within their bounds.
import {
  assert,
  body,
  fails,
  finish,
  residentBytes,
  run,
  runner,
  stops,
} from './support/attack.mjs'

const MIB = 1 << 20
const before = residentBytes()
for (const flood of [
  "for (;;) console.log('x'.repeat(1000))",
  'for (;;) console.log({ a: [1, 2, { b: 3 }] })',
  "for (let i = 0; ; i++) console.error(new Error('x' + i))",
  "const big = 'x'.repeat(2e7); for (;;) console.log(big)",
  'const wide = Array(1e6).fill(1); for (;;) console.log(wide, new Set(wide))',
  'const o = {}; for (let i = 0; i < 1e5; i++) o["k" + i] = o; for (;;) console.log(o)',
  'for (;;) console.log()',
  'for (;;) helpers.logger.info(Symbol())',
  'const m = new Map(); for (let i = 0; i < 1e5; i++) m.set(i, m); for (;;) console.log(m, m, m)',
  'console.log(new Proxy({}, { ownKeys() { for (;;) {} } })); for (;;) {}',
]) {
  const seen = []
  const result = await stops(['TIMEOUT', 'MEMORY_LIMIT'], body(flood), {
    on_log: (entry) => seen.push(entry),
    timeout_ms: 150,
  })
  const bytes = result.logs.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0)
  assert.ok(
    result.logs.length <= 100 && bytes <= 65536 + 100 * 40,
    `${result.logs.length} entries, ${bytes} bytes`,
  )
  assert.deepEqual(seen, result.logs)
}
for (const storm of [
  'const f = () => queueMicrotask(f); f(); await new Promise(() => {})',
  'const f = () => { queueMicrotask(f); queueMicrotask(f) }; f(); for (;;) await null',
  'for (;;) Promise.reject(new Error("x"))',
  'const f = async () => { f(); await f() }; f(); for (;;) await 1',
  'for (;;) await Promise.all(Array(100).fill(0).map(async () => { throw 1 })).catch(() => {})',
  'process = () => 1; for (;;) await 0'.replace('process = ', 'const p = '),
  'const f = () => Promise.resolve().then(f).then(f); f(); await new Promise(() => {})',
  'queueMicrotask(() => { throw 1 }); const f = () => { queueMicrotask(f); throw 1 }; f()',
  'const f = () => { setTimeout(f); queueMicrotask(f) }; f(); await new Promise(() => {})',
  'const f = () => setTimeout(f, 0); f(); await new Promise(() => {})',
  'setInterval(() => {}, 0); await new Promise(() => {})',
]) {
  await run(body(storm), { allow: { timers: true }, timeout_ms: 100 })
}
// Host calls: the budget holds, also without await, and what waits in the queue is bounded.
let calls = 0
const host = {
  f: () => {
    calls++
    return 1
  },
  slow: () => new Promise((resolve) => setTimeout(resolve, 50)),
}
for (const flood of [
  'for (;;) helpers.f()',
  'for (;;) helpers.f().catch(() => {})',
  'const g = () => helpers.f().then(g, g); g(); for (;;) await null',
  "for (;;) helpers.f('x'.repeat(5e5)).catch(() => {})",
  'for (;;) { try { await helpers.f() } catch {} }',
  'await Promise.all(Array.from({ length: 1e5 }, () => helpers.f()))',
  'await Promise.allSettled(Array.from({ length: 1e4 }, () => helpers.slow())); for (;;) {}',
]) {
  calls = 0
  const result = await run(body(flood), { host, timeout_ms: 300 })
  assert.ok(
    ['TIMEOUT', 'POLICY_VIOLATION', 'MEMORY_LIMIT'].includes(result.error?.code),
    `${flood}: ${result.error?.code}`,
  )
  assert.ok(calls <= 256 && result.usage.hostCalls <= 256, `${calls} calls`)
}
await fails('POLICY_VIOLATION', body('for (let i = 0; i < 300; i++) await helpers.f()'), {
  host,
  timeout_ms: 20_000,
})
const quiet = await run(
  body('for (let i = 0; i < 1e4; i++) helpers.f().catch(() => {}); return 1'),
  { host },
)
assert.ok(quiet.ok || quiet.error.code === 'POLICY_VIOLATION')
assert.equal(runner.stats().parked, 0)
const grown = (residentBytes() - before) / MIB
assert.ok(grown < 300, `the process grew by ${Math.round(grown)} MiB`)
finish()
