// What a user sees when the package for the platform was not installed.
const assert = require('node:assert/strict')

async function load() {
  const { runCodelet } = require('runlet')
  return runCodelet({ type: 'string', code: 'export const main = () => 1' })
}

load().then(
  () => assert.fail('a codelet ran without the addon'),
  (error) => {
    assert.equal(error.code, 'RUNTIME_NOT_FOUND')
    assert.equal(error.details?.reason, 'NATIVE_MISSING')
    assert.equal(error.details.platform, process.platform)
    assert.equal(error.details.arch, process.arch)
    assert.ok(error.message.includes(error.details.package), error.message)
    assert.ok(!error.message.includes('\n'), 'one sentence, not a list of attempts')
    assert.ok(!error.message.includes(__dirname), 'no path of the host')
    console.log(`pass: ${error.message}`)
  },
)
