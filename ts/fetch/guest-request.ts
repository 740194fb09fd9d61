/** The two arguments of the codelet's `fetch(url, init)`, checked and completed. */
import { METHODS } from './capability'
import { failed } from './fetch-error'
import { FETCH_MESSAGES } from './messages'
import { type RequestHeaders, readRequestHeaders } from './request-headers'
import { readTarget, type Target } from './target'

const ACCEPTED: readonly string[] = ['method', 'headers', 'body', 'redirect']

/** One request to be made: the codelet's own, or the next one after a redirect. */
export interface Hop {
  readonly target: Target
  readonly method: string
  readonly headers: RequestHeaders
  readonly body: Uint8Array | undefined
}

/** What the codelet asked for. */
export interface GuestRequest {
  readonly hop: Hop
  /** As in the fetch standard: follow redirects, hand the first reply over, or fail. */
  readonly redirect: 'follow' | 'manual' | 'error'
}

/**
 * Reads the arguments as they came out of JSON.
 * @throws FetchError saying which argument is wrong and what is accepted
 */
export function readGuestRequest(
  url: unknown,
  init: unknown,
  maxRequestBytes: number,
): GuestRequest {
  const target = readTarget(url)
  const options = readOptions(init)
  const method = readMethod(options.method)
  const headers = readRequestHeaders(options.headers)
  const body = readBody(options.body, method, target, maxRequestBytes)
  if (body !== undefined && !headers.has('content-type')) {
    headers.set('content-type', 'text/plain;charset=UTF-8')
  }
  return { hop: { target, method, headers, body }, redirect: readRedirect(options.redirect) }
}

function readOptions(init: unknown): Record<string, unknown> {
  if (init === undefined || init === null) return {}
  if (typeof init !== 'object' || Array.isArray(init)) throw failed(FETCH_MESSAGES.badInit())
  const unknown = Object.keys(init).find((key) => !ACCEPTED.includes(key))
  if (unknown !== undefined) {
    throw failed(FETCH_MESSAGES.unknownInit(unknown.slice(0, 100), ACCEPTED))
  }
  return init as Record<string, unknown>
}

function readMethod(value: unknown): string {
  if (value === undefined || value === null) return 'GET'
  const method = typeof value === 'string' ? value.toUpperCase() : ''
  if (!METHODS.includes(method)) throw failed(FETCH_MESSAGES.badMethod(METHODS))
  return method
}

function readRedirect(value: unknown): GuestRequest['redirect'] {
  if (value === undefined || value === null) return 'follow'
  if (value === 'follow' || value === 'manual' || value === 'error') return value
  throw failed(FETCH_MESSAGES.badRedirect())
}

function readBody(
  value: unknown,
  method: string,
  target: Target,
  maxRequestBytes: number,
): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw failed(FETCH_MESSAGES.badBody())
  if (method === 'GET' || method === 'HEAD') throw failed(FETCH_MESSAGES.bodyNotAllowed(method))
  const bytes = Buffer.from(value, 'utf8')
  if (bytes.length > maxRequestBytes) {
    throw failed(FETCH_MESSAGES.requestTooLarge(target.at, maxRequestBytes))
  }
  return bytes
}
