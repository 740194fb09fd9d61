import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { ProcessError, RunletError, ToolExecutionError } from 'runlet'
import { root } from '../package/repository'

const { addon } = require(join(__dirname, '../../dist/addon.js')) as typeof import('../../ts/addon')

const failed = () =>
  new ProcessError({
    code: 'PROCESS_EXIT',
    operation: 'execute',
    reason: 'bun process for tool add failed (exit 3)',
    exitCode: 3,
    stderr: 'token=printed-by-the-tool',
    stdout: 'printed',
  })

const wrapped = (cause: Error) =>
  new ToolExecutionError({ toolId: 'add', toolExecId: 'e1', operation: 'execute', cause })

describe('a ToolExecutionError', () => {
  it('says which tool, which call, what it did and why', () => {
    const cause = new Error('tool_id cannot be empty')
    const error = new ToolExecutionError({
      toolId: 'a/b',
      toolExecId: '42',
      operation: 'validate inputs',
      code: 'INVALID_ARGUMENT',
      details: { field: 'toolId' },
      cause,
    })
    expect(error.message).toBe(
      'tool execution failed for tool a/b (exec 42) during validate inputs: tool_id cannot be empty',
    )
    expect(error).toMatchObject({
      name: 'ToolExecutionError',
      code: 'INVALID_ARGUMENT',
      retryable: false,
      toolId: 'a/b',
      toolExecId: '42',
      operation: 'validate inputs',
      details: { field: 'toolId' },
    })
    expect(error.cause).toBe(cause)
  })

  it('takes code, details and retryable from a cause of runlet, unless told otherwise', () => {
    const lost = new RunletError('WORKER_LOST', 'gone', { retryable: true, details: { n: 1 } })
    expect(wrapped(lost)).toMatchObject({ code: 'WORKER_LOST', retryable: true, details: { n: 1 } })
    expect(wrapped(new TypeError('x'))).toMatchObject({ code: 'INTERNAL', retryable: false })
    const other = new ToolExecutionError({
      toolId: 'add',
      toolExecId: 'e1',
      operation: 'execute',
      cause: lost,
      code: 'TIMEOUT',
      retryable: false,
    })
    expect(other).toMatchObject({ code: 'TIMEOUT', retryable: false })
  })

  it('is told apart by its brand, in every direction', () => {
    const [tool, child, plain] = [wrapped(failed()), failed(), new RunletError('TIMEOUT', 'x')]
    for (const error of [tool, child, plain]) {
      expect(error).toBeInstanceOf(RunletError)
      expect(error).toBeInstanceOf(Error)
      expect(error instanceof ToolExecutionError).toBe(error === tool)
      expect(ToolExecutionError.isInstance(error)).toBe(error === tool)
      expect(error instanceof ProcessError).toBe(error === child)
      expect(ProcessError.isInstance(error)).toBe(error === child)
    }
    for (const other of [undefined, null, 'x', {}, new Error('x'), ToolExecutionError]) {
      expect(ToolExecutionError.isInstance(other)).toBe(false)
      expect(ProcessError.isInstance(other)).toBe(false)
    }
    class Own extends ToolExecutionError {}
    expect(tool instanceof Own).toBe(false)
  })

  it('is recognised when another copy of the package made it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'runlet-copy-'))
    for (const file of ['errors.js', 'tool/errors.js']) {
      cpSync(join(root, 'dist', file), join(folder, file))
    }
    const copy = require(join(folder, 'tool/errors.js')) as typeof import('../../ts/tool/errors')
    rmSync(folder, { recursive: true })
    expect(copy.ProcessError).not.toBe(ProcessError)
    const child = new copy.ProcessError({ code: 'PROCESS_EXIT', operation: 'execute', reason: 'x' })
    const tool = new copy.ToolExecutionError({
      toolId: 'add',
      toolExecId: 'e1',
      operation: 'execute',
      cause: child,
    })
    for (const error of [child, tool]) {
      expect(error instanceof RunletError).toBe(true)
      expect(error instanceof ProcessError).toBe(error === child)
      expect(error instanceof ToolExecutionError).toBe(error === tool)
    }
    // A cause from another copy is known for what it is.
    expect(wrapped(child)).toMatchObject({ code: 'PROCESS_EXIT' })
    expect(JSON.parse(JSON.stringify(wrapped(child))).cause).toMatchObject({ oom: false })
  })
})

