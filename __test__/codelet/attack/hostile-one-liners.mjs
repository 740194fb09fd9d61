// Programs of one line that hold the engine inside its own built-ins, each with a deadline of 50 ms.
// With `--figures` it also prints how long after the deadline they ended.

import { readFileSync } from 'node:fs'
import { createCodeletRunner } from 'runlet'
import { oneLiners } from '../../../tests/hostile/one-liners.mjs'
import { assert } from './support/attack.mjs'

const DEADLINE_MS = 50
/** Only something that hangs takes so long. */
const BOUND_MS = 2000

const runner = createCodeletRunner({ maxConcurrent: 2 })
const run = (code, options) => runner.run({ type: 'string', code }, options)

const walk = readFileSync(
  new URL('../../../tests/hostile/walk-globals.mjs', import.meta.url),
  'utf8',
)
async function globals() {
  const result = await run(walk, { timeout_ms: 20_000 })
  assert.equal(result.error, undefined)
  return result.value
}
const pristine = await globals()
assert.ok(pristine.objects > 700, `the walk saw ${pristine.objects} objects only`)

const late = []
async function attack({ name, grows, code }) {
  const { error, duration_ms } = await run(code, { timeout_ms: DEADLINE_MS })
  const codes = grows ? ['TIMEOUT', 'MEMORY_LIMIT'] : ['TIMEOUT']
  assert.ok(codes.includes(error?.code), `${name}: ${JSON.stringify(error) ?? 'ended by itself'}`)
  // A promise nobody resolves is told from a deadline, and no attack.
  assert.notEqual(error.details?.limit, 'stalled', name)
  assert.ok(duration_ms < BOUND_MS, `${name} ended after ${duration_ms} ms`)
  if (error.code === 'TIMEOUT') late.push(duration_ms - DEADLINE_MS)
  assert.deepEqual(await globals(), pristine, `the realm has changed: ${name}`)
}

const list = oneLiners()
assert.ok(list.length >= 170 && new Set(list.map(({ name }) => name)).size === list.length)
for (const { name, code } of list) assert.ok(!/(?<![.\w])(for|while|do)\b/.test(code), name)
// Two at a time. While one lane attacks, the other's walk gets the thread its attack was on.
const waiting = list.values()
const lane = async () => {
  for (const entry of waiting) await attack(entry)
}
await Promise.all([lane(), lane()])

const stats = runner.stats()
assert.equal(stats.running + stats.queued + stats.parked, 0)
assert.ok(stats.interrupts > 0 && stats.hardKills > 0, JSON.stringify(stats))
// A thread that still ran one of them would use all of this span.
const IDLE_MS = 300
const before = process.cpuUsage()
await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
const { user, system } = process.cpuUsage(before)
assert.ok((user + system) / 1000 < IDLE_MS / 2, `${(user + system) / 1000} ms of CPU while idle`)
runner.dispose()

if (process.argv.includes('--figures')) {
  late.sort((a, b) => a - b)
  const at = (share) => late[Math.min(late.length - 1, Math.floor(late.length * share))].toFixed(2)
  const { interrupts, hardKills } = stats
  process.stdout.write(
    `${list.length} programs, ${interrupts} interrupts, ${hardKills} kills; ms after the deadline: ` +
      `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}\n`,
  )
}
process.stdout.write('pass\n')
