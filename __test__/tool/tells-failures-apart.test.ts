import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { ProcessError, RunletError, type ToolExecutionError } from 'runlet'
import { Bench, errorOf, fixture, outputOf, RUNTIMES } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

function processErrorOf(error: ToolExecutionError): ProcessError {
  if (!(error.cause instanceof ProcessError)) throw new Error(`the cause is ${error.cause}`)
  return error.cause
}

describe.each(RUNTIMES)('a tool that throws on %s', (type) => {
  it('fails with its message, its name, its stack and the time', async () => {
    const projectRoot = bench.folder()
    const tools = bench.runtime(type, { projectRoot })
    const before = Date.now()
    const result = await tools.executeTool('throws', {
      execId: 'e1',
      input: { name: 'OrderError', message: 'no such order', code: 'E_ORDER' },
    })
    const error = errorOf(result, projectRoot)
    expect(error.message).toBe(
      'tool execution failed for tool throws (exec e1) during execute: tool execution failed: no such order',
    )
    expect([error.code, error.retryable, error.operation]).toEqual([
      'RUNTIME_ERROR',
      false,
      'execute',
    ])
    expect(error.details).toMatchObject({ name: 'OrderError', errorCode: 'E_ORDER', phase: 'run' })
    expect(error.details?.stack).toMatch(/throws/)
    expect(error.details?.stack).toMatch(/tools\.mjs:\d+/)
    expect(error.details?.stack).not.toContain('worker.mjs')
    const time = Date.parse(String(error.details?.timestamp))
    expect(time).toBeGreaterThanOrEqual(before - 1000)
    expect(error.cause).toBeInstanceOf(RunletError)
    expect(error.cause).not.toBeInstanceOf(ProcessError)
    expect(result).toMatchObject({ ok: false, attempts: 1 })
  })

  it.each([
    ['a text', 'a text'],
    [7, '7'],
    [null, 'null'],
    [{ a: 1 }, '[object Object]'],
  ])('%j, which is no error, fails as UnknownError', async (text, message) => {
    const tools = bench.runtime(type)
    const error = errorOf(await tools.executeTool('throws', { input: { text } }))
    expect(error.details?.name).toBe('UnknownError')
    expect(error.cause.message).toBe(`tool execution failed: ${message}`)
  })

  it('and nobody waits for it fails as well', async () => {
    const tools = bench.runtime(type)
    const error = errorOf(await tools.executeTool('rejectsLater'))
    expect([error.code, error.details?.name]).toEqual(['RUNTIME_ERROR', 'TypeError'])
    expect(error.cause.message).toBe('tool execution failed: nobody waits for this')
  })

  it('and a promise that nothing can settle is a failure, no wait for the timeout', async () => {
    const tools = bench.runtime(type)
    const error = errorOf(await tools.executeTool('unsettled'))
    expect(error.code).toBe('RUNTIME_ERROR')
    expect(error.cause.message).toMatch(/can never settle/)
  })

  it('with a code of the system for a refused access is PERMISSION_DENIED', async () => {
    const tools = bench.runtime(type)
    for (const code of ['EACCES', 'EPERM', 'ERR_ACCESS_DENIED']) {
      const error = errorOf(await tools.executeTool('throws', { input: { code } }))
      expect([error.code, error.details?.source]).toEqual(['PERMISSION_DENIED', 'guest'])
    }
  })

  it('names no place on the host, in no text', async () => {
    const projectRoot = bench.folder()
    const tools = bench.runtime(type, { projectRoot })
    const file = join(projectRoot, 'missing', 'folder')
    const inside = errorOf(await tools.executeTool('openMissing', { input: file }), projectRoot)
    expect(inside.cause.message).toContain("'./missing/folder'")
    const outside = errorOf(await tools.executeTool('openMissing', { input: '/home/zoe/none' }))
    expect(outside.cause.message).toContain("'none'")
    const all = [
      '/etc/shadow',
      `${projectRoot}/a b`,
      'file:///home/zoe/x.ts',
      'C:\\Users\\Zoe\\x.ts',
    ]
    for (const message of all) {
      const input = { message: `at ${message}:1:2`, name: `${projectRoot}/name`, code: '/tmp/code' }
      const error = errorOf(await tools.executeTool('throws', { input }), projectRoot)
      expect(JSON.stringify(error)).not.toMatch(/zoe|Zoe\\\\x|\/etc/)
    }
    const stderr = `boom at ${projectRoot}/x.ts and /home/zoe/y.ts`
    const exited = errorOf(
      await tools.executeTool('exits', { input: { code: 1, stderr } }),
      projectRoot,
    )
    expect(exited.message).toMatch(/stderr: boom at \.\/x\.ts and y\.ts$/)
  })
})

