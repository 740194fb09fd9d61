/** The options of `allow.fetch`: checked, completed with defaults, narrowed by a runner's own. */
import { fieldTable, integer, optionalFunction, readFields } from '../codelet/fields'
import { invalidArgument } from '../errors'
import { messages, shown } from '../messages'
import { FETCH_LIMITS, type FetchLimit } from './limits'
import { FETCH_MESSAGES, HOST_PATTERN_FORMS } from './messages'
import { parseHostPattern } from './patterns'

/** Methods that can be granted. CONNECT and TRACE cannot: one tunnels, the other echoes headers. */
export const METHODS: readonly string[] = Object.freeze([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
])

const METHOD_LIST = `a list of at least one of ${METHODS.join(', ')}`
const DEFAULT_METHODS: readonly string[] = Object.freeze(['GET', 'HEAD'])
const LIMIT_NAMES = Object.keys(FETCH_LIMITS) as readonly FetchLimit[]
const OPTIONS = fieldTable('fetch option', ['hosts', 'methods', ...LIMIT_NAMES, 'fetch'])

/** A checked `allow.fetch` with every default filled in. */
export interface FetchCapability {
  /** Patterns as the caller wrote them; an empty list allows nothing. */
  readonly hosts: readonly string[]
  /** Granted methods in upper case. */
  readonly methods: readonly string[]
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number
  readonly timeoutMs: number
  readonly maxRedirects: number
  /** Performs the requests instead of `node:http`; see `supplied.ts` for what is lost by it. */
  readonly fetch: typeof globalThis.fetch | undefined
  /** A wider capability whose host rules must allow the request as well. */
  readonly within: FetchCapability | undefined
}

/**
 * Checks the value of `allow.fetch`. `field` names it in messages, such as `allow.fetch`.
 * @throws RunletError INVALID_ARGUMENT with `details.field` naming the option that is wrong
 */
export function checkFetchCapability(value: unknown, field: string): FetchCapability {
  const given = readFields(value, field, OPTIONS)
  const limit = (name: FetchLimit) => {
    const fact = FETCH_LIMITS[name]
    return given[name] === undefined ? fact.default : integer(given[name], `${field}.${name}`, fact)
  }
  return Object.freeze({
    hosts: checkHosts(given.hosts, `${field}.hosts`),
    methods: checkMethods(given.methods, `${field}.methods`),
    maxRequestBytes: limit('maxRequestBytes'),
    maxResponseBytes: limit('maxResponseBytes'),
    timeoutMs: limit('timeoutMs'),
    maxRedirects: limit('maxRedirects'),
    fetch: optionalFunction(given.fetch, `${field}.fetch`) as typeof globalThis.fetch | undefined,
    within: undefined,
  })
}

/**
 * The part of `asked` that `upper` grants too: a request must pass the host rules and methods of
 * both, and the smaller of each limit holds. `upper` alone says who performs the requests.
 * @throws RunletError INVALID_ARGUMENT when `asked` brings another `fetch` than `upper`
 */
export function narrowFetchCapability(
  upper: FetchCapability,
  asked: FetchCapability,
  field: string,
): FetchCapability {
  if (asked.fetch !== undefined && asked.fetch !== upper.fetch) {
    throw invalidArgument(`${field}.fetch`, FETCH_MESSAGES.widensFetch(field))
  }
  return Object.freeze({
    hosts: asked.hosts,
    methods: Object.freeze(asked.methods.filter((method) => upper.methods.includes(method))),
    maxRequestBytes: Math.min(upper.maxRequestBytes, asked.maxRequestBytes),
    maxResponseBytes: Math.min(upper.maxResponseBytes, asked.maxResponseBytes),
    timeoutMs: Math.min(upper.timeoutMs, asked.timeoutMs),
    maxRedirects: Math.min(upper.maxRedirects, asked.maxRedirects),
    fetch: upper.fetch,
    within: upper,
  })
}

function checkHosts(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) throw wrong(field, 'an array of host patterns', value)
  const patterns = Array.from(value, (pattern: unknown, index) => {
    const at = `${field}[${index}]`
    if (typeof pattern !== 'string') throw wrong(at, 'a host pattern', pattern)
    const parsed = parseHostPattern(pattern)
    if (parsed.ok) return pattern
    const message = FETCH_MESSAGES.badPattern(at, shown(pattern), parsed.reason)
    throw invalidArgument(at, message, { accepted: HOST_PATTERN_FORMS })
  })
  return Object.freeze(patterns)
}

function checkMethods(value: unknown, field: string): readonly string[] {
  if (value === undefined) return DEFAULT_METHODS
  if (!Array.isArray(value) || value.length === 0) throw wrong(field, METHOD_LIST, value)
  const methods = Array.from(value, (item: unknown, index) => {
    const method = typeof item === 'string' ? item.toUpperCase() : ''
    if (METHODS.includes(method)) return method
    throw wrong(`${field}[${index}]`, `one of ${METHODS.join(', ')}`, item)
  })
  return Object.freeze([...new Set(methods)])
}

function wrong(field: string, accepted: string, value: unknown): Error {
  return invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
}
