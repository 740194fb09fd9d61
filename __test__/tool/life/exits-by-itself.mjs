// With no call under way nothing keeps the process alive: not a runtime, not idle workers.
import assert from 'node:assert/strict'
import { createToolRuntime } from 'runlet'
import { options, until } from './support.mjs'

const [type] = process.argv.slice(2)
const tools = createToolRuntime(options(type, { warm: { size: 2 } }))
const other = createToolRuntime(options(type))
await until('two are idle', () => tools.stats().pool.idle === 2)
const result = await tools.executeTool('echo', {
  input: 1,
  onLog: () => {},
  signal: new AbortController().signal,
})
assert.equal(result.ok, true)
assert.equal((await other.executeTool('never', { timeoutMs: 100 })).error.code, 'TIMEOUT')
const ended = Date.now()
process.on('exit', () => process.stdout.write(Date.now() - ended < 5000 ? 'pass\n' : 'late\n'))
