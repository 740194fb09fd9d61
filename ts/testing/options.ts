/** The options of the kit, once. */

import type { RuntimeProvider } from '../../index.js'
import type { ProviderTestOptions } from '../../testing.js'
import { isRecord } from '../codelet/fields'
import { invalidArgument } from '../errors'
import { suggest } from '../suggest'
import { type OptionRow, readGiven } from '../tool/option-group'
import { type Kind, refuse, text, whole } from '../tool/option-kinds'

const isProvider = (value: unknown): value is RuntimeProvider =>
  isRecord(value) && typeof value.get === 'function'

const provider: Kind = {
  accepts: 'an object with a function get',
  read(value, field) {
    if (isProvider(value)) return value
    throw refuse(field, this.accepts, value)
  },
}

const idling: Kind = {
  accepts: 'an object with a provider and its idleMs',
  read(value, field) {
    const fits =
      isRecord(value) &&
      isProvider(value.provider) &&
      typeof value.idleMs === 'number' &&
      value.idleMs >= 10 &&
      value.idleMs <= 10_000
    if (!fits) throw refuse(field, `${this.accepts}, 10 to 10,000`, value)
    return value
  },
}

const skip: Kind = {
  accepts: 'an object of reasons by the name of a case',
  read(value, field) {
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    for (const [name, reason] of Object.entries(value)) {
      if (typeof reason === 'string' && reason.trim() !== '') continue
      throw refuse(`${field}['${name}']`, 'a reason in words', reason)
    }
    return value
  },
}

const only: Kind = {
  accepts: 'an array of names of cases',
  read(value, field) {
    if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value
    throw refuse(field, this.accepts, value)
  },
}

const ROWS: readonly OptionRow[] = [
  { name: 'root', kind: text, about: 'folder that the scopes get theirs in' },
  { name: 'skip', kind: skip, about: 'cases that are left out, and why' },
  { name: 'only', kind: only, about: 'cases that are tried' },
  { name: 'failing', kind: provider, about: 'one whose starts fail' },
  { name: 'idling', kind: idling, about: 'one that is idle soon' },
  { name: 'maxFileBytes', kind: whole(1_000, 100_000_000), about: 'the limit it was made with' },
  { name: 'caseTimeoutMs', kind: whole(1_000, 3_600_000), about: 'ms of one case' },
]

/** Options, complete. */
export interface KitSettings {
  readonly root: string
  readonly skip: Readonly<Record<string, string>>
  readonly only: readonly string[] | undefined
  readonly failing: RuntimeProvider | undefined
  readonly idling: { readonly provider: RuntimeProvider; readonly idleMs: number } | undefined
  readonly maxFileBytes: number
  readonly caseTimeoutMs: number
}

/** Reads them. @throws RunletError `INVALID_ARGUMENT` */
export function readKitOptions(
  options: ProviderTestOptions,
  known: readonly string[],
): KitSettings {
  const what = 'option of testRuntimeProvider'
  const given = readGiven(options, '', what, ROWS, { fillsBlanks: false })
  if (given.root === undefined) throw refuse('root', text.accepts, undefined)
  const read = {
    skip: {},
    maxFileBytes: 1_000_000,
    caseTimeoutMs: 60_000,
    ...given,
  } as unknown as KitSettings
  for (const name of Object.keys(read.skip)) checkName('skip', name, known)
  for (const name of read.only ?? []) checkName('only', name, known)
  return read
}

function checkName(field: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  const close = suggest(name, known)
  const hint = close === undefined ? '' : `; did you mean "${close}"?`
  const accepted = known.join(', ')
  throw invalidArgument(field, `${field} names "${name}", which is no case${hint}`, { accepted })
}
