import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { ToolResult } from 'runlet'
import { z } from 'zod'
import { Bench, errorOf, fixture, isAlive, outputOf, RUNTIMES, rejection, until } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

/** Processes that left their mark in a file. */
const marked = (file: string): number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []

describe.each(RUNTIMES)('a signal on %s', (type) => {
  it('that was aborted before starts nothing', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type)
    const result = await tools.executeTool('mark', { input: file, signal: AbortSignal.abort() })
    const error = errorOf(result)
    expect([error.code, error.retryable, error.operation]).toEqual(['CANCELLED', false, 'execute'])
    expect([result.attempts, result.startMs]).toEqual([0, 0])
    expect(existsSync(file)).toBe(false)
  })

  it('ends a call that waits for its turn, and only that', async () => {
    const folder = bench.folder()
    const tools = bench.runtime(type, { maxConcurrent: 1 })
    const first = tools.executeTool('markAndWait', { input: join(folder, 'first') })
    await until('the first runs', () => marked(join(folder, 'first')).length === 1)
    const stop = new AbortController()
    const waiting = tools.executeTool('mark', {
      input: join(folder, 'second'),
      signal: stop.signal,
    })
    await until('the second waits', () => tools.stats().queued === 1)
    stop.abort()
    const result = await waiting
    const error = errorOf(result)
    expect([error.code, error.details?.phase]).toEqual(['CANCELLED', 'queue'])
    expect(result.attempts).toBe(0)
    expect(tools.stats()).toMatchObject({ queued: 0, running: 1 })
    await tools.dispose()
    expect(errorOf(await first).code).toBe('CANCELLED')
    expect(existsSync(join(folder, 'second'))).toBe(false)
  })

  it('ends a call whose process starts', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type)
    const stop = new AbortController()
    const call = tools.executeTool('markAndWait', { input: file, signal: stop.signal })
    await until('it starts', () => tools.stats().running === 1)
    stop.abort()
    expect(errorOf(await call).code).toBe('CANCELLED')
    await until('its process is gone', () => marked(file).every((pid) => !isAlive(pid)))
  })

  it('ends a call that runs, and its process', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type)
    const stop = new AbortController()
    const call = tools.executeTool('markAndWait', { input: file, signal: stop.signal })
    await until('the tool runs', () => marked(file).length === 1)
    stop.abort()
    const error = errorOf(await call)
    expect([error.code, error.details?.phase]).toEqual(['CANCELLED', 'run'])
    await until('its process is gone', () => marked(file).every((pid) => !isAlive(pid)))
    expect(outputOf(await tools.executeTool('echo', { input: 1 }))).toEqual({ value: 1 })
  })

  it('that is aborted after the result changes nothing, and may serve many calls', async () => {
    const tools = bench.runtime(type, { maxConcurrent: 4 })
    const stop = new AbortController()
    const { signal } = stop
    const results = await Promise.all(
      [1, 2, 3].map((input) => tools.executeTool('echo', { input, signal })),
    )
    stop.abort()
    expect(results.map((result) => outputOf(result))).toEqual([
      { value: 1 },
      { value: 2 },
      { value: 3 },
    ])
    expect(outputOf(await tools.executeTool('echo', { input: 4 }))).toEqual({ value: 4 })
  })

  it('aborted while a schema is asked starts nothing', async () => {
    const file = join(bench.folder(), 'marks')
    const stop = new AbortController()
    const inputSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value: unknown) => {
          stop.abort()
          return { value }
        },
      },
    }
    const tools = bench.runtime(type, { tools: { mark: { inputSchema } } })
    const result = await tools.executeTool('mark', { input: file, signal: stop.signal })
    expect([errorOf(result).code, result.attempts]).toEqual(['CANCELLED', 0])
    expect(existsSync(file)).toBe(false)
  })
})

describe.each(RUNTIMES)('the deadline on %s', (type) => {
  it.each(['spin', 'never'])('ends %s, and its process', async (id) => {
    const tools = bench.runtime(type)
    const result = await tools.executeTool(id, { timeoutMs: 400 })
    const error = errorOf(result)
    expect([error.code, error.retryable]).toEqual(['TIMEOUT', false])
    expect(error.cause.message).toBe('timeout: Tool execution timed out after 400ms')
    expect(result.durationMs).toBeGreaterThanOrEqual(395)
    expect(result.durationMs).toBeLessThan(10_000)
  })

  it('counts from the call, so waiting is a part of it', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, { maxConcurrent: 1 })
    const first = tools.executeTool('never')
    await until('the first runs', () => tools.stats().running === 1)
    const result = await tools.executeTool('mark', { input: file, timeoutMs: 100 })
    const error = errorOf(result)
    expect([error.code, error.details?.phase]).toEqual(['TIMEOUT', 'queue'])
    expect([result.attempts, existsSync(file)]).toEqual([0, false])
    await tools.dispose()
    await first
  })

  it('is told to the tool, and a fraction of a millisecond is one', async () => {
    const tools = bench.runtime(type)
    const error = errorOf(await tools.executeTool('never', { timeoutMs: 0.4 }))
    expect(error.cause.message).toBe('timeout: Tool execution timed out after 1ms')
  })
})

