import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { ProcessError, RunletError, ToolExecutionError } from 'runlet'
import { Bench, errorOf, fixture, outputOf, RUNTIMES, rejection } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

describe.each(RUNTIMES)('a tool on %s', (type) => {
  it('is called with input and config, sync or async, and with nothing as this', async () => {
    const tools = bench.runtime(type)
    const given = { input: { name: 'Ada', list: [1, null, 'x'] }, config: { unit: 'm' } }
    expect(outputOf(await tools.executeTool('sync', given))).toEqual(given)
    expect(outputOf(await tools.executeTool('later', given))).toEqual(given)
    const context = outputOf(await tools.executeTool('context', given))
    expect(context).toEqual({ count: 2, self: 'undefined' })
  })

  it('gets a config object as it is, none where none was given, and {} as {}', async () => {
    const tools = bench.runtime(type)
    const configOf = async (config?: unknown) =>
      outputOf(await tools.executeTool('sync', { input: null, config })).config
    expect(await configOf({ a: [1], b: null })).toEqual({ a: [1], b: null })
    expect(await configOf()).toBe('absent')
    expect(await configOf(null)).toBe('absent')
    expect(await configOf({})).toEqual({})
  })

  it('may be a member of the default export, and then named exports are none', async () => {
    const tools = bench.runtime(type, { entrypointPath: fixture('standard.mjs') })
    const greeting = outputOf(await tools.executeTool('greet', { input: { name: 'Ada' } }))
    expect(greeting).toEqual({ greeting: 'Hello, Ada' })
    const named = outputOf(await tools.executeTool('category/tool-name', { input: [1] }))
    expect(named).toEqual({ id: 'category/tool-name', input: [1] })
    expect(outputOf(await tools.executeTool('tool.name'))).toEqual({ value: 'dotted' })
    const hidden = errorOf(await tools.executeTool('hidden'))
    expect(hidden.code).toBe('INVALID_ARGUMENT')
    expect(hidden.cause.message).toBe(
      'Tool hidden not found in entrypoint exports. Available tools: greet, category/tool-name, tool.name',
    )
    expect(hidden.details?.available).toEqual(['greet', 'category/tool-name', 'tool.name'])
    expect(errorOf(await tools.executeTool('notATool')).code).toBe('INVALID_ARGUMENT')
  })

  it('may be a member of a function that is the default export', async () => {
    const tools = bench.runtime(type, { entrypointPath: fixture('default-function.mjs') })
    expect(outputOf(await tools.executeTool('member'))).toEqual({ value: 'a member' })
    expect(errorOf(await tools.executeTool('default')).code).toBe('INVALID_ARGUMENT')
  })

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf', 'call', 'then'])(
    'is an own export: %s is none',
    async (id) => {
      for (const entrypointPath of [fixture('tools.mjs'), fixture('default-function.mjs')]) {
        const tools = bench.runtime(type, { entrypointPath })
        const error = errorOf(await tools.executeTool(id))
        expect(error.code).toBe('INVALID_ARGUMENT')
        expect(error.cause.message).toMatch(
          new RegExp(`^Tool ${id} not found in entrypoint exports\\. Available tools: `),
        )
      }
    },
  )

  it('is told of in its result, also in the names of the wire', async () => {
    const tools = bench.runtime(type)
    const result = await tools.executeTool('sleep', { input: { ms: 20 }, execId: 'call-1' })
    expect(result).toMatchObject({
      ok: true,
      toolId: 'sleep',
      execId: 'call-1',
      attempts: 1,
      warm: false,
      denials: [],
      enforcement: { mode: 'require', level: 'full' },
      metadata: { tool_id: 'sleep', tool_exec_id: 'call-1' },
    })
    expect(result.startMs).toBeGreaterThan(0)
    expect(result.queueMs).toBeGreaterThanOrEqual(0)
    expect(result.metadata.execution_time).toBeGreaterThanOrEqual(15)
    expect(result.durationMs).toBeGreaterThanOrEqual(result.metadata.execution_time)
    expect(result.peakMemoryBytes).toBeGreaterThan(2 ** 20)
    expect((await tools.executeTool('pid')).execId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
  })

  it('has a process of its own for each call', async () => {
    const tools = bench.runtime(type)
    for (let call = 0; call < 2; call++) {
      expect(outputOf(await tools.executeTool('count'))).toEqual({ value: 1 })
    }
  })

  it('can be called for its output alone, or with the timeout as an argument', async () => {
    const tools = bench.runtime(type)
    expect(await tools.executeToolOrThrow('echo', { input: { a: 1 } })).toEqual({ a: 1 })
    const error = await rejection(tools.executeToolOrThrow('throws', { input: { message: 'x' } }))
    expect(error).toBeInstanceOf(ToolExecutionError)
    expect(error.code).toBe('RUNTIME_ERROR')
    const late = errorOf(await tools.executeToolWithTimeout('never', { execId: 'e' }, 150))
    expect(late.code).toBe('TIMEOUT')
    expect(late.toolExecId).toBe('e')
  })

  it('is listed, sorted, with its schemas, without being run', async () => {
    const inputSchema = { type: 'object' }
    const tools = bench.runtime(type, {
      entrypointPath: fixture('standard.mjs'),
      tools: { greet: { inputSchema }, unknown: { timeoutMs: 10 } },
    })
    expect(await tools.listTools()).toEqual([
      { id: 'category/tool-name', source: 'entrypoint' },
      { id: 'greet', source: 'entrypoint', inputSchema },
      { id: 'tool.name', source: 'entrypoint' },
    ])
  })

  it('is missing where there is no entrypoint, in words that say so', async () => {
    // Of TypeScript, which every Bun reads.
    if (type === 'node') {
      const tools = bench.runtime(type, { entrypointPath: fixture('default-function.mjs') })
      expect((await tools.listTools()).map(({ id }) => id)).toEqual(['member'])
      return
    }
    const tools = bench.runtime(type, { entrypointPath: '' })
    expect(await tools.listTools()).toEqual([])
    const error = errorOf(await tools.executeTool('any'))
    expect(error.cause.message).toBe(
      'Tool any not found in entrypoint exports. Available tools: none',
    )
  })
})

