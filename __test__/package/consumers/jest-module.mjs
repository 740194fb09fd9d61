// A test in a project that runs Jest with ES modules.
import { RunletError, runCodelet } from 'runlet'

test('a codelet runs inside Jest with ES modules', async () => {
  const source = { type: 'string', code: 'export function main(input) { return input.a + 1 }' }
  const done = await runCodelet(source, { input: { a: 41 } })
  expect(done.value).toBe(42)
  await expect(runCodelet(source, { timeout_ms: -1 })).rejects.toBeInstanceOf(RunletError)
})
