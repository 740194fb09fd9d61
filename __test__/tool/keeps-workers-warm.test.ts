import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { ToolRuntime } from 'runlet'
import {
  Bench,
  errorOf,
  fixture,
  isAlive,
  outputOf,
  PATIENCE_MS,
  RUNTIMES,
  sleep,
  until,
} from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

const idle = (tools: ToolRuntime, count: number) =>
  until(`${count} workers are idle`, () => tools.stats().pool.idle === count)
const pidOf = async (tools: ToolRuntime) =>
  outputOf(await tools.executeTool<{ value: number }>('pid')).value

describe.each(RUNTIMES)('a warm worker on %s', (type) => {
  it('serves a call without a start, and is replaced', async () => {
    const tools = bench.runtime(type, { warm: { size: 2 } })
    await idle(tools, 2)
    const seen = new Set<number>()
    for (let call = 0; call < 4; call++) {
      const result = await tools.executeTool<{ value: number }>('pid')
      seen.add(outputOf(result).value)
      expect([result.warm, result.startMs, result.attempts]).toEqual([true, 0, 1])
      await idle(tools, 2)
    }
    expect(seen.size).toBe(4)
    expect(tools.stats().pool).toMatchObject({ hits: 4, misses: 0, refills: 6 })
  })

  it('serves one call: no state of it is seen by another, and its process ends', async () => {
    const tools = bench.runtime(type, { warm: { size: 1 } })
    for (let call = 0; call < 5; call++) {
      await idle(tools, 1)
      const result = await tools.executeTool('count')
      expect([result.warm, outputOf(result)]).toEqual([true, { value: 1 }])
    }
    await idle(tools, 1)
    const pid = await pidOf(tools)
    await until('it is gone', () => !isAlive(pid))
  })

  it('gives the same results and failures as a cold one', async () => {
    const tools = bench.runtime(type, { warm: { size: 1 } })
    const calls = [
      ['sync', { input: 1, config: {} }],
      ['results', { input: 'array' }],
      ['throws', { input: { message: 'x' } }],
      ['exits', { input: { code: 3 } }],
      ['nothing', {}],
      ['never', { timeoutMs: 300 }],
      ['bytes', { input: 100 }],
      ['noisy', { input: 1 }],
    ] as const
    for (const [id, options] of calls) {
      await idle(tools, 1)
      const warm = await tools.executeTool(id, { ...options, execId: 'e' })
      const cold = await tools.executeTool(id, { ...options, execId: 'e', env: { OWN: '1' } })
      expect([id, warm.warm, cold.warm]).toEqual([id, true, false])
      expect(warm.output).toEqual(cold.output)
      expect(warm.logs).toEqual(cold.logs)
      if (warm.ok || cold.ok) continue
      expect(errorOf(warm).message).toBe(errorOf(cold).message)
      expect(errorOf(warm).code).toBe(errorOf(cold).code)
    }
  })

  it('is not used for a call with variables or a folder of its own, nor for other limits', async () => {
    const tools = bench.runtime(type, {
      warm: { size: 1 },
      tools: { pid: { memoryLimitBytes: 300 * 2 ** 20 }, echo: { warm: { size: 0 } } },
    })
    await idle(tools, 1)
    const input = ['OWN']
    const own = await tools.executeTool('variables', { input, env: { OWN: 'x' } })
    expect([own.warm, outputOf(own)]).toEqual([false, { OWN: 'x' }])
    expect((await tools.executeTool('echo')).warm).toBe(false)
    expect((await tools.executeTool('pid')).warm).toBe(false)
    const next = await tools.executeTool('variables', { input })
    expect([next.warm, outputOf(next)]).toEqual([true, { OWN: null }])
    const scratched = bench.runtime(type, { warm: { size: 1 }, scratchDir: true })
    expect((await scratched.executeTool('echo')).warm).toBe(false)
    expect((await scratched.executeTool('echo')).warm).toBe(false)
    expect(scratched.stats().pool.refills).toBe(0)
  })

  it('was made from the entrypoint as it is, never from an older one', async () => {
    const folder = bench.folder()
    const entrypointPath = join(folder, 'edited.mjs')
    writeFileSync(entrypointPath, 'export const version = () => 1')
    const tools = bench.runtime(type, { entrypointPath, warm: { size: 1 } })
    await idle(tools, 1)
    expect(outputOf(await tools.executeTool('version'))).toEqual({ value: 1 })
    await idle(tools, 1)
    writeFileSync(entrypointPath, 'export const version = () => "two"')
    for (let call = 0; call < 3; call++) {
      expect(outputOf(await tools.executeTool('version'))).toEqual({ value: 'two' })
      await idle(tools, 1)
    }
    expect(tools.stats().pool.evicted).toBeGreaterThanOrEqual(1)
  })

  it('that died is not noticed by the next call', async () => {
    const file = join(bench.folder(), 'workers')
    const entrypointPath = join(bench.folder(), 'marks.mjs')
    writeFileSync(
      entrypointPath,
      `import { appendFileSync } from 'node:fs'
      appendFileSync(${JSON.stringify(file)}, process.pid + '\\n')
      export const pid = () => process.pid`,
    )
    const tools = bench.runtime(type, { entrypointPath, warm: { size: 2 } })
    await idle(tools, 2)
    const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number)
    expect(pids).toHaveLength(2)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await until('both are dead', () => !pids.some(isAlive))
    const results = await Promise.all([tools.executeTool('pid'), tools.executeTool('pid')])
    for (const result of results) {
      expect(pids).not.toContain(outputOf(result).value)
      expect(result.attempts).toBe(1)
    }
    await idle(tools, 2)
  })

  it('is replaced when it is too old', async () => {
    const tools = bench.runtime(type, { warm: { size: 1, maxAgeMs: 300 } })
    await idle(tools, 1)
    await until('it was replaced', () => {
      const { evicted, refills } = tools.stats().pool
      return evicted >= 1 && refills >= 2
    })
    outputOf(await tools.executeTool('echo'))
  })

  it('that cannot load is no failure until a call says why', async () => {
    const folder = bench.folder()
    const entrypointPath = join(folder, 'late.mjs')
    const tools = bench.runtime(type, { entrypointPath, warm: { size: 2 } })
    const error = errorOf(await tools.executeTool('here'))
    expect(error.details?.phase).toBe('import')
    writeFileSync(entrypointPath, 'export const here = () => 1')
    // One that is only just failing still counts as starting: each call asks for what is missing.
    const end = Date.now() + PATIENCE_MS
    do {
      expect(outputOf(await tools.executeTool('here'))).toEqual({ value: 1 })
      await sleep(300)
    } while (tools.stats().pool.idle < 2 && Date.now() < end)
    expect(tools.stats().pool.idle).toBe(2)
  })

  it('holds back nothing of a burst, which starts cold', async () => {
    const tools = bench.runtime(type, { warm: { size: 1 }, maxConcurrent: 4 })
    await idle(tools, 1)
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, input) => tools.executeTool('echo', { input })),
    )
    expect(results.map((result) => outputOf(result).value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(results.filter((result) => result.warm).length).toBeGreaterThanOrEqual(1)
    const { hits, misses } = tools.stats().pool
    expect(hits + misses).toBe(8)
  })

  it('is soon gone once it has answered', async () => {
    const tools = bench.runtime(type, { warm: { size: 1, maxAgeMs: 60_000 } })
    await idle(tools, 1)
    const { value: pid } = outputOf(await tools.executeTool('pid'))
    await until('it is gone', () => !isAlive(Number(pid)))
  })

  it('goes with its runtime', async () => {
    const file = join(bench.folder(), 'marks')
    const tools = bench.runtime(type, {
      entrypointPath: fixture('killed-at-import.mjs'),
      env: { MARKS_FILE: file, KILLED_TIMES: '0' },
      warm: { size: 2 },
    })
    await idle(tools, 2)
    await tools.dispose()
    expect(tools.stats().pool.idle).toBe(0)
    expect(existsSync(file)).toBe(true)
  })
})
