// Tests `runlet/gondolin` on real machines: builds a guest from package registries alone if there is none,
// boots it without acceleration and runs scripts/gondolin-guest-test.mjs there, with a Node that is new enough.
//
//   RUNLET_TEST_GONDOLIN=1 node scripts/gondolin.mjs [--install] [--kit]
//
// Without that variable, and where the machine cannot, it says why and tests nothing. --install has apt-get
// fetch what is missing; --kit adds the conformance kit, which takes many minutes. Where CI is set, what is
// missing is fetched.
// GONDOLIN_GUEST_DIR names another guest; RUNLET_GONDOLIN_FOLDER where what is fetched and built is kept.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './command.mjs'
import { gondolinPlace, runThere, tryKit } from './gondolin-place.mjs'
import { addTotals, finish, nodeTotals } from './totals.mjs'

const given = process.argv.slice(2)

/** A row that counts as one failure. */
const broken = (what, code) => ({
  passed: 0,
  failed: 1,
  skipped: 0,
  failures: [`${what}: ended with exit code ${code} and no totals`],
})

async function tests(place, folder) {
  const flags = ['--test', '--test-reporter=spec', '--test-concurrency=1']
  const env = { RUNLET_GONDOLIN_PLACE: folder }
  const script = join(root, 'scripts', 'gondolin-guest-test.mjs')
  const { code, output } = await runThere(place, script, { flags, env })
  const totals = nodeTotals(output)
  if (totals === undefined || (code !== 0 && totals.failed === 0)) return broken('tests', code)
  return totals
}

async function kitTotals(place, folder) {
  const { code, result } = await tryKit(place, folder)
  if (result === undefined || code !== 0) return broken('kit', code)
  const { passed, failed, skipped } = result
  return {
    passed: passed.length,
    failed: failed.length,
    skipped: skipped.length,
    failures: failed.map(({ case: name, reason }) => `kit: ${name}: ${reason}`),
  }
}

async function row() {
  const nothing = (why) => {
    console.log(`gondolin: nothing tested: ${why}`)
    return { passed: 0, failed: 0, skipped: 1, note: why }
  }
  const ci = Boolean(process.env.CI)
  if (!ci && process.env.RUNLET_TEST_GONDOLIN !== '1') {
    return nothing(
      'RUNLET_TEST_GONDOLIN is not 1: a guest is built and booted, which takes minutes',
    )
  }
  const place = await gondolinPlace({ install: ci || given.includes('--install') })
  if (place.why !== undefined) return nothing(place.why)
  const folder = mkdtempSync(join(tmpdir(), 'runlet-gondolin-'))
  try {
    const rows = [await tests(place, folder)]
    if (given.includes('--kit')) rows.push(await kitTotals(place, folder))
    return addTotals(rows)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const unknown = given.find((word) => !['--install', '--kit'].includes(word))
if (unknown !== undefined) {
  console.error(`unknown flag ${unknown}; there are --install, --kit`)
  process.exitCode = 2
} else {
  const started = Date.now()
  finish([{ runner: 'gondolin', ...(await row()), seconds: (Date.now() - started) / 1000 }])
}
