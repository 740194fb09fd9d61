/**
 * What a row is called, in the tables and in the chart alike.
 * @module
 */

/** A peer without a reuse mode has no other state to tell the fresh one from. */
function pathOf(row, { warmGivesUp }) {
  if (row.mode === 'native') return ', own values'
  return row.mode === 'fresh' && warmGivesUp !== null ? ', fresh state' : ''
}

/** What stands in the place of figures when there are none. */
export const failures = { hang: 'HANG', crash: 'CRASH', error: 'failed', skipped: 'skipped' }

/**
 * @param {object} row
 * @param {{name: string, boundary: string|null, warmGivesUp: string|null}} peer whose row it is
 * @param {string[]} modes the modes of the workload; the only one there is needs no name
 * @returns {string} such as `isolated-vm, own values`; `*` marks peers without a memory boundary
 */
export function labelOf(row, peer, modes) {
  const path = modes.length > 1 ? pathOf(row, peer) : ''
  return `${peer.name}${path}${peer.boundary ? '' : ' *'}`
}
