/**
 * Where a request goes, and whether the allow-list lets it go there.
 *
 * A request is allowed when its URL host is
 * - a name that a name rule covers, and every address the name resolves to is public or listed by
 *   an address, CIDR or `localhost` rule; or
 * - a literal address that an address, CIDR or `localhost` rule lists.
 */
import { type Address, formatAddress, isSpecial, parseAddress } from './address'
import { failed, refused } from './fetch-error'
import { MAX_URL_LENGTH } from './limits'
import { FETCH_MESSAGES } from './messages'
import { type HostRules, normaliseName } from './patterns'

/** A well-formed destination. */
export interface Target {
  readonly url: URL
  /** Normalised name, or the text of a literal address without brackets. */
  readonly host: string
  readonly port: number
  /** `host:port` for messages, IPv6 in brackets. */
  readonly at: string
  /** The address when the URL names one literally. */
  readonly literal: Address | undefined
}

/** Resolves a name to all its addresses, as `dns.lookup` with `all` does. */
export type Resolve = (name: string) => Promise<readonly string[]>

/**
 * Reads an absolute URL. Scheme, user info and host are checked, the allow-list is not asked.
 * @throws FetchError; a scheme other than http and https is a policy refusal
 */
export function readTarget(text: unknown): Target {
  if (typeof text !== 'string') throw failed(FETCH_MESSAGES.badUrl())
  if (text.length > MAX_URL_LENGTH) throw failed(FETCH_MESSAGES.longUrl(MAX_URL_LENGTH))
  const url = parseUrl(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refused(url.protocol, FETCH_MESSAGES.scheme(url.protocol))
  }
  const literal = parseAddress(url.hostname.replace(/^\[|\]$/g, ''))
  const host = literal === undefined ? normaliseName(url.hostname) : formatAddress(literal)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  if (host === undefined || port === 0) throw failed(FETCH_MESSAGES.badUrl())
  // The URL parser's own spelling of IPv6 is bracketed and shortened.
  const at = `${literal?.family === 6 ? url.hostname : host}:${port}`
  if (url.username !== '' || url.password !== '') throw failed(FETCH_MESSAGES.userinfo(at))
  return { url, host, port, at, literal }
}

/** Refuses a target whose URL host no rule covers. Every list of `lists` must cover it. */
export function checkHost(target: Target, lists: readonly HostRules[]): void {
  const { literal, host, port, at } = target
  const allowed = lists.every((rules) =>
    literal === undefined ? rules.coversName(host, port) : rules.coversAddress(literal, port),
  )
  if (!allowed) throw refused(at, FETCH_MESSAGES.host(at))
}

/**
 * The addresses the connection may use, from one single look-up. One bad address refuses the whole
 * name: a mixed answer is how an attacker's server would get a second chance.
 */
export async function checkedAddresses(
  target: Target,
  lists: readonly HostRules[],
  resolve: Resolve,
): Promise<readonly string[]> {
  if (target.literal !== undefined) return [target.host]
  const addresses = (await lookUp(target, resolve)).map(parseAddress)
  const usable = addresses.filter(
    (address): address is Address =>
      address !== undefined &&
      (!isSpecial(address) || lists.every((rules) => rules.coversAddress(address, target.port))),
  )
  // An answer that is no plain address (a zone, say) cannot be judged, so it counts as special.
  if (usable.length !== addresses.length)
    throw refused(target.at, FETCH_MESSAGES.special(target.at))
  return [...new Set(usable.map(formatAddress))]
}

async function lookUp(target: Target, resolve: Resolve): Promise<readonly string[]> {
  let answer: readonly string[]
  try {
    answer = await resolve(target.host)
  } catch (cause) {
    throw failed(FETCH_MESSAGES.unresolved(target.at), cause)
  }
  if (answer.length === 0) throw failed(FETCH_MESSAGES.unresolved(target.at))
  return answer
}

function parseUrl(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw failed(FETCH_MESSAGES.badUrl(), cause)
  }
}
