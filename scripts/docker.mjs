// Runs the tests of containers on a real engine.
//
//   node scripts/docker.mjs [--podman] [--install] [FILE …]     see scripts/docker-engine.mjs
//
// Without an engine the row says why it was skipped; where CI is set that is a failure, and what is
// missing is fetched.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageScript, run } from './command.mjs'
import { engineVariables, startEngine } from './docker-engine.mjs'
import { finish, jestTotals } from './totals.mjs'

async function tests(engine, files) {
  const folder = mkdtempSync(join(tmpdir(), 'runlet-jest-'))
  const report = join(folder, 'report.json')
  const paths = files.length > 0 ? files : ['__test__/docker/']
  try {
    const jest = [packageScript('jest', 'jest'), '--runInBand', '--json', `--outputFile=${report}`]
    const { code } = await run(process.execPath, [...jest, ...paths], {
      env: engineVariables(engine),
    })
    const totals = jestTotals(readFileSync(report, 'utf8'))
    if (totals === undefined || totals.passed + totals.failed === 0) {
      return { passed: 0, failed: 1, skipped: 0, note: `ended with exit code ${code}` }
    }
    return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function main() {
  const args = process.argv.slice(2)
  const ci = Boolean(process.env.CI)
  const kind = args.includes('--podman') ? 'podman' : 'docker'
  const started = Date.now()
  const engine = await startEngine({ kind, install: ci || args.includes('--install') })
  let row
  if (engine.why === undefined) {
    try {
      row = await tests(
        engine,
        args.filter((word) => !word.startsWith('--')),
      )
    } finally {
      await engine.stop()
    }
  } else {
    console.log(engine.why)
    const counts = ci ? { failed: 1, skipped: 0 } : { failed: 0, skipped: 1 }
    row = { passed: 0, ...counts, note: engine.why.split('\n')[0] }
  }
  finish([{ runner: kind, ...row, seconds: (Date.now() - started) / 1000 }])
}

await main()
