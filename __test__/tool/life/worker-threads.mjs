// Threads that use tools beside the main thread; those that are terminated in mid-call leave nothing.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { createToolRuntime } from 'runlet'
import { isAlive, marked, options, until } from './support.mjs'

const [type] = process.argv.slice(2)
const text = `
const { parentPort, workerData } = require('node:worker_threads')
const { createToolRuntime } = require('runlet')
const tools = createToolRuntime(workerData.options)
const call = (at) => tools.executeTool('echo', { input: at })
;(async () => {
  const results = await Promise.all([1, 2, 3].map(call))
  parentPort.postMessage(results.map((result) => result.ok && result.output.value))
  if (workerData.file === undefined) return tools.dispose()
  for (let at = 0; at < 3; at++) tools.executeTool('markAndWait', { input: workerData.file })
})()
`
const own = createToolRuntime(options(type))
async function visit(stays) {
  const given = options(type, { maxConcurrent: 3, warm: { size: stays ? 1 : 0 } })
  const file = stays ? join(given.projectRoot, 'marks') : undefined
  const worker = new Worker(text, { eval: true, workerData: { options: given, file } })
  const left = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
  const values = await new Promise((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  )
  assert.deepEqual(values, [1, 2, 3])
  if (stays) {
    await until('its tools run', () => marked(file).length === 3)
    await worker.terminate()
    await until('its tools are gone', () => !marked(file).some(isAlive))
  }
  await left
}
for (let round = 0; round < 2; round++) {
  const [mine] = await Promise.all([
    own.executeTool('echo', { input: round }),
    visit(true),
    visit(false),
  ])
  assert.deepEqual(mine.output, { value: round })
}
assert.deepEqual((await own.executeTool('echo', { input: 'last' })).output, { value: 'last' })
await own.dispose()
process.stdout.write('pass\n')
