// 20,000 runs of every kind: the process does not grow.
import assert from 'node:assert/strict'
import { createCodeletRunner } from 'runlet'

const runner = createCodeletRunner()
const host = { f: async (n) => n + 1 }
const kinds = [
  ['export const main = (n) => n + 1', { input: 1 }],
  ['export const main = (n) => { throw new Error(String(n)) }', { input: 1 }],
  ['export const main = () => { console.log({ a: [1, 2, 3] }); return "x".repeat(1000) }', {}],
  ['export const main = async (n, { f }) => f(n)', { input: 1, host }],
  ['export const main = () => eval("1")', {}],
  ['export const main = () => new Uint8Array(1e5).length', {}],
  ['export const main = (', {}],
]
async function batch(from, count) {
  for (let at = from; at < from + count; at += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const [code, options] = kinds[(at + index) % kinds.length]
        // Every tenth source is new, so that the cache has to let others go.
        const text = (at + index) % 10 === 0 ? `// ${at + index}\n${code}` : code
        return runner.run({ type: 'string', code: text }, options)
      }),
    )
  }
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 50))
await batch(0, 4000)
globalThis.gc?.()
await settle()
const warm = process.memoryUsage.rss()
await batch(4000, 16_000)
globalThis.gc?.()
await settle()
const grown = (process.memoryUsage.rss() - warm) / (1 << 20)
assert.ok(grown < 64, `grew by ${Math.round(grown)} MiB after warm-up`)
const stats = runner.stats()
assert.equal(stats.runs, 20_000)
assert.equal(stats.running + stats.queued + stats.parked, 0)
runner.dispose()
process.stdout.write('pass\n')
