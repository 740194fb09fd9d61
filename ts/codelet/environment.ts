/** `allow.env`: which environment variables a codelet may read. */

import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { isRecord } from './fields'

/** Names and `NAME_*` prefixes to pick from the process, or the very values to hand over. */
export type EnvironmentGrant =
  | { kind: 'names'; patterns: readonly string[] }
  | { kind: 'values'; values: Readonly<Record<string, string>> }

const ACCEPTED = "a name such as 'LANG' or a prefix such as 'APP_*'"

/**
 * Checks the option.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the entry
 */
export function readEnvironment(value: unknown, field: string): EnvironmentGrant {
  if (Array.isArray(value)) {
    const entries: readonly unknown[] = value
    const patterns = entries.map((entry, index) => readPattern(entry, `${field}[${index}]`))
    return { kind: 'names', patterns }
  }
  if (!isRecord(value)) {
    const accepted = 'an array of names or an object of strings'
    throw invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
  }
  const values: Record<string, string> = Object.create(null)
  for (const name of Object.keys(value)) {
    const entry = value[name]
    if (entry === undefined) continue
    if (typeof entry !== 'string') {
      // The value of a variable may be a secret, so only its type is told.
      const message = messages.wrongValue(`${field}.${name}`, 'a string', Object(entry))
      throw invalidArgument(`${field}.${name}`, message)
    }
    values[name] = entry
  }
  return { kind: 'values', values }
}

/** A bare star is refused: granting everything must be written out as `env: process.env`. */
function readPattern(value: unknown, field: string): string {
  if (typeof value === 'string' && /^[^=*\0]+\*?$/.test(value)) return value
  throw invalidArgument(field, messages.wrongValue(field, ACCEPTED, value), { accepted: ACCEPTED })
}

/** The variables a grant stands for, read from the process now. */
export function resolveEnvironment(grant: EnvironmentGrant): Record<string, string> {
  return grant.kind === 'values' ? { ...grant.values } : pick(process.env, grant.patterns)
}

function pick(
  from: Readonly<Record<string, string | undefined>>,
  patterns: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of Object.keys(from)) {
    const value = from[name]
    if (value !== undefined && covers(patterns, name)) picked[name] = value
  }
  return picked
}

/** Whether a name, or every name a prefix stands for, is within `patterns`. */
function covers(patterns: readonly string[], wanted: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? wanted.startsWith(pattern.slice(0, -1)) : wanted === pattern,
  )
}

/**
 * What `wanted` means under the upper bound `bound`; `undefined` when it asks for more. Names are
 * picked from the bound's own values where it has values.
 */
export function narrowEnvironment(
  wanted: EnvironmentGrant,
  bound: EnvironmentGrant,
): EnvironmentGrant | undefined {
  const asked = wanted.kind === 'names' ? wanted.patterns : Object.keys(wanted.values)
  if (bound.kind === 'names') {
    return asked.every((name) => covers(bound.patterns, name)) ? wanted : undefined
  }
  const isHeld = (name: string) => Object.hasOwn(bound.values, name)
  if (wanted.kind === 'values') return asked.every(isHeld) ? wanted : undefined
  if (!asked.every((name) => name.endsWith('*') || isHeld(name))) return undefined
  return { kind: 'values', values: pick(bound.values, asked) }
}
