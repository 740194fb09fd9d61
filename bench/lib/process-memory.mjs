/**
 * How much memory this process holds, after the host's own garbage is gone.
 * @module
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Linux counts a page that several processes map by its share; elsewhere there is only RSS. */
function proportionalBytes() {
  try {
    const text = readFileSync('/proc/self/smaps_rollup', 'latin1')
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024
  } catch {
    return undefined
  }
}

/**
 * @param {number} settleMs wait before the look, for threads that give memory back
 * @returns {Promise<{rss: number, pss: number|undefined}>} bytes; needs `--expose-gc`
 */
export async function memoryNow(settleMs) {
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await sleep(settleMs / 3)
  }
  return { rss: process.memoryUsage.rss(), pss: proportionalBytes() }
}
