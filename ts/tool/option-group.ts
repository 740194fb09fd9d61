/** Objects of named options: rows of a table, each with its kind, its default and its other names. */

import { isRecord } from '../codelet/fields'
import {
  type Kind,
  member,
  type Reading,
  refuse,
  same,
  twoSpellings,
  unknownName,
} from './option-kinds'

/** A second name of an option, whose values may be in another unit. */
export interface OptionAlias {
  readonly name: string
  readonly accepts: string
  /** @throws RunletError naming `field` */
  read(value: unknown, field: string, reading: Reading): unknown
}

/** One option. */
export interface OptionRow {
  readonly name: string
  readonly kind: Kind
  /** Value of `defaultConfig()`, made afresh; none for an option that is unset by default. */
  readonly initial?: () => unknown
  /** Value of `testConfig()` where it differs. */
  readonly testing?: () => unknown
  /** The default in words, where it depends on the machine. */
  readonly shows?: string
  /** One sentence for the documentation. */
  readonly about: string
  readonly alias?: OptionAlias
  /** Means something only under kernel enforcement: any other value than the default is refused. */
  readonly kernel?: true
}

/** Whether a value counts as not given. */
function isBlank(value: unknown, row: OptionRow, reading: Reading): boolean {
  if (value === undefined || value === null) return true
  return reading.fillsBlanks && row.kind.blank !== undefined && value === row.kind.blank
}

/**
 * Reads the options that `value` holds, under their canonical names, without defaults.
 *
 * @param field how the caller knows the object; '' for the options themselves
 * @param what for messages: "tool runtime option"
 * @throws RunletError `INVALID_ARGUMENT` for a non-object, an unknown name, a value of the wrong
 *   kind, and two names of one option that disagree
 */
export function readGiven(
  value: unknown,
  field: string,
  what: string,
  rows: readonly OptionRow[],
  reading: Reading,
): Record<string, unknown> {
  if (!isRecord(value)) throw refuse(field === '' ? 'options' : field, 'an object', value)
  const given: Record<string, unknown> = {}
  const spelled = new Map<string, string>()
  for (const name of Object.keys(value)) {
    const path = member(field, name)
    const row = rows.find((candidate) => candidate.name === name || candidate.alias?.name === name)
    if (row === undefined) {
      throw unknownName(
        what,
        path,
        name,
        rows.map((candidate) => candidate.name),
      )
    }
    const raw = value[name]
    if (isBlank(raw, row, reading)) continue
    const reader = row.name === name ? row.kind : (row.alias ?? row.kind)
    const read = reader.read(raw, path, reading)
    const other = spelled.get(row.name)
    if (other !== undefined && !same(given[row.name], read)) throw twoSpellings(path, other, path)
    spelled.set(row.name, path)
    given[row.name] = read
  }
  return given
}

/** The defaults of a table, each made afresh. */
export function initialValues(
  rows: readonly OptionRow[],
  column: 'initial' | 'testing' = 'initial',
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const row of rows) {
    const make = (column === 'testing' ? row.testing : undefined) ?? row.initial
    if (make !== undefined) values[row.name] = make()
  }
  return values
}

/** A nested object of options, read complete: what is not given has its default. */
export interface Group extends Kind<Record<string, unknown>> {
  readonly rows: readonly OptionRow[]
}

/** A kind from a table. */
export function group(what: string, rows: readonly OptionRow[]): Group {
  return {
    rows,
    accepts: `an object of ${rows.map((row) => row.name).join(', ')}`,
    read(value, field, reading) {
      return { ...initialValues(rows), ...readGiven(value, field, what, rows, reading) }
    },
  }
}

/** The defaults of a group, made afresh at each call. */
export function defaultsOf(of: Group): () => unknown {
  return () => initialValues(of.rows)
}
