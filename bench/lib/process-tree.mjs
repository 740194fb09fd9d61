/**
 * CPU time of a process and everything below it.
 *
 * A process's own figure comes from getrusage (all its threads, microseconds); its descendants'
 * from /proc, in clock ticks of 10 ms. Where there is no /proc only the process itself is seen.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts process times in USER_HZ, which is 100 on every platform Node runs on. */
const TICK_MS = 10

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the command in parentheses and may hold spaces, so cut after it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    return { pid, parent: Number(fields[1]), cpuMs: ticks * TICK_MS }
  } catch {
    return undefined // ended while we looked
  }
}

function everyProcess() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(statOf)
      .filter((stat) => stat !== undefined)
  } catch {
    return [] // no /proc here
  }
}

/** Every process below `root`, without `root` itself. */
export function descendantsOf(root) {
  const all = everyProcess()
  const found = []
  const parents = [root]
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    for (const stat of all) {
      if (stat.parent !== parent) continue
      found.push({ pid: stat.pid, cpuMs: stat.cpuMs })
      parents.push(stat.pid)
    }
  }
  return found
}

const descendantsCpuMs = () =>
  descendantsOf(process.pid).reduce((sum, child) => sum + child.cpuMs, 0)

/** @returns {number} CPU ms used so far by this process and all its threads */
export function ownCpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/**
 * Measures the CPU time that passes in this process and below it. Reading /proc costs about a
 * millisecond, so it is done outside the measured stretch at both ends.
 * @returns {{stop(): number}} `stop` gives the CPU ms since the start
 */
export function startCpuClock() {
  const descendantsBefore = descendantsCpuMs()
  const ownBefore = ownCpuMs()
  return {
    stop() {
      const own = ownCpuMs() - ownBefore
      return own + Math.max(0, descendantsCpuMs() - descendantsBefore)
    },
  }
}
