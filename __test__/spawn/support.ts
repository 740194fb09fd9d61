/** What the tests of sandboxed commands share: folders, a command the plain way, and who still lives. */

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Two folders beside each other: one to be granted, and one with a secret that never is. */
export interface Ground {
  /** Where commands run. */
  readonly inside: string
  /** A file in the other folder. */
  readonly secret: string
  /** A file that is not there, in the other folder. */
  readonly target: string
}

/** What is in the secret file. */
export const SECRET = 'nobody must read this'

/** Makes a ground for one test and removes it. */
export async function onGround(work: (ground: Ground) => Promise<void>): Promise<void> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-spawn-')))
  const [inside, outside] = [join(root, 'inside'), join(root, 'outside')]
  mkdirSync(inside)
  mkdirSync(outside)
  const secret = join(outside, 'secret.txt')
  writeFileSync(secret, SECRET)
  try {
    await work({ inside, secret, target: join(outside, 'target.txt') })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** What a command came to the plain way. */
export interface Peer {
  exitCode: number | null
  stdout: string
  stderr: string
}

/** How the plain way differs from its defaults. */
export interface PeerOptions {
  env?: Record<string, string>
  /** Ends the command once it has printed so many bytes. */
  enough?: number
  /** Called while all that it started still lives, which is then ended. */
  atEnd?: () => unknown
}

/**
 * Runs a command as one does without runlet, in a process group of its own that is ended behind it.
 * Shows that what is refused elsewhere works here.
 */
export function plain(
  command: string,
  args: readonly string[],
  cwd: string,
  { env, enough = Number.POSITIVE_INFINITY, atEnd }: PeerOptions = {},
): Promise<Peer> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const end = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // All of it has ended.
    }
  }
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (stdout.length >= enough) end()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => {
      atEnd?.()
      end()
    })
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
  })
}
