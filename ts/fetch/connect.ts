/**
 * Performs a request over `node:http` or `node:https`, to an address that was checked.
 *
 * The connection is made to the literal address, so nothing after the check can resolve the name
 * again; the name goes into the `Host` header and, for TLS, into SNI and the certificate check.
 * Every request has its own agent without keep-alive: no pooled connection of another run, no
 * proxy from the environment.
 */
import * as http from 'node:http'
import * as https from 'node:https'
import { hasBody, readBody } from './body'
import { asFetchFailure, failed, networkFailure } from './fetch-error'
import type { Hop } from './guest-request'
import { FETCH_MESSAGES } from './messages'
import type { HostRules } from './patterns'
import { checkedAddresses, type Resolve } from './target'
import type { Transport, WireReply } from './transport'

/** An address that does not answer is given up after this many milliseconds if another is left. */
const CONNECT_MS = 1_000
/** Addresses tried before the request fails. */
const MAX_ADDRESSES = 4
/** Bytes of response headers. Set here so that no process-wide flag decides. */
const MAX_RESPONSE_HEADER_BYTES = 16_384

/** How names are resolved, and which authorities TLS trusts (the runtime's own if undefined). */
export interface Network {
  readonly resolve: Resolve
  readonly ca: string | undefined
}

/** A transport that resolves once per hop, checks every address, and connects to a checked one. */
export function directTransport(lists: readonly HostRules[], network: Network): Transport {
  return async (hop, signal) => {
    const addresses = await checkedAddresses(hop.target, lists, network.resolve)
    const tried = addresses.slice(0, MAX_ADDRESSES)
    let last: unknown
    for (const [index, address] of tried.entries()) {
      signal.throwIfAborted()
      const connectMs = index === tried.length - 1 ? undefined : CONNECT_MS
      try {
        return await perform(hop, address, { signal, connectMs, ca: network.ca })
      } catch (error) {
        if (!(error instanceof NotConnected)) throw error
        last = error.cause
      }
    }
    throw networkFailure(hop.target.at, last)
  }
}

/** No byte of the request was sent, so the next address may be tried. */
class NotConnected extends Error {}

interface Attempt {
  readonly signal: AbortSignal
  readonly connectMs: number | undefined
  readonly ca: string | undefined
}

function perform(hop: Hop, address: string, attempt: Attempt): Promise<WireReply> {
  const { signal, connectMs } = attempt
  return new Promise((resolve, reject) => {
    const request = open(hop, address, attempt.ca)
    let connected = false
    const timer =
      connectMs === undefined
        ? undefined
        : setTimeout(() => request.destroy(new Error('connect timed out')), connectMs)
    const abort = () => request.destroy(new Error('aborted'))
    signal.addEventListener('abort', abort, { once: true })
    // `close` comes last in every case, after the body too: until then an abort must reach it.
    request.once('close', () => signal.removeEventListener('abort', abort))
    request.once('socket', (socket) =>
      socket.once('connect', () => {
        connected = true
        clearTimeout(timer)
      }),
    )
    // Stays for good: an error after the reply's head must not become an uncaught exception.
    request.on('error', (cause) => {
      clearTimeout(timer)
      reject(connected ? networkFailure(hop.target.at, cause) : new NotConnected('', { cause }))
    })
    request.once('upgrade', (_reply, socket) => {
      socket.destroy()
      reject(failed(FETCH_MESSAGES.upgraded(hop.target.at)))
    })
    request.once('response', (reply) => resolve(wireReply(hop, reply)))
    request.end(hop.body)
  })
}

function open(hop: Hop, address: string, ca: string | undefined): http.ClientRequest {
  const { url, host, port, literal } = hop.target
  const options: http.RequestOptions = {
    host: address,
    port,
    method: hop.method,
    path: `${url.pathname}${url.search}`,
    headers: wireHeaders(hop),
    setHost: false,
    maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
    insecureHTTPParser: false,
  }
  if (url.protocol === 'http:') {
    return http.request({ ...options, agent: new http.Agent({ keepAlive: false }) })
  }
  return https.request({
    ...options,
    agent: new https.Agent({ keepAlive: false }),
    // SNI carries names only; for a literal the certificate is checked against the address.
    servername: literal === undefined ? host : '',
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
  })
}

function wireHeaders({ target, headers, method, body }: Hop): Record<string, string> {
  const { url, at } = target
  const length = body?.byteLength ?? (method === 'POST' || method === 'PUT' ? 0 : undefined)
  return {
    // The URL parser has already dropped a port that is the scheme's default.
    host: url.port === '' ? at.slice(0, at.lastIndexOf(':')) : at,
    accept: '*/*',
    'user-agent': 'runlet',
    ...Object.fromEntries(headers),
    'accept-encoding': 'identity',
    ...(length === undefined ? {} : { 'content-length': String(length) }),
  }
}

function wireReply(hop: Hop, reply: http.IncomingMessage): WireReply {
  const status = reply.statusCode ?? 0
  const headers = joinHeaders(reply.rawHeaders)
  const { at } = hop.target
  // Whoever reads gets the error from the stream itself.
  reply.on('error', () => undefined)
  return {
    status,
    statusText: reply.statusMessage ?? '',
    headers,
    discard: () => {
      reply.destroy()
    },
    read: async (maxBytes, over) => {
      if (!hasBody(hop.method, status)) {
        reply.destroy()
        return new Uint8Array()
      }
      try {
        return await readBody(reply, headers.get('content-encoding'), maxBytes, at, over)
      } catch (error) {
        reply.destroy()
        throw asFetchFailure(at, error)
      }
    },
  }
}

/** `rawHeaders` keeps what `headers` drops: repeated headers, and names like `__proto__`. */
function joinHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return headers
}
