/**
 * From cells to rows: minimum, median, and how runlet compares.
 * @module
 */

/** Below this factor either way two figures are read as equal; the clock itself swings so much. */
export const EQUAL_WITHIN = 1.5

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)

/**
 * @param {number[]} numbers not empty
 * @returns {number} their median
 */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function serialRow(cells, workload) {
  const samples = cells.flatMap((cell) => cell.samplesMs)
  const per = (ms) => ms / workload.perSample
  return {
    n: samples.length,
    processes: cells.length,
    min: per(Math.min(...samples)),
    median: per(median(samples)),
    cpuMs: sum(cells.map((cell) => cell.cpuMs)) / samples.length,
    firstMs: median(cells.map((cell) => cell.firstMs)),
    loadAndSetupMs: median(cells.map((cell) => cell.loadMs + cell.setupMs)),
    ...referencesOf(cells),
    ...(cells[0].note ?? {}),
  }
}

/** Medians of what was measured in turns with the row, by name; nothing where nothing was. */
function referencesOf(cells) {
  const names = Object.keys(cells[0].references)
  if (names.length === 0) return {}
  const medianOf = (name) => median(cells.flatMap((cell) => cell.references[name]))
  return { referencesMs: Object.fromEntries(names.map((name) => [name, medianOf(name)])) }
}

function throughputRow(cells) {
  const rates = cells.map((cell) => (cell.runs / cell.elapsedMs) * 1000)
  const runs = sum(cells.map((cell) => cell.runs))
  return {
    n: runs,
    processes: cells.length,
    bestRunsPerSecond: Math.max(...rates),
    medianRunsPerSecond: median(rates),
    perCallMs: 1000 / median(rates),
    serialMs: median(cells.flatMap((cell) => cell.serialMs)),
    cpuMs: sum(cells.map((cell) => cell.cpuMs)) / runs,
    ticksKept: median(cells.map((cell) => cell.heartbeat.kept)),
    idleTicksKept: median(cells.map((cell) => cell.idle.kept)),
    longestGapMs: Math.max(...cells.map((cell) => cell.heartbeat.longestGapMs)),
  }
}

function loopsRow(cells) {
  const [cell] = cells
  return {
    n: cell.runs,
    processes: cells.length,
    stopped: cell.stopped,
    otherErrors: cell.otherErrors,
    doneMs: cell.elapsedMs,
    ticksKept: cell.heartbeat.kept,
    idleTicksKept: cell.idle.kept,
    longestGapMs: cell.heartbeat.longestGapMs,
    afterCpuMs: cell.afterCpuMs,
  }
}

const oneLinersRow = ([{ count, late, p50, p99, max, latest }]) => ({
  n: count,
  late,
  p50,
  p99,
  max,
  latest,
})

function memoryRow(cells) {
  const of = (state) => {
    if (cells[0][state] === undefined) return undefined
    const medianOf = (name) => {
      const figures = cells.map((cell) => cell[state][name])
      return figures.includes(undefined) ? undefined : median(figures)
    }
    return { count: cells[0][state].count, rssBytes: medianOf('rss'), pssBytes: medianOf('pss') }
  }
  return {
    processes: cells.length,
    idle: of('idle'),
    parked: of('parked'),
    keptBytes: median(cells.map((cell) => cell.keptBytes)),
  }
}

const rowOf = {
  serial: serialRow,
  throughput: throughputRow,
  loops: loopsRow,
  memory: memoryRow,
  'one-liners': oneLinersRow,
}

/** Kinds whose rows are compared by a time or a rate; the others are read by eye. */
const COMPARED = ['serial', 'throughput']

/**
 * @param {object} workload
 * @param {string} peer
 * @param {string} mode `native` rows used the peer's own value path instead of JSON text
 * @param {object[]} cells the answers of this peer's processes for this workload
 * @returns {object} one row; `status` is that of the first cell that failed, else `ok`
 */
export function summarise(workload, peer, mode, cells) {
  const failed = cells.find((cell) => cell.status !== 'ok')
  const head = { workload: workload.id, peer, mode }
  if (failed) return { ...head, status: failed.status, error: failed.error }
  return { ...head, status: 'ok', ...rowOf[workload.kind](cells, workload) }
}

/** Ratios greater than 1 mean that runlet is ahead: less time, or more runs per second. */
function ratiosTo(ours, row) {
  if (row.bestRunsPerSecond !== undefined) {
    return {
      best: ours.bestRunsPerSecond / row.bestRunsPerSecond,
      median: ours.medianRunsPerSecond / row.medianRunsPerSecond,
      cpu: row.cpuMs / ours.cpuMs,
    }
  }
  return { best: row.min / ours.min, median: row.median / ours.median, cpu: row.cpuMs / ours.cpuMs }
}

function readingOf(ratio) {
  if (ratio > EQUAL_WITHIN) return 'ahead'
  return ratio < 1 / EQUAL_WITHIN ? 'behind' : 'equal'
}

/** What both ratios say; `unclear` when the best and the median run tell different stories. */
function verdictOf({ best, median: middle }) {
  return readingOf(best) === readingOf(middle) ? readingOf(best) : 'unclear'
}

/**
 * Adds to every measured row of one workload how runlet compares with it: its first row, where it
 * has several. The rows of the loops and of memory are read by eye.
 * @param {object} workload
 * @param {object[]} rows all rows of that workload
 */
export function compare(workload, rows) {
  const ours = rows.find((row) => row.peer === 'runlet')
  if (!COMPARED.includes(workload.kind) || ours?.status !== 'ok') return
  for (const row of rows) {
    if (row.peer === 'runlet' || row.status !== 'ok') continue
    row.runletIs = ratiosTo(ours, row)
    row.verdict = verdictOf(row.runletIs)
  }
}
