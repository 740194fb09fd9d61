/** The one event stream of the addon, handed out to the runs it belongs to. */

import type { ConsoleLog } from '../../index.js'
import { addon, type Native } from '../addon'

/** A run that has been submitted and has not ended. */
export interface OpenRun {
  /** Ends the run; called once. */
  ended(outcomeText: string, valueText: string | undefined): void
  /** A log entry, as it comes. */
  logged(entry: ConsoleLog): void
  /** The guest calls host function `index`. */
  called(seq: number, index: number, argsText: string): void
}

const LEVELS = ['log', 'info', 'warn', 'error'] as const

/** Kinds of event, each with the number of slots it takes in the flat array. */
const END = 0
const LOG = 1
const CALL = 2
const SLOTS = { [END]: 4, [LOG]: 6, [CALL]: 5 }

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
  input: string | undefined,
  optionsText: string,
): number {
  const native = bridge()
  stream ??= native.open(dispatch)
  return native.submit(stream, runner, code, input, optionsText)
}

/** Registers a run under the id that submit gave it. Events come later, never within submit. */
export function follow(id: number, run: OpenRun): void {
  runs.set(id, run)
}

/** No callback of a run throws: one that did would swallow the events of other runs behind it. */
function dispatch(events: unknown[]): void {
  for (let at = 0; at < events.length; ) {
    const kind = events[at] as 0 | 1 | 2
    const id = events[at + 1] as number
    const run = runs.get(id)
    if (run !== undefined) {
      if (kind === END) runs.delete(id)
      deliver(run, kind, events, at + 2)
    }
    at += SLOTS[kind]
  }
}

function deliver(run: OpenRun, kind: 0 | 1 | 2, events: unknown[], at: number): void {
  switch (kind) {
    case END:
      run.ended(events[at] as string, events[at + 1] as string | undefined)
      return
    case LOG:
      run.logged(readLog(events, at))
      return
    case CALL:
      run.called(events[at] as number, events[at + 1] as number, events[at + 2] as string)
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
