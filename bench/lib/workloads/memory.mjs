/**
 * What a sandbox holds while it does nothing.
 * @module
 */
import { MIB, ordinary } from './limits.mjs'

export const memory = [
  {
    id: 'memory',
    group: 'memory',
    title: 'Memory: of one idle sandbox, and of one codelet that waits for the host',
    kind: 'memory',
    modes: ['once'],
    limits: { ...ordinary, timeoutMs: 60_000, memoryBytes: 16 * MIB, parkedRuns: 1000 },
    effort: { rounds: 2, parkedRuns: 1000, settleMs: 300, budgetMs: 30_000 },
    flags: ['--expose-gc'],
    prepare: () => ({
      source: 'async function main(input, host) { return await host.wait(input) }',
      input: (sample) => sample,
      check: (value, input) => (value === input ? undefined : `expected ${input}`),
    }),
  },
]
