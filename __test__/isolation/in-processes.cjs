// One difference for whoever loads this first: runners whose options say nothing of `isolation` run
// their codelets in processes. So every test of codelets is also one of those.
//
//   RUNLET_TEST_ISOLATION=process npx jest __test__/codelet
//   BUN_OPTIONS=--preload=$PWD/__test__/isolation/in-processes.cjs bun test ./__test__/codelet
//
// Jest loads it into each test file then (see jest.config.cjs), and the scripts that tests start are
// told to by NODE_OPTIONS or BUN_OPTIONS, which they inherit.

const { join } = require('node:path')

// Where the package takes its two functions from, for `import` and `require` alike.
const codelets = require(join(__dirname, '..', '..', 'dist', 'codelets.js'))
const original = codelets.createCodeletRunner

/** The same options, with a place to run where they name none. Getters stay getters. */
function apart(options) {
  if (options === undefined) return { isolation: 'process' }
  if (typeof options !== 'object' || options === null || 'isolation' in options) return options
  const value = { value: 'process', enumerable: true, configurable: true, writable: true }
  const all = { ...Object.getOwnPropertyDescriptors(options), isolation: value }
  return Object.create(Object.getPrototypeOf(options), all)
}

let shared
codelets.createCodeletRunner = (options) => original(apart(options))
codelets.runCodelet = (source, options) => {
  try {
    shared ??= original({ isolation: 'process' })
  } catch (error) {
    return Promise.reject(error)
  }
  return shared.run(source, options)
}
