import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, errorOf, outputOf, PATIENCE_MS, RUNTIMES, rejection, thrown } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())
const MIB = 2 ** 20

describe.each(RUNTIMES)('what one tool has of its own on %s', (type) => {
  it('is its timeout, between that of the runtime and that of a call', async () => {
    const tools = bench.runtime(type, {
      toolExecutionTimeoutMs: 250,
      tools: { never: { timeoutMs: 150 }, sleep: { timeoutMs: PATIENCE_MS } },
    })
    expect(tools.globalTimeout()).toBe(250)
    const text = (ms: number) => `timeout: Tool execution timed out after ${ms}ms`
    const ofTool = errorOf(await tools.executeTool('never'))
    expect([ofTool.code, ofTool.cause.message]).toEqual(['TIMEOUT', text(150)])
    const ofCall = errorOf(await tools.executeTool('never', { timeoutMs: 120 }))
    expect([ofCall.code, ofCall.cause.message]).toEqual(['TIMEOUT', text(120)])
    const spun = errorOf(await tools.executeTool('spin'))
    expect([spun.code, spun.cause.message]).toEqual(['TIMEOUT', text(250)])
    expect(spun.details).toMatchObject({ timeoutMs: 250 })
    const slept = await tools.executeTool('sleep', { input: { ms: 400, value: 'done' } })
    expect(outputOf(slept)).toEqual({ value: 'done' })
  })

  it('holds for every spelling of its id that names it', async () => {
    const tools = bench.runtime(type, {
      env: { WHOSE: 'runtime' },
      tools: { toKelvin: { env: { WHOSE: 'tool' }, inputSchema: { type: 'array', minItems: 1 } } },
    })
    // The sign for kelvin, whose normal form is the letter.
    const spelled = 'to\u212Aelvin'
    for (const id of [spelled, 'toKelvin']) {
      const result = await tools.executeTool(id, { input: ['WHOSE'] })
      expect([outputOf(result), result.toolId]).toEqual([{ WHOSE: 'tool' }, 'toKelvin'])
    }
    const refused = errorOf(await tools.executeTool(spelled, { input: [] }))
    expect(refused.code).toBe('VALIDATION_ERROR')
  })

  it('may not exceed maxTimeoutMs, nor may a call', async () => {
    const error = thrown(() =>
      bench.runtime(type, { maxTimeoutMs: 30_000, tools: { echo: { timeoutMs: 30_001 } } }),
    )
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain('tools["echo"].timeoutMs')
    const global = thrown(() => bench.runtime(type, { maxTimeoutMs: 100 }))
    expect(global.message).toContain('toolExecutionTimeoutMs')
    const tools = bench.runtime(type, { maxTimeoutMs: 30_000 })
    const ofCall = await rejection(tools.executeTool('echo', { timeoutMs: 30_001 }))
    expect([ofCall.code, ofCall.details?.field]).toEqual(['INVALID_ARGUMENT', 'timeoutMs'])
    expect(ofCall.message).toContain('30000')
  })

  it('is its memory', async () => {
    const tools = bench.runtime(type, {
      memoryLimitBytes: 1024 * MIB,
      tools: { holds: { memoryLimitBytes: 160 * MIB } },
    })
    const error = errorOf(await tools.executeTool('holds', { input: 600 }))
    expect([error.code, error.retryable]).toEqual(['MEMORY_LIMIT', false])
    if (error.details?.limitBytes !== undefined) {
      expect(error.details.limitBytes).toBe(160 * MIB)
      expect(Number(error.details.peakBytes)).toBeGreaterThan(160 * MIB)
    }
    const free = bench.runtime(type, { memoryLimitBytes: 1024 * MIB })
    const result = await free.executeTool('holds', { input: 250 })
    expect(outputOf(result)).toEqual({ value: 250 })
    // Sampled, so a little less than all of it may have been seen.
    expect(result.peakMemoryBytes).toBeGreaterThan(160 * MIB)
  })

  it('is the size of its result, to the byte', async () => {
    const tools = bench.runtime(type, { tools: { bytes: { maxOutputBytes: 1000 } } })
    const fits = outputOf(await tools.executeTool('bytes', { input: 998 }))
    expect(fits).toEqual({ value: 'x'.repeat(998) })
    const error = errorOf(await tools.executeTool('bytes', { input: 999 }))
    expect(error.code).toBe('OUTPUT_LIMIT')
    expect(error.cause.message).toBe('tool output exceeds maximum size limit of 1000 bytes')
    expect(error.details).toMatchObject({ limit: 'maxOutputBytes', limitBytes: 1000 })
    const far = errorOf(await tools.executeTool('bytes', { input: 5 * MIB }))
    expect(far.cause.message).toBe(error.cause.message)
    expect(outputOf(await tools.executeTool('echo', { input: 'x'.repeat(2000) }))).toBeDefined()
  })

  it('is its environment: the tool wins over the runtime, the call over both', async () => {
    const tools = bench.runtime(type, {
      env: { ALL: 'runtime', TOOL: 'runtime', CALL: 'runtime' },
      tools: { variables: { env: { TOOL: 'tool', CALL: 'tool' } } },
    })
    const input = ['ALL', 'TOOL', 'CALL']
    const output = outputOf(await tools.executeTool('variables', { input, env: { CALL: 'call' } }))
    expect(output).toEqual({ ALL: 'runtime', TOOL: 'tool', CALL: 'call' })
    const without = outputOf(await tools.executeTool('variables', { input }))
    expect(without).toEqual({ ALL: 'runtime', TOOL: 'tool', CALL: 'tool' })
  })

  it('is its config, where a call gives none', async () => {
    const tools = bench.runtime(type, { tools: { sync: { config: { from: 'tool' } } } })
    const configOf = async (options: object) =>
      outputOf(await tools.executeTool('sync', options)).config
    expect(await configOf({})).toEqual({ from: 'tool' })
    expect(await configOf({ config: { from: 'call' } })).toEqual({ from: 'call' })
    expect(await configOf({ config: null })).toBe('absent')
    const later = outputOf(await tools.executeTool('later', {}))
    expect(later.config).toBe('absent')
  })

  it('is its permissions: the variables of the host that it sees', async () => {
    process.env.SHOWN_TO_TOOLS = 'from the host'
    try {
      const tools = bench.runtime(type, {
        tools: { variables: { permissions: ['--allow-all'] } },
      })
      const input = ['SHOWN_TO_TOOLS']
      const seen = outputOf(await tools.executeTool('variables', { input }))
      expect(seen).toEqual({ SHOWN_TO_TOOLS: 'from the host' })
      const other = bench.runtime(type)
      const unseen = outputOf(await other.executeTool('variables', { input }))
      expect(unseen).toEqual({ SHOWN_TO_TOOLS: null })
    } finally {
      delete process.env.SHOWN_TO_TOOLS
    }
  })

  it('is read of own members alone', async () => {
    const tools = bench.runtime(type, { tools: {} })
    const error = errorOf(await tools.executeTool('constructor'))
    expect(error.code).toBe('INVALID_ARGUMENT')
  })
})
