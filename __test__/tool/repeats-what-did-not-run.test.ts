import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { ToolRuntimeOptions } from 'runlet'
import { Bench, errorOf, fixture, outputOf, RUNTIMES, thrown, until } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

const SHORT = {
  backoffInitialIntervalMs: 5,
  backoffMaxIntervalMs: 20,
  backoffMaxElapsedTimeMs: 10_000,
}

describe.each(RUNTIMES)('a process lost before it knew of the call, on %s', (type) => {
  const lossy = (times: number, options: ToolRuntimeOptions = {}, env = {}) => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, {
      entrypointPath: fixture('killed-at-import.mjs'),
      env: { MARKS_FILE: file, KILLED_TIMES: String(times), ...env },
      ...SHORT,
      ...options,
    })
    const marks = () => (existsSync(file) ? readFileSync(file, 'utf8').length : 0)
    return { tools, marks }
  }

  it('twice is a third attempt, which the caller sees in attempts alone', async () => {
    const { tools, marks } = lossy(2)
    const result = await tools.executeTool('loads')
    expect(outputOf(result)).toEqual({ value: 3 })
    expect([result.attempts, marks()]).toEqual([3, 3])
  })

  it('is waited for longer each time, within a fifth', async () => {
    const pauses = { backoffInitialIntervalMs: 100, backoffMaxIntervalMs: 150 }
    const { tools } = lossy(3, pauses)
    const result = await tools.executeTool('loads')
    expect(result.attempts).toBe(4)
    // At least 80 % of 100 + 150 + 150; how much more is the machine's.
    expect(result.durationMs).toBeGreaterThanOrEqual(320)
  })

  it('whatever signal it was', async () => {
    const { tools } = lossy(1, {}, { SIGNAL: 'SIGSEGV' })
    const result = await tools.executeTool('loads')
    expect([result.ok, result.attempts]).toEqual([true, 2])
  })

  it('is given up after maxAttempts, with the last error', async () => {
    const { tools, marks } = lossy(100, { retry: { maxAttempts: 3 } })
    const result = await tools.executeTool('loads')
    const error = errorOf(result)
    expect([error.code, error.retryable]).toEqual(['WORKER_LOST', true])
    expect([result.attempts, marks()]).toEqual([3, 3])
    expect(errorOf(await tools.executeTool('loads', { execId: 'b' })).toolExecId).toBe('b')
  })

  it('is given up when its time is up, that of the backoff or that of the call', async () => {
    const slow = { backoffInitialIntervalMs: 400, backoffMaxIntervalMs: 400 }
    const ofBackoff = await lossy(100, { ...slow, backoffMaxElapsedTimeMs: 300 }).tools.executeTool(
      'loads',
    )
    expect(errorOf(ofBackoff).code).toBe('WORKER_LOST')
    expect(ofBackoff.attempts).toBe(1)
    const ofCall = await lossy(100, slow).tools.executeTool('loads', { timeoutMs: 300 })
    expect(['WORKER_LOST', 'TIMEOUT']).toContain(errorOf(ofCall).code)
    expect(ofCall.attempts).toBe(1)
    const never = await lossy(100, { backoffMaxElapsedTimeMs: 0 }).tools.executeTool('loads')
    expect(never.attempts).toBe(1)
  })

  it('is not repeated for one tool that says so', async () => {
    const { tools, marks } = lossy(1, { tools: { loads: { retry: { maxAttempts: 1 } } } })
    expect(errorOf(await tools.executeTool('loads')).code).toBe('WORKER_LOST')
    expect(marks()).toBe(1)
  })

  it('and then cancelled is CANCELLED, without another attempt', async () => {
    const pauses = { backoffInitialIntervalMs: 5_000, backoffMaxIntervalMs: 5_000 }
    const { tools, marks } = lossy(1, { ...pauses, backoffMaxElapsedTimeMs: 30_000 })
    const stop = new AbortController()
    const call = tools.executeTool('loads', { signal: stop.signal })
    const isLost = () => marks() === 1 && tools.stats().running === 0
    await until('it was lost once', isLost)
    stop.abort()
    const result = await call
    expect(errorOf(result).code).toBe('CANCELLED')
    expect([result.attempts, marks()]).toEqual([1, 1])
  })
})

