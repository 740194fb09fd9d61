/** Options of `dockerRuntime`, each checked. */

import type { DockerRunner } from '../../../docker.js'
import type { RuntimeLimits } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { invalidArgument } from '../../errors'
import { initialValues, type OptionRow, readGiven } from '../../tool/option-group'
import {
  callback,
  flag,
  type Kind,
  member,
  refuse,
  text,
  wholeOrNone,
  word,
} from '../../tool/option-kinds'
import { MIB, memoryBytes, timeMs, UNBOUNDED } from '../../tool/option-ranges'
import { limits } from '../options'

/** Options, complete. */
export interface DockerSettings {
  readonly image: string
  readonly docker: string
  readonly prefix: string
  readonly workdir: string
  readonly network: string
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Without one, the user of this process. */
  readonly user: string | false | undefined
  readonly extraRunArgs: readonly string[]
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
  readonly startTimeoutMs: number
  readonly idleMs: number | false
  readonly limits: RuntimeLimits
  readonly oversize: 'skip' | 'error'
  readonly onOutputLimit: 'truncate' | 'kill'
  readonly background: 'kill' | 'keep'
  readonly files: 'auto' | 'host' | 'guest'
  readonly pull: 'missing' | 'never' | 'always'
  readonly orphanSweep: boolean
  readonly memoryLimitBytes: number
  readonly pidsLimit: number
  readonly cpus: number
  readonly tmpfsBytes: number
  readonly maxOpenFiles: number
  readonly readOnlyRoot: boolean
  readonly dropCapabilities: boolean
  readonly noNewPrivileges: boolean
  readonly privateIpc: boolean
  readonly coreDumps: boolean
  readonly init: boolean
  readonly logDriver: string
  readonly runner: DockerRunner | undefined
}

/** Arguments begin with no dash: the client would take such a one for an option. */
function plain(accepts: string, pattern: RegExp): Kind<string> {
  return {
    accepts,
    read(value, field) {
      if (typeof value === 'string' && pattern.test(value)) return value
      throw refuse(field, accepts, value)
    },
  }
}

const image = plain('the name of an image', /^[A-Za-z0-9][\w.:/@+-]*$/)
const prefix = plain('letters, digits, _, . and -, up to 100', /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/)
const network = plain('the name of a network', /^[A-Za-z0-9][\w.:/=,-]*$/)
const logDriver = plain('the name of a log driver', /^[A-Za-z0-9][\w.:/-]*$/)
const userName = plain("'uid', 'uid:gid' or a name, or false", /^[A-Za-z0-9_][\w.-]*(:[\w.-]+)?$/)
const workdir = plain(
  'an absolute path of plain names, not the root',
  /^(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)+$/,
)

const user: Kind = {
  accepts: userName.accepts,
  read: (value, field, reading) => (value === false ? false : userName.read(value, field, reading)),
}

const idleMs: Kind = {
  accepts: 'a number of milliseconds up to 2147483647, or false',
  read(value, field) {
    if (value === false) return false
    if (typeof value === 'number' && value <= 2_147_483_647) return value
    throw refuse(field, this.accepts, value)
  },
}

const cpus: Kind = {
  accepts: '0 for no limit, or a number from 0.01 to 4096',
  read(value, field) {
    const fits = typeof value === 'number' && (value === 0 || (value >= 0.01 && value <= 4096))
    if (fits) return value
    throw refuse(field, this.accepts, value)
  },
}

/** What the client reads as one line. */
const LONGEST_VARIABLE = 60_000

const env: Kind = {
  accepts: 'an object of strings',
  read(value, field) {
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    const read: Record<string, string> = {}
    for (const [name, content] of Object.entries(value)) {
      if (content === undefined) continue
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw invalidArgument(field, `invalid Docker env key: ${name.slice(0, 100)}`, {
          accepted: 'letters, digits and _',
        })
      }
      const path = member(field, name)
      if (typeof content !== 'string' || /\p{Surrogate}/u.test(content)) {
        throw refuse(path, 'a string of whole characters', typeof content)
      }
      if (/[\0\r\n]/.test(content)) {
        const message = `Docker env value contains unsupported newline or null byte: ${name}`
        throw invalidArgument(path, message, { accepted: 'one line' })
      }
      if (Buffer.byteLength(name) + Buffer.byteLength(content) > LONGEST_VARIABLE) {
        const message = `Docker env value is longer than ${LONGEST_VARIABLE} bytes: ${name}`
        throw invalidArgument(path, message, { accepted: `up to ${LONGEST_VARIABLE} bytes` })
      }
      read[name] = content
    }
    return read
  },
}

const labels: Kind = {
  accepts: 'an object of strings without line breaks and NUL',
  read(value, field) {
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    const read: Record<string, string> = {}
    for (const [name, content] of Object.entries(value)) {
      if (content === undefined) continue
      const path = member(field, name)
      if (!/^[A-Za-z0-9][\w./-]*$/.test(name) || name.startsWith('runlet.')) {
        const accepted = 'letters, digits, _, ., / and -, not starting with runlet.'
        throw invalidArgument(path, `${path} must have a name of ${accepted}`, { accepted })
      }
      if (typeof content !== 'string' || /[\0\r\n]/.test(content)) {
        throw refuse(path, 'a string without line breaks and NUL', content)
      }
      read[name] = content
    }
    return read
  },
}

/** What would make a container another one than the one that is looked after. */
const OURS: Readonly<Record<string, string>> = {
  '--pid': 'whatever a command leaves behind is ended by its process namespace',
  '--name': 'the name is made of prefix and the path of the scope',
  '--restart': 'a container that was ended must stay ended',
}

