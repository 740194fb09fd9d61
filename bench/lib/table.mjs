/**
 * The results as text for a terminal: one block per workload, best row first, the rows runlet
 * loses included and listed again at the end.
 * @module
 */
import { figure, percent, times } from './figures.mjs'
import { failures, labelOf } from './labels.mjs'
import { notes } from './notes.mjs'
import { EQUAL_WITHIN } from './statistics.mjs'

const kib = (bytes) => (bytes === undefined ? '-' : figure(bytes / 1024))

/** Columns by kind of workload: heading, and what stands below it. */
const columns = {
  serial: (workload) => [
    [`min ${workload.unit}`, (row) => figure(row.min)],
    ['median', (row) => figure(row.median)],
    ['CPU ms/run', (row) => figure(row.cpuMs)],
    ...(workload.id === 'cold'
      ? [
          ['first ms', (row) => figure(row.firstMs)],
          ['load+setup', (row) => figure(row.loadAndSetupMs)],
        ]
      : []),
    ['n', (row) => String(row.n)],
    ...ratioColumns,
  ],
  throughput: () => [
    ['best runs/s', (row) => figure(row.bestRunsPerSecond)],
    ['median', (row) => figure(row.medianRunsPerSecond)],
    ['CPU ms/run', (row) => figure(row.cpuMs)],
    ['µs per call', (row) => figure(row.perCallMs * 1000)],
    ['one by one', (row) => figure(row.serialMs * 1000)],
    ['5 ms ticks', (row) => percent(row.ticksKept)],
    ['idle', (row) => percent(row.idleTicksKept)],
    ['gap ms', (row) => figure(row.longestGapMs)],
    ['n', (row) => String(row.n)],
    ...ratioColumns,
  ],
  loops: () => [
    ['stopped', (row) => `${row.stopped}/${row.n}`],
    ['all done ms', (row) => figure(row.doneMs)],
    ['10 ms ticks', (row) => percent(row.ticksKept)],
    ['idle', (row) => percent(row.idleTicksKept)],
    ['gap ms', (row) => figure(row.longestGapMs)],
    ['CPU ms in next s', (row) => figure(row.afterCpuMs)],
  ],
  memory: () => [
    ['idle KiB', (row) => kib(row.idle?.rssBytes)],
    ['PSS', (row) => kib(row.idle?.pssBytes)],
    ['of', (row) => String(row.idle?.count ?? '-')],
    ['waiting KiB', (row) => kib(row.parked.rssBytes)],
    ['PSS', (row) => kib(row.parked.pssBytes)],
    ['of', (row) => String(row.parked.count)],
    ['kept MiB', (row) => figure(row.keptBytes / 1024 / 1024)],
  ],
  'one-liners': () => [
    ['one-liners', (row) => String(row.n)],
    ['ended at it', (row) => String(row.late ?? '-')],
    ['p50 ms late', (row) => figure(row.p50)],
    ['p99', (row) => figure(row.p99)],
    ['max', (row) => figure(row.max)],
    ['the latest', (row) => row.latest ?? ''],
  ],
}

const ratioColumns = [
  ['runlet is', (row) => (row.runletIs ? times(row.runletIs.best) : '')],
  ['(median)', (row) => (row.runletIs ? times(row.runletIs.median) : '')],
  ['', (row) => row.verdict ?? ''],
]

/** What a row is sorted by, smallest first. */
function rank(row) {
  if (row.status !== 'ok') return Number.POSITIVE_INFINITY
  if (row.bestRunsPerSecond !== undefined) return -row.medianRunsPerSecond
  return row.median ?? row.doneMs ?? row.parked?.rssBytes ?? row.p99
}

function lineLabel(row, workload, peers) {
  const peer = peers.find(({ id }) => id === row.peer)
  return `${row.peer === 'runlet' ? '> ' : '  '}${labelOf(row, peer, workload.modes)}`
}

function layOut(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const pad = (cell, column) =>
    column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
  return lines.map((line) => line.map(pad).join('  ').trimEnd())
}

