/**
 * `npm run bench:workspaces`: runlet's workspaces beside what one would take instead, in one pass.
 *
 *   node bench/workspaces.mjs [--quick] [--only=GROUP,…] [--publish]
 *
 * Every way does the same thing; within a round they take turns. `--publish` writes
 * docs/benchmarks-workspaces.md. ripgrep is found in PATH, or named in RIPGREP.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installPeers } from './lib/install.mjs'
import { describeMachine } from './lib/machine.mjs'
import { watchNeighbours } from './lib/neighbours.mjs'
import { groupNames, page } from './workspaces/page.mjs'
import { findRipgrep } from './workspaces/programs.mjs'
import * as rows from './workspaces/rows.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})
const { quick, publish } = values
const wanted = values.only?.split(',') ?? groupNames
const unknown = wanted.find((name) => !groupNames.includes(name))
if (unknown !== undefined || (publish && values.only !== undefined)) {
  const about = unknown === undefined ? '--publish takes all groups' : `no group ${unknown}`
  process.stderr.write(`${about}; there are ${groupNames.join(', ')}\n`)
  process.exit(2)
}
const say = (line) => process.stderr.write(`${line}\n`)

const { problems } = installPeers(say, [])
for (const problem of Object.values(problems)) say(`not installed: ${problem}`)
const ripgrep = findRipgrep()
if (ripgrep.problem !== undefined) say(`ripgrep: ${ripgrep.problem}`)

const neighbours = watchNeighbours()
const machine = describeMachine(process.execPath)
const how = { quick, say, ripgrep }
const measure = {
  classifier: rows.classifierRows,
  files: rows.fileRows,
  searches: rows.searchRows,
  scripts: rows.scriptRows,
  starts: rows.startRows,
  deadline: rows.deadlineRows,
  memory: rows.memoryRows,
}
const groups = {}
for (const [name, rowsOf] of Object.entries(measure)) {
  if (wanted.includes(name)) groups[name] = await rowsOf(how)
}
const text = page({ machine, others: neighbours.share(), quick, groups })
process.stdout.write(text)
if (publish) {
  writeFileSync(fileURLToPath(new URL('../docs/benchmarks-workspaces.md', import.meta.url)), text)
}