describe.each(RUNTIMES)('dispose on %s', (type) => {
  it('ends calls that run and calls that wait, and every process', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, { maxConcurrent: 8, warm: { size: 2 } })
    const calls: Promise<ToolResult>[] = []
    for (let at = 0; at < 8; at++) calls.push(tools.executeTool('markAndWait', { input: file }))
    await until('eight run', () => marked(file).length === 8)
    for (let at = 0; at < 4; at++) calls.push(tools.executeTool('markAndWait', { input: file }))
    await until('four wait', () => tools.stats().queued === 4)
    const [disposed, again] = [tools.dispose(), tools.dispose()]
    await disposed
    expect(marked(file).filter(isAlive)).toEqual([])
    const results = await Promise.all(calls)
    expect(results.map((result) => errorOf(result).code)).toEqual(Array(12).fill('CANCELLED'))
    await again
    await tools.dispose()
    await tools[Symbol.asyncDispose]()
    expect(marked(file)).toHaveLength(8)
    const { queued, running, pool } = tools.stats()
    expect({ queued, running, idle: pool.idle }).toEqual({ queued: 0, running: 0, idle: 0 })
  })

  it('does not leave a process the rest of its exitGraceMs', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, { exitGraceMs: 60_000 })
    outputOf(await tools.executeTool('staysOn', { input: file }))
    expect(marked(file).filter(isAlive)).toHaveLength(1)
    await tools.dispose()
    expect(marked(file).filter(isAlive)).toEqual([])
  })

  it('ends workers whose entrypoint never ends to load', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, {
      entrypointPath: fixture('never-loads.mjs'),
      env: { MARKS: file },
      warm: { size: 1 },
    })
    await until('one loads', () => marked(file).length === 1)
    await tools.dispose()
    expect(marked(file).filter(isAlive)).toEqual([])
  })

  it('ends calls that its end finds anywhere on their way', async () => {
    const slow = z.unknown().refine(() => new Promise((resolve) => setTimeout(resolve, 300, true)))
    for (let round = 0; round < 10; round++) {
      const tools = bench.runtime(type, { tools: { sleep: { inputSchema: slow } } })
      const calls = [tools.executeTool('never'), tools.executeTool('sleep', { input: {} })]
      if (round % 2 === 1) await Promise.resolve()
      await tools.dispose()
      for (const result of await Promise.all(calls)) expect(errorOf(result).code).toBe('CANCELLED')
    }
  })

  it('ends native tools', async () => {
    const tools = bench.runtime(type, { nativeTools: { enabled: true } })
    let result: ToolResult | undefined
    void tools
      .executeTool('rl__exec', { input: { command: 'sleep', args: ['15'] } })
      .then((settled) => {
        result = settled
      })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await tools.dispose()
    await new Promise(setImmediate)
    expect(result?.ok === false && result.error.code).toBe('CANCELLED')
  })

  it('refuses later calls, and what is only read stays', async () => {
    const tools = bench.runtime(type)
    outputOf(await tools.executeTool('echo'))
    await tools.dispose()
    for (const call of [
      () => tools.executeTool('echo'),
      () => tools.executeToolOrThrow('echo'),
      () => tools.executeToolWithTimeout('echo', {}, 10),
      () => tools.listTools(),
    ]) {
      expect((await rejection(call())).code).toBe('DISPOSED')
    }
    expect(tools.stats().executions.success).toBe(1)
    expect(tools.globalTimeout()).toBe(20_000)
  })

  it('of a runtime that was never used, and of one of several, ends no other', async () => {
    const [one, two] = [bench.runtime(type), bench.runtime(type)]
    await bench.runtime(type).dispose()
    const slow = two.executeTool('sleep', { input: { ms: 300, value: 'two' } })
    const lost = one.executeTool('never')
    await until('both run', () => one.stats().running + two.stats().running === 2)
    await one.dispose()
    expect(errorOf(await lost).code).toBe('CANCELLED')
    expect(outputOf(await slow)).toEqual({ value: 'two' })
  })
})
