/**
 * One cell: one peer, one workload, one process. Started by spawn-cell.mjs with its orders as
 * JSON in the first argument; says on file descriptor 3, in JSON lines, at what it is and at the
 * end what came of it.
 * @module
 */
import { writeSync } from 'node:fs'
import { idle, loops, serial, throughput } from './measure.mjs'
import { memory } from './measure-memory.mjs'
import { oneLiners } from './measure-one-liners.mjs'
import { NotAvailableError } from './not-available.mjs'
import { loadAdapter, runFunctions } from './peers.mjs'
import { workloadById } from './workloads.mjs'

const kinds = { serial, throughput, loops, memory, 'one-liners': oneLiners }

function send(message) {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`)
  let written = 0
  while (written < bytes.length) written += writeSync(3, bytes, written)
}

/** Answers and ends at once: a peer's threads must not decide when a cell is over. */
function answer(message) {
  send(message)
  process.exit(0)
}

async function probe(adapter) {
  const limits = workloadById('cold').limits
  const session = await adapter.setup(limits)
  const source = 'async function main(input) { return input.value * 2 }'
  const value = await adapter.runOnce(session, { source, input: { value: 21 } })
  if (value !== 42) throw new Error(`a trial run gave ${JSON.stringify(value)} instead of 42`)
  await adapter.teardown?.(session)
  return { version: await adapter.version() }
}

async function measure(adapter, orders) {
  const workload = workloadById(orders.workload)
  const job = await workload.prepare()
  send({ stage: 'set-up' })
  const setupStartedAt = performance.now()
  const session = await adapter.setup(workload.limits)
  const setupMs = performance.now() - setupStartedAt
  send({ stage: 'measuring' })
  const runFunction = runFunctions[orders.mode]
  const result = await kinds[workload.kind]({
    run: (codelet) => adapter[runFunction](session, codelet),
    job,
    mode: orders.mode,
    effort: orders.effort,
    isTimeout: adapter.isTimeout,
    onMainThread: adapter.onMainThread,
    references: adapter.hasReferences ? (workload.references ?? []) : [],
    holdIdle: adapter.holdIdle && ((park) => adapter.holdIdle(session, park)),
    parkedAtMost: adapter.parkedAtMost,
  })
  return { setupMs, note: job.note, ...result }
}

async function main() {
  const orders = JSON.parse(process.argv[2])
  if (orders.task === 'idle') return idle(orders)
  const loadStartedAt = performance.now()
  const adapter = await loadAdapter(orders.peer)
  await adapter.load()
  const loadMs = performance.now() - loadStartedAt
  if (orders.task === 'probe') return probe(adapter)
  return { loadMs, ...(await measure(adapter, orders)) }
}

// A sandbox may reject a promise nobody holds; that is its own business, not the cell's end.
process.on('unhandledRejection', () => {})

const firstLine = (error) => String(error?.message ?? error).split('\n')[0]

main().then(
  (result) => answer({ ok: true, ...result }),
  (error) => {
    const cause = error?.cause ? ` (${firstLine(error.cause)})` : ''
    const status = error instanceof NotAvailableError ? 'skipped' : 'error'
    answer({ ok: false, status, error: firstLine(error) + cause })
  },
)