describe.each(RUNTIMES)('a tool that ran, on %s', (type) => {
  const setUp = (options: ToolRuntimeOptions = {}) => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, { ...SHORT, ...options })
    const call = (input: object = {}, more: object = {}) =>
      tools.executeTool('failsUntil', { input: { file, times: 3, ...input }, ...more })
    return { call, marks: () => readFileSync(file, 'utf8').length }
  }

  it.each([['throw'], ['exit']])('and failed is not repeated without a word (%s)', async (how) => {
    const { call, marks } = setUp()
    const result = await call({ how })
    errorOf(result)
    expect([result.attempts, marks()]).toEqual([1, 1])
  })

  it('and ran into its timeout is not repeated', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, SHORT)
    const result = await tools.executeTool('markAndWait', { input: file, timeoutMs: 5_000 })
    expect([errorOf(result).code, result.attempts]).toEqual(['TIMEOUT', 1])
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1)
  })

  it('is repeated where its error says retryable', async () => {
    const { call, marks } = setUp()
    const result = await call({ retryable: true })
    expect(outputOf(result)).toEqual({ attempt: 3 })
    expect([result.attempts, marks()]).toEqual([3, 3])
    const other = setUp({ retry: { maxAttempts: 2 } })
    const given = await other.call({ retryable: true })
    const error = errorOf(given)
    expect([error.code, error.retryable, given.attempts]).toEqual(['RUNTIME_ERROR', true, 2])
    expect(error.cause.message).toBe('tool execution failed: attempt 2')
    const only = setUp()
    expect((await only.call({ retryable: 'yes' })).attempts).toBe(1)
  })

  it.each([
    ['RUNTIME_ERROR', 'throw'],
    ['PROCESS_EXIT', 'exit'],
  ] as const)('is repeated where retry.on names %s, and for no other code', async (code, how) => {
    const named = setUp({ tools: { failsUntil: { retry: { on: [code] } } } })
    const result = await named.call({ how })
    expect([result.ok, result.attempts]).toEqual([true, 3])
    const other = code === 'PROCESS_EXIT' ? 'RUNTIME_ERROR' : 'PROCESS_EXIT'
    expect((await setUp({ retry: { on: [other] } }).call({ how })).attempts).toBe(1)
  })

  it('may never be repeated for what a repetition cannot change', () => {
    for (const code of ['CANCELLED', 'INVALID_ARGUMENT', 'TIMEOUT', 'PERMISSION_DENIED']) {
      const error = thrown(() => bench.runtime(type, { retry: { on: [code as 'WORKER_LOST'] } }))
      expect(error.code).toBe('INVALID_ARGUMENT')
      expect(error.message).toContain(code)
    }
  })
})

describe.each(RUNTIMES)('a tool that ran, on %s', (type) => {
  it('is not said to have found no room when there is none for its next attempt', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, {
      maxConcurrent: 1,
      maxQueued: 0,
      ...SHORT,
      backoffInitialIntervalMs: 1_500,
      backoffMaxIntervalMs: 1_500,
      retry: { on: ['RUNTIME_ERROR'] },
    })
    const stop = new AbortController()
    const call = tools.executeTool('failsUntil', { input: { file, times: 9 } })
    await until('it failed once', () => existsSync(file) && tools.stats().running === 0)
    const other = tools.executeTool('never', { signal: stop.signal })
    const result = await call
    stop.abort()
    expect([errorOf(result).code, result.attempts]).toEqual(['RUNTIME_ERROR', 1])
    expect(errorOf(await other).code).toBe('CANCELLED')
  })
})
