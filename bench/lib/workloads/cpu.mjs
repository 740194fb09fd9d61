/**
 * CPU-bound work inside the guest, where only the engine counts.
 * @module
 */
import { kernels } from '../kernels.mjs'
import { atMostBest } from '../targets.mjs'
import { MIB, roomy, slowRuns } from './limits.mjs'

const isQuickJs = (peer) => peer.id !== 'runlet' && peer.engine === 'quickjs'

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
    targets: [atMostBest(1, 'the fastest other QuickJS build', isQuickJs)],
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

export const cpu = [
  kernel('fib', 'CPU: fib(25), recursive'),
  kernel('sort', 'CPU: sort of 100,000 numbers with a comparator'),
  kernel('json', 'CPU: JSON of 10,000 records, three round trips in the guest'),
  kernel('regex', 'CPU: matchAll and replace over 5,000 addresses'),
  kernel('string', 'CPU: 300,000 appends, scan, 100,000-part join'),
  kernel('sha256', 'CPU: SHA-256 in plain JavaScript, 200,000 bytes'),
]
