/** One `fetch()` of a codelet: policy, request, redirects, reply. */
import type { FetchCapability } from './capability'
import { failed, refused } from './fetch-error'
import { type GuestRequest, type Hop, readGuestRequest } from './guest-request'
import { FETCH_MESSAGES } from './messages'
import type { HostRules } from './patterns'
import { isRedirect, nextHop } from './redirect'
import { overridingMethods } from './request-headers'
import { checkHost } from './target'
import type { Transport, WireReply } from './transport'

/** The reply as it crosses into the realm, where `text()` and `json()` are added to it. */
export interface FetchReply {
  /** Whether the status is 200 to 299. */
  ok: boolean
  status: number
  statusText: string
  /** Lower-case names; repeated headers joined by a comma. */
  headers: Record<string, string>
  /** URL of the last request, without fragment. */
  url: string
  /** Whether at least one redirect was followed. */
  redirected: boolean
  /** The body decoded as UTF-8; bytes that are not UTF-8 become U+FFFD. */
  body: string
}

/** A policy ready for use: its host lists compiled, its transport chosen. */
export interface Policy {
  readonly capability: FetchCapability
  /** Every list must cover a request. */
  readonly lists: readonly HostRules[]
  readonly transport: Transport
}

/** Describe the connection or the compressed form, neither of which the codelet gets. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Reads the codelet's arguments, without sending anything.
 * @throws FetchError for malformed arguments and for a first hop that the policy refuses
 */
export function prepare(policy: Policy, url: unknown, init: unknown): GuestRequest {
  const request = readGuestRequest(url, init, policy.capability.maxRequestBytes)
  checkHop(policy, request.hop)
  return request
}

/** Performs a prepared request and reads its reply. */
export async function exchange(
  policy: Policy,
  request: GuestRequest,
  signal: AbortSignal,
): Promise<FetchReply> {
  const { hop, reply, redirected } = await follow(policy, request, signal)
  const body = await reply.read(policy.capability.maxResponseBytes, 'fail')
  return fetchReply(hop, reply, body, redirected)
}

/** Performs a prepared request up to the head of the last reply. Every redirect is checked like the first hop. */
export async function follow(
  policy: Policy,
  request: GuestRequest,
  signal: AbortSignal,
): Promise<{ hop: Hop; reply: WireReply; redirected: boolean }> {
  const { maxRedirects } = policy.capability
  let { hop } = request
  for (let redirects = 0; ; redirects += 1) {
    const { at } = hop.target
    const reply = await policy.transport(hop, signal)
    const location = reply.headers.get('location')
    if (request.redirect === 'manual' || !isRedirect(reply.status, location)) {
      return { hop, reply, redirected: redirects > 0 }
    }
    reply.discard()
    if (request.redirect === 'error') throw failed(FETCH_MESSAGES.redirected(at))
    if (redirects === maxRedirects) throw failed(FETCH_MESSAGES.tooManyRedirects(at, maxRedirects))
    hop = nextHop(hop, reply.status, location)
    checkHop(policy, hop)
  }
}

function checkHop({ capability, lists }: Policy, { target, method, headers }: Hop): void {
  checkHost(target, lists)
  // A header that makes the server apply another method needs that method's grant as well.
  for (const name of [method, ...overridingMethods(headers)]) {
    if (!capability.methods.includes(name)) {
      throw refused(target.at, FETCH_MESSAGES.method(target.at, name))
    }
  }
}

function fetchReply(
  { target }: Hop,
  reply: WireReply,
  body: Uint8Array,
  redirected: boolean,
): FetchReply {
  const url = new URL(target.url)
  url.hash = ''
  return {
    ok: reply.status >= 200 && reply.status <= 299,
    status: reply.status,
    statusText: reply.statusText,
    // `fromEntries` defines own properties, so a header named `__proto__` is only a header.
    headers: replyHeaders(reply),
    url: url.href,
    redirected,
    body: new TextDecoder().decode(body),
  }
}

/** The headers of a reply that describe its contents, not the connection or the compressed form. */
export function replyHeaders(reply: WireReply): Record<string, string> {
  const encoded = reply.headers.has('content-encoding')
  const headers = [...reply.headers].filter(
    ([name]) =>
      !HOP_BY_HOP.has(name) &&
      !(encoded && (name === 'content-encoding' || name === 'content-length')),
  )
  return Object.fromEntries(headers)
}
