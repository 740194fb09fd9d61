/** The options that are objects of options themselves. */

import { isRecord } from '../codelet/fields'
import { defaultsOf, group } from './option-group'
import {
  flag,
  type Kind,
  member,
  record,
  refuse,
  text,
  textList,
  whole,
  word,
} from './option-kinds'
import { KIB, MIB, timeMs } from './option-ranges'

const off = () => false
const on = () => true

/** Workers that are started before a call needs one. */
export const warm = group('warm option', [
  {
    name: 'size',
    kind: whole(0, 256),
    initial: () => 0,
    about: 'workers kept ready; 0 keeps none',
  },
  {
    name: 'maxAgeMs',
    kind: timeMs,
    initial: () => 60_000,
    about: 'ms after which an unused worker is replaced',
  },
])

/** Codes of failures after which an attempt may be repeated. */
export const RETRYABLE_CODES = Object.freeze([
  'WORKER_LOST',
  'PROCESS_EXIT',
  'RUNTIME_ERROR',
  'MEMORY_LIMIT',
  'OUTPUT_LIMIT',
  'PROTOCOL_ERROR',
] as const)

const code = word(...RETRYABLE_CODES)

/** The list always holds WORKER_LOST: such a call provably did not start. */
const retryCodes: Kind = {
  accepts: `an array of ${RETRYABLE_CODES.map((name) => `'${name}'`).join(', ')}`,
  read(value, field, reading) {
    if (!Array.isArray(value)) throw refuse(field, this.accepts, value)
    const codes = Array.from(value, (entry, index) =>
      code.read(entry, `${field}[${index}]`, reading),
    )
    return [...new Set(['WORKER_LOST', ...codes])]
  },
}

/** When a failed attempt is repeated. */
export const retry = group('retry option', [
  {
    name: 'on',
    kind: retryCodes,
    initial: () => ['WORKER_LOST'],
    about: 'failures that are retried; WORKER_LOST, where the tool did not start, always is',
  },
  {
    name: 'maxAttempts',
    kind: whole(1, 1_000),
    about:
      'most attempts of one call, the first included; 1 is no retry; unset, the backoff decides',
  },
])

/** Extra output for authors of tools. */
export const debug = group('debug option', [
  {
    name: 'enabled',
    kind: flag,
    initial: off,
    about: 'debug prefixes, and what tools write to stderr in the logger',
  },
  {
    name: 'logLevel',
    kind: word('debug', 'info', 'warn', 'error'),
    initial: () => 'info',
    about: 'least level that reaches the logger',
  },
  { name: 'heapProfiling', kind: flag, initial: off, about: 'a heap snapshot when a tool fails' },
])

/** Stricter rules, and records. */
export const security = group('security option', [
  {
    name: 'strictMode',
    kind: flag,
    initial: off,
    about: 'full enforcement or none: no bare grants, and permissions default to `[]`',
  },
  { name: 'logAccess', kind: flag, initial: off, about: 'log every supervised decision' },
  {
    name: 'auditMode',
    kind: flag,
    initial: off,
    about: 'write records as JSON lines to the store, or to `onAudit`',
  },
  {
    name: 'logAllOperations',
    kind: flag,
    initial: off,
    about: 'one record per call, without payloads',
  },
])

const exec = group('nativeTools.exec option', [
  { name: 'enabled', kind: flag, initial: on, about: 'whether the tool is there' },
  {
    name: 'timeoutMs',
    kind: timeMs,
    initial: () => 30_000,
    about: 'ms; a call may only shorten it',
  },
  {
    name: 'maxStdoutBytes',
    kind: whole(0, 64 * MIB),
    initial: () => 2 * MIB,
    about: 'bytes of stdout that are kept',
  },
  {
    name: 'maxStderrBytes',
    kind: whole(0, 64 * MIB),
    initial: () => KIB,
    about: 'bytes of stderr that are kept',
  },
])

const fetch = group('nativeTools.fetch option', [
  { name: 'enabled', kind: flag, initial: on, about: 'whether the tool is there' },
  {
    name: 'timeoutMs',
    kind: timeMs,
    initial: () => 5_000,
    about: 'ms for the whole exchange; a call may only shorten it',
  },
  {
    name: 'maxBodyBytes',
    kind: whole(0, 64 * MIB),
    initial: () => 2 * MIB,
    about: 'bytes of a body that are kept',
  },
  {
    name: 'maxRedirects',
    kind: whole(0, 20),
    initial: () => 5,
    about: 'redirects that are followed',
  },
  {
    name: 'allow',
    kind: textList(),
    initial: () => [],
    about: 'hosts that may be asked, as `host` or `*.host`, each with an optional `:port`',
  },
  {
    name: 'allowPrivate',
    kind: textList(),
    initial: () => [],
    about: 'hosts of `allow`, or addresses and ranges, that may be private',
  },
])

/** Tools that runlet brings along. */
export const nativeTools = group('nativeTools option', [
  { name: 'enabled', kind: flag, initial: off, about: 'whether native tools can be called' },
  {
    name: 'rootDir',
    kind: text,
    initial: () => '.',
    about: 'folder they work in, relative to `projectRoot`',
  },
  {
    name: 'additionalRoots',
    kind: textList(),
    initial: () => [],
    about: 'more folders they may use',
  },
  { name: 'exec', kind: exec, initial: defaultsOf(exec), about: 'bounds of `exec`' },
  { name: 'fetch', kind: fetch, initial: defaultsOf(fetch), about: 'bounds of `fetch`' },
])

/** Where names of hosts are looked up. */
export const resolver = group('resolver option', [
  {
    name: 'hosts',
    kind: record(textList(), 'an object of arrays of addresses'),
    about: 'addresses by name',
  },
  { name: 'servers', kind: textList(), about: 'name servers as `address:port`' },
])

const LEVELS = ['debug', 'info', 'warn', 'error']

/** A logger with pino's signature, kept as it is: its methods may need their `this`. */
export const logger: Kind = {
  accepts: 'an object with functions debug, info, warn and error',
  read(value, field) {
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    for (const level of LEVELS) {
      if (typeof value[level] !== 'function')
        throw refuse(member(field, level), 'a function', value[level])
    }
    return value
  },
}
