/** What a 3xx reply asks for next. */
import { FetchError, failed } from './fetch-error'
import type { Hop } from './guest-request'
import { FETCH_MESSAGES } from './messages'
import { readTarget, type Target } from './target'

const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** Meant for the first server only; another origin must not see them. */
const CREDENTIALS = ['authorization', 'cookie']
/** Describe a body that is no longer sent. */
const BODY_HEADERS = ['content-type', 'content-encoding', 'content-language', 'content-location']

/** Whether a reply is a redirect that can be followed. */
export function isRedirect(status: number, location: string | undefined): location is string {
  return REDIRECTS.has(status) && location !== undefined
}

/**
 * The request that follows `hop`: method and body as the fetch standard rewrites them, and no
 * credentials for another origin. The caller checks the new hop like the first one.
 * @throws FetchError when the location is malformed, or a policy refusal for its scheme
 */
export function nextHop(hop: Hop, status: number, location: string): Hop {
  const target = readLocation(hop.target, location)
  const toGet =
    (status === 303 && hop.method !== 'GET' && hop.method !== 'HEAD') ||
    ((status === 301 || status === 302) && hop.method === 'POST')
  const headers = new Map(hop.headers)
  if (toGet) for (const name of BODY_HEADERS) headers.delete(name)
  if (target.url.origin !== hop.target.url.origin) {
    for (const name of CREDENTIALS) headers.delete(name)
  }
  return toGet
    ? { target, method: 'GET', headers, body: undefined }
    : { target, method: hop.method, headers, body: hop.body }
}

function readLocation(from: Target, location: string): Target {
  try {
    return readTarget(new URL(location, from.url).href)
  } catch (error) {
    throw error instanceof FetchError ? error : failed(FETCH_MESSAGES.badLocation(from.at), error)
  }
}
