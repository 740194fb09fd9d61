// Runs every suite and adds up what they say of themselves.
//
//   node scripts/test.mjs [SUITE …]     rust, sanitizer, node, bun, node-processes, bun-processes, container, docker, gondolin; all if none is named
//
// A suite that could not be started, or closed without saying how many tests it ran, is a failure.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBun, noBun } from './bun.mjs'
import { packageScript, root, run } from './command.mjs'
import { filesBelow } from './sources.mjs'
import { addTotals, bunTotals, cargoTotals, finish, jestTotals } from './totals.mjs'

/** A row for a suite that did not come to its own end. */
function broken(note) {
  return { passed: 0, failed: 1, skipped: 0, note, broken: true }
}

/** Makes a row of what a runner said; its exit code has the last word. */
function rowOf(totals, { code, startError }) {
  if (startError) return broken(`could not be started: ${startError.message}`)
  if (!totals) return broken(`ended with exit code ${code} and printed no totals`)
  if (totals.passed + totals.failed + totals.skipped === 0) return broken('ran no test')
  if (code !== 0 && totals.failed === 0) {
    return { ...totals, failed: 1, note: `no test failed, but the exit code is ${code}` }
  }
  return totals
}

async function cargo(args) {
  const ended = await run('cargo', ['test', ...args])
  return rowOf(cargoTotals(ended.output), ended)
}

/** The tests of src/node, the one room that the core build leaves out. */
function nodeRoomHasTests() {
  const files = [
    ...filesBelow(join(root, 'src', 'node.rs')),
    ...filesBelow(join(root, 'src', 'node')),
  ]
  return files.some((file) => /#\[test\]/.test(readFileSync(file, 'utf8')))
}

async function rust() {
  // --no-fail-fast: without it, totals would stop at the first file with a failure.
  const core = await cargo(['--no-default-features', '--no-fail-fast'])
  // Of the virtual bash with the profile it is built with, whose dependencies are there already.
  const bash = await cargo(['--package', 'runlet-bash', '--profile', 'bash', '--no-fail-fast'])
  if (core.broken || bash.broken) return core.broken ? core : bash
  const rows = [core, bash]
  if (nodeRoomHasTests()) rows.push(await cargo(['--lib', '--no-fail-fast', 'node::']))
  const note = rows
    .map((row) => row.note)
    .filter(Boolean)
    .join('; ')
  return { ...addTotals(rows), ...(note ? { note } : {}) }
}

/** A script of its own, which leaves its row in a file. */
async function script(name) {
  const folder = mkdtempSync(join(tmpdir(), `runlet-${name}-`))
  const report = join(folder, 'totals')
  try {
    const args = [join(root, 'scripts', `${name}.mjs`)]
    const ended = await run(process.execPath, args, { env: { RUNLET_TOTALS: report } })
    if (!existsSync(report)) return rowOf(undefined, ended)
    const { runner, seconds, ...row } = JSON.parse(readFileSync(report, 'utf8'))
    return rowOf(row, ended)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function node(paths = [], env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'runlet-jest-'))
  const report = join(folder, 'report.json')
  try {
    const args = [packageScript('jest', 'jest'), '--json', `--outputFile=${report}`, ...paths]
    const ended = await run(process.execPath, args, { env })
    let text = ''
    try {
      text = readFileSync(report, 'utf8')
    } catch {
      // No report: Jest never came to its end, which the missing totals say.
    }
    return rowOf(jestTotals(text), ended)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function bun(path = './__test__', env = {}) {
  const found = findBun()
  if (!found) return broken(noBun())
  const ended = await run(found.path, ['test', '--timeout', '30000', path], { env })
  return rowOf(bunTotals(ended.output), ended)
}

/** The tests of codelets once more, with runs in processes where a test does not say otherwise. */
function inProcesses(start) {
  // Elsewhere there are no such processes.
  return process.platform === 'linux'
    ? start()
    : { passed: 0, failed: 0, skipped: 1, note: 'there are none on this platform' }
}

const nodeInProcesses = () => node(['__test__/codelet/'], { RUNLET_TEST_ISOLATION: 'process' })

/** What jest.config.cjs does for Jest; scripts that tests start inherit it. */
function bunInProcesses() {
  const preloaded = join(root, '__test__', 'isolation', 'in-processes.cjs')
  return bun('./__test__/codelet/', { BUN_OPTIONS: JSON.stringify(`--preload=${preloaded}`) })
}

const suites = {
  rust: { title: 'Rust (cargo test)', start: rust },
  sanitizer: {
    title: 'Rust and the engine under AddressSanitizer',
    start: () => script('sanitize'),
  },
  node: { title: `Jest on Node ${process.versions.node}`, start: () => node() },
  bun: { title: `the same files on Bun ${findBun()?.version ?? ''}`.trim(), start: () => bun() },
  'node-processes': {
    title: 'the tests of codelets on Node, in processes',
    row: 'node, in processes',
    start: () => inProcesses(nodeInProcesses),
  },
  'bun-processes': {
    title: 'the tests of codelets on Bun, in processes',
    row: 'bun, in processes',
    start: () => inProcesses(bunInProcesses),
  },
  container: {
    title: 'the tests of the sandbox as in a container',
    start: () => script('container'),
  },
  docker: { title: 'workspaces in containers, on a real engine', start: () => script('docker') },
  gondolin: {
    title: 'workspaces in micro-VMs, on real machines',
    start: () => script('gondolin'),
  },
}

async function main() {
  const named = process.argv.slice(2)
  const unknown = named.find((name) => !Object.hasOwn(suites, name))
  if (unknown !== undefined) {
    console.error(`unknown suite "${unknown}"; there are ${Object.keys(suites).join(', ')}`)
    process.exitCode = 2
    return
  }
  const rows = []
  for (const name of named.length > 0 ? named : Object.keys(suites)) {
    const { title, start } = suites[name]
    console.log(`\n== ${title}`)
    const started = Date.now()
    const row = await start()
    rows.push({ runner: suites[name].row ?? name, ...row, seconds: (Date.now() - started) / 1000 })
  }
  compareCounts(rows)
  finish(rows)
}

/** Jest and Bun run the same files: their counts stand beside each other. */
function compareCounts(rows) {
  const [jest, other] = ['node', 'bun'].map((name) => rows.find((row) => row.runner === name))
  if (!jest || !other || jest.broken || other.broken) return
  const count = (row) => row.passed + row.failed + row.skipped
  const same = count(jest) === count(other) ? 'equal' : 'NOT equal'
  console.log(`\ntests counted: Jest ${count(jest)}, Bun ${count(other)} (${same})`)
}

await main()