describe('a ProcessError', () => {
  it('says what was done and how the process ended', () => {
    const killed = new ProcessError({
      code: 'PROCESS_EXIT',
      operation: 'execute',
      reason: 'bun process for tool add failed (signal: killed) - possible OOM or external kill',
      signal: 'SIGKILL',
      oom: true,
    })
    expect(killed.message).toBe(
      'runtime process execute failed: bun process for tool add failed (signal: killed) - possible OOM or external kill',
    )
    expect(killed).toMatchObject({
      name: 'ProcessError',
      exitCode: null,
      signal: 'SIGKILL',
      oom: true,
    })
    expect([killed.stderr, killed.stdout]).toEqual(['', ''])
    expect(failed()).toMatchObject({ exitCode: 3, signal: null, oom: false })
    const missing = new ProcessError({
      code: 'RUNTIME_NOT_FOUND',
      operation: 'check availability',
      reason: 'bun executable not found in PATH',
    })
    expect(missing.message).toBe(
      'runtime process check availability failed: bun executable not found in PATH',
    )
  })

  it('keeps what the tool printed for who asks, not for every log', () => {
    const error = failed()
    expect([error.stderr, error.stdout]).toEqual(['token=printed-by-the-tool', 'printed'])
    expect(Object.keys(error)).not.toContain('stderr')
    expect(inspect(error)).not.toContain('printed')
    expect(JSON.stringify(error)).not.toContain('printed')
    expect(JSON.stringify({ ...error })).not.toContain('printed')
  })
})

describe('the JSON of an error', () => {
  it('has everything but what was printed, with the cause', () => {
    expect(JSON.parse(JSON.stringify(wrapped(failed())))).toEqual({
      name: 'ToolExecutionError',
      code: 'PROCESS_EXIT',
      message:
        'tool execution failed for tool add (exec e1) during execute: ' +
        'runtime process execute failed: bun process for tool add failed (exit 3)',
      retryable: false,
      toolId: 'add',
      toolExecId: 'e1',
      operation: 'execute',
      cause: {
        name: 'ProcessError',
        code: 'PROCESS_EXIT',
        message: 'runtime process execute failed: bun process for tool add failed (exit 3)',
        retryable: false,
        operation: 'execute',
        exitCode: 3,
        signal: null,
        oom: false,
      },
    })
  })

  it('holds no path of the host, though stacks do', () => {
    const { native } = addon()
    const text = native.hideHostPaths(`cannot open '${root}/tools/a.ts' nor /etc/app/x.conf`, [
      root,
    ])
    expect(text).toBe("cannot open './tools/a.ts' nor x.conf")
    // A cause that is not ours may name anything beside its message.
    const cause = Object.assign(new Error(text), { path: `${root}/tools/a.ts` })
    const error = wrapped(cause)
    expect(error.stack).toContain(root)
    expect(JSON.stringify(error)).not.toContain(root)
    expect(JSON.parse(JSON.stringify(error)).cause).toEqual({ name: 'Error' })
  })
})

describe('the texts of errors', () => {
  it('lose secrets by their look and by their value', () => {
    const { native } = addon()
    const text = 'password=abc and hunter22 and Bearer x.y for me@example.org'
    expect(native.redactText(text, ['hunter22'])).toBe(
      'password=[REDACTED] and [REDACTED] and Bearer [REDACTED] for [REDACTED]',
    )
  })
})
