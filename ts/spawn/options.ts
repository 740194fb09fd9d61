/** Reads what a caller of `sandboxedSpawn` passes. */

import { realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { types } from 'node:util'
import type { AbortSignalLike, SandboxedSpawnOptions } from '../../index.js'
import { invalidArgument } from '../errors'
import { shown } from '../messages'
import { readSignal } from '../signal'
import { defaultsOf, group, initialValues, type OptionRow, readGiven } from '../tool/option-group'
import { callback, type Kind, refuse, text, whole, word } from '../tool/option-kinds'
import { resolver } from '../tool/option-nested'
import { permissions } from '../tool/option-permissions'
import { MIB, memoryBytes, timeMs, UNBOUNDED } from '../tool/option-ranges'
import { variables } from '../tool/overrides'
import type { Permissions } from '../tool/policy'

/** Kept of stdout and of stderr, each, unless `captureBytes` says otherwise. */
const CAPTURED = 10 * MIB

const limits = group('limits option', [
  { name: 'timeoutMs', kind: timeMs, initial: () => 60_000, about: 'ms until it is ended' },
  {
    name: 'memoryLimitBytes',
    kind: memoryBytes,
    initial: () => 512 * MIB,
    about: 'memory of the command and of all that it starts',
  },
  { name: 'maxProcesses', kind: whole(1, 4_096), initial: () => 32, about: 'processes at once' },
  {
    name: 'maxOpenFiles',
    kind: whole(64, 1_048_576),
    initial: () => 1_024,
    about: 'open files of each process',
  },
  {
    name: 'maxFileBytes',
    kind: whole(0, UNBOUNDED),
    initial: () => 64 * MIB,
    about: 'bytes of a file that it writes',
  },
  {
    name: 'maxOutputBytes',
    kind: whole(0, UNBOUNDED),
    initial: () => 10 * MIB,
    about: 'bytes of stdout and stderr together; more ends it',
  },
  {
    name: 'captureBytes',
    kind: whole(0, 64 * MIB),
    shows: 'maxOutputBytes, up to 10 MiB',
    about:
      'bytes of stdout and of stderr that the result keeps, of each the first and the last half',
  },
])

/** Bytes, or a text to be written as UTF-8. */
const input: Kind<Uint8Array> = {
  accepts: 'a string, an ArrayBuffer or a view of one',
  read(value, field) {
    if (typeof value === 'string') return new TextEncoder().encode(value)
    if (types.isAnyArrayBuffer(value)) return new Uint8Array(value).slice()
    if (ArrayBuffer.isView(value)) {
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
    }
    throw refuse(field, this.accepts, value)
  },
}

const signal: Kind = { accepts: 'an AbortSignal', read: (value, field) => readSignal(value, field) }

const ROWS: readonly OptionRow[] = Object.freeze<OptionRow[]>([
  { name: 'permissions', kind: permissions, initial: () => [], about: 'what it may reach' },
  { name: 'limits', kind: limits, initial: defaultsOf(limits), about: 'what it may use' },
  { name: 'cwd', kind: text, initial: () => process.cwd(), about: 'folder it runs in' },
  { name: 'env', kind: variables, initial: () => ({}), about: 'its variables' },
  { name: 'input', kind: input, about: 'what it reads on stdin' },
  { name: 'signal', kind: signal, about: 'ends it' },
  {
    name: 'enforcement',
    kind: word('require', 'best-effort'),
    initial: () => 'require',
    about: 'whether what this machine cannot enforce is refused, or reported',
  },
  { name: 'resolver', kind: resolver, about: 'where names of hosts are looked up' },
  { name: 'maxConnections', kind: whole(0, 65_535), initial: () => 64, about: 'connections' },
  { name: 'onOutput', kind: callback, about: 'gets its output as it comes' },
])

/** Bounds, complete. */
export interface SpawnLimits {
  readonly timeoutMs: number
  readonly memoryLimitBytes: number
  readonly maxProcesses: number
  readonly maxOpenFiles: number
  readonly maxFileBytes: number
  readonly maxOutputBytes: number
  readonly captureBytes: number
}

/** Options, complete. */
export interface SpawnOptions {
  readonly permissions: Permissions
  readonly limits: SpawnLimits
  /** As the system knows it. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly input: Uint8Array | undefined
  readonly signal: AbortSignalLike | undefined
  readonly enforcement: 'require' | 'best-effort'
  readonly resolver: { hosts?: Record<string, readonly string[]>; servers?: readonly string[] }
  readonly maxConnections: number
  readonly onOutput: SandboxedSpawnOptions['onOutput']
}

/**
 * Reads options.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option and what it accepts
 */
export function readSpawnOptions(options: unknown): SpawnOptions {
  const what = 'option of sandboxedSpawn'
  const given = readGiven(options ?? {}, '', what, ROWS, { fillsBlanks: false })
  const read = { ...initialValues(ROWS), ...given } as unknown as SpawnOptions
  const { maxOutputBytes, captureBytes = Math.min(maxOutputBytes, CAPTURED) } = read.limits
  return {
    ...read,
    limits: { ...read.limits, captureBytes },
    cwd: realFolder(read.cwd),
    resolver: read.resolver ?? {},
  }
}

function realFolder(cwd: string): string {
  let found = true
  try {
    const real = realpathSync(resolve(cwd))
    if (statSync(real).isDirectory()) return real
  } catch {
    found = false
  }
  const problem = found ? 'is not a folder' : 'does not exist'
  throw invalidArgument('cwd', `cwd ${shown(cwd)} ${problem}`, { accepted: 'a folder' })
}

/**
 * Reads arguments.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the one that is refused
 */
export function readArguments(args: unknown): readonly string[] {
  if (args === undefined) return []
  if (!Array.isArray(args)) throw refuse('args', 'an array of strings', args)
  return Array.from(args, (arg, index) => {
    const accepted = 'a string of whole characters without NUL'
    // A lone surrogate has no bytes that a program could be given.
    if (typeof arg === 'string' && !/\0|\p{Surrogate}/u.test(arg)) return arg
    throw refuse(`args[${index}]`, accepted, arg)
  })
}
