import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const { ToolCounters } = require(
  join(__dirname, '../../dist/tool/stats.js'),
) as typeof import('../../ts/tool/stats')

const { traced } = require(
  join(__dirname, '../../dist/tool/diagnostics.js'),
) as typeof import('../../ts/tool/diagnostics')

describe('the counters', () => {
  it('begin at zero, with every kind and bound', () => {
    const stats = new ToolCounters().snapshot()
    expect(stats.executions).toEqual({ success: 0, error: 0, timeout: 0 })
    expect(stats.errorsByKind).toEqual({
      start: 0,
      request: 0,
      response: 0,
      stderr: 0,
      wait: 0,
      parse: 0,
      timeout: 0,
      unknown: 0,
    })
    expect(stats.byCode).toEqual({})
    expect(stats.executeSeconds.bounds).toEqual([
      0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ])
    expect(stats.outputBytes.bounds).toEqual([100, 1e3, 1e4, 1e5, 1e6, 1e7])
    expect(stats.executeSeconds.counts).toHaveLength(13)
  })

  it('count outcomes by code, and by where they failed', () => {
    const counters = new ToolCounters()
    counters.settled({ durationMs: 1, outputBytes: 2 })
    const failures = [
      ['TIMEOUT', 'run', 'timeout'],
      ['PROTOCOL_ERROR', 'run', 'parse'],
      ['PROCESS_EXIT', 'run', 'wait'],
      ['MEMORY_LIMIT', 'run', 'wait'],
      ['OUTPUT_LIMIT', 'run', 'response'],
      ['INVALID_ARGUMENT', 'queue', 'request'],
      ['VALIDATION_ERROR', 'queue', 'request'],
      ['VALIDATION_ERROR', 'settle', 'response'],
      ['SYNTAX_ERROR', 'import', 'start'],
      ['WORKER_LOST', 'start', 'start'],
      ['WORKER_LOST', 'run', 'request'],
      ['RUNTIME_ERROR', 'import', 'start'],
      ['RUNTIME_ERROR', 'run', 'unknown'],
      ['CANCELLED', 'queue', 'unknown'],
    ] as const
    for (const [code, phase, kind] of failures) {
      const before = counters.snapshot()
      counters.settled({ code, phase, durationMs: 1 })
      const after = counters.snapshot()
      expect([code, after.errorsByKind[kind]]).toEqual([code, before.errorsByKind[kind] + 1])
      expect(after.byCode[code]).toBe((before.byCode[code] ?? 0) + 1)
    }
    counters.settled({ code: 'OUTPUT_LIMIT', limit: 'maxLogBytes', durationMs: 1 })
    const stats = counters.snapshot()
    expect(stats.errorsByKind.stderr).toBe(1)
    expect(stats.executions).toEqual({ success: 1, error: failures.length, timeout: 1 })
    expect(stats.timeouts).toBe(1)
    expect(stats.executeSeconds.count).toBe(failures.length + 2)
    expect(stats.outputBytes.count).toBe(1)
  })

  it('put values into the bucket whose bound they do not exceed', () => {
    const counters = new ToolCounters()
    for (const durationMs of [0, 5, 5.1, 30_000, 30_001]) counters.settled({ durationMs })
    for (const outputBytes of [100, 101, 10_000_001])
      counters.settled({ durationMs: 0, outputBytes })
    const { executeSeconds, outputBytes } = counters.snapshot()
    expect(executeSeconds.counts).toEqual([5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    expect(executeSeconds.sum).toBeCloseTo(60.0111, 6)
    expect(outputBytes.counts).toEqual([1, 1, 0, 0, 0, 0, 1])
    expect(outputBytes.sum).toBe(10_000_202)
  })

  it('tell exits by code from ends by signal', () => {
    const counters = new ToolCounters()
    counters.settled({ code: 'PROCESS_EXIT', durationMs: 1, exitCode: 3, signal: null })
    counters.settled({ code: 'PROCESS_EXIT', durationMs: 1, exitCode: null, signal: 'SIGSEGV' })
    expect(counters.snapshot().processExits).toEqual({ exit: { 3: 1 }, signal: { SIGSEGV: 1 } })
  })

  it('give a copy that is plain data', () => {
    const counters = new ToolCounters()
    const stats = counters.snapshot()
    const text = JSON.stringify(stats)
    stats.executions.success = 99
    stats.executeSeconds.counts[0] = 99
    stats.executeSeconds.bounds[0] = 99
    stats.denials.net = 99
    expect(JSON.stringify(counters.snapshot())).toBe(text)
    counters.settled({ durationMs: 1 })
    expect(JSON.parse(text).executions.success).toBe(0)
  })
})

describe('the channel runlet:tool', () => {
  const ids = () => ({ toolId: 'add', execId: 'e1' })

  it('costs nothing but the call without subscribers', async () => {
    let asked = 0
    const count = () => {
      asked += 1
      return ids()
    }
    const call = Promise.resolve(7)
    expect(
      traced(
        count,
        () => call,
        () => ({ durationMs: asked++ }),
      ),
    ).toBe(call)
    expect(asked).toBe(0)
  })

  it('tells a call that answered, and never its payload', async () => {
    const seen: [string, unknown][] = []
    const note = (name: string) => (message: unknown) =>
      seen.push([name, { ...(message as object) }])
    const subscribers = {
      start: note('start'),
      end: note('end'),
      asyncStart: note('asyncStart'),
      asyncEnd: note('asyncEnd'),
      error: note('error'),
    }
    const channel = tracingChannel('runlet:tool')
    channel.subscribe(subscribers)
    const result = await traced(
      ids,
      async () => ({ ok: true, output: 'payload' }),
      () => ({ ok: true, durationMs: 3 }),
    )
    channel.unsubscribe(subscribers)
    expect(result.output).toBe('payload')
    expect(seen.map(([name]) => name)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(seen[0]?.[1]).toEqual({ toolId: 'add', execId: 'e1' })
    expect(seen[3]?.[1]).toEqual({ toolId: 'add', execId: 'e1', ok: true, durationMs: 3 })
    expect(JSON.stringify(seen)).not.toContain('payload')
  })

  it('tells a failed tool and a rejected call on error', async () => {
    const seen: unknown[] = []
    const listen = (message: unknown) => seen.push({ ...(message as object) })
    subscribe('tracing:runlet:tool:error', listen)
    await traced(
      ids,
      async () => 1,
      () => ({ ok: false, code: 'TIMEOUT' }),
    )
    const refused = new Error('refused')
    await expect(
      traced(
        ids,
        () => Promise.reject(refused),
        () => ({}),
      ),
    ).rejects.toBe(refused)
    unsubscribe('tracing:runlet:tool:error', listen)
    expect(seen).toEqual([
      { toolId: 'add', execId: 'e1', ok: false, code: 'TIMEOUT' },
      { toolId: 'add', execId: 'e1', ok: false, error: refused },
    ])
  })
})
