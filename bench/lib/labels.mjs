/**
 * What a row is called, in the tables and in the chart alike.
 * @module
 */

const paths = { native: ', own values', fresh: ', fresh state' }

/** What stands in the place of figures when there are none. */
export const failures = { hang: 'HANG', crash: 'CRASH', error: 'failed', skipped: 'skipped' }

/**
 * @param {object} row
 * @param {{name: string, boundary: string|null}} peer whose row it is
 * @param {string[]} modes the modes of the workload; the only one there is needs no name
 * @returns {string} such as `isolated-vm, own values`; `*` marks peers without a memory boundary
 */
export function labelOf(row, { name, boundary }, modes) {
  const path = modes.length > 1 ? (paths[row.mode] ?? '') : ''
  return `${name}${path}${boundary ? '' : ' *'}`
}
