// Runs every conformance script in the virtual shell, on each of its engines, says where they differ from
// the recorded bash, and writes that down: docs/bash-conformance.md for readers, known-good.json for the
// test.
//
//   node scripts/conformance.mjs [--check] [--peers FOLDER]
//
//   --check          writes nothing and only prints
//   --peers FOLDER   measures other shells too, plain: just-bash, and @everruns/bashkit, which must be
//                    installed in the folder; what was measured of them last is kept otherwise

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from './command.mjs'
import { difference, document } from './conformance/document.mjs'
import { ownEngines, peers } from './conformance/engines.mjs'

const folder = join(root, '__test__', 'workspace', 'fixtures', 'conformance')
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const write = (name, value) =>
  writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`)
const { bash, programs } = read('recorded.json')
/** Scores of other shells are those of these programs. */
const recording = createHash('sha256').update(JSON.stringify(programs)).digest('hex').slice(0, 16)

/** A shell that never answers fails the program; the timer also keeps this process here meanwhile. */
async function within(ms, work) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it did not end')), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

async function measure(engine) {
  const shell = await engine.open()
  const rows = []
  try {
    for (const [index, program] of programs.entries()) {
      const failed = (error) => ({ out: '', err: String(error?.message ?? error), code: -1 })
      const got = await within(30_000, shell.run(program, index)).catch(failed)
      rows.push({ ...program, got, good: got.out === program.out && got.code === program.code })
    }
  } finally {
    await shell.close()
  }
  const good = rows.filter((row) => row.good).length
  const crashes = shell.crashes?.() ?? 0
  const ended = crashes > 0 ? `; ${crashes} ended its process` : ''
  console.log(`${engine.title}: ${good} of ${rows.length} as bash ${bash} does it${ended}`)
  return { ...engine, rows, crashes }
}

async function measurePeers() {
  const at = process.argv.indexOf('--peers')
  if (at < 0) {
    const kept = existsSync(join(folder, 'peers.json')) ? read('peers.json') : {}
    return kept.recording === recording ? kept.peers : []
  }
  const given = process.argv[at + 1]
  if (given === undefined) throw new Error('--peers needs the folder that they are installed in')
  const measured = []
  for (const peer of peers(resolve(given))) {
    const { title, rows, crashes } = await measure(peer)
    measured.push({ title, equal: rows.filter((row) => row.good).length, crashes })
  }
  return measured
}

const measured = []
for (const engine of ownEngines()) measured.push(await measure(engine))
for (const { key, rows } of measured)
  for (const row of rows) if (!row.good) console.log(`${key}: ${row.name}: ${difference(row)}`)
const others = await measurePeers()
if (!process.argv.includes('--check')) {
  if (measured.length < 2) throw new Error('the native engine is not built: npm run build:bash')
  const names = (rows) => rows.filter((row) => row.good).map(({ name }) => name)
  write('known-good.json', Object.fromEntries(measured.map(({ key, rows }) => [key, names(rows)])))
  write('peers.json', { recording, peers: others })
  const text = document({ bash, programs, measured, peers: others })
  writeFileSync(join(root, 'docs', 'bash-conformance.md'), text)
}
// Engines of others may keep threads of their own.
process.exit()
