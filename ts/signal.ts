/** Listens to abort signals, with one listener per signal however many runs share it. */

import type { AbortSignalLike } from '../index.js'
import { invalidArgument } from './errors'
import { messages } from './messages'

/**
 * Checks a signal by its shape: one made in another realm is no instance of this one's class.
 *
 * @throws RunletError `INVALID_ARGUMENT`
 */
export function readSignal(value: unknown, field: string): AbortSignalLike | undefined {
  if (value === undefined) return undefined
  const signal = Object(value) as Partial<AbortSignalLike>
  if (
    typeof signal.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function'
  ) {
    return value as AbortSignalLike
  }
  const accepted = 'an AbortSignal'
  throw invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
}

interface Listening {
  callbacks: Set<() => void>
  listener: () => void
}

/** Sharing also keeps Node from warning of a leak when a signal serves more than ten runs. */
const listening = new WeakMap<AbortSignalLike, Listening>()

/**
 * Calls `callback` once when the signal is aborted, at once when it already is.
 *
 * @returns stops listening; the last one to stop takes the listener off the signal
 */
export function onAbort(signal: AbortSignalLike, callback: () => void): () => void {
  if (signal.aborted) {
    callback()
    return () => {}
  }
  const entry = listening.get(signal) ?? listen(signal)
  entry.callbacks.add(callback)
  return () => {
    if (!entry.callbacks.delete(callback) || entry.callbacks.size > 0) return
    stop(signal, entry)
  }
}

function listen(signal: AbortSignalLike): Listening {
  const callbacks = new Set<() => void>()
  const listener = () => {
    stop(signal, entry)
    for (const callback of [...callbacks]) {
      callbacks.delete(callback)
      callback()
    }
  }
  const entry = { callbacks, listener }
  listening.set(signal, entry)
  signal.addEventListener('abort', listener)
  return entry
}

function stop(signal: AbortSignalLike, entry: Listening): void {
  if (listening.get(signal) === entry) listening.delete(signal)
  signal.removeEventListener('abort', entry.listener)
}
