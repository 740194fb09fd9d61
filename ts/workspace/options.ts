/** The options of a runtime, once: names, kinds, defaults. */

import type {
  GuardOptions,
  JustBashOptions,
  RuntimeLimits,
  RuntimeLogger,
  RuntimeName,
  RuntimeProvider,
  RuntimeSandboxPolicy,
} from '../../index.js'
import { isRecord } from '../codelet/fields'
import { invalidArgument, RunletError } from '../errors'
import { shown } from '../messages'
import { group, initialValues, type OptionRow, readGiven } from '../tool/option-group'
import {
  anything,
  callback,
  flag,
  type Kind,
  refuse,
  text,
  textOrEmpty,
  whole,
  word,
} from '../tool/option-kinds'
import { logger } from '../tool/option-nested'
import { permissions } from '../tool/option-permissions'
import { MIB, memoryBytes, timeMs, timeOrNothingMs } from '../tool/option-ranges'
import { SANDBOX_MODES } from './sandbox'
import { readHostEnv } from './shell-environment'

const NAMES: readonly RuntimeName[] = ['just-bash', 'host-bash', 'guarded-bash']

/** See `index.d.ts`. */
export function runtimeName(name = 'just-bash'): RuntimeName {
  const given = typeof name === 'string' ? name.trim().toLowerCase() : ''
  const meant = given === 'virtual-bash' ? 'just-bash' : given
  const known = NAMES.find((candidate) => candidate === meant)
  if (known !== undefined) return known
  const shownName = typeof name === 'string' ? name : shown(name)
  const details = { field: 'name', accepted: NAMES.join(', ') }
  throw new RunletError('RUNTIME_NOT_FOUND', `unknown runtime: ${shownName}`, { details })
}

/** An object that is kept as it is. */
const object: Kind = {
  accepts: 'an object',
  read(value, field) {
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    return value
  },
}

const provider: Kind = {
  accepts: 'an object with a function get',
  read(value, field) {
    if (isRecord(value) && typeof value.get === 'function') return value
    throw refuse(field, this.accepts, value)
  },
}

const runtimeScope: Kind = {
  accepts: 'an object with texts key and path',
  read(value, field) {
    if (!isRecord(value) || typeof value.path !== 'string' || value.path === '') {
      throw refuse(field, this.accepts, value)
    }
    const { level, key, path } = value
    if (level !== undefined && typeof level !== 'string') throw refuse(field, this.accepts, value)
    return { ...(level !== undefined && { level }), key: String(key ?? path), path }
  },
}

/** A list of regular expressions, of any realm. */
const patterns: Kind = {
  accepts: 'an array of regular expressions',
  read(value, field) {
    if (!Array.isArray(value)) throw refuse(field, this.accepts, value)
    for (const [index, entry] of value.entries()) {
      if (Object.prototype.toString.call(entry) === '[object RegExp]') continue
      throw refuse(`${field}[${index}]`, 'a regular expression', entry)
    }
    return value
  },
}

const RISKS: readonly unknown[] = ['allow', 'approval', 'block']

const rules: Kind = {
  accepts: 'an array of {risk, rule} or {risk, test}',
  read(value, field) {
    if (!Array.isArray(value)) throw refuse(field, this.accepts, value)
    for (const [index, entry] of value.entries()) {
      const fits =
        isRecord(entry) &&
        RISKS.includes(entry.risk) &&
        (typeof entry.rule === 'string') !== (typeof entry.test === 'function')
      if (!fits) throw refuse(`${field}[${index}]`, '{risk, rule} or {risk, test}', entry)
    }
    return value
  },
}

const guard = group('guard option', [
  { name: 'rules', kind: rules, about: 'rules as text and functions' },
  { name: 'allow', kind: patterns, about: 'commands that need no approval' },
  { name: 'approve', kind: patterns, about: 'commands that need it' },
  { name: 'block', kind: patterns, about: 'commands that never run' },
  { name: 'onApproval', kind: callback, about: 'is asked' },
  { name: 'approvalTimeoutMs', kind: timeMs, about: 'ms until no answer is a no' },
  { name: 'onUnclear', kind: word('approval', 'block'), about: 'what unclear texts come to' },
])

