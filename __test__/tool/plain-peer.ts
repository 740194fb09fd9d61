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

/**
 * Runs a tool as one does without runlet: the runtime as a child, the request on stdin, the answer on
 * stdout, the host's environment, and an answer once the streams are closed. Shows that an attack is
 * one. The peer has a process group of its own, all of which is ended in the end.
 */
export function runPlain(
  type: 'bun' | 'node',
  root: string,
  tool: string,
  options: PeerOptions = {},
): Promise<PeerOutcome> {
  const worker = options.worker ?? 'plain-worker.mjs'
  cpSync(join(__dirname, 'attack/fixtures/plain-worker.mjs'), join(root, worker))
  const before = [...(options.flags ?? []), ...(type === 'bun' ? ['run'] : [])]
  const child = spawn(programOf(type), [...before, worker], {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  return new Promise((resolve, reject) => {
    const endGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // All of it has ended.
      }
    }
    let timedOut = false
    let stdout = ''
    let stderr = ''
    const deadline = setTimeout(() => {
      timedOut = true
      endGroup()
    }, options.timeoutMs ?? 20_000)
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(deadline)
      endGroup()
      resolve({ output: parsed(stdout), stdout, stderr, code, timedOut })
    })
    // A worker that ended without reading is seen by its exit.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify({ tool, input: options.input ?? null }))
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
