/**
 * Codelets that do not want to end, and what the host notices of them.
 * @module
 */
import { figureIs } from '../targets.mjs'
import { ordinary } from './limits.mjs'

const ended = figureIs('all loops ended', 'at least', 1, 'share', (row) => ({
  value: row.stopped / row.n,
  detail: `${row.stopped} of ${row.n}`,
}))
const ticksKept = figureIs('at least 95 % of the ticks kept', 'at least', 0.95, 'share', (row) => ({
  value: row.ticksKept,
  detail: `idle in the same process: ${Math.round(row.idleTicksKept * 100)} %`,
}))
const longestGap = figureIs(
  'longest gap between two ticks at most 20 ms',
  'at most',
  20,
  'ms',
  (row) => ({
    value: row.longestGapMs,
  }),
)

export const hostile = [
  {
    id: 'loops',
    group: 'loops',
    title: 'Runaway loops: while(true){} with a 500 ms deadline, all started at once',
    kind: 'loops',
    modes: ['once'],
    limits: { ...ordinary, timeoutMs: 500 },
    effort: { rounds: 1, runs: 100, runsOnMainThread: 20, idleMs: 1000, fullOnly: true },
    targets: [ended, ticksKept, longestGap],
    prepare: () => ({
      source: 'async function main() { while (true) {} }',
      input: () => null,
      check: () => 'an endless loop returned',
    }),
  },
  {
    id: 'one-liners',
    group: 'loops',
    title: 'Hostile one-liners: how long after its 50 ms deadline each ends',
    kind: 'one-liners',
    modes: ['once'],
    onlyPeers: ['runlet'],
    limits: { ...ordinary, timeoutMs: 50 },
    effort: { rounds: 1, budgetMs: 120_000, fullOnly: true },
    targets: [
      figureIs('p99 at most 50 ms past the deadline', 'at most', 50, 'ms', (row) => ({
        value: row.p99,
      })),
    ],
    prepare: () => ({ source: '', input: () => null, check: () => undefined }),
  },
]
