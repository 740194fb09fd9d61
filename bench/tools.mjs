/**
 * `npm run bench:tools`: runlet's tool runtime beside the plain ways to run a tool, in one pass.
 *
 *   node bench/tools.mjs [--quick] [--publish]
 *
 * Every way runs the same tool on the same input; within a round they take turns. `--publish` writes
 * docs/benchmarks-tools.md.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findBun, noBun } from '../scripts/bun.mjs'
import { installPeers } from './lib/install.mjs'
import { describeMachine } from './lib/machine.mjs'
import { inTurns } from './tools/measure.mjs'
import { page } from './tools/page.mjs'
import { ways } from './tools/ways.mjs'

const known = new Set(['--quick', '--publish'])
const given = new Set(process.argv.slice(2))
for (const flag of given) {
  if (!known.has(flag)) {
    process.stderr.write(`unknown flag ${flag}; there are ${[...known].join(', ')}\n`)
    process.exit(2)
  }
}
const quick = given.has('--quick')
const say = (line) => process.stderr.write(`${line}\n`)

/** Payload sizes and rounds. */
const rows = [
  { id: '1k', title: '1 KB in and out', bytes: 1024, rounds: quick ? 4 : 16 },
  { id: '1m', title: '1 MB in and out', bytes: 1 << 20, rounds: quick ? 2 : 4 },
  { id: '10m', title: '10 MB in and out', bytes: 10 << 20, rounds: quick ? 1 : 2 },
]

const { problems } = installPeers(say, [])
for (const problem of Object.values(problems)) say(`not installed: ${problem}`)
const bun = findBun()
if (bun === undefined) {
  say(noBun())
  process.exit(1)
}
const all = ways({ bun: bun.path, node: process.execPath })
const report = { machine: describeMachine(process.execPath, bun), quick, rows: [], host: [] }
for (const row of rows) {
  say(`measuring ${row.title} ...`)
  report.rows.push({ ...row, ways: await inTurns(all, row.bytes, row.rounds) })
}
for (const mib of [0, 1024]) {
  say(`measuring a host of ${mib} MiB ...`)
  const script = fileURLToPath(new URL('tools/big-host.mjs', import.meta.url))
  const args = [script, bun.path, String(mib), quick ? '10' : '40']
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  report.host.push({ mib, ...JSON.parse(stdout) })
}
const text = page(report, all)
process.stdout.write(text)
if (given.has('--publish')) {
  writeFileSync(fileURLToPath(new URL('../docs/benchmarks-tools.md', import.meta.url)), text)
}
