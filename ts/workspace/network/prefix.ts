/**
 * URL prefixes: an origin, and perhaps a path below which everything is meant.
 *
 * Both sides are compared as the URL parser reads them, part by part, never as text: an origin is
 * equal or it is not, and a path is covered by whole segments. Servers disagree on what an encoded
 * slash or a parameter in a segment means, so no path that needs them is covered by a path prefix.
 */

import { formatAddress } from '../../fetch/address'
import { FetchError } from '../../fetch/fetch-error'
import { readTarget, type Target } from '../../fetch/target'

/** One entry of `allowedUrlPrefixes`, read. */
export interface UrlPrefix {
  readonly origin: string
  /** `/` for all paths. With a slash at its end, what is below; without, the path itself as well. */
  readonly path: string
  /** Set on every request that it covers, and never shown to the script. */
  readonly headers: ReadonlyMap<string, string>
}

/** Reads the text of an entry; a sentence says what is wrong with it. */
export function readPrefix(text: string): Pick<UrlPrefix, 'origin' | 'path'> | string {
  let target: Target
  try {
    target = readTarget(text)
  } catch (error) {
    return error instanceof FetchError ? 'it is no absolute http or https URL' : String(error)
  }
  const { search, hash, pathname } = target.url
  if (search !== '' || hash !== '') return 'it has a query or a fragment'
  if (segmentsOf(pathname) === undefined) return 'its path has encoded separators or parameters'
  return { origin: originOf(target), path: pathname }
}

/** Whether a request that goes there is meant by the prefix. */
export function covers(prefix: UrlPrefix, target: Target): boolean {
  if (prefix.origin !== originOf(target)) return false
  if (prefix.path === '/') return true
  const { pathname } = target.url
  if (segmentsOf(pathname) === undefined) return false
  const below = prefix.path.endsWith('/') ? prefix.path : `${prefix.path}/`
  return pathname === prefix.path || pathname.startsWith(below)
}

/** Scheme, host and port, in one spelling: no trailing dot, no port left out. */
function originOf({ url, host, port, literal }: Target): string {
  const name = literal === undefined ? host : formatAddress(literal)
  return `${url.protocol}//${name} ${port}`
}

/** The segments of a path as a server may read them; undefined where servers would disagree. */
function segmentsOf(pathname: string): string[] | undefined {
  const segments: string[] = []
  for (const raw of pathname.split('/')) {
    let segment: string
    try {
      segment = decodeURIComponent(raw)
    } catch {
      return undefined
    }
    // A percent that is left over hides another round of encoding.
    if (/[/\\;%\p{Cc}]/u.test(segment) || segment === '.' || segment === '..') return undefined
    segments.push(segment)
  }
  return segments
}
