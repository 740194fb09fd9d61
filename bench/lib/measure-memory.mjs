/**
 * What a sandbox holds while it does nothing, run inside a cell.
 *
 * Three looks at the process: after a warm-up, with idle sandboxes held, and with runs that wait
 * for a host function. The differences, divided by how many there were, are the figures.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { codeletOf, refuse } from './measure.mjs'
import { memoryNow } from './process-memory.mjs'

const WARM_UP_RUNS = 20

/** Starts `count` runs and resolves when each of them waits for the host. */
async function park({ run, job, count }) {
  let waiting = 0
  let release
  const released = new Promise((resolve) => {
    release = resolve
  })
  let allWait
  const parked = new Promise((resolve) => {
    allWait = resolve
  })
  const wait = async (input) => {
    if (++waiting === count) allWait()
    await released
    return input
  }
  const runs = Array.from({ length: count }, async (_, i) => {
    await nextTurn()
    const codelet = { ...codeletOf(job, 'warm', i), host: { wait } }
    const value = await run(codelet)
    const problem = job.check(value, codelet.input)
    if (problem) refuse(problem, value)
  })
  // Whichever comes first: every run waits, or one has failed.
  await Promise.race([parked, Promise.all(runs)])
  return {
    async end() {
      release()
      await Promise.all(runs)
    },
  }
}

const per = (after, before, count) => ({
  rss: (after.rss - before.rss) / count,
  pss: after.pss === undefined ? undefined : (after.pss - before.pss) / count,
})

/**
 * @returns {Promise<object>} `idle` and `parked`: bytes each and `count`; `keptBytes` is what is
 *   still held over the warm-up when every run has ended
 */
export async function memory({ run, job, effort, holdIdle, parkedAtMost }) {
  for (let i = 0; i < WARM_UP_RUNS; i++) await (await park({ run, job, count: 1 })).end()
  const base = await memoryNow(effort.settleMs)
  let idle
  if (holdIdle) {
    const held = await holdIdle((count) => park({ run, job, count }))
    idle = { count: held.count, ...per(await memoryNow(effort.settleMs), base, held.count) }
    await held.release()
  }
  const count = Math.min(effort.parkedRuns, parkedAtMost ?? effort.parkedRuns)
  const before = await memoryNow(effort.settleMs)
  const waiting = await park({ run, job, count })
  const parked = { count, ...per(await memoryNow(effort.settleMs), before, count) }
  await waiting.end()
  const kept = await memoryNow(effort.settleMs)
  return { idle, parked, keptBytes: kept.rss - base.rss }
}
