/**
 * The host side of a codelet's `fetch()`.
 *
 * The codelet has no network. Its `fetch` is a host call: the arguments come here as JSON values,
 * the host performs the request if `allow.fetch` grants it, and the reply goes back as JSON.
 *
 * - `fetch/patterns.ts`, `fetch/target.ts`: which hosts, and which addresses a name may resolve to
 * - `fetch/connect.ts`: one look-up, every address checked, the connection made to a checked one
 * - `fetch/exchange.ts`, `fetch/redirect.ts`: every redirect checked anew
 */
import { lookup } from 'node:dns'
import type { FetchCapability } from './fetch/capability'
import { directTransport, type Network } from './fetch/connect'
import { exchange, type FetchReply, prepare } from './fetch/exchange'
import { failed } from './fetch/fetch-error'
import { FETCH_MESSAGES } from './fetch/messages'
import { compilePatterns, type HostRules } from './fetch/patterns'
import { suppliedTransport } from './fetch/supplied'

export {
  checkFetchCapability,
  type FetchCapability,
  narrowFetchCapability,
} from './fetch/capability'
export type { FetchReply } from './fetch/exchange'
export { FetchError } from './fetch/fetch-error'

/** Performs one `fetch(url, init)` of a codelet. Rejects with a FetchError. */
export type HostFetch = (url: unknown, init: unknown, signal: AbortSignal) => Promise<FetchReply>

/**
 * Turns a checked `allow.fetch` into the function that serves it. `network` replaces name
 * resolution and trusted authorities in tests.
 */
export function createHostFetch(
  policy: FetchCapability,
  network: Partial<Network> = {},
): HostFetch {
  const lists = hostLists(policy)
  const transport =
    policy.fetch === undefined
      ? directTransport(lists, { resolve: resolveAll, ca: undefined, ...network })
      : suppliedTransport(policy.fetch)
  const ready = { capability: policy, lists, transport }
  return async (url, init, signal) => {
    const request = prepare(ready, url, init)
    return withDeadline(request.hop.target.at, policy.timeoutMs, signal, (inner) =>
      exchange(ready, request, inner),
    )
  }
}

function hostLists(policy: FetchCapability): HostRules[] {
  const outer = policy.within === undefined ? [] : hostLists(policy.within)
  return [compilePatterns(policy.hosts), ...outer]
}

/** All addresses of a name, in the order the system prefers them. */
function resolveAll(name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses.map(({ address }) => address))
      else reject(error)
    })
  })
}

/**
 * Runs `work` under a deadline and the caller's signal. The first of both settles the promise at
 * once, also while a name look-up, which cannot be cancelled, is still under way.
 */
function withDeadline<T>(
  at: string,
  timeoutMs: number,
  signal: AbortSignal,
  work: (inner: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const inner = new AbortController()
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const stop = (message: string) => {
      settle()
      reject(failed(message, signal.reason))
      inner.abort()
    }
    const onAbort = () => stop(FETCH_MESSAGES.aborted(at))
    const timer = setTimeout(() => stop(FETCH_MESSAGES.timeout(at, timeoutMs)), timeoutMs)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work(inner.signal).finally(settle).then(resolve, reject)
  })
}
