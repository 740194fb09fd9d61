import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { Bench, errorOf, outputOf, RUNTIMES, thrown } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

const standard = (validate: (value: unknown) => unknown) => ({
  '~standard': { version: 1, vendor: 'test', validate },
})

describe.each(RUNTIMES)('the schema of an input on %s', (type) => {
  it('of zod refuses before anything is started, and what it made is sent', async () => {
    const file = join(bench.folder(), 'marks')
    const inputSchema = z.object({ n: z.coerce.number().min(1), unit: z.string().default('m') })
    const tools = bench.runtime(type, {
      tools: { echo: { inputSchema }, mark: { inputSchema: z.number() } },
    })
    const output = outputOf(await tools.executeTool('echo', { input: { n: '7', more: 1 } }))
    expect(output).toEqual({ n: 7, unit: 'm' })
    const result = await tools.executeTool('echo', { input: { n: 0, unit: 5 } })
    const error = errorOf(result)
    expect([error.code, error.operation, error.retryable]).toEqual([
      'VALIDATION_ERROR',
      'validate inputs',
      false,
    ])
    const issues = error.details?.issues as { path: unknown[]; message: string }[]
    expect(issues.map(({ path }) => path)).toEqual([['n'], ['unit']])
    expect([result.attempts, result.startMs]).toEqual([0, 0])
    errorOf(await tools.executeTool('mark', { input: file }))
    expect(existsSync(file)).toBe(false)
  })

  it('of JSON Schema refuses with paths', async () => {
    const inputSchema = {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
    }
    const tools = bench.runtime(type, { tools: { echo: { inputSchema } } })
    const input = { name: 'x', tags: ['a'] }
    expect(outputOf(await tools.executeTool('echo', { input }))).toEqual(input)
    const error = errorOf(await tools.executeTool('echo', { input: { name: 'x', tags: ['a', 1] } }))
    expect(error.code).toBe('VALIDATION_ERROR')
    expect(error.details?.issues).toMatchObject([{ path: ['tags', 1] }])
  })

  it('may answer later; one that never answers is TIMEOUT', async () => {
    const later = standard(async (value) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return { value: { was: value } }
    })
    const tools = bench.runtime(type, {
      tools: {
        echo: { inputSchema: later },
        sync: { inputSchema: standard(() => new Promise(() => {})), timeoutMs: 150 },
      },
    })
    expect(outputOf(await tools.executeTool('echo', { input: 1 }))).toEqual({ was: 1 })
    const result = await tools.executeTool('sync')
    const error = errorOf(result)
    expect([error.code, error.operation]).toEqual(['TIMEOUT', 'validate inputs'])
    expect(error.cause.message).toBe('timeout: Tool execution timed out after 150ms')
    expect(result.attempts).toBe(0)
  })

  it('is refused when the runtime is made, if it is none', () => {
    const error = thrown(() =>
      bench.runtime(type, { tools: { echo: { inputSchema: { type: 'nonsense' } } } }),
    )
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain('tools["echo"].inputSchema')
  })
})

describe.each(RUNTIMES)('the schema of an output on %s', (type) => {
  it('sees the value before it is wrapped, and what it made is given', async () => {
    const tools = bench.runtime(type, {
      tools: {
        echo: { outputSchema: z.number().transform((n) => n + 1) },
        sync: { outputSchema: { type: 'object', required: ['input'] } },
      },
    })
    expect(outputOf(await tools.executeTool('echo', { input: 1 }))).toEqual({ value: 2 })
    const error = errorOf(await tools.executeTool('echo', { input: 'one' }))
    expect([error.code, error.operation]).toEqual(['VALIDATION_ERROR', 'validate output'])
    expect(outputOf(await tools.executeTool('sync', { input: 1, config: {} }))).toEqual({
      input: 1,
      config: {},
    })
  })

  it('refuses after the tool ran: what it printed is there, and nothing is repeated', async () => {
    const tools = bench.runtime(type, {
      tools: { noisy: { outputSchema: { type: 'string' }, retry: { on: ['RUNTIME_ERROR'] } } },
    })
    const result = await tools.executeTool('noisy', { input: 1 })
    expect(errorOf(result).code).toBe('VALIDATION_ERROR')
    expect(result.attempts).toBe(1)
    expect(result.logs.stderr).toContain('[LOG] log')
  })

  it('that never answers is TIMEOUT', async () => {
    const outputSchema = standard(() => new Promise(() => {}))
    const tools = bench.runtime(type, { tools: { echo: { outputSchema, timeoutMs: 5_000 } } })
    const error = errorOf(await tools.executeTool('echo'))
    expect([error.code, error.operation]).toEqual(['TIMEOUT', 'validate output'])
  })

  it('is not asked with validateSchemas: false, nor that of the input', async () => {
    const refuse = standard(() => ({ issues: [{ message: 'never' }] }))
    const tools = bench.runtime(type, {
      validateSchemas: false,
      tools: { echo: { inputSchema: refuse, outputSchema: refuse } },
    })
    expect(outputOf(await tools.executeTool('echo', { input: 1 }))).toEqual({ value: 1 })
  })
})
