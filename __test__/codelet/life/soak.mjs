// The short form of `npm run test:soak`: 20,000 runs of every kind, each outcome checked; memory,
// threads and open files stay.
import assert from 'node:assert/strict'
import { kinds } from '../../../scripts/soak/kinds.mjs'
import { soak } from '../../../scripts/soak/soak.mjs'

const RUNS = 20_000
// Wider than in the long form: so early, the host's own heap still grows.
const report = await soak({ runs: RUNS, seed: 1, maxGrowthMiB: 64 })
for (const name of Object.keys(kinds)) {
  assert.ok(Object.keys(report.codes[name]).length > 0, `no run was of the kind "${name}"`)
}
for (const kind of ['interrupts', 'hardKills']) {
  assert.ok(
    report.stats.some((stats) => stats[kind] > 0),
    `no ${kind}`,
  )
}
process.stdout.write('pass\n')
