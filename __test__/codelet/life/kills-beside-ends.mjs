// Stops raced against natural ends at all offsets: no neighbour is hit, no result is wrong.
import assert from 'node:assert/strict'
import { createCodeletRunner } from 'runlet'

const runner = createCodeletRunner()
const run = (code, options) => runner.run({ type: 'string', code }, options)
const spin =
  'export const main = (ms) => { const end = performance.now() + ms; while (performance.now() < end); return ms }'
const sum = 'export const main = (n) => { let s = 0; for (let i = 0; i < n; i++) s += i; return s }'
const codes = { OK: 0, TIMEOUT: 0 }
for (let round = 0; round < 150; round++) {
  const deadline = 3 + (round % 5)
  const [edge, killed, neighbour] = await Promise.all([
    run(spin, { input: 2 + (round % 70) / 10, timeout_ms: deadline }),
    run('export const main = () => new Array(2 ** 32 - 1).reverse()', { timeout_ms: deadline }),
    run(sum, { input: 10_000, timeout_ms: 5000 }),
  ])
  assert.equal(killed.error?.code, 'TIMEOUT')
  assert.equal(neighbour.value, 49_995_000, JSON.stringify(neighbour.error))
  codes[edge.error?.code ?? 'OK']++
}
assert.equal(codes.OK + codes.TIMEOUT, 150)
assert.ok(codes.OK > 0 && codes.TIMEOUT > 0, JSON.stringify(codes))
runner.dispose()
process.stdout.write('pass\n')
