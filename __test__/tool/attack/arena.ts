import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createToolRuntime,
  type ExecuteToolOptions,
  type ToolResult,
  type ToolRuntime,
  type ToolRuntimeOptions,
} from 'runlet'

/** Every attack is made against both. */
export const RUNTIMES = ['bun', 'node'] as const
export type RuntimeType = (typeof RUNTIMES)[number]

/** All that cannot be kept from a tool yet, and no variable of the host. */
export const OPEN = ['--allow-read', '--allow-write', '--allow-net', '--allow-run']

/** Only a hang takes that long. */
export const HANG_MS = 20_000

const FIXTURES = join(__dirname, 'fixtures')

/** A project of its own with one fixture as its tools. */
export interface Arena {
  readonly root: string
  readonly runtime: ToolRuntime
  run(tool: string, options?: ExecuteToolOptions): Promise<ToolResult>
}

/** A fresh folder with the fixture in it as `tools.mjs`. */
export function makeProject(fixture: string): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-attack-')))
  cpSync(join(FIXTURES, fixture), join(root, 'tools.mjs'))
  return root
}

/** Lets an attack happen; afterwards no process of the project may be left. */
export async function inArena<T>(
  runtimeType: RuntimeType,
  fixture: string,
  work: (arena: Arena) => Promise<T>,
  options: ToolRuntimeOptions = {},
): Promise<T> {
  const root = makeProject(fixture)
  try {
    const runtime = createToolRuntime({
      runtimeType,
      projectRoot: root,
      entrypointPath: 'tools.mjs',
      permissions: OPEN,
      toolExecutionTimeoutMs: HANG_MS,
      ...options,
    })
    try {
      const run: Arena['run'] = (tool, call) => runtime.executeTool(tool, call)
      return await work({ root, runtime, run })
    } finally {
      await runtime.dispose()
      await allGone(() => processesOf(root))
    }
  } finally {
    // Of an attack that got through, nothing is to stay on the machine.
    for (const pid of processesOf(root)) process.kill(pid, 'SIGKILL')
    rmSync(root, { recursive: true, force: true })
  }
}

/** Waits until a list of processes is empty; fails when it is not after a generous while. */
export async function allGone(list: () => number[], milliseconds = 5_000): Promise<void> {
  const deadline = Date.now() + milliseconds
  while (list().length > 0) {
    if (Date.now() > deadline)
      throw new Error(`still running: ${list().map(describePid).join('; ')}`)
    await sleep(10)
  }
}

/** Processes that work in a project, or were given its variables. */
export function processesOf(root: string): number[] {
  return everyPid().filter((pid) => {
    try {
      if (!isAlive(pid)) return false
      if (readlinkSync(`/proc/${pid}/cwd`) === root) return true
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(
        `RUNLET_PROJECT_ROOT=${root}\0`,
      )
    } catch {
      // Ended meanwhile, or another user's.
      return false
    }
  })
}

export function everyPid(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
}

/** False for one that has ended, also if nobody has reaped it. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

function describePid(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')}`
  } catch {
    return `${pid}`
  }
}

/** The code of a failed call; a successful one is an error that shows its output. */
export function codeOf(result: ToolResult): string {
  if (result.ok) throw new Error(`the attack had an answer: ${JSON.stringify(result.output)}`)
  return result.error.code
}