const SANDBOX_OWN: readonly OptionRow[] = [
  { name: 'mode', kind: word('auto', 'required'), about: 'whether it may be missing' },
  { name: 'memoryLimitBytes', kind: memoryBytes, about: 'memory of one command' },
  { name: 'maxProcesses', kind: whole(1, 65_536), about: 'processes of one command' },
]

const sandbox: Kind = {
  accepts: "'off', 'auto', 'required' or an object",
  read(value, field, reading) {
    if (typeof value === 'string' && SANDBOX_MODES.includes(value)) return value
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    const own: Record<string, unknown> = {}
    const set: Record<string, unknown> = {}
    for (const [name, member] of Object.entries(value)) {
      const isOwn = SANDBOX_OWN.some((row) => row.name === name)
      ;(isOwn ? own : set)[name] = member
    }
    const read = readGiven(own, field, 'sandbox option', SANDBOX_OWN, reading)
    return { ...(permissions.read(set, field, reading) as object), ...read }
  },
}

/** Bounds of operations on files. */
export const limits = group('limits option', [
  { name: 'maxFileBytes', kind: whole(1, 1024 * MIB), about: 'of one file' },
  { name: 'maxScanBytes', kind: whole(1, 1024 * 1024 * MIB), about: 'that one search reads' },
  { name: 'maxScanMs', kind: whole(1, 86_400_000), about: 'of one search' },
  { name: 'maxEntries', kind: whole(1, 10_000_000), about: 'that one search visits' },
  { name: 'maxResults', kind: whole(1, 100_000), about: 'that any operation gives' },
  { name: 'maxLines', kind: whole(1, 1_000_000_000), about: 'lines that one read gives' },
  { name: 'maxReadBytes', kind: whole(1, 1024 * MIB), about: 'bytes that one read gives' },
  { name: 'maxLineChars', kind: whole(1, 1024 * MIB), about: 'characters of a line of a read' },
  { name: 'maxAttachmentBytes', kind: whole(1, 1024 * MIB), about: 'of a file that is handed on' },
])

const count = whole(1, 10_000)
const queued = whole(0, 1_000_000)

/** The table, in the order of the documentation. */
export const RUNTIME_ROWS: readonly OptionRow[] = Object.freeze<OptionRow[]>([
  { name: 'root', kind: text, about: 'folder of the workspace' },
  { name: 'name', kind: textOrEmpty, about: 'which runtime' },
  { name: 'provider', kind: provider, about: 'makes the runtime instead' },
  {
    name: 'scope',
    kind: word('channel', 'user', 'adapter', 'agent'),
    initial: () => 'channel',
    about: 'who shares a folder',
  },
  { name: 'timeoutMs', kind: timeMs, initial: () => 120_000, about: 'ms of a command' },
  { name: 'maxTimeoutMs', kind: timeMs, initial: () => 600_000, about: 'most that a call may ask' },
  { name: 'maxConcurrent', kind: count, initial: () => 12, about: 'operations at once' },
  { name: 'maxConcurrentPerChat', kind: count, initial: () => 1, about: 'of one chat' },
  { name: 'maxConcurrentPerScope', kind: count, about: 'of one scope' },
  { name: 'maxQueued', kind: queued, initial: () => 1_000, about: 'operations that may wait' },
  { name: 'maxQueuedPerChat', kind: queued, initial: () => 100, about: 'of one chat' },
  {
    name: 'queueTimeoutMs',
    kind: timeOrNothingMs,
    initial: () => 0,
    about: 'ms that one may wait',
  },
  { name: 'limits', kind: limits, initial: () => ({}), about: 'bounds of operations on files' },
  { name: 'justBash', kind: object, initial: () => ({}), about: 'the virtual shell' },
  { name: 'hostEnv', kind: anything, about: 'variables of commands on the host' },
  { name: 'unsafeEnv', kind: flag, initial: () => false, about: 'lets hostEnv hold any variable' },
  { name: 'app', kind: text, about: 'folder of the application' },
  { name: 'agent', kind: text, about: 'folder of the agent' },
  { name: 'runtimeScope', kind: runtimeScope, about: 'the scope that it is the runtime of' },
  { name: 'guard', kind: guard, about: 'judges commands' },
  { name: 'sandbox', kind: sandbox, about: 'confines commands' },
  {
    name: 'onOutputLimit',
    kind: word('truncate', 'kill'),
    initial: () => 'truncate',
    about: 'what much output does',
  },
  { name: 'oversize', kind: word('skip', 'error'), initial: () => 'skip', about: 'of a search' },
  { name: 'strictShell', kind: flag, initial: () => false, about: 'bash -euo pipefail' },
  { name: 'logger', kind: logger, about: 'takes warnings' },
])

