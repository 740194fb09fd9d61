/** What the tests of tools share: runtimes over fixtures, and what holds for every error. */

import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from '@jest/globals'
import {
  createToolRuntime,
  RunletError,
  ToolExecutionError,
  type ToolResult,
  type ToolRuntime,
  type ToolRuntimeOptions,
} from 'runlet'

/** Programs that every promise is kept on. */
export const RUNTIMES = ['bun', 'node'] as const
/** All that tools of these tests may do; where kinds of access can be enforced, still all of them. */
export const PERMISSIONS = ['--allow-read', '--allow-write', '--allow-net', '--allow-run']
/** Only a hang takes longer. */
export const PATIENCE_MS = 20_000
/** A Node to run the tools of these tests on in place of the host's. */
const { RUNLET_TEST_NODE } = process.env
const ROOT = dirname(dirname(__dirname))

/** The path of a fixture. */
export function fixture(name: string): string {
  return join(__dirname, 'fixtures', name)
}

/** A folder of this test's own. */
export function freshFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'runlet-test-')))
}

/** Runtimes and folders of one file: made as they are needed, ended by `endAll` after each test. */
export class Bench {
  readonly #runtimes: ToolRuntime[] = []
  readonly #folders: string[] = []

  /** A folder that is removed after the test. */
  folder(): string {
    const folder = freshFolder()
    this.#folders.push(folder)
    return folder
  }

  /** A runtime over `tools.mjs` in a fresh project, unless the options say otherwise. */
  runtime(runtimeType: 'bun' | 'node', options: ToolRuntimeOptions = {}): ToolRuntime {
    const runtime = createToolRuntime({
      projectRoot: options.projectRoot ?? this.folder(),
      entrypointPath: fixture('tools.mjs'),
      permissions: PERMISSIONS,
      toolExecutionTimeoutMs: PATIENCE_MS,
      nodePath: RUNLET_TEST_NODE,
      ...options,
      runtimeType,
    })
    this.#runtimes.push(runtime)
    return runtime
  }

  /** Disposes and removes all. */
  async endAll(): Promise<void> {
    await Promise.all(this.#runtimes.splice(0).map((runtime) => runtime.dispose()))
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  }
}

/** The output of a call that must have succeeded. */
export function outputOf<T>(result: ToolResult<T>): T {
  if (!result.ok) throw new Error(`the tool failed: ${result.error.message}`)
  return result.output
}

/** The error of a call that must have failed; what every error must be is checked here. */
export function errorOf(result: ToolResult<unknown>, projectRoot?: string): ToolExecutionError {
  if (result.ok) throw new Error(`the tool succeeded: ${JSON.stringify(result.output)}`)
  const { error } = result
  expect(error).toBeInstanceOf(ToolExecutionError)
  expect(error.toolId).toBe(result.toolId)
  expect(error.toolExecId).toBe(result.execId)
  const start = `tool execution failed for tool ${error.toolId} (exec ${error.toolExecId}) during ${error.operation}: `
  expect(error.message).toBe(start + error.cause.message)
  expect(result.output).toBeUndefined()
  showsNoHostPath(error, projectRoot)
  return error
}

/** An absolute path of a machine that runs tests, wherever it stands in a text. */
const HOST_PATH = /(?:^|[\s"'`(=:,@])\/(?:home|root|tmp|work|var|usr|opt|etc|proc|private|Users)\//

/**
 * No text that an error carries names a place on the host. Frames of the calling program itself, which
 * the engine adds to `stack`, are its own; the folders of the project must not even be there.
 */
export function showsNoHostPath(error: RunletError, projectRoot?: string): void {
  const causes: Error[] = []
  for (let at: unknown = error; at instanceof RunletError; at = at.cause) causes.push(at)
  for (const one of causes) {
    expect(one.message).not.toMatch(HOST_PATH)
    const head = (one.stack ?? '').slice(0, Math.max(0, (one.stack ?? '').indexOf('\n    at ')))
    expect(head).not.toMatch(HOST_PATH)
    if (projectRoot !== undefined) expect(one.stack).not.toContain(projectRoot)
    expect(one.stack ?? '').not.toContain(join(ROOT, '__test__', 'tool', 'fixtures'))
  }
  const json = JSON.stringify(error)
  expect(json).not.toMatch(HOST_PATH)
  expect(json).not.toContain(ROOT)
  if (projectRoot !== undefined) expect(json).not.toContain(projectRoot)
}

/** What a promise rejects with, which must be an error of runlet that names no path. */
export async function rejection(promise: Promise<unknown>): Promise<RunletError> {
  const settled = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(settled instanceof RunletError)) throw new Error(`no rejection of runlet: ${settled}`)
  showsNoHostPath(settled)
  return settled
}

/** What a function throws, which must be an error of runlet that names no path. */
export function thrown(work: () => unknown): RunletError {
  try {
    work()
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    showsNoHostPath(error)
    return error
  }
  throw new Error('nothing was thrown')
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits until something is so; fails with `what` when only a hang can be the reason. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await sleep(5)
  }
}

/** Whether a process is there and not only waits to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const ended = /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
    // The first thread may end before the others do; only with the last one all is closed.
    return !ended || readdirSync(`/proc/${pid}/task`).length > 1
  } catch {
    // Gone since, or a system without /proc.
    return process.platform !== 'linux'
  }
}
