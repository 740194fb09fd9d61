// Tries the conformance kit on real machines; runs in the project of scripts/gondolin-place.mjs. The result
// is written to the file of RUNLET_KIT_REPORT.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gondolinRuntime } from 'runlet/gondolin'
import { caseNames, testRuntimeProvider } from 'runlet/testing'

const { GONDOLIN_GUEST_DIR, RUNLET_KIT_REPORT, RUNLET_KIT_SKIPS } = process.env
// Without it the package would download a guest.
if (!GONDOLIN_GUEST_DIR) throw new Error('GONDOLIN_GUEST_DIR names no guest')
const IDLE_MS = 2_000
/** Without acceleration a boot takes seconds, and longer on a busy computer. */
const vmOptions = { memory: '384M', cpus: 1, startTimeoutMs: 180_000 }

const make = (more) => gondolinRuntime({ accel: 'tcg', vmOptions, ...more })

const root = mkdtempSync(join(tmpdir(), 'runlet-kit-'))
// A program that is no emulator.
const failing = make({ vmOptions: { ...vmOptions, sandbox: { qemuPath: '/bin/false' } } })
const idling = { provider: make({ idleMs: IDLE_MS }), idleMs: IDLE_MS }
try {
  const skip = JSON.parse(readFileSync(RUNLET_KIT_SKIPS, 'utf8')).gondolin
  const only = process.argv.length > 2 ? process.argv.slice(2) : undefined
  const terms = { root, only, skip, failing, idling, caseTimeoutMs: 300_000 }
  const began = Date.now()
  const result = await testRuntimeProvider(make({}), terms)
  writeFileSync(RUNLET_KIT_REPORT, JSON.stringify(result))
  const { passed, failed, skipped } = result
  for (const { case: name, reason } of skipped) console.log(`left out: ${name}: ${reason}`)
  for (const { case: name, reason } of failed) console.log(`failed: ${name}: ${reason}`)
  const seconds = Math.round((Date.now() - began) / 1000)
  console.log(`kit: ${passed.length} of ${caseNames().length} passed in ${seconds} s`)
} finally {
  await idling.provider.close()
  await failing.close()
  rmSync(root, { recursive: true, force: true })
}
