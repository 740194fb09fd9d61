/** Asks a program for its version, once for each state of its file. */

import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RuntimeType } from './runtime-types'

/** A version. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** As `1.4.5`. */
  readonly text: string
}

/** What a program answered. */
export interface Answer {
  /** `undefined` when it gave no version of that runtime. */
  readonly version: Version | undefined
  /** What it did, for messages. */
  readonly printed: string
}

const LONGEST_MS = 5_000
const MOST_REMEMBERED = 32

/** Bun prints `1.4.5`, Node `v20.1.0`: neither is taken for the other. */
const FORMS: Readonly<Record<RuntimeType, RegExp>> = {
  bun: /^(\d+)\.(\d+)\.(\d+)(?:[-+][\w.+-]*)?$/,
  node: /^v(\d+)\.(\d+)\.(\d+)(?:[-+][\w.+-]*)?$/,
}

const answers = new Map<string, Answer>()

/** The version of the program at `path`, or what it did in place of printing one. */
export function readVersion(type: RuntimeType, path: string): Answer {
  const { size, mtimeMs } = statSync(path)
  const key = [type, path, size, mtimeMs].join('\0')
  const known = answers.get(key)
  if (known !== undefined) return known
  const answer = ask(type, path)
  if (answers.size >= MOST_REMEMBERED) answers.clear()
  // Silence may be the load of a moment; what was printed stays true.
  if (answer.version !== undefined) answers.set(key, answer)
  return answer
}

function ask(type: RuntimeType, path: string): Answer {
  const { status, stdout, error } = spawnSync(path, ['--version'], {
    // Neither the project's bunfig.toml nor BUN_OPTIONS and NODE_OPTIONS have a say.
    cwd: dirname(path),
    env: process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {},
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
    windowsHide: true,
  })
  if (error !== undefined) {
    const code = String(Reflect.get(error, 'code'))
    const printed =
      code === 'ETIMEDOUT' ? `was silent for ${LONGEST_MS} ms` : `could not be run (${code})`
    return { version: undefined, printed }
  }
  const text = stdout.trim()
  const match = FORMS[type].exec(text)
  if (status !== 0 || match === null) {
    const said = JSON.stringify(text.slice(0, 40))
    return { version: undefined, printed: `printed ${said} and exited with ${status}` }
  }
  const [, major, minor, patch] = match.map(Number)
  const version = { major: major ?? 0, minor: minor ?? 0, patch: patch ?? 0 }
  return {
    version: Object.freeze({ ...version, text: text.replace(/^v/, '') }),
    printed: `printed ${text}`,
  }
}
