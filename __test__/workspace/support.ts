/** What the tests of workspaces share: a folder and a runtime over it, and what is left afterwards. */

import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from '@jest/globals'
import {
  type BuiltInRuntime,
  createRuntime,
  RunletError,
  type RuntimeLogger,
  type RuntimeOptions,
} from 'runlet'
import { allGone, processesOf } from '../tool/attack/arena'

/** All that come with the package. */
export const RUNTIMES = ['just-bash', 'host-bash', 'guarded-bash'] as const

/** Runtimes whose commands are processes of the host. */
export const HOST_RUNTIMES = ['host-bash', 'guarded-bash'] as const

/** Only a hang takes longer. */
export const PATIENCE_MS = 20_000

/** Takes what is said to it. */
export class Listener implements RuntimeLogger {
  readonly said: { level: string; event: string; fields: Record<string, unknown> }[] = []
  debug = this.#on('debug')
  info = this.#on('info')
  warn = this.#on('warn')
  error = this.#on('error')

  #on(level: string) {
    return (event: string, fields: Record<string, unknown> = {}) => {
      this.said.push({ level, event, fields })
    }
  }
}

/** One workspace for one test. */
export interface Place {
  readonly runtime: BuiltInRuntime
  readonly root: string
  /** A folder beside the workspace. */
  readonly outside: string
  readonly logger: Listener
  /** Whether something is in the workspace. */
  has(name: string): boolean
}

const folders: string[] = []
const removeAll = () => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
afterAll(removeAll)
// Bun reads this file once for all files, and knows of the end of one.
if (process.versions.bun !== undefined) process.once('exit', removeAll)

/** A folder of this test's own, gone after the tests of its file. */
export function freshFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-workspace-')))
  folders.push(folder)
  return folder
}

/** Makes a workspace, lets a test use it, and sees to it that no process is left. */
export async function inWorkspace<T>(
  options: Omit<RuntimeOptions, 'root' | 'provider'>,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const folder = freshFolder()
  const root = join(folder, 'inside')
  const logger = new Listener()
  const runtime = createRuntime({ root, logger, timeoutMs: PATIENCE_MS, ...options })
  try {
    const has = (name: string) => existsSync(join(root, name))
    return await work({ runtime, root, outside: folder, logger, has })
  } finally {
    await runtime.close()
    try {
      await allGone(() => processesOf(root))
    } finally {
      for (const pid of processesOf(root)) process.kill(pid, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** The error of what is refused, at once or later. */
export async function refusal(work: () => unknown): Promise<RunletError> {
  let thrown: unknown
  try {
    await work()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(RunletError)
  return thrown as RunletError
}
