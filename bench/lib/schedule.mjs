/**
 * The order of one pass: workload by workload, round by round, the peers in turns, one cell at a
 * time. Within a round every peer meets the machine in the same mood.
 * @module
 */
import { loadAdapter, runFunctions } from './peers.mjs'
import { spawnCell } from './spawn-cell.mjs'
import { compare, median, summarise } from './statistics.mjs'
import { quickEffort, workloadById } from './workloads.mjs'

const PROBE_LIMIT_MS = 60_000

/** A cell may take this long beyond its own budget before it counts as hanging. */
const GRACE_MS = 90_000

function cellLimitMs({ effort, kind }) {
  if (kind === 'loops') return GRACE_MS + 60_000
  return GRACE_MS + (effort.maxMs ?? effort.budgetMs)
}

/** Who is measured how: most have no second value path and some no reuse mode. */
function entriesOf(workload, peers) {
  const entries = []
  for (const { id, flags, adapter, ...peer } of peers) {
    if (workload.runtime === 'bun' ? peer.notOnBun : peer.notMeasured) continue
    if (!takesPart(workload, id, adapter)) continue
    for (const mode of workload.modes) {
      if (hasMode(workload, adapter, mode)) entries.push({ id, flags, mode, cells: [] })
    }
  }
  return entries
}

function takesPart(workload, id, adapter) {
  if (workload.onlyPeers && !workload.onlyPeers.includes(id)) return false
  if (workload.onlyWithBoundary && !adapter.boundary) return false
  if (adapter.onlyGroups && !adapter.onlyGroups.includes(workload.group)) return false
  return !adapter.onlyWorkloads || adapter.onlyWorkloads.includes(workload.id)
}

function hasMode({ valueKind }, adapter, mode) {
  if (!adapter[runFunctions[mode]]) return false
  // Where the reuse mode is a fresh state already, it would be the same row twice; without a
  // boundary no state is fresh.
  if (mode === 'fresh') return adapter.boundary && adapter.runOnce !== adapter.runWarm
  if (mode !== 'native') return true
  return !adapter.nativeKinds || adapter.nativeKinds.includes(valueKind)
}

async function chooseFlags(id, adapter, node, effort) {
  if (!adapter.launchFlags) return []
  const tried = []
  for (const flags of adapter.launchFlags) {
    const orders = { task: 'measure', peer: id, workload: 'cold', mode: 'once', effort }
    const cell = await spawnCell(node, flags, orders, PROBE_LIMIT_MS)
    if (cell.status === 'ok') tried.push({ flags, medianMs: median(cell.samplesMs) })
  }
  tried.sort((a, b) => a.medianMs - b.medianMs)
  return tried[0]?.flags ?? adapter.launchFlags[0]
}

/** Why a probe did not end well, in a line. */
const complaintOf = (probe, problem) =>
  [probe.status === 'hang' && 'HANG', probe.error, problem].filter(Boolean).join('; ')

/** Why a peer cannot take part on Bun; `undefined` when it can, or nobody asked. */
async function notOnBun(id, adapter, bun) {
  if (bun === undefined || adapter.onlyGroups) return undefined
  if (bun.problem) return bun.problem
  const probe = await spawnCell(bun.path, [], { task: 'probe', peer: id }, PROBE_LIMIT_MS)
  return probe.status === 'ok' ? undefined : complaintOf(probe)
}

/**
 * Loads every peer once in a process of its own and gives it a trial run, and once more on Bun when
 * that is wanted.
 * @returns {Promise<object[]>} one entry per peer; `notMeasured` says why one cannot take part, and
 *   `notOnBun` why not there
 */
export async function probePeers({ ids, workloads, node, bun, problems, say }) {
  const peers = []
  for (const id of ids) {
    const adapter = await loadAdapter(id)
    if (!workloads.some((workload) => takesPart(workload, id, adapter))) continue
    const probe = await spawnCell(node, [], { task: 'probe', peer: id }, PROBE_LIMIT_MS)
    const usable = probe.status === 'ok'
    const effort = quickEffort(workloadById('cold').effort)
    const flags = usable ? await chooseFlags(id, adapter, node, effort) : []
    const problem = problems[adapter.pythonPackage ?? 'npm']
    peers.push({
      id,
      name: adapter.name,
      version: probe.version,
      boundary: adapter.boundary ?? null,
      engine: adapter.engine,
      onlyGroups: adapter.onlyGroups,
      onMainThread: adapter.onMainThread,
      warmGivesUp: adapter.warmGivesUp ?? null,
      flags,
      notMeasured: usable ? undefined : complaintOf(probe, id !== 'runlet' && problem),
      notOnBun: usable ? await notOnBun(id, adapter, bun) : 'not measured on Node either',
      adapter,
    })
    say(`${adapter.name}: ${usable ? (probe.version ?? 'ready') : 'not measured'}`)
  }
  return peers
}

/** The timer of an idle host, to read the kept ticks against. */
export async function measureIdle(node) {
  const cell = await spawnCell(node, [], { task: 'idle', effort: { minMs: 2000 } }, PROBE_LIMIT_MS)
  return cell.heartbeat
}

/**
 * Runs every cell of one workload and compares the rows.
 * @returns {Promise<object[]>} its rows, in the order of `peers`
 */
export async function runWorkload({ workload, peers, node, bun, quick, say, record }) {
  const onBun = workload.runtime === 'bun'
  const effort = quick ? quickEffort(workload.effort) : workload.effort
  const limitMs = cellLimitMs({ effort, kind: workload.kind })
  const entries = entriesOf(workload, peers)
  for (let round = 1; round <= effort.rounds; round++) {
    for (const { id, flags, mode, cells } of entries) {
      if (cells.some((cell) => cell.status !== 'ok')) continue // once is enough
      say(`${workload.id}, round ${round} of ${effort.rounds}: ${id}`)
      const orders = { task: 'measure', peer: id, workload: workload.id, mode, effort }
      const cell = onBun
        ? await spawnCell(bun.path, [], orders, limitMs)
        : await spawnCell(node, [...flags, ...(workload.flags ?? [])], orders, limitMs)
      cells.push(cell)
      record({ workload: workload.id, peer: id, mode, round, ...cell })
    }
  }
  const rows = entries.map(({ id, mode, cells }) => summarise(workload, id, mode, cells))
  compare(workload, rows)
  return rows
}
