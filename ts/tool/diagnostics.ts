/**
 * Tells subscribers of `node:diagnostics_channel` about each call of a tool.
 *
 * The five channels are those of a `TracingChannel` named `runlet:tool`, so that
 * `tracingChannel('runlet:tool').subscribe(…)` hears everything. They are published one by one:
 * the channels exist in every supported Node and in Bun, the class that bundles them does not.
 */

import { type Channel, channel } from 'node:diagnostics_channel'
import type { ErrorCode } from '../../index.js'

/** What subscribers get: one object for each call, filled up as the call goes on. */
export interface ToolTrace {
  toolId: string
  execId: string
  /** The rest is there once the call has its result. */
  ok?: boolean
  code?: ErrorCode
  durationMs?: number
  queueMs?: number
  startMs?: number
  attempts?: number
  warm?: boolean
  outputBytes?: number
  /** On the channel `error`: why the call failed. */
  error?: unknown
}

/** What a call ends with, as far as subscribers hear of it. */
export type TraceEnd = Omit<ToolTrace, 'toolId' | 'execId'>

const started = channel('tracing:runlet:tool:start')
const ended = channel('tracing:runlet:tool:end')
const asyncStarted = channel('tracing:runlet:tool:asyncStart')
const asyncEnded = channel('tracing:runlet:tool:asyncEnd')
const failed = channel('tracing:runlet:tool:error')
const channels: readonly Channel[] = [started, ended, asyncStarted, asyncEnded, failed]

/**
 * Runs a call under the channels. Without a subscriber that is all it does.
 *
 * A tool that fails is a value for its caller, and an event on `error` here. Neither input nor output
 * is told.
 *
 * @param ids which call it is; asked only when somebody listens
 * @param run the call
 * @param tell what its result says; asked only when somebody listens
 */
export function traced<T>(
  ids: () => { toolId: string; execId: string },
  run: () => Promise<T>,
  tell: (result: T) => TraceEnd,
): Promise<T> {
  if (!channels.some((each) => each.hasSubscribers)) return run()
  const trace: ToolTrace = ids()
  // Stores that are bound to `start` hold during the call: that is how tracers find its parent.
  return bound(trace, () => observed(trace, run, tell))
}

function bound<T>(trace: ToolTrace, run: () => T): T {
  if (typeof started.runStores === 'function') return started.runStores(trace, run)
  started.publish(trace)
  return run()
}

async function settled<T>(
  trace: ToolTrace,
  call: Promise<T>,
  tell: (result: T) => TraceEnd,
): Promise<T> {
  try {
    const result = await call
    Object.assign(trace, tell(result))
    return result
  } catch (error) {
    trace.ok = false
    trace.error = error
    throw error
  } finally {
    if (trace.ok === false) failed.publish(trace)
    asyncStarted.publish(trace)
    asyncEnded.publish(trace)
  }
}

function observed<T>(
  trace: ToolTrace,
  run: () => Promise<T>,
  tell: (result: T) => TraceEnd,
): Promise<T> {
  try {
    return settled(trace, run(), tell)
  } finally {
    ended.publish(trace)
  }
}