describe.each(RUNTIMES)('a process that ends on %s', (type) => {
  it('by itself tells its exit code and what it wrote to stderr', async () => {
    const tools = bench.runtime(type)
    const input = { code: 3, stderr: 'the last words\n' }
    const result = await tools.executeTool('exits', { input, execId: 'e1' })
    const error = errorOf(result)
    expect(error.message).toBe(
      'tool execution failed for tool exits (exec e1) during execute: runtime process wait failed: ' +
        `${type} process for tool exits failed (exit 3)\nstderr: the last words\n`,
    )
    expect([error.code, error.retryable]).toEqual(['PROCESS_EXIT', false])
    expect(processErrorOf(error)).toMatchObject({
      code: 'PROCESS_EXIT',
      operation: 'wait',
      exitCode: 3,
      signal: null,
      oom: false,
    })
    expect(processErrorOf(error).stderr).toBe('the last words\n')
    expect(result.attempts).toBe(1)
    expect(Object.keys(processErrorOf(error))).not.toContain('stderr')
  })

  it('with exit code 0 has not answered either', async () => {
    const tools = bench.runtime(type)
    const error = errorOf(await tools.executeTool('exits', { input: { code: 0 } }))
    expect([error.code, processErrorOf(error).exitCode]).toEqual(['PROCESS_EXIT', 0])
  })

  it('shows the end of a long stderr in its message, and keeps all of it', async () => {
    const tools = bench.runtime(type)
    const stderr = `${'a'.repeat(10_000)}the last words`
    const error = errorOf(await tools.executeTool('exits', { input: { code: 4, stderr } }))
    expect(error.message).toMatch(
      /failed \(exit 4\)\nstderr \(truncated\): a{1000,2048}the last words$/,
    )
    expect(processErrorOf(error).stderr).toBe(stderr)
  })

  it.each([
    ['SIGSEGV', 'segmentation fault', false],
    ['SIGTERM', 'terminated', false],
    ['SIGKILL', 'killed', true],
  ])('by %s tells the signal', async (signal, text, oom) => {
    const tools = bench.runtime(type)
    const error = errorOf(await tools.executeTool('kills', { input: signal }))
    expect(error.code).toBe('PROCESS_EXIT')
    expect(processErrorOf(error)).toMatchObject({ exitCode: null, signal, oom })
    const note = oom ? ' - possible OOM or external kill' : ''
    expect(error.cause.message).toContain(
      `${type} process for tool kills failed (signal: ${text})${note}`,
    )
  })

  it('while the entrypoint is loaded says so', async () => {
    const folder = bench.folder()
    const tools = bench.runtime(type, {
      entrypointPath: fixture('killed-at-import.mjs'),
      env: { MARKS_FILE: join(folder, 'marks'), KILLED_TIMES: '100' },
      backoffMaxElapsedTimeMs: 0,
    })
    const result = await tools.executeTool('loads')
    const error = errorOf(result)
    expect([error.code, error.retryable, result.attempts]).toEqual(['WORKER_LOST', true, 1])
    expect(error.details?.phase).toBe('start')
  })
})

describe.each(RUNTIMES)('a result on %s', (type) => {
  it('that is nested too deep is refused, and at the limit is not', async () => {
    const tools = bench.runtime(type, { rawResult: true, maxResultDepth: 50 })
    expect((await tools.executeTool('deep', { input: 50 })).ok).toBe(true)
    const error = errorOf(await tools.executeTool('deep', { input: 51 }))
    expect([error.code, error.details?.limit]).toEqual(['OUTPUT_LIMIT', 'maxResultDepth'])
    const deep = errorOf(await tools.executeTool('deep', { input: 3000 }))
    expect(deep.code).toBe('OUTPUT_LIMIT')
  })

  it('comes after failures of others as if they had not been', async () => {
    const tools = bench.runtime(type, { maxConcurrent: 4 })
    const calls = ['exits', 'throws', 'kills', 'echo', 'nothing', 'echo'] as const
    const inputs = [{ code: 9 }, {}, 'SIGKILL', 1, null, 2]
    const results = await Promise.all(
      calls.map((id, at) => tools.executeTool(id, { input: inputs[at] })),
    )
    expect(results.map((result) => (result.ok ? 'OK' : errorOf(result).code))).toEqual([
      'PROCESS_EXIT',
      'RUNTIME_ERROR',
      'PROCESS_EXIT',
      'OK',
      'INVALID_ARGUMENT',
      'OK',
    ])
    expect(outputOf(results[5] as never)).toEqual({ value: 2 })
  })
})

describe('a mistake in the options', () => {
  it('is an id under tools that can never be called', () => {
    const make = () => bench.runtime('node', { tools: { 'my tool': { timeoutMs: 5 } } })
    expect(make).toThrow('tools["my tool"]: tool_id contains invalid characters')
  })
})

describe.each(RUNTIMES)('a runtime without an entrypoint, on %s', (type) => {
  it('has no tools, and tells of an early failure where it was', async () => {
    const tools = bench.runtime(type, { entrypointPath: '' })
    expect(await tools.listTools()).toEqual([])
    const result = await tools.executeTool('my tool')
    expect(result.error?.details).toMatchObject({ phase: 'queue' })
  })
})
