/** Tells programs from what only stands for one: scripts, empty files, programs of other systems. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

const SAMPLE_BYTES = 256

/** First bytes of programs, in hexadecimal, by the system that runs them. */
const MAGIC: readonly (readonly [
  system: 'linux' | 'darwin' | 'win32',
  starts: readonly string[],
])[] = [
  ['linux', ['7f454c46']],
  ['darwin', ['feedface', 'feedfacf', 'cefaedfe', 'cffaedfe', 'cafebabe', 'cafebabf']],
  ['win32', ['4d5a']],
]

const NAMES = { linux: 'Linux or BSD', darwin: 'macOS', win32: 'Windows' } as const

/** The system whose programs this one runs. */
function ownSystem(): 'linux' | 'darwin' | 'win32' {
  return process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux'
}

/** What a file is in place of a program that this system runs; `undefined` when it is one. */
export function describeProgram(path: string): string | undefined {
  const head = readHead(path)
  if (typeof head === 'string') return head
  if (head.length === 0) return 'an empty file'
  const hex = head.toString('hex')
  const [system] = MAGIC.find(([, starts]) => starts.some((start) => hex.startsWith(start))) ?? []
  if (system === ownSystem()) return undefined
  if (system !== undefined) return `a program for ${NAMES[system]}`
  if (head.subarray(0, 2).toString('latin1') === '#!') {
    const line = head.toString('utf8').split(/\r?\n/, 1)[0] ?? ''
    return `a script (${JSON.stringify(line.slice(0, 60))}), perhaps the shim of a version manager`
  }
  // Bun's package holds such a file until its install script has run.
  return head.includes(0)
    ? 'no program'
    : 'a text file, perhaps a placeholder of an unfinished install'
}

function readHead(path: string): Buffer | string {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch {
    return 'a file that may not be read'
  }
  try {
    if (!fstatSync(file).isFile()) return 'no regular file'
    const buffer = Buffer.alloc(SAMPLE_BYTES)
    return buffer.subarray(0, readSync(file, buffer, 0, SAMPLE_BYTES, 0))
  } finally {
    closeSync(file)
  }
}
