// 20 worker threads load the package, run codelets and leave; half are terminated in mid-run.
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { createCodeletRunner } from 'runlet'

const own = createCodeletRunner()
const text = `
const { parentPort, workerData } = require('node:worker_threads')
const { createCodeletRunner } = require('runlet')
const runner = createCodeletRunner()
const run = (code, options) => runner.run({ type: 'string', code }, options)
;(async () => {
  const values = await Promise.all(Array.from({ length: 10 }, (_, n) => run('export const main = async (n, { f }) => (await f(n)) * 2', { input: n, host: { f: async (n) => n + 1 }, timeout_ms: 20000 })))
  parentPort.postMessage(values.map((result) => result.value))
  if (workerData.stay) await Promise.all(['for (;;) {}', 'for (;;) await null', 'new Array(2 ** 32 - 1).reverse()', 'await h.never()'].map((code) => run('export async function main(i, h) { ' + code + ' }', { timeout_ms: 60000, host: { never: () => new Promise(() => {}) } })))
})()
`
const expected = Array.from({ length: 10 }, (_, n) => (n + 1) * 2)
async function visit(index) {
  const stay = index % 2 === 1
  const worker = new Worker(text, { eval: true, workerData: { stay } })
  const left = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
  const values = await new Promise((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  )
  assert.deepEqual(values, expected)
  if (stay) {
    await new Promise((resolve) => setTimeout(resolve, 15))
    await worker.terminate()
  }
  await left
}
for (let round = 0; round < 5; round++)
  await Promise.all([0, 1, 2, 3].map((index) => visit(round * 4 + index)))
// The runs of the threads that left do not hold the pool up.
const started = Date.now()
assert.equal((await own.run({ type: 'string', code: 'export default () => 42' })).value, 42)
assert.ok(Date.now() - started < 10_000)
own.dispose()
process.stdout.write('pass\n')
