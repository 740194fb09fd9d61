/** The options of `gondolinRuntime`, once: names, kinds, defaults. */

import { posix, resolve } from 'node:path'
import type { GondolinAccel, GondolinRuntimeConfig } from '../../../gondolin.js'
import type { RuntimeLimits, RuntimeScope } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { invalidArgument } from '../../errors'
import { initialValues, type OptionRow, readGiven } from '../../tool/option-group'
import { callback, type Kind, member, refuse, text, word } from '../../tool/option-kinds'
import { timeMs } from '../../tool/option-ranges'
import { RUNTIME_ROWS } from '../options'
import { type NetworkTerms, network, type Secret, secrets } from './option-network'
import { isSet, refuseOpenings, vmOptions } from './option-vm'

/** What is mounted where. */
export interface Mount {
  readonly guest: string
  readonly host: string
  readonly readonly: boolean
}

/** Options, complete. */
export interface GondolinSettings {
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, Secret>>
  readonly mounts: readonly Mount[]
  readonly network: NetworkTerms
  readonly accel: GondolinAccel
  readonly vmOptions: Readonly<Record<string, unknown>>
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
  readonly idleMs: number | false
  readonly limits: RuntimeLimits
  readonly oversize: 'skip' | 'error'
  readonly onOutputLimit: 'truncate' | 'kill'
  readonly factory: GondolinRuntimeConfig['factory']
  label(scope: RuntimeScope): string
}

/** A path of the guest, without dots and a slash at its end. */
const guestPath: Kind<string> = {
  accepts: 'an absolute path of the guest, such as /workspace',
  read(value, field) {
    const fits = typeof value === 'string' && /^\/[^\0\r\n,]+$/.test(value)
    const normal = fits ? posix.normalize(value).replace(/\/$/, '') : ''
    // The kernel gets them as a list on its command line, so no blanks either.
    if (normal !== '' && !/\s/.test(normal)) return normal
    throw refuse(field, this.accepts, value)
  },
}

/** A name that shells take. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

const env: Kind<Record<string, string>> = {
  accepts: 'an object of strings',
  read(value, field) {
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    const read: Record<string, string> = {}
    for (const [name, content] of Object.entries(value)) {
      if (content === undefined) continue
      const path = member(field, name)
      if (!VARIABLE.test(name)) throw invalidArgument(path, `invalid Gondolin env key: ${name}`)
      if (typeof content !== 'string' || /\0|\p{Surrogate}/u.test(content)) {
        // Not the value itself: who mixes up the two may have put a secret here.
        throw invalidArgument(path, `${path} must be a string without NUL`)
      }
      read[name] = content
    }
    return read
  },
}

const mounts: Kind<readonly Mount[]> = {
  accepts: 'an object of paths of the host, or of {path, readonly}, by paths of the guest',
  read(value, field, reading) {
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    return Object.entries(value).map(([name, given]) => {
      const path = member(field, name)
      const guest = guestPath.read(name, path, reading)
      if (typeof given === 'string') {
        return { guest, host: resolve(text.read(given, path, reading)), readonly: false }
      }
      const read = readGiven(given, path, 'mount option', MOUNT_ROWS, reading)
      if (read.path === undefined) throw refuse(`${path}.path`, text.accepts, undefined)
      return { guest, host: resolve(read.path as string), readonly: read.readonly === true }
    })
  },
}

const flag: Kind<boolean> = {
  accepts: 'true or false',
  read(value, field) {
    if (typeof value === 'boolean') return value
    throw refuse(field, this.accepts, value)
  },
}

const MOUNT_ROWS: readonly OptionRow[] = [
  { name: 'path', kind: text, about: 'folder of the host' },
  { name: 'readonly', kind: flag, about: 'nothing of it can be changed' },
]

const label: Kind = {
  accepts: 'a string without line breaks and NUL, or a function of the scope',
  read(value, field) {
    if (typeof value === 'function') return value
    if (typeof value === 'string' && !/[\0\r\n]/.test(value)) return value
    throw refuse(field, this.accepts, value)
  },
}

/** The range of timers. */
const LONGEST_MS = 2_147_483_647

const idle: Kind<number | false> = {
  accepts: `false, or a number up to ${LONGEST_MS}`,
  read(value, field) {
    if (value === false) return false
    if (typeof value === 'number' && value <= LONGEST_MS) return value
    throw refuse(field, this.accepts, value)
  },
}

