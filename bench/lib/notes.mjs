/**
 * What has to be said below a table: what a reuse mode gives up, what the engines differ by, what
 * a second way for values costs.
 * @module
 */
import { times } from './figures.mjs'

const peerOf = (row, peers) => peers.find(({ id }) => id === row.peer)

function otherErrors(rows, peers) {
  return rows
    .filter((row) => row.otherErrors.length > 0)
    .map((row) => `  ${peerOf(row, peers).name} also: ${row.otherErrors.join('; ')}`)
}

function givenUp(rows, peers) {
  const reused = rows.filter((row) => row.mode === 'warm').map((row) => peerOf(row, peers))
  const rest = peers.filter(
    (peer) => !peer.notMeasured && !peer.onlyGroups && peer.warmGivesUp === null,
  )
  return [
    '  gives up in its reuse mode',
    ...reused.map((peer) => `    ${peer.name}: ${peer.warmGivesUp}`),
    ...(rest.length > 0 ? [`    no reuse mode: ${rest.map((peer) => peer.name).join(', ')}`] : []),
  ]
}

const fastest = (rows) => rows.reduce((a, b) => (b.median < a.median ? b : a))

/** Two questions a kernel answers: how this build of the engine does, and what a JIT would bring. */
function engines(rows, peers) {
  const ours = rows.find((row) => row.peer === 'runlet')
  if (!ours) return []
  const best = (engine) => {
    const rivals = rows.filter(
      (row) => row.peer !== 'runlet' && peerOf(row, peers).engine === engine,
    )
    return rivals.length > 0 ? fastest(rivals) : undefined
  }
  const lineOf = (what, row) =>
    row &&
    `  ${what}, ${peerOf(row, peers).name}: runlet takes ${times(ours.median / row.median)} its time`
  return [
    lineOf('the fastest other QuickJS build', best('quickjs')),
    lineOf('V8 where it is fastest', best('v8')),
  ].filter((line) => line !== undefined)
}

/** What runlet's second way for the same plain data costs against JSON text. */
function priceOfClone(rows) {
  const [json, clone] = ['once', 'native'].map((mode) =>
    rows.find((row) => row.peer === 'runlet' && row.mode === mode),
  )
  if (!json || !clone) return []
  const ratio = times(clone.median / json.median)
  return [`  runlet's values: 'clone' takes ${ratio} the time of JSON text for the same plain data`]
}

/**
 * @param {object} workload
 * @param {object[]} rows the rows that have figures
 * @param {object[]} peers
 * @returns {string[]} lines to print below the table
 */
export function notes(workload, rows, peers) {
  if (workload.kind === 'loops') return otherErrors(rows, peers)
  if (workload.group === 'cpu') return engines(rows, peers)
  if (workload.valueKind === 'plain') return priceOfClone(rows)
  return workload.modes.includes('warm') ? givenUp(rows, peers) : []
}
