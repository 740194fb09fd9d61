/** What an option may hold: each kind says so in words, and reads a value or refuses it. */

import { isRecord } from '../codelet/fields'
import { invalidArgument, RunletError } from '../errors'
import { messages } from '../messages'
import { suggest } from '../suggest'

/** How strictly values are read. */
export interface Reading {
  /**
   * True when defaults are merged in: a value that means "not set" in the files of the runtime that
   * users come from ('' for a text, 0 for a duration) is then replaced by the default.
   */
  fillsBlanks: boolean
}

/** One kind of value. `Value` is what it reads to. */
export interface Kind<Value = unknown> {
  /** In words, for messages and the documentation: "a number from 1 to 64". */
  readonly accepts: string
  /** What the merge takes for "not set", besides undefined and null. */
  readonly blank?: '' | 0
  /** @throws RunletError naming `field` */
  read(value: unknown, field: string, reading: Reading): Value
}

/** Names one value that was refused, and what would have been right. */
export function refuse(field: string, accepted: string, value: unknown): RunletError {
  return invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
}

function kind<Value>(accepts: string, matches: (value: unknown) => boolean): Kind<Value> {
  return {
    accepts,
    read(value, field) {
      if (matches(value)) return value as Value
      throw refuse(field, accepts, value)
    },
  }
}

/** A whole number. */
export function whole(min: number, max: number): Kind<number> {
  const fits = (value: unknown) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
  return kind(`an integer from ${min} to ${max}`, fits)
}

/** As `whole`, and 0, which turns the limit off. */
export function wholeOrNone(min: number, max: number): Kind<number> {
  const fits = whole(min, max)
  return {
    accepts: `0 for no limit, or ${fits.accepts}`,
    read(value, field, reading) {
      if (value === 0) return 0
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
        return fits.read(value, field, reading)
      }
      throw refuse(field, this.accepts, value)
    },
  }
}

/** Milliseconds, fractions allowed. */
export function milliseconds(min: number, max: number): Kind<number> {
  const fits = (value: unknown) => typeof value === 'number' && value >= min && value <= max
  return { ...kind<number>(`a number from ${min} to ${max}`, fits), blank: 0 }
}

/** true or false. */
export const flag: Kind<boolean> = kind('true or false', (value) => typeof value === 'boolean')

/** One of a few words. */
export function word<Word extends string>(...words: Word[]): Kind<Word> {
  const accepts = words.map((candidate) => `'${candidate}'`).join(' or ')
  return { ...kind<Word>(accepts, (value) => words.includes(value as Word)), blank: '' }
}

/** A text that may become part of a path or of an environment, so without line breaks and NUL. */
export const text: Kind<string> = {
  ...kind<string>(
    'a string without line breaks and NUL',
    (value) => typeof value === 'string' && value !== '' && !/[\0\r\n]/.test(value),
  ),
  blank: '',
}

/** A text that may also be empty. */
export const textOrEmpty: Kind<string> = kind(
  'a string without line breaks and NUL',
  (value) => typeof value === 'string' && !/[\0\r\n]/.test(value),
)

/** A function. */
export const callback: Kind<(...args: unknown[]) => unknown> = kind(
  'a function',
  (value) => typeof value === 'function',
)

/** Any value; what it must be is asked later, by whoever knows. */
export const anything: Kind = kind('any value', () => true)

/** A list of texts; an explicit empty list stays empty. */
export function textList(item: Kind<string> = text): Kind<readonly string[]> {
  return {
    accepts: 'an array of strings',
    read(value, field, reading) {
      if (!Array.isArray(value)) throw refuse(field, this.accepts, value)
      // Array.from also visits holes, which are refused as undefined.
      return Array.from(value, (entry, index) =>
        item.read(entry, `${field}[${index}]`, { ...reading, fillsBlanks: false }),
      )
    },
  }
}

/** An object of own values, each of one kind. The copy has no prototype, so it inherits no name. */
export function record<Value>(item: Kind<Value>, accepts: string): Kind<Record<string, Value>> {
  return {
    accepts,
    read(value, field, reading) {
      if (!isRecord(value)) throw refuse(field, accepts, value)
      const copy: Record<string, Value> = Object.create(null)
      for (const key of Object.keys(value)) {
        if (value[key] === undefined) continue
        copy[key] = item.read(value[key], member(field, key), reading)
      }
      return copy
    },
  }
}

/** The path of a member, as JavaScript would write the access. */
export function member(field: string, key: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return `${field}[${JSON.stringify(key)}]`
  return field === '' ? key : `${field}.${key}`
}

/** The error for a name that no option has. */
export function unknownName(
  what: string,
  field: string,
  name: string,
  known: readonly string[],
): RunletError {
  const message = messages.unknownName(what, name, suggest(name, known), known)
  return invalidArgument(field, message, { accepted: known.join(', ') })
}

/** The error for two names of one option. */
export function twoSpellings(field: string, first: string, second: string): RunletError {
  return invalidArgument(field, messages.twoSpellings(first, second))
}

/** Whether two values that were read are the same; for spellings of one option. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every(
    (name) => Object.hasOwn(b, name) && same(Reflect.get(a, name), Reflect.get(b, name)),
  )
}

/** An option that this build cannot keep. */
export function unenforceable(field: string, message: string): RunletError {
  return new RunletError('POLICY_UNENFORCEABLE', message, { details: { field, option: field } })
}
