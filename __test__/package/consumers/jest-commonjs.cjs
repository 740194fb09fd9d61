// A test in a project that uses Jest as it comes: CommonJS, no flags.
const { runCodelet } = require('runlet')

test('a codelet runs inside Jest', async () => {
  const source = { type: 'string', code: 'export function main(input) { return [input.a + 1] }' }
  const done = await runCodelet(source, { input: { a: 41 } })
  expect(done.ok).toBe(true)
  expect(done.value).toEqual([42])
  expect(done.value).toBeInstanceOf(Array)
})
