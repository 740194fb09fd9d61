/**
 * `npm run bench`: runlet beside the sandboxes one would pick instead, in one pass.
 *
 * Installs the peers when they are missing, spawns one process per cell, prints a table per
 * workload as it is done, and writes the figures and a chart. See bench/README.md.
 */

import { help, readFlags, UsageError } from './lib/flags.mjs'
import { bunFor, installPeers } from './lib/install.mjs'
import { describeMachine } from './lib/machine.mjs'
import { publish } from './lib/publish.mjs'
import { REPORT_VERSION, writeReport } from './lib/report.mjs'
import { measureIdle, probePeers, runWorkload } from './lib/schedule.mjs'
import { killOpenCells } from './lib/spawn-cell.mjs'
import { heading, lostRows, workloadTable } from './lib/table.mjs'
import { judgeTargets, targetLines, targetSummary } from './lib/targets.mjs'

const print = (text) => process.stdout.write(`${text}\n`)

/** Progress goes to stderr, and only to a terminal may it overwrite itself. */
function say(line) {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${line}` : `${line}\n`)
}

function clearProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K')
}

async function measure(flags) {
  const { node, note, problems } = installPeers(say, flags.workloads)
  const bun = bunFor(flags.workloads)
  const machine = describeMachine(node, bun)
  const { peers: ids, workloads } = flags
  const peers = await probePeers({ ids, workloads, node, bun, problems, say })
  const report = {
    reportVersion: REPORT_VERSION,
    date: new Date().toISOString(),
    command: ['npm run bench', ...process.argv.slice(2)].join(' '),
    quick: flags.quick,
    machine,
    nodeNote: note,
    idle: await measureIdle(node),
    peers: peers.map(({ adapter, ...facts }) => facts),
    rows: [],
    targets: [],
  }
  clearProgress()
  print(heading(report))
  const cells = []
  const record = (cell) => cells.push(cell)
  for (const workload of flags.workloads) {
    const rows = await runWorkload({ workload, peers, node, bun, quick: flags.quick, say, record })
    report.rows.push(...rows)
    const judged = judgeTargets(workload, rows, report.peers)
    report.targets.push(...judged.map((target) => ({ workload: workload.id, ...target })))
    clearProgress()
    print(['', workloadTable(workload, rows, report.peers), ...targetLines(judged)].join('\n'))
  }
  print(`\n${lostRows(report, flags.workloads)}`)
  print(`\n${targetSummary(report)}`)
  const written = writeReport(report, cells, flags, flags.workloads)
  if (flags.page) {
    publish(flags.out, flags.page)
    written.push(flags.page)
  }
  print(`\nwritten: ${written.join(', ')}`)
}

function endEarly(signal) {
  killOpenCells()
  process.exit(signal === 'SIGINT' ? 130 : 143)
}

async function main() {
  const flags = readFlags(process.argv.slice(2))
  if (flags.help) return print(help)
  process.on('SIGINT', endEarly).on('SIGTERM', endEarly)
  await measure(flags)
}

main().catch((error) => {
  killOpenCells()
  process.stderr.write(`${error instanceof UsageError ? error.message : error.stack}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
})
