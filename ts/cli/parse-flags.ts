/** Reads flags by a table of them. Anything that is not in the table is an error with a hint. */

import { parseArgs } from 'node:util'
import { messages } from '../messages'
import { suggest } from '../suggest'
import { COMMON_FLAGS, type Flag } from './flags'
import { UsageError } from './usage-error'

/** Values of flags by name, as they were written. */
export interface Flags {
  text(name: string): string | undefined
  /** Every value; of a flag whose value may be left out, the whole flag, such as `--allow-net=a.b`. */
  list(name: string): readonly string[]
  has(name: string): boolean
}

/** @throws UsageError */
export function parseFlags(
  args: readonly string[],
  table: readonly Flag[],
): { flags: Flags; positionals: string[] } {
  const known = new Map([...table, ...COMMON_FLAGS].map((flag) => [flag.name, flag]))
  const options: NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']> = {}
  for (const { name, short, value, optional } of known.values()) {
    options[name] = {
      type: value === undefined || optional === true ? 'boolean' : 'string',
      // All of them, so that a flag given twice is seen and not overwritten.
      multiple: true,
      ...(short !== undefined && { short }),
    }
  }
  // Not strict, since the parser's own complaints name no alternative.
  const { values, positionals } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
  })
  const given = new Map<string, string[]>()
  for (const [name, value] of Object.entries(values)) given.set(name, checkFlag(name, value, known))
  const flags: Flags = {
    text: (name) => given.get(name)?.[0],
    list: (name) => given.get(name) ?? [],
    has: (name) => given.has(name),
  }
  return { flags, positionals }
}

/** The texts a flag was given; none for a switch. */
function checkFlag(name: string, value: unknown, known: ReadonlyMap<string, Flag>): string[] {
  const flag = known.get(name)
  if (flag === undefined) {
    const dashes = name.length === 1 ? '-' : '--'
    throw new UsageError(messages.cliUnknownFlag(dashes + name, suggest(name, [...known.keys()])))
  }
  const given: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (given.length > 1 && flag.multiple !== true) throw new UsageError(messages.cliTwice(name))
  if (flag.optional === true) {
    return given.map((entry) => (entry === true ? `--${name}` : `--${name}=${String(entry)}`))
  }
  if (flag.value === undefined) {
    if (given.some((entry) => entry !== true)) throw new UsageError(messages.cliNoValue(name))
    return []
  }
  const placeholder = flag.value
  return given.map((entry) => {
    if (typeof entry === 'string' && !isKnownFlag(entry, known)) return entry
    throw new UsageError(messages.cliNeedsValue(name, placeholder))
  })
}

/** `--input --json` forgot the input; `--input -5` did not. */
function isKnownFlag(text: string, known: ReadonlyMap<string, Flag>): boolean {
  return text.startsWith('--') && known.has(text.slice(2).split('=')[0] ?? '')
}
