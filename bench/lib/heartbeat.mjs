/**
 * A timer on the host's event loop, to see whether the host stays responsive.
 * @module
 */

/**
 * Starts a timer of `periodMs`. `stop()` gives the share of the expected ticks that came and the
 * longest time between two of them.
 * @param {number} periodMs
 * @returns {{stop(): {periodMs: number, elapsedMs: number, ticks: number, kept: number, longestGapMs: number}}}
 */
export function startHeartbeat(periodMs) {
  const startedAt = performance.now()
  let last = startedAt
  let ticks = 0
  let longestGapMs = 0
  const note = () => {
    const now = performance.now()
    longestGapMs = Math.max(longestGapMs, now - last)
    last = now
    return now
  }
  const timer = setInterval(() => {
    ticks++
    note()
  }, periodMs)
  return {
    stop() {
      clearInterval(timer)
      // The stretch since the last tick counts too: a host frozen to the end has no more ticks.
      const elapsedMs = note() - startedAt
      const kept = Math.min(1, (ticks * periodMs) / elapsedMs)
      return { periodMs, elapsedMs, ticks, kept, longestGapMs }
    },
  }
}
