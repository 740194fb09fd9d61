import { spawn } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'

const { findRuntime } = require(
  join(__dirname, '../../dist/tool/binary.js'),
) as typeof import('../../ts/tool/binary')

/** What a plain run of a tool came to. */
export interface PeerOutcome {
  /** The parsed answer; undefined when stdout held anything else. */
  output: unknown
  stdout: string
  stderr: string
  code: number | null
  signal: string | null
  timedOut: boolean
}

export interface PeerOptions {
  input?: unknown
  /** Stand before the worker on the command line. */
  flags?: readonly string[]
  /** Added to the environment of this process, all of which the peer gets. */
  env?: Record<string, string>
  timeoutMs?: number
  /** The worker's file name, given as it is: relative to the project. */
  worker?: string
}

/** The program that runs tools. */
export function programOf(type: 'bun' | 'node'): string {
  return findRuntime(type, { projectRoot: join(__dirname, '../..') }).path
}

/** A plain run that goes on. */
export interface Peer {
  readonly pid: number
  /** What it printed so far. */
  readonly printed: string
  /** Settles once the child has ended and its streams are closed; `timedOut` is false here. */
  readonly outcome: Promise<PeerOutcome>
  /** What a runner does whose time is up: a signal for the child, and for nobody else. */
  kill(signal?: 'SIGTERM' | 'SIGKILL'): void
}

/** Program and arguments of a plain run; puts the worker into the project. */
export function plainCommand(
  type: 'bun' | 'node',
  root: string,
  { worker = 'plain-worker.mjs', flags = [] }: PeerOptions = {},
): [string, ...string[]] {
  cpSync(join(__dirname, 'attack/fixtures/plain-worker.mjs'), join(root, worker))
  return [programOf(type), ...flags, ...(type === 'bun' ? ['run'] : []), worker]
}

/**
 * Runs a tool as one does without runlet: the runtime as a child, the request on stdin, the answer on
 * stdout, the host's environment, and an answer once the streams are closed. Shows that an attack is
 * one. When the work is done the child's process group, which is its own, is ended.
 */
export async function withPlain<T>(
  type: 'bun' | 'node',
  root: string,
  tool: string,
  options: PeerOptions,
  work: (peer: Peer) => Promise<T>,
): Promise<T> {
  const [program, ...args] = plainCommand(type, root, options)
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const outcome = new Promise<PeerOutcome>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve({ output: parsed(stdout), stdout, stderr, code, signal, timedOut: false })
    })
  })
  // A worker that ended without reading is seen by its exit.
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify({ tool, input: options.input ?? null }))
  const { pid } = child
  if (pid === undefined) return outcome.then(() => Promise.reject(new Error('no child')))
  try {
    return await work({
      pid,
      get printed() {
        return stdout
      },
      outcome,
      kill(signal = 'SIGTERM') {
        child.kill(signal)
      },
    })
  } finally {
    endGroup(pid)
  }
}

/** A plain run from its start to its end; what is not done in time is ended with its whole group. */
export function runPlain(
  type: 'bun' | 'node',
  root: string,
  tool: string,
  options: PeerOptions = {},
): Promise<PeerOutcome> {
  return withPlain(type, root, tool, options, async ({ pid, outcome }) => {
    let timedOut = false
    const deadline = setTimeout(() => {
      timedOut = true
      endGroup(pid)
    }, options.timeoutMs ?? 20_000)
    try {
      return { ...(await outcome), timedOut }
    } finally {
      clearTimeout(deadline)
    }
  })
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