const limits = RUNTIME_ROWS.find(({ name }) => name === 'limits')?.kind as Kind

const ROWS: readonly OptionRow[] = Object.freeze<OptionRow[]>([
  { name: 'workdir', kind: guestPath, initial: () => '/workspace', about: 'of the workspace' },
  { name: 'env', kind: env, initial: () => ({}), about: 'variables of commands' },
  { name: 'secrets', kind: secrets, initial: () => ({}), about: 'values that only the host knows' },
  { name: 'mounts', kind: mounts, initial: () => [], about: 'further folders' },
  { name: 'network', kind: network, initial: () => 'none', about: 'hosts that may be reached' },
  { name: 'accel', kind: word('auto', 'kvm', 'hvf', 'tcg'), about: 'acceleration' },
  { name: 'vmOptions', kind: vmOptions, initial: () => ({}), about: 'of VM.create' },
  { name: 'sessionLabel', kind: label, about: 'name of a machine' },
  { name: 'timeoutMs', kind: timeMs, initial: () => 120_000, about: 'ms of a command' },
  { name: 'maxTimeoutMs', kind: timeMs, about: 'most that a call may ask' },
  { name: 'idleMs', kind: idle, initial: () => 600_000, about: 'ms without use until its end' },
  { name: 'limits', kind: limits, initial: () => ({}), about: 'bounds of operations on files' },
  { name: 'oversize', kind: word('skip', 'error'), initial: () => 'skip', about: 'of a search' },
  {
    name: 'onOutputLimit',
    kind: word('truncate', 'kill'),
    initial: () => 'truncate',
    about: 'what much output does',
  },
  { name: 'factory', kind: callback, about: 'makes the machines' },
])

/**
 * Reads options.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option and what it accepts
 */
export function readGondolinOptions(config: unknown = {}): GondolinSettings {
  const reading = { fillsBlanks: false }
  const given = readGiven(config, '', 'option of gondolinRuntime', ROWS, reading)
  const read = { ...initialValues(ROWS), ...given } as Record<string, unknown>
  const settings = read as unknown as Omit<GondolinSettings, 'network'>
  const terms = (
    read.network === 'none' ? network.read('none', 'network', reading) : read.network
  ) as NetworkTerms
  refuseOpenings(settings.vmOptions, terms)
  refuseTwice(settings)
  const maxTimeoutMs = settings.maxTimeoutMs ?? Math.max(600_000, settings.timeoutMs)
  if (settings.timeoutMs > maxTimeoutMs) {
    const accepted = `a number up to maxTimeoutMs, ${maxTimeoutMs}`
    const message = `timeoutMs is ${settings.timeoutMs}, not ${accepted}`
    throw invalidArgument('timeoutMs', message, { accepted })
  }
  const ownAccel = isSet(settings.vmOptions, 'accel')
  if (ownAccel && read.accel !== undefined) {
    throw invalidArgument('accel', 'accel and vmOptions.sandbox.accel are two names of one option')
  }
  const said = read.sessionLabel as string | ((scope: RuntimeScope) => unknown) | undefined
  return {
    ...settings,
    maxTimeoutMs,
    network: terms,
    accel: settings.accel ?? 'auto',
    label(scope) {
      if (said === undefined) return `runlet ${scope.path}`
      return typeof said === 'function' ? String(said(scope)) : said
    },
  }
}

/** What can only be one thing. */
function refuseTwice({ env, secrets, mounts, workdir }: Omit<GondolinSettings, 'network'>): void {
  for (const [name, { value }] of Object.entries(secrets)) {
    if (Object.hasOwn(env, name)) {
      throw invalidArgument(`secrets.${name}`, `${name} is a variable of env and a secret`)
    }
    const holder = Object.keys(env).find((key) => env[key]?.includes(value))
    // A short value may be part of anything.
    if (holder !== undefined && (value.length >= 8 || env[holder] === value)) {
      throw invalidArgument(`env.${holder}`, `env.${holder} holds the value of the secret ${name}`)
    }
  }
  const seen = new Set([workdir])
  for (const { guest } of mounts) {
    if (seen.has(guest)) throw invalidArgument('mounts', `two folders would be at ${guest}`)
    seen.add(guest)
  }
}
