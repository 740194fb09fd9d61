/** Calls of functions on the other side of a port, in both directions. */

import { onAbort } from '../../signal'
import { codeOf } from '../confined'

/** What crosses. An error crosses as its message and code. */
type Frame =
  | { call: number; name: string; args: unknown[] }
  | { drop: number }
  | { answer: number; value?: unknown; fault?: { message: string; code?: string | undefined } }

/** Calls at once that one side answers. A script that starts all it can does not make as many. */
const MOST = 4096

export interface Calls {
  call(name: string, ...args: unknown[]): Promise<unknown>
  /** The same, until the signal is aborted: then it rejects, and the other side hears of it. */
  callUntil(signal: AbortSignal | undefined, name: string, ...args: unknown[]): Promise<unknown>
  /** Takes a message; false if it is none of ours. */
  receive(message: unknown): boolean
  /** Rejects every call that waits. */
  end(reason: Error): void
}

export function callsOver(
  send: (frame: Frame) => void,
  handle: (name: string, args: unknown[], dropped: AbortSignal) => unknown,
): Calls {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const served = new Map<number, AbortController>()
  let last = 0

  async function respond(frame: { call: number; name: string; args: unknown[] }): Promise<void> {
    const dropped = new AbortController()
    served.set(frame.call, dropped)
    try {
      send({ answer: frame.call, value: await handle(frame.name, frame.args, dropped.signal) })
    } catch (error) {
      send({ answer: frame.call, fault: faultOf(error) })
    } finally {
      served.delete(frame.call)
    }
  }

  function begin(name: string, args: unknown[]): { number: number; answer: Promise<unknown> } {
    last += 1
    const number = last
    const answer = new Promise((resolve, reject) => {
      waiting.set(number, { resolve, reject })
      send({ call: number, name, args })
    })
    return { number, answer }
  }

  return {
    call: (name, ...args) => begin(name, args).answer,
    callUntil: async (signal, name, ...args) => {
      signal?.throwIfAborted()
      const { number, answer } = begin(name, args)
      const drop = () => {
        waiting.get(number)?.reject(new Error('the call was aborted'))
        waiting.delete(number)
        send({ drop: number })
      }
      signal?.addEventListener('abort', drop, { once: true })
      try {
        return await answer
      } finally {
        signal?.removeEventListener('abort', drop)
      }
    },
    receive: (message) => {
      const frame = message as Frame
      if ('call' in frame) {
        const fits = typeof frame.name === 'string' && Array.isArray(frame.args)
        if (!fits || served.size >= MOST) return false
        void respond(frame)
        return true
      }
      if ('drop' in frame) {
        served.get(frame.drop)?.abort()
        return true
      }
      if (!('answer' in frame)) return false
      const caller = waiting.get(frame.answer)
      waiting.delete(frame.answer)
      if (frame.fault === undefined) caller?.resolve(frame.value)
      else
        caller?.reject(Object.assign(new Error(frame.fault?.message), { code: frame.fault?.code }))
      return true
    },
    end: (reason) => {
      for (const { reject } of waiting.values()) reject(reason)
      waiting.clear()
    },
  }
}

/** Work with a signal that is aborted as soon as one of the two is. */
export async function underBoth<T>(
  first: AbortSignal,
  second: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const both = new AbortController()
  const unlisten = [first, second].map((signal) => onAbort(signal, () => both.abort()))
  try {
    return await work(both.signal)
  } finally {
    for (const stop of unlisten) stop()
  }
}

function faultOf(error: unknown): { message: string; code?: string | undefined } {
  const message = error instanceof Error ? error.message : String(error)
  return { message, code: codeOf(error) }
}
