/** Headers that a codelet wants to send: shape, spelling, and the names it may not set. */
import { failed } from './fetch-error'
import { MAX_HEADER_BYTES, MAX_HEADERS } from './limits'
import { FETCH_MESSAGES } from './messages'

/** Request headers by lower-case name. */
export type RequestHeaders = ReadonlyMap<string, string>

/**
 * Names that steer the connection or the framing of the message. Letting a codelet set them would
 * allow request smuggling, a `Host` other than the checked one, or a reply we do not expect.
 */
const FORBIDDEN = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
])

const METHOD_OVERRIDES = new Set(['x-http-method', 'x-http-method-override', 'x-method-override'])

/**
 * Reads `init.headers`. Repeated names are joined by a comma, as in the fetch standard.
 * @throws FetchError naming the header at fault
 */
export function readRequestHeaders(value: unknown): Map<string, string> {
  const headers = new Map<string, string>()
  if (value === undefined || value === null) return headers
  const pairs = readPairs(value)
  let bytes = 0
  for (const [name, text] of pairs) {
    const key = checkName(name)
    const trimmed = checkValue(key, text)
    const earlier = headers.get(key)
    headers.set(key, earlier === undefined ? trimmed : `${earlier}, ${trimmed}`)
    bytes += key.length + trimmed.length
  }
  if (pairs.length > MAX_HEADERS || bytes > MAX_HEADER_BYTES) {
    throw failed(FETCH_MESSAGES.tooManyHeaders(MAX_HEADERS, MAX_HEADER_BYTES))
  }
  return headers
}

/** Methods that the headers ask the server to apply in place of the real one, in upper case. */
export function overridingMethods(headers: RequestHeaders): string[] {
  return [...METHOD_OVERRIDES].flatMap((name) => {
    const value = headers.get(name)
    return value === undefined ? [] : value.split(',').map((part) => part.trim().toUpperCase())
  })
}

function readPairs(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (typeof value !== 'object' || value === null) throw failed(FETCH_MESSAGES.badHeaders())
  if (!Array.isArray(value)) return Object.entries(value)
  return value.map((pair: unknown): readonly [unknown, unknown] => {
    if (!Array.isArray(pair) || pair.length !== 2) throw failed(FETCH_MESSAGES.badHeaders())
    return [pair[0], pair[1]]
  })
}

function checkName(name: unknown): string {
  if (typeof name !== 'string' || !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/i.test(name)) {
    throw failed(FETCH_MESSAGES.badHeaderName(JSON.stringify(String(name).slice(0, 100))))
  }
  const key = name.toLowerCase()
  if (FORBIDDEN.has(key) || /^(proxy|sec)-/.test(key)) {
    throw failed(FETCH_MESSAGES.forbiddenHeader(key))
  }
  return key
}

/** CR, LF and NUL would end the header early; beyond ASCII, runtimes disagree on the encoding. */
function checkValue(name: string, value: unknown): string {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || !/^[\t\x20-\x7e]*$/.test(text)) {
    throw failed(FETCH_MESSAGES.badHeaderValue(name))
  }
  return text.trim()
}
