/**
 * What else the machine did while something was measured.
 * @module
 */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Linux counts process times in USER_HZ, which is 100 on every platform Node runs on. */
const TICK_MS = 10

/** CPU time of this process and of its children that have ended. */
function ownMs() {
  try {
    const text = readFileSync('/proc/self/stat', 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) * TICK_MS
  } catch {
    return undefined // no /proc here
  }
}

const busyMs = () =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)

/**
 * @returns {{share(): number|undefined}} `share` gives how much of the processors' time others have
 *   taken since, between 0 and 1; `undefined` where the system does not tell
 */
export function watchNeighbours() {
  const [own, busy, start] = [ownMs(), busyMs(), performance.now()]
  return {
    share() {
      if (own === undefined) return undefined
      const others = busyMs() - busy - (ownMs() - own)
      return Math.max(0, others) / ((performance.now() - start) * cpus().length)
    },
  }
}
