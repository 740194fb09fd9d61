// The same guests that fell node:vm (see peers-fall.test.ts) get nowhere in a codelet.
import { assert, body, finish, run } from './support/attack.mjs'
import { guests } from './support/guests.mjs'

const ends = {
  'constructor chain': ['POLICY_VIOLATION'],
  'prototype pollution': ['OK'],
  'loop after await': ['TIMEOUT'],
  'loop in a thenable result': ['TIMEOUT'],
  'loop in toJSON of the result': ['TIMEOUT'],
  'unpolled built-in': ['TIMEOUT'],
  'memory bomb': ['MEMORY_LIMIT'],
  'microtask storm': ['TIMEOUT', 'MEMORY_LIMIT'],
}
assert.deepEqual(Object.keys(ends), Object.keys(guests))
for (const [name, codes] of Object.entries(ends)) {
  const started = performance.now()
  // Memory runs out after more time on a busy machine.
  const timeout_ms = name === 'memory bomb' ? 20_000 : 200
  const result = await run(body(guests[name]), { input: { value: 1 }, timeout_ms })
  assert.ok(
    codes.includes(result.error?.code ?? 'OK'),
    `${name}: ${JSON.stringify(result.error ?? result.value)}`,
  )
  assert.ok(performance.now() - started < 25_000, name)
}
assert.equal({}.polluted, undefined)
finish()
