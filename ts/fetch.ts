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
import type { FetchCapability } from './fetch/capability'
import { directTransport, type Network } from './fetch/connect'
import { withDeadline } from './fetch/deadline'
import { exchange, type FetchReply, prepare } from './fetch/exchange'
import { compilePatterns, type HostRules } from './fetch/patterns'
import { resolveAll } from './fetch/resolve'
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

/** Functions that a part of ours supplied, and what serves the codelet in their place. */
const ruled = new WeakMap<object, HostFetch>()

/**
 * An `allow.fetch.fetch` that has rules of its own: `perform` serves the codelet, and neither hosts nor
 * methods nor limits of the capability are asked.
 */
export function fetchBy(perform: HostFetch): typeof globalThis.fetch {
  const supplied = () => Promise.reject(new Error('this function only stands for another'))
  ruled.set(supplied, perform)
  return supplied
}

/**
 * Turns a checked `allow.fetch` into the function that serves it. `network` replaces name
 * resolution and trusted authorities in tests.
 */
export function createHostFetch(
  policy: FetchCapability,
  network: Partial<Network> = {},
): HostFetch {
  const own = policy.fetch && ruled.get(policy.fetch)
  if (own !== undefined) return own
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
