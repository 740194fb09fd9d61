/** Reads option objects: known names only, every spelling, each property once. */

import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { suggest } from '../suggest'

/** The names one option object may hold, each with the canonical name it stands for. */
export interface FieldTable {
  /** For messages: `run option`, `source property`. */
  what: string
  spellings: ReadonlyMap<string, string>
  /** Canonical names, for messages. */
  known: readonly string[]
}

/** Values by canonical name. Without a prototype, so no name can be inherited. */
export type Fields = Record<string, unknown>

/** `timeout_ms` becomes `timeoutMs`. */
export function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** `timeoutMs` becomes `timeout_ms`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** A table in which every snake_case name also answers to its camelCase spelling. */
export function fieldTable(
  what: string,
  names: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): FieldTable {
  const spellings = new Map(Object.entries(aliases))
  for (const name of names) spellings.set(name, name).set(camelCase(name), name)
  return { what, spellings, known: names }
}

/** Whether a value can be read as an object of named properties. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads the own enumerable properties of `value`. `undefined` counts as not given.
 *
 * @param value what the caller passed; `undefined` reads as no options
 * @param field how the caller knows it, for messages
 * @param prefix in front of property names in messages, such as `defaults.`
 * @throws RunletError `INVALID_ARGUMENT` for a non-object, an unknown name, or two spellings that
 *   disagree
 */
export function readFields(
  value: unknown,
  field: string,
  table: FieldTable,
  prefix = `${field}.`,
): Fields {
  const fields: Fields = Object.create(null)
  if (value === undefined) return fields
  if (!isRecord(value)) {
    throw invalidArgument(field, messages.wrongValue(field, 'an object', value))
  }
  for (const spelling of Object.keys(value)) {
    const name = table.spellings.get(spelling)
    if (name === undefined) throw unknownName(table, spelling, prefix)
    const given = value[spelling]
    if (given === undefined) continue
    if (name in fields && !Object.is(fields[name], given)) {
      const other = Object.keys(value).find((key) => table.spellings.get(key) === name) ?? name
      const message = messages.twoSpellings(prefix + other, prefix + spelling)
      throw invalidArgument(prefix + name, message)
    }
    fields[name] = given
  }
  return fields
}

function unknownName(table: FieldTable, spelling: string, prefix: string): Error {
  const near = suggest(spelling, table.known)
  const message = messages.unknownName(table.what, spelling, near, table.known)
  return invalidArgument(prefix + spelling, message, { accepted: table.known.join(', ') })
}

/** A value of one of a few words, or `fallback` when not given. */
export function oneOf<Word extends string>(
  value: unknown,
  field: string,
  words: readonly Word[],
  fallback: Word,
): Word {
  if (value === undefined) return fallback
  const word = words.find((candidate) => candidate === value)
  if (word !== undefined) return word
  const accepted = words.map((candidate) => `'${candidate}'`).join(' or ')
  throw invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
}

/** A function, or `undefined` when not given. */
export function optionalFunction(
  value: unknown,
  field: string,
): ((...args: unknown[]) => unknown) | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'function') return value as (...args: unknown[]) => unknown
  throw invalidArgument(field, messages.wrongValue(field, 'a function', value))
}

/** An integer within the range of `fact`. */
export function integer(value: unknown, field: string, fact: { min: number; max: number }): number {
  const { min, max } = fact
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value)
  const accepted = `an integer from ${min} to ${max}`
  throw invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
}
