/**
 * How long after their deadline the hostile one-liners end: programs that hold the engine inside its
 * own built-ins, run one at a time. For an idle machine, since a busy one delays the watchdog too.
 * @module
 */
import { createCodeletRunner } from 'runlet'
import { oneLiners } from '../../tests/hostile/one-liners.mjs'

/**
 * @param {object} [options]
 * @param {number} [options.deadlineMs] the deadline of each program
 * @param {ReturnType<typeof oneLiners>} [options.list] the programs; all of them if not given
 * @returns {Promise<object>} `count` programs; of (duration - deadline) in ms over those that ended
 *   at their deadline, `late` in number: `p50`, `p99`, `max` with its program as `latest`; and
 *   `stoppedBy`, the names of the programs by what ended them: interrupt, kill or allocator
 * @throws Error when a program ends by itself
 */
export async function measureOneLiners({ deadlineMs = 50, list = oneLiners() } = {}) {
  const runner = createCodeletRunner({ maxConcurrent: 1 })
  const stoppedBy = { interrupt: [], kill: [], allocator: [] }
  const late = []
  try {
    // The first run of a process also starts its threads.
    await runner.run({ type: 'string', code: 'export const main = () => 1' })
    for (const { name, code } of list) {
      const options = { timeout_ms: deadlineMs }
      const { error, duration_ms, usage } = await runner.run({ type: 'string', code }, options)
      if (usage.stoppedBy === undefined) {
        throw new Error(`${name} ended by itself: ${JSON.stringify(error)}`)
      }
      stoppedBy[usage.stoppedBy].push(name)
      // At the memory limit a program ends before its deadline: that says nothing about it.
      if (error.code === 'TIMEOUT') late.push({ name, ms: duration_ms - deadlineMs })
    }
  } finally {
    runner.dispose()
  }
  late.sort((a, b) => a.ms - b.ms)
  const at = (share) => late[Math.min(late.length - 1, Math.floor(late.length * share))]
  const [p50, p99, last] = [at(0.5), at(0.99), at(1)]
  return {
    count: list.length,
    late: late.length,
    p50: p50?.ms,
    p99: p99?.ms,
    max: last?.ms,
    latest: last?.name,
    stoppedBy,
  }
}
