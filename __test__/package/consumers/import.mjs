// A consumer in ES module syntax.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { RunletError, runCodelet } from 'runlet'

const sum = { type: 'string', code: 'export function main(input) { return input.a + 1 }' }
const done = await runCodelet(sum, { input: { a: 41 } })
assert.equal(done.ok, true, JSON.stringify(done))
assert.equal(done.value, 42)

const curious = { type: 'string', code: "export const main = () => require('node:fs')" }
const refused = await runCodelet(curious)
assert.equal(refused.error?.code, 'POLICY_VIOLATION', JSON.stringify(refused))

// One class, however the package was loaded.
assert.equal(createRequire(import.meta.url)('runlet').RunletError, RunletError)
console.log('pass')
