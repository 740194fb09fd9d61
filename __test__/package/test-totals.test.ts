import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { root } from './repository'

type Reader = 'cargoTotals' | 'jestTotals' | 'bunTotals' | 'nodeTotals'

/** What a reader of scripts/totals.mjs makes of a runner's output. */
function read(reader: Reader, output: string): unknown {
  const module = pathToFileURL(join(root, 'scripts', 'totals.mjs')).href
  const program = `
    import * as totals from ${JSON.stringify(module)}
    process.stdout.write(JSON.stringify(totals.${reader}(${JSON.stringify(output)}) ?? null))
  `
  const node = spawnSync('node', ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(node.stderr).toBe('')
  return JSON.parse(node.stdout)
}

describe('cargoTotals', () => {
  it('adds up every binary, failed ones too', () => {
    const output = [
      'test a ... ok',
      'test pool::grows ... FAILED',
      'test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s',
      '\u001b[31mtest result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out\u001b[0m',
    ].join('\n')
    expect(read('cargoTotals', output)).toEqual({
      passed: 5,
      failed: 4,
      skipped: 1,
      failures: ['pool::grows'],
    })
  })

  it('finds nothing where the build failed', () => {
    expect(read('cargoTotals', 'error[E0425]: cannot find value')).toBeNull()
  })
})

describe('jestTotals', () => {
  it('counts a file that failed to load as a failure', () => {
    const report = {
      numPassedTests: 7,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      numRuntimeErrorTestSuites: 1,
      testResults: [
        {
          name: 'a.test.ts',
          status: 'failed',
          assertionResults: [
            { status: 'passed', fullName: 'starts', failureMessages: [] },
            { status: 'failed', fullName: 'stops a loop', failureMessages: ['it ran on'] },
          ],
        },
        { name: 'b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
      ],
    }
    const totals = read('jestTotals', JSON.stringify(report))
    expect(totals).toEqual({
      passed: 7,
      failed: 2,
      skipped: 3,
      failures: ['stops a loop: it ran on', 'b.test.ts: no such module'],
    })
  })

  it('finds nothing in an empty or foreign report', () => {
    expect(read('jestTotals', '')).toBeNull()
    expect(read('jestTotals', '{}')).toBeNull()
  })
})

describe('nodeTotals', () => {
  const closing = ['ℹ tests 6', 'ℹ suites 1', 'ℹ pass 3', 'ℹ fail 1', 'ℹ cancelled 1']
  closing.push('ℹ skipped 1', 'ℹ todo 0', 'ℹ duration_ms 12.5')

  it('reads the closing lines, not what a test printed', () => {
    const printed = [
      'ℹ pass 90',
      '▶ a machine',
      '  ✔ runs (1.5ms)',
      '  ✖ ends (2.25ms)',
      '  ✖ late',
    ]
    expect(read('nodeTotals', [...printed, ...closing, ''].join('\n'))).toEqual({
      passed: 3,
      failed: 2,
      skipped: 1,
      failures: ['ends', 'late'],
    })
  })

  it('finds nothing when it never closed', () => {
    expect(read('nodeTotals', '  ✔ runs (1.5ms)\nℹ pass 3\nℹ fail 0')).toBeNull()
  })
})

describe('bunTotals', () => {
  it('reads the closing lines, not what a test printed', () => {
    const printed = [
      ' 90 pass',
      'Ran away',
      ...Array.from({ length: 12 }, (_, at) => `(pass) ${at}`),
      '(fail) stops a loop [3.00ms]',
    ]
    const closing = [' 12 pass', ' 1 skip', ' 2 fail', ' 1 error', ' 30 expect() calls']
    closing.push('Ran 15 tests across 3 files. [95.00ms]', '')
    const totals = read('bunTotals', [...printed, '', ...closing].join('\n'))
    expect(totals).toEqual({
      passed: 12,
      failed: 3,
      skipped: 1,
      failures: ['stops a loop [3.00ms]'],
    })
  })

  it('finds nothing when Bun crashed before it closed', () => {
    expect(read('bunTotals', ' 12 pass\npanic: segmentation fault')).toBeNull()
  })
})