/** A label of ours as an argument. */
const OWN_LABEL = /^(?:--label=|-l=?)(?:runlet|heypi)\./

const extraRunArgs: Kind = {
  accepts: 'an array of strings without NUL',
  read(value, field) {
    if (!Array.isArray(value)) throw refuse(field, this.accepts, value)
    for (const [index, entry] of Array.from(value).entries()) {
      const path = `${field}[${index}]`
      if (typeof entry !== 'string' || entry.includes('\0')) {
        throw refuse(path, 'a string without NUL', entry)
      }
      if (index === 0 && !entry.startsWith('-')) {
        // It would be taken for the image.
        throw refuse(path, 'an option of run, such as --hostname', entry)
      }
      const [name = ''] = entry.split('=')
      if (OWN_LABEL.test(/^(?:-l|--label)$/.test(value[index - 1]) ? `-l${entry}` : entry)) {
        const accepted = 'labels other than those that containers are found by'
        throw invalidArgument(path, `${path} must not be a label that containers are found by`, {
          accepted,
        })
      }
      const why = OURS[name]
      if (why !== undefined) {
        const accepted = `options other than ${Object.keys(OURS).join(', ')}`
        throw invalidArgument(path, `${path} must not be ${name}: ${why}`, { accepted })
      }
    }
    return [...value]
  },
}

const count = wholeOrNone(1, 1_048_576)

const ROWS: readonly OptionRow[] = Object.freeze<OptionRow[]>([
  { name: 'image', kind: image, initial: () => 'debian:bookworm-slim', about: 'image' },
  { name: 'docker', kind: text, initial: () => 'docker', about: 'the client' },
  { name: 'prefix', kind: prefix, initial: () => 'runlet', about: 'start of names' },
  { name: 'workdir', kind: workdir, initial: () => '/workspace', about: 'the folder inside' },
  { name: 'network', kind: network, initial: () => 'none', about: 'network' },
  { name: 'env', kind: env, initial: () => ({}), about: 'variables' },
  { name: 'labels', kind: labels, initial: () => ({}), about: 'more labels' },
  { name: 'user', kind: user, about: 'whose the processes are' },
  { name: 'extraRunArgs', kind: extraRunArgs, initial: () => [], about: 'more of run' },
  { name: 'timeoutMs', kind: timeMs, initial: () => 120_000, about: 'ms of a command' },
  { name: 'maxTimeoutMs', kind: timeMs, about: 'most that a call may ask' },
  { name: 'startTimeoutMs', kind: timeMs, initial: () => 300_000, about: 'ms of a start' },
  { name: 'idleMs', kind: idleMs, initial: () => 600_000, about: 'ms without use' },
  { name: 'limits', kind: limits, initial: () => ({}), about: 'bounds of operations on files' },
  { name: 'oversize', kind: word('skip', 'error'), initial: () => 'skip', about: 'of a search' },
  {
    name: 'onOutputLimit',
    kind: word('truncate', 'kill'),
    initial: () => 'truncate',
    about: 'what much output does',
  },
  {
    name: 'background',
    kind: word('kill', 'keep'),
    initial: () => 'kill',
    about: 'what commands leave behind',
  },
  {
    name: 'files',
    kind: word('auto', 'host', 'guest'),
    initial: () => 'auto',
    about: 'who works on files',
  },
  {
    name: 'pull',
    kind: word('missing', 'never', 'always'),
    initial: () => 'missing',
    about: 'whether the image is fetched',
  },
  { name: 'orphanSweep', kind: flag, initial: () => true, about: 'removes what is left' },
  { name: 'memoryLimitBytes', kind: memoryBytes, initial: () => 1024 * MIB, about: 'memory' },
  { name: 'pidsLimit', kind: count, initial: () => 256, about: 'processes' },
  { name: 'cpus', kind: cpus, initial: () => 2, about: 'processors' },
  {
    name: 'tmpfsBytes',
    kind: wholeOrNone(4096, UNBOUNDED),
    initial: () => 64 * MIB,
    about: 'size of /tmp',
  },
  { name: 'maxOpenFiles', kind: count, initial: () => 1024, about: 'files of one process' },
  { name: 'readOnlyRoot', kind: flag, initial: () => true, about: 'the image is read-only' },
  { name: 'dropCapabilities', kind: flag, initial: () => true, about: 'no capabilities' },
  { name: 'noNewPrivileges', kind: flag, initial: () => true, about: 'no rights are gained' },
  { name: 'privateIpc', kind: flag, initial: () => true, about: 'own shared memory' },
  { name: 'coreDumps', kind: flag, initial: () => false, about: 'core files' },
  { name: 'init', kind: flag, initial: () => true, about: 'a first process' },
  { name: 'logDriver', kind: logDriver, initial: () => 'none', about: 'keeps output' },
  { name: 'runner', kind: callback, about: 'runs the client' },
])

/**
 * Reads options.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option and what it accepts
 */
export function readDockerConfig(config: unknown = {}): DockerSettings {
  const given = readGiven(config, '', 'option of dockerRuntime', ROWS, { fillsBlanks: false })
  const read = { ...initialValues(ROWS), ...given } as unknown as DockerSettings
  const maxTimeoutMs = read.maxTimeoutMs ?? Math.max(600_000, read.timeoutMs)
  if (read.timeoutMs > maxTimeoutMs) {
    const accepted = `a number up to maxTimeoutMs, ${maxTimeoutMs}`
    const message = `timeoutMs is ${read.timeoutMs}, not ${accepted}`
    throw invalidArgument('timeoutMs', message, { accepted })
  }
  return { ...read, maxTimeoutMs, user: read.user, runner: read.runner }
}
