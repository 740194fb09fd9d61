/**
 * What a call costs when the codelet does next to nothing: empty, cold, warm, and many at once.
 * @module
 */
import { figure } from '../figures.mjs'
import { aheadOf, atMostReference, figureIs } from '../targets.mjs'
import { double, ordinary, quickRuns } from './limits.mjs'

const roundTrip = {
  id: 'round-trip',
  group: 'round-trip',
  title: 'Bare round trip: an empty call to another thread and back',
  kind: 'serial',
  modes: ['ping'],
  unit: 'ms',
  perSample: 1,
  limits: ordinary,
  effort: { rounds: 3, samples: 4000, budgetMs: 2000 },
  prepare: () => ({
    source: '',
    input: () => undefined,
    check: (value) => (value === undefined ? undefined : 'expected nothing'),
  }),
}

const cold = {
  id: 'cold',
  group: 'cold',
  title: 'Cold run: state and source no guest ever saw',
  kind: 'serial',
  modes: ['once'],
  references: ['ping', 'warm'],
  unit: 'ms',
  perSample: 1,
  limits: ordinary,
  effort: quickRuns,
  targets: [atMostReference(3, 'warm')],
  prepare: () => double,
}

const warm = {
  id: 'warm',
  group: 'warm',
  title: 'Warm run: same source, in the reuse mode or in a fresh state',
  kind: 'serial',
  modes: ['warm', 'fresh'],
  references: ['ping'],
  unit: 'ms',
  perSample: 1,
  limits: ordinary,
  effort: quickRuns,
  targets: [
    atMostReference(5, 'ping'),
    aheadOf(25, 'quickjs-emscripten', 'fresh', 'quickjs-emscripten, fresh runtime and context'),
    aheadOf(100, 'isolated-vm', 'fresh', 'isolated-vm, fresh isolate and context'),
    aheadOf(300, 'run', 'fresh', 'run'),
  ],
  prepare: () => double,
}

const IN_FLIGHT = 64

const throughput = {
  kind: 'throughput',
  group: 'throughput',
  limits: ordinary,
  effort: {
    rounds: 2,
    inFlight: IN_FLIGHT,
    idleMs: 1000,
    minMs: 2000,
    maxMs: 6000,
    runs: 2000,
    serialSamples: 500,
    serialMs: 500,
  },
  prepare: () => double,
}

const ticksKept = figureIs('at least 95 % of the ticks kept', 'at least', 0.95, 'share', (row) => ({
  value: row.ticksKept,
  detail: `idle in the same process: ${Math.round(row.idleTicksKept * 100)} %`,
}))

const perCall = figureIs('per call at most 1x a warm run by itself', 'at most', 1, 'x', (row) => ({
  value: row.perCallMs / row.serialMs,
  detail: `${figure(row.perCallMs * 1000)} µs to ${figure(row.serialMs * 1000)} µs`,
}))

/** The same call on Bun, as a workload of its own. */
const onBun = (workload) => ({
  ...workload,
  effort: { ...workload.effort, rounds: 2 },
  id: `bun-${workload.id}`,
  group: 'bun',
  runtime: 'bun',
  title: `On Bun. ${workload.title}`,
})

export const calls = [
  roundTrip,
  cold,
  warm,
  {
    ...throughput,
    id: 'throughput',
    title: `Throughput, ${IN_FLIGHT} in flight, fresh state and unseen source each time`,
    modes: ['once'],
  },
  {
    ...throughput,
    id: 'throughput-warm',
    title: `Throughput, ${IN_FLIGHT} in flight, reuse mode`,
    modes: ['warm'],
    targets: [perCall, ticksKept],
  },
]

export const callsOnBun = [onBun(roundTrip), onBun(cold), onBun(warm)]
