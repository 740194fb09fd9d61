// Warm and cold calls of every end, eight at once: all end as they must, and nothing is left behind.
import assert from 'node:assert/strict'
import { createToolRuntime } from 'runlet'
import { children, holdings, options, until } from './support.mjs'

const [type, warmCalls, coldCalls] = process.argv.slice(2)
/** What a call must come to. */
const KINDS = [
  ['echo', { input: { at: 1 } }, 'OK'],
  ['noisy', { input: 2, onLog: () => {} }, 'OK'],
  ['opensMuch', {}, 'OK'],
  ['startsChild', {}, 'OK'],
  ['throws', { input: {} }, 'RUNTIME_ERROR'],
  ['exits', { input: { code: 3 } }, 'PROCESS_EXIT'],
  ['kills', { input: 'SIGKILL' }, 'PROCESS_EXIT'],
  ['bytes', { input: 200_000 }, 'OK'],
  ['nothing', {}, 'INVALID_ARGUMENT'],
]

async function lanes(tools, calls) {
  let next = 0
  const lane = async () => {
    while (next < calls) {
      const [id, given, code] = KINDS[next++ % KINDS.length]
      const result = await tools.executeTool(id, { timeoutMs: 60_000, ...given })
      assert.equal(result.ok ? 'OK' : result.error.code, code, `${id}: ${result.error?.message}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
}

const warm = createToolRuntime(options(type, { warm: { size: 2 }, maxConcurrent: 8 }))
const cold = createToolRuntime(options(type, { maxConcurrent: 8 }))
// What is made once: threads, descriptors, the one that watches over the others.
await Promise.all([lanes(warm, 18), lanes(cold, 18)])
const settled = async () => {
  await until('two are idle', () => warm.stats().pool.idle === 2)
  // The watcher and the two idle workers.
  await until('only idle workers are left', () => {
    const { alive, zombies } = children()
    return alive.length <= 3 && zombies.length === 0
  })
}
await settled()
const before = holdings()
await lanes(warm, Number(warmCalls))
await lanes(cold, Number(coldCalls))
await settled()
const after = holdings()
assert.ok(
  (after.files ?? 0) <= (before.files ?? 0) + 2,
  `open files ${before.files} and then ${after.files}`,
)
assert.ok(
  (after.threads ?? 0) <= (before.threads ?? 0) + 2,
  `threads ${before.threads} and then ${after.threads}`,
)
assert.ok(warm.stats().pool.hits > 0)
await Promise.all([warm.dispose(), cold.dispose()])
await until(
  'no process is left',
  () => children().alive.length <= 1 && children().zombies.length === 0,
)
process.stdout.write('pass\n')
