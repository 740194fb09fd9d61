import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import {
  type CodeletRunOptions,
  createCodeletRunner,
  type ErrorCode,
  HostError,
  RunletError,
  runCodelet,
} from 'runlet'
import { body, js, rejectionOf } from './run-text'

const contract = readFileSync(join(__dirname, '..', '..', 'index.d.ts'), 'utf8')
const declared = /export type ErrorCode =([^;]*?)\n\n/.exec(contract)?.[1] ?? ''
const codes = [...declared.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code)

const refusing = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: () => ({ issues: [{ message: 'no' }] }),
  },
}

/** One way to each code that a run can end with. */
const outcomes: ReadonlyArray<[ErrorCode, string, CodeletRunOptions]> = [
  ['TIMEOUT', body('for (;;) {}'), { timeout_ms: 30 }],
  ['SYNTAX_ERROR', 'export const main = (', {}],
  ['RUNTIME_ERROR', body('throw 1'), {}],
  ['POLICY_VIOLATION', body("require('x')"), {}],
  ['MEMORY_LIMIT', body("'x'.repeat(2 ** 29)"), {}],
  ['OUTPUT_LIMIT', body("return 'xx'"), { max_result_bytes: 1 }],
  ['CANCELLED', body('return 1'), { signal: AbortSignal.abort() }],
  ['VALIDATION_ERROR', body('return 1'), { input_schema: refusing }],
  [
    'HOST_CALL_ERROR',
    body('await helpers.f()'),
    {
      host: {
        f() {
          throw new Error('x')
        },
      },
    },
  ],
]

describe('X13 · one list of codes, each with retryable', () => {
  it('stats list every declared code and OK, and nothing else', () => {
    const runner = createCodeletRunner()
    const counted = Object.keys(runner.stats().runsByCode)
    expect(codes.length).toBeGreaterThan(15)
    expect(counted.sort()).toEqual([...codes, 'OK'].sort())
    runner.dispose()
  })

  it.each(outcomes)('%s', async (code, text, options) => {
    const result = await runCodelet(js(text), options)
    expect(result.error?.code).toBe(code)
    expect(result.error?.retryable).toBe(false)
    expect(result.error?.message.length).toBeGreaterThan(5)
    expect(result.error?.message).not.toMatch(/undefined|\[object/)
  })

  it('only OVERLOADED is retryable by itself', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1, maxQueued: 0 })
    const busy = runner.run(js(body('for (;;) {}')), { timeout_ms: 60 })
    const refused = await runner.run(js(body('return 1')))
    expect(refused.error).toMatchObject({ code: 'OVERLOADED', retryable: true })
    await busy
    runner.dispose()
  })

  it('what is thrown is a RunletError with code, retryable and details', async () => {
    const disposed = createCodeletRunner()
    disposed.dispose()
    const thrown = await Promise.all([
      rejectionOf(runCodelet(js('x'), { timeout_ms: -1 })),
      rejectionOf(disposed.run(js('x'))),
      rejectionOf(createCodeletRunner().runOrThrow(js('throw 1'))),
    ])
    expect(thrown.map(({ code }) => code)).toEqual([
      'INVALID_ARGUMENT',
      'DISPOSED',
      'RUNTIME_ERROR',
    ])
    for (const error of thrown) {
      expect(error.name).toBe('RunletError')
      expect(error.retryable).toBe(false)
      expect(codes).toContain(error.code)
      expect(error.stack).toContain('RunletError')
    }
  })

  it('is recognised across copies by its brand, and nothing else is', () => {
    const copy = Object.assign(new Error('x'), {
      code: 'TIMEOUT',
      [Symbol.for('runlet.error')]: true,
    })
    expect(copy).toBeInstanceOf(RunletError)
    expect(Object.assign(new Error('x'), { code: 'TIMEOUT' })).not.toBeInstanceOf(RunletError)
    expect(new HostError('x')).not.toBeInstanceOf(RunletError)
    expect(new RunletError('TIMEOUT', 'x')).toBeInstanceOf(Error)
    expect(new HostError('x')).toBeInstanceOf(HostError)
    for (const value of [null, undefined, 1, 'x', () => 1])
      expect(value instanceof RunletError).toBe(false)
  })

  it('carries what its constructor was given', () => {
    const cause = new Error('why')
    const error = new RunletError('OVERLOADED', 'full', {
      retryable: true,
      details: { queued: 1 },
      cause,
    })
    expect(error).toMatchObject({
      code: 'OVERLOADED',
      message: 'full',
      retryable: true,
      details: { queued: 1 },
    })
    expect(error.cause).toBe(cause)
    expect(JSON.stringify(error)).not.toContain('why')
    expect(new RunletError('TIMEOUT', 'x').retryable).toBe(false)
    expect('details' in new RunletError('TIMEOUT', 'x')).toBe(false)
  })
})
