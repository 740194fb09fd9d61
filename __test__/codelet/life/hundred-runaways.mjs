// 100 runaway codelets at once with 500 ms deadlines, while a 10 ms timer of the host beats.
import assert from 'node:assert/strict'
import { createCodeletRunner } from 'runlet'

const bodies = [
  'for (;;) {}',
  'for (;;) await null',
  'new Array(2 ** 32 - 1).reverse()',
  "/^(a+)+$/.test('a'.repeat(40) + 'b')",
  'const f = () => { queueMicrotask(f) }; f(); for (;;) await null',
]
const runner = createCodeletRunner()
let beats = 0
const started = performance.now()
const heart = setInterval(() => beats++, 10)
const runs = Array.from({ length: 100 }, (_, index) =>
  runner.run(
    { type: 'string', code: `export async function main() { ${bodies[index % bodies.length]} }` },
    { timeout_ms: 500 },
  ),
)
const results = await Promise.all(runs)
clearInterval(heart)
const took = performance.now() - started
for (const result of results) {
  assert.equal(result.error?.code, 'TIMEOUT')
  assert.ok(result.duration_ms < 500 + 10_000, `stopped after ${result.duration_ms} ms`)
}
assert.ok(beats > (took / 10) * 0.1, `${beats} beats in ${Math.round(took)} ms`)
assert.equal((await runner.run({ type: 'string', code: 'export default () => 42' })).value, 42)
runner.dispose()
process.stdout.write('pass\n')
