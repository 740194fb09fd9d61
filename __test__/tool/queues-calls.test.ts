import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, errorOf, outputOf, RUNTIMES, until } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

describe.each(RUNTIMES)('the queue on %s', (type) => {
  it('serves two at a time, and all', async () => {
    const calls = type === 'bun' ? 200 : 60
    const tools = bench.runtime(type, { maxConcurrent: 2, toolExecutionTimeoutMs: 120_000 })
    let most = 0
    const results = await Promise.all(
      Array.from({ length: calls }, async (_, at) => {
        const result = await tools.executeTool('echo', { input: { at } })
        most = Math.max(most, tools.stats().running)
        return result
      }),
    )
    expect(results.map((result) => outputOf(result))).toEqual(
      Array.from({ length: calls }, (_, at) => ({ at })),
    )
    expect(most).toBeLessThanOrEqual(2)
    expect(tools.stats()).toMatchObject({ queued: 0, running: 0, executions: { success: calls } })
  })

  it('keeps the order of the calls', async () => {
    const tools = bench.runtime(type, { maxConcurrent: 1 })
    const ended: number[] = []
    const results = await Promise.all(
      Array.from({ length: 30 }, async (_, at) => {
        const result = await tools.executeTool('echo', { input: at })
        ended.push(at)
        return result
      }),
    )
    expect(ended).toEqual(Array.from({ length: 30 }, (_, at) => at))
    const waits = results.map(({ queueMs }) => queueMs)
    expect(waits.at(-1)).toBeGreaterThan(waits[0] as number)
  })

  it('is full at maxQueued: one more is OVERLOADED at once, the others are served', async () => {
    const tools = bench.runtime(type, { maxConcurrent: 1, maxQueued: 3 })
    const stop = new AbortController()
    const running = tools.executeTool('never', { signal: stop.signal })
    await until('one runs', () => tools.stats().running === 1)
    const waiting = [1, 2, 3].map((input) => tools.executeTool('echo', { input }))
    await until('three wait', () => tools.stats().queued === 3)
    const result = await tools.executeTool('echo', { input: 4 })
    const error = errorOf(result)
    expect([error.code, error.retryable, error.details?.phase]).toEqual([
      'OVERLOADED',
      true,
      'queue',
    ])
    expect(error.details?.maxQueued).toBe(3)
    expect(result.attempts).toBe(0)
    stop.abort()
    await running
    const values = (await Promise.all(waiting)).map((each) => outputOf(each))
    expect(values).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }])
  })

  it('may be none at all', async () => {
    const tools = bench.runtime(type, { maxConcurrent: 1, maxQueued: 0 })
    const [first, second] = await Promise.all([
      tools.executeTool('echo', { input: 1 }),
      tools.executeTool('echo', { input: 2 }),
    ])
    expect(outputOf(first)).toEqual({ value: 1 })
    expect(errorOf(second).code).toBe('OVERLOADED')
    expect(outputOf(await tools.executeTool('echo', { input: 3 }))).toEqual({ value: 3 })
  })
})
