/** The time a request may take, and the caller's signal. */
import { failed } from './fetch-error'
import { FETCH_MESSAGES } from './messages'

/**
 * Runs `work` under a deadline and the caller's signal. The first of both settles the promise at
 * once, also while a name look-up, which cannot be cancelled, is still under way.
 */
export function withDeadline<T>(
  at: string,
  timeoutMs: number,
  signal: AbortSignal,
  work: (inner: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const inner = new AbortController()
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const stop = (message: string) => {
      settle()
      reject(failed(message, signal.reason))
      inner.abort()
    }
    const onAbort = () => stop(FETCH_MESSAGES.aborted(at))
    const timer = setTimeout(() => stop(FETCH_MESSAGES.timeout(at, timeoutMs)), timeoutMs)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work(inner.signal).finally(settle).then(resolve, reject)
  })
}
