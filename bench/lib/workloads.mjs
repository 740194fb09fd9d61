/**
 * What is measured. A workload is data: the codelet every peer runs, its input, what the answer
 * must be, the limits it needs and how often it is sampled.
 *
 * `kind` picks the way of measuring: `serial` awaits one run after the other, `throughput` keeps
 * 32 in flight, `loops` starts endless loops together. `modes` pick the adapter's functions:
 * `once` (state no guest ever saw), `warm` (the peer's reuse mode), `native` (its own value path
 * instead of JSON text, where it has one; a row of its own).
 * @module
 */
import { kernels } from './kernels.mjs'
import { recordsOf } from './payload.mjs'

const MIB = 1024 * 1024

/** Limits of a workload that needs nothing special. Every peer gets the same ones. */
const ordinary = {
  timeoutMs: 5000,
  memoryBytes: 64 * MIB,
  payloadBytes: 1 * MIB,
  hostCalls: 256,
}
const roomy = { ...ordinary, timeoutMs: 30_000 }

const double = {
  source: 'async function main(input) { return { result: input.value * 2 } }',
  input: (sample) => ({ value: sample + 1 }),
  check: (value, input) =>
    value?.result === input.value * 2 ? undefined : `expected result ${input.value * 2}`,
}

/** `effort` is per process: samples wanted, and the time after which fewer are enough. */
const quickRuns = { rounds: 3, samples: 400, budgetMs: 2000 }
const slowRuns = { rounds: 2, samples: 40, budgetMs: 2500 }

function jsonIdentity(name, bytes, effort) {
  return {
    id: `json-${name}`,
    group: 'json',
    title: `JSON identity: a ${name.toUpperCase().replace(/(.)$/, ' $1')}B document in and out`,
    kind: 'serial',
    modes: ['once', 'native'],
    unit: 'ms',
    perSample: 1,
    limits: { ...roomy, memoryBytes: 1024 * MIB, payloadBytes: 64 * MIB },
    effort,
    prepare() {
      const payload = recordsOf(bytes)
      return {
        source: 'async function main(input) { return input }',
        input: () => payload.value,
        check: (value) =>
          JSON.stringify(value) === payload.text
            ? undefined
            : 'the document that came back differs from the one that went in',
        note: { payloadBytes: payload.text.length },
      }
    },
  }
}

function hostCalls(id, title, source) {
  const calls = 1000
  return {
    id,
    group: 'host',
    title,
    kind: 'serial',
    modes: ['once'],
    unit: 'µs per call',
    perSample: calls / 1000,
    limits: { ...roomy, hostCalls: calls },
    effort: slowRuns,
    prepare: () => ({
      source,
      input: () => ({ calls }),
      host: { increment: async (x) => x + 1 },
      check: (value) =>
        value === (calls * (calls + 1)) / 2 ? undefined : `expected ${(calls * (calls + 1)) / 2}`,
    }),
  }
}

function kernel(name, title) {
  return {
    id: `cpu-${name}`,
    group: 'cpu',
    title,
    kind: 'serial',
    modes: ['once'],
    unit: 'ms',
    perSample: 1,
    limits: { ...roomy, memoryBytes: 256 * MIB },
    effort: slowRuns,
    async prepare() {
      const source = kernels[name]
      // The host's own engine gives the expected answer, so no checksum is written down here.
      const expected = await new Function(`${source}\nreturn main()`)()
      return {
        source,
        input: () => null,
        check: (value) => (value === expected ? undefined : `expected ${expected}`),
      }
    },
  }
}

/** Every workload, in the order in which it is measured and printed. */
export const workloads = [
  {
    id: 'cold',
    group: 'cold',
    title: 'Cold run: state and source no guest ever saw',
    kind: 'serial',
    modes: ['once'],
    unit: 'ms',
    perSample: 1,
    limits: ordinary,
    effort: quickRuns,
    prepare: () => double,
  },
  {
    id: 'warm',
    group: 'warm',
    title: "Warm run: the peer's reuse mode, same source",
    kind: 'serial',
    modes: ['warm'],
    unit: 'ms',
    perSample: 1,
    limits: ordinary,
    effort: quickRuns,
    prepare: () => double,
  },
  {
    id: 'throughput',
    group: 'throughput',
    title: 'Throughput, 32 in flight, fresh state and unseen source each time',
    kind: 'throughput',
    modes: ['once'],
    limits: ordinary,
    effort: { rounds: 2, inFlight: 32, minMs: 2000, maxMs: 6000, runs: 2000 },
    prepare: () => double,
  },
  {
    id: 'throughput-warm',
    group: 'throughput',
    title: 'Throughput, 32 in flight, reuse mode',
    kind: 'throughput',
    modes: ['warm'],
    limits: ordinary,
    effort: { rounds: 2, inFlight: 32, minMs: 2000, maxMs: 6000, runs: 2000 },
    prepare: () => double,
  },
  jsonIdentity('1k', 1024, quickRuns),
  jsonIdentity('100k', 100 * 1024, { rounds: 2, samples: 100, budgetMs: 2500 }),
  jsonIdentity('1m', MIB, { rounds: 2, samples: 25, budgetMs: 3000 }),
  jsonIdentity('10m', 10 * MIB, { rounds: 1, samples: 8, budgetMs: 6000, fullOnly: true }),
  hostCalls(
    'host-sequential',
    'Host calls, 1,000 awaited one after the other (run included)',
    `async function main(input, host) {
      let sum = 0
      for (let i = 0; i < input.calls; i++) sum += await host.increment(i)
      return sum
    }`,
  ),
  hostCalls(
    'host-parallel',
    'Host calls, 1,000 in one Promise.all (run included)',
    `async function main(input, host) {
      const calls = []
      for (let i = 0; i < input.calls; i++) calls.push(host.increment(i))
      return (await Promise.all(calls)).reduce((sum, x) => sum + x, 0)
    }`,
  ),
  kernel('fib', 'CPU: fib(25), recursive'),
  kernel('sort', 'CPU: sort of 100,000 numbers with a comparator'),
  kernel('json', 'CPU: JSON of 10,000 records, three round trips in the guest'),
  kernel('regex', 'CPU: matchAll and replace over 5,000 addresses'),
  kernel('string', 'CPU: 300,000 appends, scan, 100,000-part join'),
  kernel('sha256', 'CPU: SHA-256 in plain JavaScript, 200,000 bytes'),
  {
    id: 'loops',
    group: 'loops',
    title: 'Runaway loops: while(true){} with a 500 ms deadline, all started at once',
    kind: 'loops',
    modes: ['once'],
    limits: { ...ordinary, timeoutMs: 500 },
    effort: { rounds: 1, runs: 100, runsOnMainThread: 20, fullOnly: true },
    prepare: () => ({
      source: 'async function main() { while (true) {} }',
      input: () => null,
      check: () => 'an endless loop returned',
    }),
  },
]

/**
 * @param {string} id a workload's id
 * @returns {object|undefined} the workload
 */
export const workloadById = (id) => workloads.find((workload) => workload.id === id)

/**
 * Smaller effort for `--quick`: one process per cell and about a tenth of the samples.
 * @param {object} effort a workload's effort
 * @returns {object} the effort of a quick pass
 */
export function quickEffort(effort) {
  return {
    ...effort,
    rounds: 1,
    ...(effort.samples && { samples: Math.min(effort.samples, 40), budgetMs: 500 }),
    ...(effort.inFlight && { minMs: 500, maxMs: 1500, runs: 500 }),
  }
}
