// toJSON everywhere values are written: results, arguments, what was thrown, exports, logs.
import { assert, body, fails, finds, finish, run, stops } from './support/attack.mjs'

const host = { f: (...args) => args.length }
for (const proto of [
  'Object',
  'Array',
  'String',
  'Number',
  'Boolean',
  'BigInt',
  'Function',
  'Symbol',
  'Error',
  'Date',
  'Promise',
]) {
  for (const act of [
    'for (;;) {}',
    "throw new Error('x')",
    'return this',
    'return 1n',
    'return undefined',
    'return () => 1',
    "return 'x'.repeat(2 ** 29)",
    'return [this]',
    "return JSON.parse('['.repeat(900) + ']'.repeat(900))",
  ]) {
    const bend = `${proto}.prototype.toJSON = function () { ${act} }\n`
    for (const end of [
      'export const main = () => ({ a: [1, "x", true, 1n, new Error("x"), new Date(0)] })',
      'export const main = () => { throw { a: [1n] } }',
      'export const main = () => { throw new Error("x") }',
      'export const other = 1',
      'export const main = () => { eval("1") }',
      'export const main = (i, h) => h.f([1], { a: 1 }, "x")',
      'export const main = () => { console.log({ a: [1] }); return 7 }',
    ]) {
      // What is written to the console is looked at, so it gets the time to be written.
      const timeout_ms = end.includes('console') ? 1000 : 40
      const result = await run(bend + end, { host, timeout_ms })
      assert.ok(
        [
          'TIMEOUT',
          'RUNTIME_ERROR',
          'MEMORY_LIMIT',
          'OUTPUT_LIMIT',
          'POLICY_VIOLATION',
          'HOST_CALL_ERROR',
          undefined,
        ].includes(result.error?.code),
      )
      if (end.includes('other')) assert.notEqual(result.error?.code, 'POLICY_VIOLATION')
      if (end.includes('console')) assert.equal(result.logs[0]?.message, '{ a: [1] }', bend)
    }
  }
}
for (const loop of [
  'const o = { toJSON() { return { o: this } } }; return o',
  'const o = { toJSON: () => [o] }; return o',
  'return { toJSON() { for (;;) {} } }',
  'let n = 0; const o = { toJSON: () => ({ ["k" + n++]: o }) }; return o',
]) {
  await fails(['TIMEOUT', 'RUNTIME_ERROR', 'MEMORY_LIMIT'], body(loop), { timeout_ms: 500 })
}
await stops('TIMEOUT', body('await helpers.f({ toJSON() { for (;;) {} } })'), { host })
// A DAG that is small to hold and endless to write.
await stops(
  ['TIMEOUT', 'MEMORY_LIMIT'],
  body('let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; return a'),
)
await stops(
  ['TIMEOUT', 'MEMORY_LIMIT'],
  body("let a = ['x']; for (let i = 0; i < 60; i++) a = [a, a]; console.log(a); JSON.stringify(a)"),
)
// The host gets a list of arguments or nothing.
for (const forged of [
  'undefined',
  'null',
  '7',
  "'text'",
  '{ length: 3 }',
  '{ length: 1e8 }',
  '{ length: 2 ** 53 - 1 }',
  '{ 0: 1 }',
  '[[1]]',
]) {
  const seen = []
  const started = performance.now()
  await run(
    body(
      `Array.prototype.toJSON = () => (${forged}); try { await helpers.f('a', 'b') } catch {} return 1`,
    ),
    { host: { f: (...args) => seen.push(args) } },
  )
  assert.ok(performance.now() - started < 2000, `${forged} held the host up`)
  for (const args of seen) assert.ok(args.length <= 2, forged)
}
assert.equal(await finds(body('return [1].toJSON === undefined')), true)
finish()
