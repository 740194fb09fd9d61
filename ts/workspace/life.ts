/** The life of a runtime: it can be stopped any number of times, and closed once. */

import type { AbortSignalLike } from '../../index.js'
import { onAbort } from '../signal'
import { disposed } from './core'

/** What ends with a runtime. */
export class Life {
  #ending = new AbortController()
  readonly #pending = new Set<Promise<unknown>>()
  #closed = false

  /** @throws RunletError `DISPOSED` */
  check(): void {
    if (this.#closed) throw disposed()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Does work with a signal that is aborted with the caller's, and when the runtime is stopped. */
  async spend<T>(
    signal: AbortSignalLike | undefined,
    work: (both: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const both = new AbortController()
    const abort = () => both.abort()
    const unlisten = [onAbort(this.#ending.signal, abort)]
    if (signal !== undefined) unlisten.push(onAbort(signal, abort))
    const pending = work(both.signal)
    this.#pending.add(pending)
    try {
      return await pending
    } finally {
      this.#pending.delete(pending)
      for (const stop of unlisten) stop()
    }
  }

  /** Ends what is under way; fulfilled once it has ended. */
  async stop(): Promise<void> {
    this.#ending.abort()
    this.#ending = new AbortController()
    await Promise.allSettled([...this.#pending])
  }

  /** True for the first to close it. */
  close(): boolean {
    const first = !this.#closed
    this.#closed = true
    return first
  }
}
