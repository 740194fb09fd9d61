const { join } = require('node:path')

// See that file. Scripts that tests start inherit the order to load it.
const inProcesses = join(__dirname, '__test__', 'isolation', 'in-processes.cjs')
const isolated = process.env.RUNLET_TEST_ISOLATION === 'process'
if (isolated) process.env.NODE_OPTIONS = `--require ${JSON.stringify(inProcesses)}`

/** Jest compiles the tests itself; what they test is the built package, imported by its name. */
module.exports = {
  // Only this folder is crawled: the manifests in npm/ and bench/ would be taken for packages.
  roots: ['<rootDir>/__test__'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: 'node',
  // The same as `bun test --timeout`. A test that needs a limit of its own states it.
  testTimeout: 30_000,
  setupFiles: isolated ? [inProcesses] : [],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
}
