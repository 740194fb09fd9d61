/**
 * The outer timer that the documentation of several peers tells their users to add, because their
 * own timeout ends with the first await.
 * @module
 */

/** What a run rejects with when the outer timer, not the peer, ended it. */
export class DeadlineError extends Error {
  /** @param {number} timeoutMs the deadline that passed */
  constructor(timeoutMs) {
    super(`outer timer: no result within ${timeoutMs} ms`)
    this.name = 'DeadlineError'
  }
}

/**
 * @template T
 * @param {Promise<T>} work
 * @param {number} timeoutMs
 * @param {() => void} [stop] called when the time is up, to end what can be ended
 * @returns {Promise<T>} the work's outcome, or a DeadlineError
 */
export function withDeadline(work, timeoutMs, stop) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new DeadlineError(timeoutMs))
      stop?.()
    }, timeoutMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
