/** The limits of a run: checked against the addon's ranges, the runner's defaults and ceilings. */

import { addon } from '../addon'
import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { type Fields, fieldTable, integer, readFields, snakeCase } from './fields'

/** Limits by camelCase name, as the addon reads them; `null` is no bound. */
export type Limits = Record<string, number | null>

/** Every limit once: its name in options and in the addon. Ranges and defaults live in the addon. */
export function limitNames(): ReadonlyArray<{ option: string; key: string }> {
  names ??= Object.keys(addon().facts.limits).map((key) => ({ option: snakeCase(key), key }))
  return names
}
let names: ReadonlyArray<{ option: string; key: string }> | undefined

/** The limits that `fields` gives, each checked against its own range. */
export function readLimits(fields: Fields, prefix = ''): Record<string, number> {
  const { limits } = addon().facts
  const given: Record<string, number> = {}
  for (const { option, key } of limitNames()) {
    const fact = limits[key]
    const value = fields[option]
    if (value !== undefined && fact !== undefined) {
      given[key] = integer(value, prefix + option, fact)
    }
  }
  return given
}

/** What a runner allows its runs, worked out once when the runner is made. */
export class LimitBounds {
  /** The limits of a run that gives none. */
  readonly base: Limits
  readonly #ceilings: Record<string, number>

  /** @param defaults option `defaults` @param ceilings option `ceilings` */
  constructor(defaults: unknown, ceilings: unknown) {
    const table = fieldTable(
      'limit',
      limitNames().map(({ option }) => option),
    )
    const usual = readLimits(readFields(defaults, 'defaults', table), 'defaults.')
    this.#ceilings = readLimits(readFields(ceilings, 'ceilings', table), 'ceilings.')
    this.base = {}
    for (const { option, key } of limitNames()) {
      const ceiling = this.#ceilings[key]
      const wanted = usual[key]
      if (wanted !== undefined && ceiling !== undefined && wanted > ceiling) {
        const message = messages.defaultAboveCeiling(option, wanted, ceiling)
        throw invalidArgument(`defaults.${option}`, message)
      }
      const value = wanted ?? addon().facts.limits[key]?.default ?? null
      this.base[key] = ceiling === undefined ? value : Math.min(value ?? ceiling, ceiling)
    }
  }

  /**
   * The limits of one run.
   *
   * @throws RunletError `INVALID_ARGUMENT` when the run asks for more than a ceiling
   */
  apply(given: Record<string, number>): Limits {
    for (const { option, key } of limitNames()) {
      const value = given[key]
      const ceiling = this.#ceilings[key]
      if (value !== undefined && ceiling !== undefined && value > ceiling) {
        throw invalidArgument(option, messages.aboveCeiling(option, value, ceiling))
      }
    }
    return { ...this.base, ...given }
  }
}
