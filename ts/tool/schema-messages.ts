/** Messages of schema validation. Texts may change; codes and `details` are the contract. */

import { shown } from '../messages'

/** The table. Each factory gives one sentence without a full stop. */
export const schemaMessages = Object.freeze({
  notASchema: (field: string, accepted: string, value: unknown) =>
    `${field} must be ${accepted}, got ${shown(value)}`,
  doesNotCompile: (field: string, why: string) => `${field}: ${why}`,
  refused: (what: string, path: readonly (string | number)[], why: string, more: number) => {
    const place = path.length === 0 ? '' : ` at ${path.join('.')}`
    return `the schema refused ${what}${place}: ${why}${more === 0 ? '' : ` (and ${more} more)`}`
  },
  threw: (what: string) => `the schema of ${what} threw`,
  nonsense: (what: string) => `the schema of ${what} answered with neither a value nor issues`,
})
