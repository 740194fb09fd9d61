/**
 * Calls of host functions from within one run.
 * @module
 */
import { atMostReference } from '../targets.mjs'
import { roomy, slowRuns } from './limits.mjs'

const CALLS = 1000

function hostCalls(id, title, targets, source) {
  return {
    id,
    group: 'host',
    title,
    kind: 'serial',
    modes: ['once'],
    references: ['ping'],
    unit: 'µs per call',
    perSample: CALLS / 1000,
    calls: CALLS,
    limits: { ...roomy, hostCalls: CALLS },
    effort: slowRuns,
    targets,
    prepare: () => ({
      source,
      input: () => ({ calls: CALLS }),
      host: { increment: async (x) => x + 1 },
      check: (value) =>
        value === (CALLS * (CALLS + 1)) / 2 ? undefined : `expected ${(CALLS * (CALLS + 1)) / 2}`,
    }),
  }
}

export const hosts = [
  hostCalls(
    'host-sequential',
    'Host calls, 1,000 awaited one after the other (run included)',
    [atMostReference(3, 'ping')],
    `async function main(input, host) {
      let sum = 0
      for (let i = 0; i < input.calls; i++) sum += await host.increment(i)
      return sum
    }`,
  ),
  hostCalls(
    'host-parallel',
    'Host calls, 1,000 in one Promise.all (run included)',
    [atMostReference(1, 'ping')],
    `async function main(input, host) {
      const calls = []
      for (let i = 0; i < input.calls; i++) calls.push(host.increment(i))
      return (await Promise.all(calls)).reduce((sum, x) => sum + x, 0)
    }`,
  ),
]
