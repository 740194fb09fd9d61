// Proves the package as users get it: packs it and its platform package, installs both into fresh
// folders without install scripts, and uses them from every runtime and module form we promise.
//
//   node scripts/smoke.mjs
//
// Tools that are not part of the everyday set (other Node versions, Deno, an old TypeScript, publint,
// attw) are fetched from the npm registry once; one that cannot be had is skipped with its reason.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkBudgets } from './smoke/budgets.mjs'
import { consumers } from './smoke/consumers.mjs'
import { installInto, packAll } from './smoke/pack.mjs'
import { addTotals, finish } from './totals.mjs'

const rows = []

/** Runs one check; `body` throws to fail, or returns `{ skip }` or a note. */
async function check(runner, body) {
  const started = Date.now()
  const row = { runner, passed: 0, failed: 0, skipped: 0 }
  try {
    const result = await body()
    if (result?.skip) {
      row.skipped = 1
      row.note = result.skip
    } else {
      row.passed = 1
      if (typeof result === 'string') row.note = result
    }
  } catch (error) {
    row.failed = 1
    row.note = error.message.split('\n')[0]
    console.log(`\n${runner} failed:\n${error.message}\n`)
  }
  row.seconds = (Date.now() - started) / 1000
  const word = row.failed ? 'FAILED' : row.skipped ? 'skipped' : 'ok'
  console.log(`  ${word.padEnd(8)}${runner}${row.note ? `: ${row.note}` : ''}`)
  rows.push(row)
}

async function main() {
  console.log('== the packed package in fresh folders')
  const folder = mkdtempSync(join(tmpdir(), 'runlet-package-'))
  try {
    let packed
    await check('pack', () => {
      packed = packAll(folder)
      return `${packed.main.name}, ${packed.platform.name}`
    })
    if (packed) {
      for (const [name, body] of checkBudgets(packed)) await check(name, body)
      let project
      await check('install without scripts', () => {
        project = installInto(join(folder, 'project'), [packed.main, packed.platform])
        return project.summary
      })
      if (project) {
        for (const [name, body] of consumers({ folder, packed, project })) await check(name, body)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  // One row for the larger table; each check was printed as it ended.
  const named = (key) => rows.filter((row) => row[key] > 0).map((row) => row.runner)
  const notes = ['failed', 'skipped'].filter((key) => named(key).length > 0)
  finish([
    {
      runner: 'package',
      ...addTotals(rows),
      seconds: rows.reduce((sum, row) => sum + row.seconds, 0),
      note: notes.map((key) => `${key}: ${named(key).join(', ')}`).join('; '),
    },
  ])
}

await main()
