/**
 * Performs requests by a `fetch` that the host supplied in `allow.fetch.fetch`: a proxy, a
 * recording or a test double. URL, host rules, methods, headers, redirects and limits are still ours. What
 * cannot be kept: that function resolves names itself, so the ban on names with special addresses
 * does not hold, and it may add cookies, credentials or a proxy of its own.
 */
import { collect, hasBody } from './body'
import { asFetchFailure, failed } from './fetch-error'
import { FETCH_MESSAGES } from './messages'
import type { Transport, WireReply } from './transport'

/** A transport that calls `fetch` once per hop with `redirect: 'manual'`. */
export function suppliedTransport(fetch: typeof globalThis.fetch): Transport {
  return async (hop, signal) => {
    const { target, method, headers, body } = hop
    let response: Response
    try {
      response = await fetch(target.url.href, {
        method,
        headers: Object.fromEntries(headers),
        redirect: 'manual',
        signal,
        ...(body === undefined ? {} : { body: Buffer.from(body).toString('utf8') }),
      })
    } catch (error) {
      throw asFetchFailure(target.at, error)
    }
    if (response.redirected) {
      drop(response)
      throw failed(FETCH_MESSAGES.suppliedFollowed(target.at))
    }
    return wireReply(response, target.at, method)
  }
}

function wireReply(response: Response, at: string, method: string): WireReply {
  const headers = new Map<string, string>()
  response.headers.forEach((value, name) => {
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  })
  return {
    status: response.status,
    statusText: response.statusText,
    headers,
    discard: () => drop(response),
    read: async (maxBytes, over) => {
      if (response.body === null || !hasBody(method, response.status)) {
        drop(response)
        return new Uint8Array()
      }
      try {
        return await collect(response.body, maxBytes, at, over)
      } catch (error) {
        throw asFetchFailure(at, error)
      }
    },
  }
}

/** Nobody waits for the body any more; a failure to cancel it is of no interest. */
function drop(response: Response): void {
  response.body?.cancel().catch(() => undefined)
}
