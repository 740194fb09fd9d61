/**
 * Targets: what runlet's own rows are held against. They are printed as met or missed and never
 * decide an exit code, because every one of them is a measured time.
 *
 * A target is `{ name, bound, sense, unit, figureOf }`. `figureOf` gets runlet's row, a way to find
 * the others and the workload; it gives the figure, or the reason why there is none.
 * @module
 */
import { figure, times } from './figures.mjs'
import { labelOf } from './labels.mjs'

const written = {
  x: times,
  ms: (value) => `${figure(value)} ms`,
  /** A whole percentage would print 94.6 % as the 95 % it misses. */
  share: (value) => `${(value * 100).toFixed(1)} %`,
}

const none = (reason) => ({ reason })

/** Ms of one call: a run, or one of the host calls within a run. */
const callMs = (row, workload) => (row.median * workload.perSample) / (workload.calls ?? 1)

const referenceNames = { ping: 'the bare round trip', warm: 'a warm run' }

/** At most `bound` times a reference that was measured in turns with the row, in its process. */
export const atMostReference = (bound, reference) => ({
  name: `at most ${bound}x ${referenceNames[reference]}`,
  bound,
  sense: 'at most',
  unit: 'x',
  figureOf({ ours, workload }) {
    const referenceMs = ours.referencesMs?.[reference]
    if (referenceMs === undefined) return none(`${referenceNames[reference]} was not measured`)
    const ms = callMs(ours, workload)
    const detail = `${figure(ms * 1000)} µs to ${figure(referenceMs * 1000)} µs in the same process`
    return { value: ms / referenceMs, detail }
  },
})

/** At least `bound` times ahead of one row of a peer. */
export const aheadOf = (bound, peer, mode, label) => ({
  name: `at least ${bound}x ahead of ${label}`,
  bound,
  sense: 'at least',
  unit: 'x',
  figureOf({ ours, find }) {
    const row = find(peer, mode)
    return row ? { value: row.median / ours.median } : none(`${label} was not measured`)
  },
})

/** At most `bound` times the best of the rows that `isRival` accepts. */
export const atMostBest = (bound, label, isRival) => ({
  name: `at most ${bound}x ${label}`,
  bound,
  sense: 'at most',
  unit: 'x',
  figureOf({ ours, rows, peerOf, workload }) {
    const rivals = rows.filter((row) => row.status === 'ok' && isRival(peerOf(row.peer)))
    if (rivals.length === 0) return none('no such peer was measured')
    const best = rivals.reduce((a, b) => (b.median < a.median ? b : a))
    const detail = labelOf(best, peerOf(best.peer), workload.modes)
    return { value: ours.median / best.median, detail }
  },
})

/** A figure of runlet's row as it stands there; `name` is the whole of what is asked. */
export const figureIs = (name, sense, bound, unit, read) => ({
  name,
  bound,
  sense,
  unit,
  figureOf({ ours }) {
    const { value, detail } = read(ours)
    return value === undefined ? none('was not measured') : { value, detail }
  },
})

/**
 * Judges the targets of one workload.
 * @param {object} workload
 * @param {object[]} rows all rows of that workload
 * @param {object[]} peers
 * @returns {object[]} one entry per target: `name`, `bound`, `sense`, `unit`, and either `value`,
 *   `met` and perhaps `detail`, or `reason` why it could not be judged
 */
export function judgeTargets(workload, rows, peers) {
  const find = (peer, mode) =>
    rows.find((row) => row.peer === peer && row.mode === mode && row.status === 'ok')
  const peerOf = (id) => peers.find((peer) => peer.id === id)
  const all = rows.filter((row) => row.peer === 'runlet')
  const ours = all.find((row) => row.status === 'ok')
  return (workload.targets ?? []).map(({ figureOf, ...target }) => {
    const judged = ours
      ? figureOf({ ours, find, rows, peerOf, workload })
      : none(all[0]?.error ?? 'runlet was not measured')
    if (judged.reason !== undefined) return { ...target, ...judged }
    const { bound, sense } = target
    const met = sense === 'at most' ? judged.value <= bound : judged.value >= bound
    return { ...target, ...judged, met }
  })
}

function lineOf({ name, unit, value, met, detail, reason }) {
  if (reason !== undefined) return `not judged  ${name}: ${reason}`
  const shown = `${written[unit](value)}${detail ? ` (${detail})` : ''}`
  return `${met ? 'met       ' : 'MISSED    '}  ${name}: ${shown}`
}

/**
 * @param {object[]} judged what `judgeTargets` gave
 * @returns {string[]} lines to print below the table
 */
export function targetLines(judged) {
  if (judged.length === 0) return []
  return ['  targets', ...judged.map((target) => `    ${lineOf(target)}`)]
}

/**
 * @param {object} report the whole report
 * @returns {string} how many were met, and every one that was not
 */
export function targetSummary({ targets }) {
  if (targets.length === 0) return 'Targets: none for the rows measured here.'
  const met = targets.filter((target) => target.met === true).length
  const missed = targets.filter((target) => target.met === false)
  const open = targets.filter((target) => target.met === undefined)
  return [
    `Targets: ${met} met, ${missed.length} missed, ${open.length} not judged (none decides an exit code)`,
    ...[...missed, ...open].map((target) => `  ${target.workload}  ${lineOf(target)}`),
  ].join('\n')
}
