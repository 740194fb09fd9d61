/** What the tests on a real engine share. `node scripts/docker.mjs` gives them one. */

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from '@jest/globals'
import {
  type BashResult,
  createRuntime,
  type QueuedRuntime,
  type RuntimeEvent,
  type RuntimeProvider,
  type RuntimeScope,
} from 'runlet'
import { type DockerRuntimeConfig, dockerRuntime } from 'runlet/docker'
import { Listener } from '../workspace/support'

const { RUNLET_TEST_ENGINE, RUNLET_TEST_ENGINE_CLIENT, RUNLET_TEST_ENGINE_IMAGE } = process.env

/** Its kind, or undefined where there is none. */
export const ENGINE = RUNLET_TEST_ENGINE
export const CLIENT = RUNLET_TEST_ENGINE_CLIENT ?? 'docker'
export const IMAGE = RUNLET_TEST_ENGINE_IMAGE ?? ''
/** Only a hang takes longer. */
export const PATIENCE_MS = 60_000

/** Tests that need an engine; elsewhere they are skipped, and one line says why. */
export function describeEngine(what: string, tests: () => void): void {
  if (ENGINE === undefined) {
    console.log(`skipped: ${what}: no engine; npm run test:docker gives one`)
    describe.skip(what, tests)
  } else describe(what, tests)
}

/** The client by itself, as anybody would call it. */
export function plain(...args: string[]): { code: number; out: string; err: string } {
  const done = spawnSync(CLIENT, args, { encoding: 'utf8', timeout: PATIENCE_MS })
  return { code: done.status ?? -1, out: done.stdout, err: done.stderr }
}

/** One provider over one folder, for one test. */
export interface Place {
  readonly provider: RuntimeProvider
  readonly runtime: QueuedRuntime
  readonly root: string
  readonly folder: string
  readonly events: RuntimeEvent[]
  readonly logger: Listener
  /** Runs a command that must give a result. */
  bash(command: string, more?: object): Promise<BashResult>
  /** Name of the container. */
  name(): Promise<string>
}

let last = 0

/** Makes one, lets a test use it, and sees to it that no container is left. */
export async function inContainer<T>(
  config: DockerRuntimeConfig,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-container-')))
  chmodSync(folder, 0o755)
  const root = join(folder, 'inside')
  const prefix = `runlet-test-${process.pid}-${++last}`
  const base = { image: IMAGE, docker: CLIENT, pull: 'never' as const, timeoutMs: PATIENCE_MS }
  const provider = dockerRuntime({ ...base, prefix, ...config })
  const logger = new Listener()
  const runtime = createRuntime({ root, provider, logger })
  const events: RuntimeEvent[] = []
  const runtimeEvents = (event: RuntimeEvent) => {
    events.push(event)
  }
  const bash = async (command: string, more: object = {}) => {
    const result = await runtime.bash?.({ command, runtimeEvents, ...more })
    if (result === undefined) throw new Error('there is no bash')
    return result
  }
  const label = `label=runlet.prefix=${config.prefix ?? prefix}`
  const present = () => plain('ps', '-a', '--filter', label, '--format', '{{.Names}}').out
  const before = present()
  const name = async () => (await runtime.status())[0]?.id ?? ''
  try {
    return await work({ provider, runtime, root, folder, events, logger, bash, name })
  } finally {
    await provider.cleanup?.()
    await provider.close?.()
    rmSync(folder, { recursive: true, force: true })
    const left = present()
      .split('\n')
      .filter((found) => !before.split('\n').includes(found))
    expect(left).toEqual([])
  }
}

/** A scope of a provider's own. */
export function scopeAt(folder: string, path: string): RuntimeScope {
  return { key: path, path, root: join(folder, path) }
}

/** Command lines of the processes in a container, but those of the shells that ask. */
export async function runningIn({ bash }: Place): Promise<string[]> {
  const script =
    'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline; echo; done 2>/dev/null | grep -v "^sh -c\\|^bash \\|^tr \\|^grep "'
  const { out } = await bash(script)
  return out.split('\n').filter((line) => line.trim() !== '')
}

/** Waits until something is so; fails with `what` when only a hang can be the reason. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS / 2
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
