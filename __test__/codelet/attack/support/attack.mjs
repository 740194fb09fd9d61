// What every attack stands on: one runner, and after each run the proof that nothing is left of it.

import assert from 'node:assert/strict'
import { createCodeletRunner } from 'runlet'
import { snapshot } from './snapshot.mjs'

export { assert }

/** One run at a time, so that the run after an attack gets the realm the attack was in. */
export const runner = createCodeletRunner({ maxConcurrent: 1 })

/** A codelet whose `main` has this body. */
export const body = (statements) => `export async function main(input, helpers) {\n${statements}\n}`

const source = (code) => ({ type: 'string', code })
const look = async () => {
  const result = await runner.run(source(snapshot), {
    max_result_bytes: 1 << 24,
    timeout_ms: 20_000,
  })
  assert.equal(result.error, undefined)
  return result.value
}
const pristine = await look()

/** A follow-up codelet finds every reachable global as the first run of the process found it. */
export async function expectPristine() {
  const found = await look()
  const at = pristine.findIndex((line, index) => found[index] !== line)
  assert.equal(at, -1, `the realm has changed: ${pristine[at]} became ${found[at]}`)
  assert.equal(found.length, pristine.length)
}

/** Runs an attack, then the follow-up. The result is the attack's. */
export async function run(code, options) {
  const result = await runner.run(source(code), { timeout_ms: 3000, ...options })
  if (!result.ok) assert.notEqual(result.error.code, 'INTERNAL', `${result.error.message}: ${code}`)
  await expectPristine()
  return result
}

/** Runs an attack that must end with one of these codes. */
export async function fails(codes, code, options) {
  const result = await run(code, options)
  assert.ok(
    [codes].flat().includes(result.error?.code),
    `expected ${codes}, got ${result.ok ? JSON.stringify(result.value) : JSON.stringify(result.error)}: ${code}`,
  )
  return result
}

/** Runs an attack that ends well, and gives what it found. */
export async function finds(code, options) {
  const result = await run(code, options)
  assert.equal(result.error, undefined, `${JSON.stringify(result.error)}: ${code}`)
  return result.value
}

/** Runs an attack that must end in time. */
export async function stops(codes, code, options = {}) {
  const started = performance.now()
  const result = await runner.run(source(code), { timeout_ms: 80, ...options })
  const took = performance.now() - started
  assert.ok(
    [codes].flat().includes(result.error?.code),
    `${JSON.stringify(result.error ?? result.value)}: ${code}`,
  )
  assert.ok(took < (options.timeout_ms ?? 80) + 3000, `ended after ${took} ms: ${code}`)
  await expectPristine()
  return result
}

/** Bytes this process holds. */
export const residentBytes = () => process.memoryUsage.rss()

/** The attack has failed. Nothing may keep the process alive after this. */
export function finish() {
  runner.dispose()
  process.stdout.write('pass\n')
}