describe.each(RUNTIMES)('the result of a tool on %s', (type) => {
  it.each([
    ['null', {}],
    ['undefined', {}],
    ['array', { value: [1, [2, { three: 3 }]] }],
    ['string', { value: 'text' }],
    ['empty', { value: '' }],
    ['number', { value: 42.5 }],
    ['zero', { value: 0 }],
    ['true', { value: true }],
    ['false', { value: false }],
    ['nested', { a: { b: [{ c: null }] } }],
    ['date', { value: '1970-01-01T00:00:00.000Z' }],
    ['function', {}],
    ['nan', {}],
    ['toJSON', { value: ['made', 'by toJSON'] }],
    ['holes', { kept: 1, list: [null, null] }],
    ['unicode', { value: 'ä€😀\u2028\0"\\' }],
    ['lone', { value: '\ud800' }],
  ])('%s', async (kind, expected) => {
    const tools = bench.runtime(type)
    expect(outputOf(await tools.executeTool('results', { input: kind }))).toEqual(expected)
  })

  it('may have an own __proto__, which becomes no prototype', async () => {
    const tools = bench.runtime(type)
    const output = outputOf(await tools.executeTool('results', { input: 'proto' }))
    expect(Object.keys(output)).toEqual(['__proto__', 'own'])
    expect(Object.getPrototypeOf(output)).toBe(Object.prototype)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  it.each([
    ['cyclic', 'TypeError', /circular|cyclic/i],
    ['big', 'TypeError', /BigInt/],
    ['bent', 'RangeError', /^a getter that throws$/],
  ])('%s is no result: the text is that of the engine', async (kind, name, text) => {
    const tools = bench.runtime(type)
    const error = errorOf(await tools.executeTool('results', { input: kind }))
    expect(error.code).toBe('RUNTIME_ERROR')
    expect(error.details?.name).toBe(name)
    const [, message = ''] = /^tool execution failed: ([\s\S]*)$/.exec(error.cause.message) ?? []
    expect(message).toMatch(text)
  })

  it('comes as it is with rawResult', async () => {
    const tools = bench.runtime(type, { rawResult: true })
    const raw = async (input: string) =>
      outputOf(await tools.executeTool<unknown>('results', { input }))
    expect(await raw('null')).toBeNull()
    expect(await raw('undefined')).toBeNull()
    expect(await raw('array')).toEqual([1, [2, { three: 3 }]])
    expect(await raw('string')).toBe('text')
    expect(await raw('nested')).toEqual({ a: { b: [{ c: null }] } })
  })
})

describe.each(RUNTIMES)('the runtime on %s', (type) => {
  it('says why an entrypoint cannot be loaded', async () => {
    const projectRoot = bench.folder()
    const rows = [
      ['broken.mjs', 'export const broken = (', 'SYNTAX_ERROR', 'syntax'],
      ['thrown.mjs', "throw new RangeError('not today')", 'RUNTIME_ERROR', 'throw'],
      ['missing.mjs', "import 'no-such-package-anywhere'", 'RUNTIME_ERROR', 'resolve'],
    ] as const
    for (const [name, text, code, kind] of rows) {
      writeFileSync(join(projectRoot, name), text)
      const tools = bench.runtime(type, { projectRoot, entrypointPath: `./${name}` })
      const result = await tools.executeTool('any')
      const error = errorOf(result, projectRoot)
      expect([name, error.code, error.details?.kind]).toEqual([name, code, kind])
      expect(error.details?.phase).toBe('import')
      expect(error.retryable).toBe(false)
      expect(result.attempts).toBe(1)
      expect((await rejection(tools.listTools())).code).toBe(code)
    }
    const gone = bench.runtime(type, { projectRoot, entrypointPath: './nothing-here.mjs' })
    const error = errorOf(await gone.executeTool('any'), projectRoot)
    expect([error.code, error.details?.phase]).toEqual(['RUNTIME_ERROR', 'import'])
  })

  it('loads an entrypoint whatever its path looks like', async () => {
    // Bun itself loads no file with a question mark in its path.
    const mark = type === 'bun' ? '' : '?'
    const projectRoot = join(bench.folder(), `a "b' #c ${mark}d %41 $e`)
    mkdirSync(projectRoot)
    const entrypointPath = join(projectRoot, `to ${mark}ols\`.mjs`)
    writeFileSync(entrypointPath, 'export const one = () => 1')
    const tools = bench.runtime(type, { projectRoot, entrypointPath })
    expect(outputOf(await tools.executeTool('one'))).toEqual({ value: 1 })
  })

  it('rejects nothing but mistakes of the calling program', async () => {
    const tools = bench.runtime(type)
    const calls: unknown[][] = [
      [42],
      ['echo', { timeoutMs: 0 }],
      ['echo', { timeoutMs: Number.NaN }],
      ['echo', { timeoutMs: Number.POSITIVE_INFINITY }],
      ['echo', { timeoutMs: 300_001 }],
      ['echo', { env: { A: 1 } }],
      ['echo', { env: ['A'] }],
      ['echo', { execId: 7 }],
      ['echo', { onLog: 'log' }],
      ['echo', { signal: {} }],
      ['echo', { inptu: 1 }],
      ['echo', 'input'],
    ]
    for (const [toolId, options] of calls) {
      const error = await rejection(tools.executeTool(toolId as string, options as object))
      expect([toolId, options, error.code]).toEqual([toolId, options, 'INVALID_ARGUMENT'])
      expect(error).not.toBeInstanceOf(ProcessError)
      expect(error).toBeInstanceOf(RunletError)
    }
    expect(tools.stats().executions).toEqual({ success: 0, error: 0, timeout: 0 })
  })
})
