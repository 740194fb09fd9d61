/**
 * What is measured. A workload is data: the codelet every peer runs, its input, what the answer
 * must be, the limits it needs, how often it is sampled, and the targets of runlet's own row.
 *
 * `kind` picks the way of measuring: `serial` awaits one run after the other, `throughput` keeps
 * 64 in flight, `loops` starts endless loops together, `one-liners` runs the hostile corpus,
 * `memory` looks at the process. `modes` pick the adapter's functions: `once` (state no guest ever
 * saw), `warm` (the peer's reuse mode), `fresh` (as `once`, but the same text each time), `native`
 * (its own value path instead of JSON text, where it has one), `ping` (an empty call). Each mode is
 * a row of its own. `references` are measured in turns with runlet's row, in its process.
 * @module
 */
import { calls, callsOnBun } from './workloads/calls.mjs'
import { cpu } from './workloads/cpu.mjs'
import { hosts } from './workloads/host-calls.mjs'
import { hostile } from './workloads/hostile.mjs'
import { memory } from './workloads/memory.mjs'
import { values } from './workloads/values.mjs'

/** Every workload, in the order in which it is measured and printed. */
export const workloads = [
  ...calls,
  ...callsOnBun,
  ...values,
  ...hosts,
  ...cpu,
  ...memory,
  ...hostile,
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
    ...(effort.samples && { samples: Math.min(effort.samples, 200), budgetMs: 500 }),
    ...(effort.idleMs && { idleMs: 500 }),
    ...(effort.inFlight && { minMs: 500, maxMs: 1500, runs: 500, serialMs: 200 }),
  }
}
