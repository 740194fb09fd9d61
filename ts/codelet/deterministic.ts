/** `deterministic`: the seed and the virtual clock of a repeatable run. */

import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { fieldTable, readFields } from './fields'

/** The option as the addon reads it. */
export interface Deterministic {
  seed: string
  nowMs: number
}

const TABLE = fieldTable('property of deterministic', ['seed', 'now'])

/** The range of `Date`, ms around the epoch. */
const LAST_MS = 8.64e15

/**
 * Checks the option.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming `seed` or `now`
 */
export function readDeterministic(value: unknown): Deterministic | null {
  if (value === undefined) return null
  const { seed, now } = readFields(value, 'deterministic', TABLE)
  if (typeof seed !== 'string' && !Number.isFinite(seed)) {
    const accepted = 'a string or a finite number'
    const message = messages.wrongValue('deterministic.seed', accepted, seed)
    throw invalidArgument('deterministic.seed', message, { accepted })
  }
  return { seed: String(seed), nowMs: now === undefined ? 0 : milliseconds(now) }
}

function milliseconds(now: unknown): number {
  const ms = typeof now === 'number' ? now : dateValue(now)
  if (ms !== undefined && Number.isInteger(ms) && Math.abs(ms) <= LAST_MS) return ms
  const accepted = 'a valid Date or whole milliseconds since the epoch'
  const message = messages.wrongValue('deterministic.now', accepted, now)
  throw invalidArgument('deterministic.now', message, { accepted })
}

/** Works for a Date of any realm and for nothing else. */
function dateValue(value: unknown): number | undefined {
  try {
    return Date.prototype.getTime.call(value)
  } catch {
    return undefined
  }
}
