/**
 * Limits and efforts that several workloads share. Every peer gets the same limits.
 * @module
 */
export const MIB = 1024 * 1024

/** Limits of a workload that needs nothing special. */
export const ordinary = {
  timeoutMs: 5000,
  memoryBytes: 64 * MIB,
  payloadBytes: 1 * MIB,
  hostCalls: 256,
}

export const roomy = { ...ordinary, timeoutMs: 30_000 }

/** `effort` is per process: samples wanted, and the time after which fewer are enough. */
export const quickRuns = { rounds: 3, samples: 1000, budgetMs: 2000 }
export const slowRuns = { rounds: 2, samples: 40, budgetMs: 1500 }

/** The codelet of every row that is about the call and not about the work. */
export const double = {
  source: 'async function main(input) { return { result: input.value * 2 } }',
  input: (sample) => ({ value: sample + 1 }),
  check: (value, input) =>
    value?.result === input.value * 2 ? undefined : `expected result ${input.value * 2}`,
}