/**
 * @param {object} workload
 * @param {object[]} rows the rows of this workload
 * @param {object[]} peers
 * @returns {string} one block
 */
export function workloadTable(workload, rows, peers) {
  const shown = columns[workload.kind](workload)
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b))
  const good = sorted.filter((row) => row.status === 'ok')
  const bytes = good.find((row) => row.payloadBytes)?.payloadBytes
  const title = bytes
    ? `${workload.title} (${bytes.toLocaleString('en-US')} bytes)`
    : workload.title
  const table = layOut([
    ['  peer', ...shown.map(([heading]) => heading)],
    ...good.map((row) => [lineLabel(row, workload, peers), ...shown.map(([, cell]) => cell(row))]),
  ])
  const failed = sorted
    .filter((row) => row.status !== 'ok')
    .map((row) => `${lineLabel(row, workload, peers)}: ${failures[row.status]}, ${row.error}`)
  return [
    title,
    '-'.repeat(title.length),
    ...(good.length > 0 ? table : []),
    ...failed,
    ...notes(workload, good, peers),
  ].join('\n')
}

/**
 * @param {object} report the whole report
 * @param {object[]} workloads those that were measured
 * @returns {string} the rows in which a peer is ahead of runlet, and those it shares
 */
export function lostRows(report, workloads) {
  const lines = []
  for (const workload of workloads) {
    const rows = report.rows.filter((row) => row.workload === workload.id)
    const ours = rows.find((row) => row.peer === 'runlet')
    if (ours && ours.status !== 'ok' && ours.status !== 'skipped') {
      lines.push(`  ${workload.id}: runlet itself ${failures[ours.status]}, ${ours.error}`)
    }
    const behind = rows.filter((row) => row.verdict === 'behind')
    if (behind.length === 0) continue
    const peers = behind
      .sort((a, b) => a.runletIs.median - b.runletIs.median)
      .map(
        (row) =>
          `${lineLabel(row, workload, report.peers).trim()} ${times(1 / row.runletIs.median)}`,
      )
    lines.push(`  ${workload.id}: ${peers.join(', ')}`)
  }
  const ours = report.peers.find((peer) => peer.id === 'runlet')
  if (ours?.notMeasured !== undefined) return 'runlet was not measured, so there are no ratios.'
  if (lines.length === 0) return 'Rows runlet loses: none of those measured here.'
  return ['Rows runlet loses (peer and how many times faster, by median):', ...lines].join('\n')
}

/**
 * @param {object} report the whole report
 * @returns {string} what was measured on what, and how to read it
 */
export function heading(report) {
  const { machine, idle, peers } = report
  const quick = report.quick ? 'QUICK PASS: a first look, not figures to publish' : undefined
  const wide = Math.max(...peers.map((peer) => peer.name.length))
  return [
    'runlet beside its peers',
    quick,
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, ` +
      `load before ${machine.loadBefore.join(' ')}`,
    `everybody on Node ${machine.node}${report.nodeNote ? ` (${report.nodeNote})` : ''}`,
    machine.bun && `rows "On Bun" on Bun ${machine.bun}`,
    `a 5 ms timer on the idle host keeps ${percent(idle.kept)} of its ticks, ` +
      `longest gap ${figure(idle.longestGapMs)} ms`,
    '',
    ...peers.map((peer) => {
      const flags = peer.flags.length > 0 ? `, started with ${peer.flags.join(' ')}` : ''
      const onBun = peer.notOnBun && machine.bun ? `; not on Bun: ${peer.notOnBun}` : ''
      const state = peer.notMeasured
        ? `not measured: ${peer.notMeasured}`
        : `${peer.version}, ${peer.boundary ?? 'no boundary: same heap as the host'}${flags}${onBun}`
      return `  ${peer.name.padEnd(wide)}  ${state}`
    }),
    '',
    'runlet is: how many times it is ahead, minimum to minimum and (median to median); below 1x',
    `the other is. Within ${EQUAL_WITHIN}x either way counts as equal. * no memory boundary.`,
  ]
    .filter((line) => line !== undefined)
    .join('\n')
}