/** Options that a provider knows nothing of; what is asked for must not be lost in silence. */
const OF_THE_HOST = ['sandbox', 'hostEnv', 'strictShell'] as const

/** Options, complete. */
export interface RuntimeSettings {
  readonly root: string
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
  readonly maxConcurrent: number
  readonly maxConcurrentPerChat: number
  readonly maxQueued: number
  readonly maxQueuedPerChat: number
  readonly queueTimeoutMs: number
  readonly onOutputLimit: 'truncate' | 'kill'
  readonly oversize: 'skip' | 'error'
  readonly strictShell: boolean
  readonly name: RuntimeName
  readonly provider: RuntimeProvider | undefined
  readonly maxConcurrentPerScope: number | undefined
  readonly limits: RuntimeLimits
  readonly justBash: JustBashOptions
  readonly hostEnv: Readonly<Record<string, string>>
  readonly app: string | undefined
  readonly agent: string | undefined
  readonly runtimeScope: { level?: string; key: string; path: string }
  readonly guard: GuardOptions | undefined
  readonly sandbox: 'off' | 'auto' | 'required' | RuntimeSandboxPolicy
  readonly logger: RuntimeLogger | undefined
}

/**
 * Reads options.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option and what it accepts, `RUNTIME_NOT_FOUND`
 *   for a name that no runtime has
 */
export function readRuntimeOptions(options: unknown): RuntimeSettings {
  const what = 'option of createRuntime'
  const given = readGiven(options, '', what, RUNTIME_ROWS, { fillsBlanks: false })
  if (given.root === undefined) throw refuse('root', text.accepts, undefined)
  const read = { ...initialValues(RUNTIME_ROWS), ...given } as unknown as RuntimeSettings
  const { timeoutMs, maxTimeoutMs } = read
  if (timeoutMs > maxTimeoutMs) {
    const accepted = `a number up to maxTimeoutMs, ${maxTimeoutMs}`
    throw invalidArgument('timeoutMs', `timeoutMs is ${timeoutMs}, not ${accepted}`, { accepted })
  }
  if (read.provider !== undefined) {
    for (const field of OF_THE_HOST) {
      if (given[field] === undefined || given[field] === false || given[field] === 'off') continue
      const message = `${field} is about commands on the host: with provider nothing would keep it`
      throw invalidArgument(field, message, { accepted: 'no provider' })
    }
  }
  const name = read.provider === undefined ? runtimeName(given.name as string) : 'just-bash'
  return {
    ...read,
    name,
    hostEnv: readHostEnv(given.hostEnv, given.unsafeEnv === true),
    runtimeScope: read.runtimeScope ?? { key: 'app', path: 'app' },
    sandbox: read.sandbox ?? (name === 'guarded-bash' ? 'auto' : 'off'),
  }
}
