/** The one event stream of the addon, handed out to the runs it belongs to. */

import type { ConsoleLog } from '../../index.js'
import { addon, type Native } from '../addon'
import type { Payload } from '../payload'

/** A run that has been submitted and has not ended. */
export interface OpenRun {
  /** Ends the run; called once. */
  ended(
    outcomeText: string,
    text: string | undefined,
    form: unknown,
    buffers: ArrayBuffer[] | undefined,
  ): void
  /** A log entry, as it comes. */
  logged(entry: ConsoleLog): void
  /** The guest calls host function `index`. */
  called(
    seq: number,
    index: number,
    text: string,
    form: unknown,
    buffers: ArrayBuffer[] | undefined,
  ): void
}

const LEVELS = ['log', 'info', 'warn', 'error'] as const

/** Kinds of event, each with the number of slots it takes in the flat array. */
const END = 0
const LOG = 1
const CALL = 2
const PONG = 3
const SLOTS = { [END]: 6, [LOG]: 6, [CALL]: 7, [PONG]: 2 }

type Kind = keyof typeof SLOTS

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
  stream ??= native.open(dispatch)
  if (input === undefined) return native.submit(stream, runner, code, optionsText, undefined)
  const { text, form, buffers } = input
  return native.submit(stream, runner, code, optionsText, text, form, buffers)
}

/** Registers a run under the id that submit gave it. Events come later, never within submit. */
export function follow(id: number, run: OpenRun): void {
  runs.set(id, run)
}

/** No callback of a run throws: one that did would swallow the events of other runs behind it. */
function dispatch(events: unknown[]): void {
  for (let at = 0; at < events.length; ) {
    const kind = events[at] as Kind
    const id = events[at + 1] as number
    const run = runs.get(id)
    if (run !== undefined) {
      if (kind === END) runs.delete(id)
      deliver(run, kind, events, at + 2)
    }
    at += SLOTS[kind]
  }
}

function deliver(run: OpenRun, kind: Kind, events: unknown[], at: number): void {
  switch (kind) {
    case END:
      run.ended(
        events[at] as string,
        events[at + 1] as string | undefined,
        events[at + 2],
        events[at + 3] as ArrayBuffer[] | undefined,
      )
      return
    case LOG:
      run.logged(readLog(events, at))
      return
    case CALL:
      run.called(
        events[at] as number,
        events[at + 1] as number,
        events[at + 2] as string,
        events[at + 3],
        events[at + 4] as ArrayBuffer[] | undefined,
      )
  }
}

function readLog(events: unknown[], at: number): ConsoleLog {
  const entry: ConsoleLog = {
    level: LEVELS[events[at] as number] ?? 'log',
    message: events[at + 1] as string,
    timestamp: events[at + 2] as number,
  }
  if (events[at + 3] === true) entry.truncated = true
  return entry
}
