/** The option `justBash.network`, checked and completed. */

import { isRecord } from '../../codelet/fields'
import { invalidArgument } from '../../errors'
import { METHODS } from '../../fetch/capability'
import { readRequestHeaders } from '../../fetch/request-headers'
import { initialValues, type OptionRow, readGiven } from '../../tool/option-group'
import { flag, type Kind, refuse, whole } from '../../tool/option-kinds'
import { MIB, timeMs } from '../../tool/option-ranges'
import { readPrefix, type UrlPrefix } from './prefix'

/** What scripts may reach. */
export interface NetworkRules {
  readonly prefixes: readonly UrlPrefix[]
  /** All URLs, whatever the prefixes say; their headers are set all the same. */
  readonly everywhere: boolean
  readonly methods: readonly string[]
  readonly denyPrivateRanges: boolean
  readonly maxRedirects: number
  readonly timeoutMs: number
  readonly maxResponseSize: number
}

const READING = { fillsBlanks: false }

const prefixes: Kind<readonly UrlPrefix[]> = {
  accepts: 'an array of URLs, or of objects with a url and perhaps transform',
  read(value, field) {
    if (!Array.isArray(value)) throw refuse(field, this.accepts, value)
    return value.map((entry, index) => readEntry(entry, `${field}[${index}]`))
  },
}

const methods: Kind<readonly string[]> = {
  accepts: `an array of at least one of ${METHODS.join(', ')}`,
  read(value, field) {
    const known = (method: unknown) => METHODS.includes(method as string)
    if (Array.isArray(value) && value.length > 0 && value.every(known)) return [...value]
    throw refuse(field, this.accepts, value)
  },
}

const ROWS: readonly OptionRow[] = [
  { name: 'allowedUrlPrefixes', kind: prefixes, initial: () => [], about: 'URLs allowed' },
  { name: 'allowedMethods', kind: methods, initial: () => ['GET', 'HEAD'], about: 'methods' },
  { name: 'maxRedirects', kind: whole(0, 100), initial: () => 20, about: 'redirects followed' },
  { name: 'timeoutMs', kind: timeMs, initial: () => 30_000, about: 'ms of one request' },
  {
    name: 'maxResponseSize',
    kind: whole(0, 256 * MIB),
    initial: () => 10 * MIB,
    about: 'bytes of one body',
  },
  { name: 'denyPrivateRanges', kind: flag, initial: () => true, about: 'public addresses only' },
  {
    name: 'dangerouslyAllowFullInternetAccess',
    kind: flag,
    initial: () => false,
    about: 'all URLs and methods',
  },
]

/** Reads the option; undefined means no network. @throws RunletError `INVALID_ARGUMENT` */
export function readNetwork(value: unknown, field = 'justBash.network'): NetworkRules | undefined {
  if (value === undefined) return undefined
  const given = readGiven(value, field, 'network option', ROWS, READING)
  const read = { ...initialValues(ROWS), ...given } as unknown as Given
  const { allowedUrlPrefixes, allowedMethods, dangerouslyAllowFullInternetAccess, ...rest } = read
  const everywhere = dangerouslyAllowFullInternetAccess
  return {
    ...rest,
    prefixes: allowedUrlPrefixes,
    everywhere,
    methods: everywhere ? METHODS : allowedMethods,
  }
}

interface Given {
  allowedUrlPrefixes: readonly UrlPrefix[]
  allowedMethods: readonly string[]
  dangerouslyAllowFullInternetAccess: boolean
  denyPrivateRanges: boolean
  maxRedirects: number
  timeoutMs: number
  maxResponseSize: number
}

function readEntry(entry: unknown, field: string): UrlPrefix {
  if (typeof entry === 'string') return { ...urlOf(entry, field), headers: new Map() }
  if (!isRecord(entry)) throw refuse(field, 'a URL, or an object with a url', entry)
  for (const name of Object.keys(entry)) {
    if (name === 'url' || name === 'transform') continue
    const accepted = 'url and transform'
    throw invalidArgument(`${field}.${name}`, `${field} has no ${name}; it may have ${accepted}`, {
      accepted,
    })
  }
  if (typeof entry.url !== 'string') throw refuse(`${field}.url`, 'a URL', entry.url)
  const { transform = [] } = entry
  if (!Array.isArray(transform)) {
    throw refuse(`${field}.transform`, 'an array of {headers}', transform)
  }
  const headers = new Map<string, string>()
  for (const [index, step] of transform.entries()) {
    const at = `${field}.transform[${index}]`
    const fits = isRecord(step) && Object.keys(step).join() === 'headers' && isRecord(step.headers)
    if (!fits) throw refuse(at, 'an object {headers}', step)
    for (const [name, text] of headersOf(step.headers, `${at}.headers`)) headers.set(name, text)
  }
  return { ...urlOf(entry.url, `${field}.url`), headers }
}

function urlOf(text: string, field: string): Pick<UrlPrefix, 'origin' | 'path'> {
  const read = readPrefix(text)
  if (typeof read !== 'string') return read
  const accepted = 'an http or https origin, perhaps with a path'
  const message = `${field} must be ${accepted}: ${read}`
  throw invalidArgument(field, message, { accepted })
}

/** What is wrong is said without the value, which is a secret as a rule. */
function headersOf(value: unknown, field: string): Map<string, string> {
  try {
    return readRequestHeaders(value)
  } catch {
    const accepted = 'an object of header values by name, none of the connection itself'
    throw invalidArgument(field, `${field} must be ${accepted}`, { accepted })
  }
}
