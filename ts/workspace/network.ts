/**
 * The network of a virtual shell: what `curl` asks for and what a codelet in it fetches.
 *
 * Requests are made by the host, with the client that the `fetch` of codelets has: one look-up for
 * each hop, every address checked, the connection made to a checked one. What is of this room are the
 * rules: URL prefixes and methods, asked before each hop.
 *
 * - `network/options.ts`: the option
 * - `network/prefix.ts`: which URLs a prefix means
 */

import { isSpecial } from '../fetch/address'
import { directTransport, type Network } from '../fetch/connect'
import { withDeadline } from '../fetch/deadline'
import { type FetchReply, follow, type Policy, prepare, replyHeaders } from '../fetch/exchange'
import { FetchError, failed, refused } from '../fetch/fetch-error'
import type { GuestRequest, Hop } from '../fetch/guest-request'
import { compilePatterns } from '../fetch/patterns'
import { resolveAll } from '../fetch/resolve'
import type { Transport } from '../fetch/transport'
import type { NetworkRules } from './network/options'
import { covers } from './network/prefix'

/** One request, as a script makes it. */
export interface ShellRequest {
  readonly url: string
  readonly method?: string | undefined
  readonly headers?: Record<string, string> | readonly (readonly [string, string])[] | undefined
  readonly body?: string | undefined
  readonly redirect?: 'follow' | 'manual' | 'error' | undefined
  /** May only shorten and lessen what the rules say. */
  readonly timeoutMs?: number | undefined
  readonly maxRedirects?: number | undefined
}

export interface ShellReply {
  readonly status: number
  readonly statusText: string
  readonly headers: Record<string, string>
  readonly url: string
  readonly redirected: boolean
  readonly body: Uint8Array
}

/** What tests put in place of the internet. */
export interface NetworkGround extends Partial<Network> {
  /** Addresses that count as public. */
  readonly publicAddresses?: readonly string[]
}

const MAX_REQUEST_BYTES = 10 * 1024 * 1024

/** Of the connection or its coding: what a script says of them is of no use here. */
const DROPPED = ['accept-encoding', 'connection', 'content-length']

/** What the messages of the client say of a codelet's options, in the words of this room. */
const WORDING: ReadonlyArray<readonly [string, string]> = [
  ['; grant it by an IP address or CIDR block in allow.fetch.hosts', ''],
  ['allow.fetch.methods', 'justBash.network.allowedMethods'],
  ['allow.fetch.maxRedirects', 'justBash.network.maxRedirects'],
  ['allow.fetch.timeoutMs', 'justBash.network.timeoutMs'],
  ['allow.fetch.maxResponseBytes', 'justBash.network.maxResponseSize'],
  [' (allow.fetch.maxRequestBytes)', ''],
  ['cannot be set by a codelet', 'cannot be set'],
]

export class ShellNetwork {
  readonly #rules: NetworkRules
  readonly #transport: Transport
  readonly #isPublic: (hop: Hop) => boolean

  constructor(rules: NetworkRules, { publicAddresses = [], ...network }: NetworkGround = {}) {
    this.#rules = rules
    const listed = compilePatterns(
      rules.denyPrivateRanges ? publicAddresses : ['0.0.0.0/0', '::/0'],
    )
    this.#isPublic = ({ target: { literal, port } }) =>
      literal === undefined || !isSpecial(literal) || listed.coversAddress(literal, port)
    this.#transport = directTransport([listed], { resolve: resolveAll, ca: undefined, ...network })
  }

  /** Performs a request and its redirects. Rejects with a FetchError, in the words of this room. */
  async request(asked: ShellRequest, signal: AbortSignal): Promise<ShellReply> {
    const { url, redirect = 'follow', body } = asked
    const method = asked.method?.toUpperCase()
    const bodiless = body === undefined || method === undefined || /^(GET|HEAD)$/.test(method)
    const init = { method, headers: sent(asked.headers), redirect, ...(!bodiless && { body }) }
    const policy = this.#policy(asked)
    try {
      return await this.#perform(policy, prepare(policy, url, init), signal)
    } catch (error) {
      throw worded(error)
    }
  }

  /** The same as the `fetch` of a codelet. */
  async fetch(url: unknown, init: unknown, signal: AbortSignal): Promise<FetchReply> {
    const policy = this.#policy({})
    try {
      const reply = await this.#perform(policy, prepare(policy, url, init), signal)
      const ok = reply.status >= 200 && reply.status <= 299
      return { ...reply, ok, body: new TextDecoder().decode(reply.body) }
    } catch (error) {
      throw worded(error)
    }
  }

  async #perform(policy: Policy, request: GuestRequest, signal: AbortSignal): Promise<ShellReply> {
    const { timeoutMs, maxResponseBytes } = policy.capability
    return withDeadline(request.hop.target.at, timeoutMs, signal, async (inner) => {
      const { hop, reply, redirected } = await follow(policy, request, inner)
      const body = await reply.read(maxResponseBytes, 'fail')
      const { status, statusText } = reply
      const url = new URL(hop.target.url)
      url.hash = ''
      return { status, statusText, headers: replyHeaders(reply), url: url.href, redirected, body }
    })
  }

  #policy({ timeoutMs, maxRedirects }: Pick<ShellRequest, 'timeoutMs' | 'maxRedirects'>): Policy {
    const rules = this.#rules
    return {
      capability: {
        hosts: [],
        methods: rules.methods,
        maxRequestBytes: MAX_REQUEST_BYTES,
        maxResponseBytes: rules.maxResponseSize,
        timeoutMs: atMost(rules.timeoutMs, timeoutMs),
        maxRedirects: atMost(rules.maxRedirects, maxRedirects),
        fetch: undefined,
        within: undefined,
      },
      // No list of hosts: the prefixes are asked by the transport, which every hop goes through.
      lists: [],
      transport: (hop, signal) => this.#transport(this.#allowed(hop), signal),
    }
  }

  /** The hop with the headers that its URL brings. @throws FetchError where it may not be made */
  #allowed(hop: Hop): Hop {
    const { target } = hop
    const { prefixes, everywhere } = this.#rules
    const covering = prefixes.filter((prefix) => covers(prefix, target))
    if (covering.length === 0 && !everywhere) {
      throw refused(target.at, `${shownUrl(target.url)} is not in justBash.network`)
    }
    if (!this.#isPublic(hop)) {
      throw refused(target.at, `${target.at} is not a public address`)
    }
    const headers = new Map(hop.headers)
    for (const prefix of covering) {
      for (const [name, text] of prefix.headers) headers.set(name, text)
    }
    return { ...hop, headers }
  }
}

/** What a script asks for; what is no amount, such as -1 for no limit, is the rule's. */
function atMost(rule: number, asked: number | undefined): number {
  return Number.isSafeInteger(asked) && Number(asked) >= 0 ? Math.min(Number(asked), rule) : rule
}

function sent(headers: ShellRequest['headers']): [string, string][] {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers ?? {})
  return pairs.filter(([name]) => !DROPPED.includes(String(name).toLowerCase()))
}

function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`.slice(0, 300)
}

function worded(error: unknown): unknown {
  if (!(error instanceof FetchError)) return failed('the request failed', error)
  const message = WORDING.reduce((text, [from, to]) => text.replace(from, to), error.message)
  const { policy, cause } = error
  return new FetchError(message, { ...(policy && { name: policy.name }), cause })
}
