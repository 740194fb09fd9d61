/**
 * The one event stream of the addon, handed out to the runs it belongs to.
 *
 * Events come in batches. Their numbers stand in one array of doubles that the addon writes and
 * this file reads, their texts in a list beside it; both are read from front to back.
 */

import { setImmediate } from 'node:timers'

import type { CodeletUsage, ConsoleLog } from '../../index.js'
import { addon, type Native } from '../addon'
import type { Payload, Received } from '../payload'

/** How a run ended. */
export interface Ending {
  duration: number
  usage: CodeletUsage
  /** JSON of the failure, if it failed. */
  error: string | undefined
  /** JSON of the log entries, if there are any. */
  logs: string | undefined
  /** What it gave; absent for undefined and for failures. */
  value: Received | undefined
}

/** A run that has been submitted and has not ended. */
export interface OpenRun {
  /** Ends the run; called once. */
  ended(ending: Ending): void
  /** A log entry, as it comes. */
  logged(entry: ConsoleLog): void
  /** The guest calls host functions: JSON of `[[seq, index, args], …]`. */
  called(calls: string): void
  /** The guest calls host function `index` with more than JSON. */
  calledWith(seq: number, index: number, args: Received): void
}

const LEVELS = ['log', 'info', 'warn', 'error'] as const
const CACHES = ['miss', 'bytecode', 'image'] as const
const STOPS = [undefined, 'interrupt', 'kill', 'allocator', 'stack'] as const

/** Kinds of event. */
const END = 0
const LOG = 1
const CALLS = 2
const CALL = 3

/** Room for the numbers of one batch. */
const numbers = new Float64Array(8192)
let nextNumber = 0
let values: unknown[] = []
let nextValue = 0

const number = () => numbers[nextNumber++] as number
const text = () => values[nextValue++] as string

/** Holds every open run, and through it its runner, until the end event has come. */
const runs = new Map<number, OpenRun>()
/** The number of this copy's event stream: several copies of the package may share one process. */
let stream: number | undefined

/** The addon. */
export function bridge(): Native {
  return addon().native
}

/** Submits a run whose events come to this copy of the package; gives its id. */
export function submit(
  runner: number,
  code: string,
  input: Payload | undefined,
  optionsText: string,
): number {
  const native = bridge()
  stream ??= native.open(dispatch, numbers)
  if (input === undefined) return native.submit(stream, runner, code, optionsText, undefined)
  const { text, form, buffers } = input
  return native.submit(stream, runner, code, optionsText, text, form, buffers)
}

/** Submits a run of a kept plan; gives its id. */
export function submitPlan(runner: number, plan: number, input: Payload | undefined): number {
  const native = bridge()
  stream ??= native.open(dispatch, numbers)
  if (input === undefined) return native.submitPlan(stream, runner, plan, undefined)
  const { text, form, buffers } = input
  return native.submitPlan(stream, runner, plan, text, form, buffers)
}

/** Registers a run under the id that submit gave it. Events come later, never within submit. */
export function follow(id: number, run: OpenRun): void {
  runs.set(id, run)
}

/** A batch is being read: nothing else may be, since both share their place in it. */
let isReading = false
/** Somebody asked for more meanwhile. */
let isAsked = false

/**
 * Takes the next events where they are sure to come soon: a run or an answer was just sent, and
 * nothing else is open. What it waits for is microseconds, and the addon says no often enough that
 * the host's loop turns.
 */
export function pump(): void {
  isAsked = true
  while (isAsked && !isReading && stream !== undefined) {
    isAsked = false
    const batch = bridge().poll(stream)
    if (Array.isArray(batch)) read(batch)
  }
}

/**
 * Reads a batch, and looks for the next one in the next turn of the event loop. Runtimes hand over
 * what has come meanwhile without turning it, up to a thousand times, so the addon sends nothing
 * until it is asked.
 */
function dispatch(batch: unknown[]): void {
  setImmediate(takeTurn)
  read(batch)
  if (isAsked) pump()
}

function takeTurn(): void {
  if (stream === undefined) return
  const batch = bridge().turn(stream)
  if (Array.isArray(batch)) dispatch(batch)
}

/** No callback of a run throws: one that did would swallow the events of other runs behind it. */
function read(batch: unknown[]): void {
  isReading = true
  values = batch
  nextNumber = 0
  nextValue = 0
  try {
    for (let left = number(); left > 0; left--) readEvent()
  } finally {
    values = []
    isReading = false
  }
}

function readEvent(): void {
  const kind = number()
  const id = number()
  const run = runs.get(id)
  if (kind === END) {
    const ending = readEnding()
    runs.delete(id)
    run?.ended(ending)
  } else if (kind === LOG) {
    const entry = readLog()
    run?.logged(entry)
  } else if (kind === CALLS) {
    const calls = text()
    run?.called(calls)
  } else if (kind === CALL) {
    const seq = number()
    const index = number()
    const args = readReceived(number())
    run?.calledWith(seq, index, args)
  }
}

function readEnding(): Ending {
  const duration = number()
  const usage: CodeletUsage = {
    cpuMs: number(),
    wallMs: duration,
    parkedMs: number(),
    queueWaitMs: number(),
    compileMs: number(),
    peakMemoryBytes: number(),
    hostCalls: number(),
    detachedHostCalls: number(),
    resultBytes: number(),
    logsDropped: number(),
    logBytesDropped: number(),
    policyDenials: number(),
    cache: CACHES[number()] ?? 'miss',
  }
  const stoppedBy = STOPS[number()]
  if (stoppedBy !== undefined) usage.stoppedBy = stoppedBy
  const error = number() === 1 ? text() : undefined
  const logs = number() === 1 ? text() : undefined
  const form = number()
  const value = form < 0 ? undefined : readReceived(form)
  return { duration, usage, error, logs, value }
}

function readReceived(form: number): Received {
  const hasBuffers = number() === 1
  const content = text()
  const buffers = hasBuffers ? (values[nextValue++] as ArrayBuffer[]) : undefined
  return { text: content, form, buffers }
}

function readLog(): ConsoleLog {
  const level = LEVELS[number()] ?? 'log'
  const timestamp = number()
  const isTruncated = number() === 1
  const entry: ConsoleLog = { level, message: text(), timestamp }
  if (isTruncated) entry.truncated = true
  return entry
}
