// A consumer in CommonJS syntax.
const assert = require('node:assert/strict')
const { createCodeletRunner, RunletError } = require('runlet')

async function main() {
  const runner = createCodeletRunner()
  const sum = { type: 'string', code: 'export function main(input) { return input.a + 1 }' }
  assert.equal(await runner.runOrThrow(sum, { input: { a: 41 } }), 42)

  const endless = { type: 'string', code: 'export function main() { while (true) {} }' }
  const stopped = await runner.run(endless, { timeout_ms: 100 })
  assert.equal(stopped.error?.code, 'TIMEOUT', JSON.stringify(stopped))
  await assert.rejects(runner.run(sum, { timeout: 1 }), (error) => error instanceof RunletError)
  // No dispose: an idle runner must not keep the process open.
  console.log('pass')
}

main()
