/**
 * Host patterns of `allow.fetch.hosts`: parsing and matching.
 *
 * | pattern | matches |
 * |---|---|
 * | `api.example.com` | that name, any port; not its subdomains |
 * | `*.example.com` | every name below, at any depth; not `example.com` itself |
 * | `192.0.2.7`, `2001:db8::7`, `[2001:db8::7]` | that literal address |
 * | `10.0.0.0/8`, `fd00::/8`, `[fd00::/8]` | literal addresses in the block |
 * | `localhost` | that name, and the literals 127.0.0.1 and ::1 |
 * | any of them with `:port` (IPv6 in brackets) | the same, that port only |
 *
 * A name needs a name rule: no address rule lets a name in. What address rules do for names is lift
 * the ban on special addresses (see `target.ts`).
 */
import {
  type Address,
  type Block,
  bitsOf,
  contains,
  formatAddress,
  networkOf,
  parseAddress,
  parseBlock,
} from './address'

/** One compiled rule; `port` undefined means any port. */
type HostRule =
  | { readonly kind: 'name'; readonly name: string; readonly port: number | undefined }
  | { readonly kind: 'below'; readonly suffix: string; readonly port: number | undefined }
  | { readonly kind: 'block'; readonly block: Block; readonly port: number | undefined }

/** The rules a pattern stands for, or the reason why it is not one. */
export type ParsedPattern =
  | { readonly ok: true; readonly rules: readonly HostRule[] }
  | { readonly ok: false; readonly reason: string }

/** A compiled allow-list. Empty means nothing is allowed. */
export class HostRules {
  readonly #rules: readonly HostRule[]

  constructor(rules: readonly HostRule[]) {
    this.#rules = rules
  }

  /** Whether a name rule covers `name`, which must be normalised as `normaliseName` does. */
  coversName(name: string, port: number): boolean {
    return this.#rules.some((rule) => {
      if (!matchesPort(rule, port)) return false
      if (rule.kind === 'name') return rule.name === name
      return rule.kind === 'below' && name.length > rule.suffix.length && name.endsWith(rule.suffix)
    })
  }

  /** Whether an address, CIDR or `localhost` rule lists `address`. */
  coversAddress(address: Address, port: number): boolean {
    return this.#rules.some(
      (rule) => rule.kind === 'block' && matchesPort(rule, port) && contains(rule.block, address),
    )
  }
}

/** Compiles patterns that `parseHostPattern` accepts; others are dropped, which denies. */
export function compilePatterns(patterns: readonly string[]): HostRules {
  return new HostRules(
    patterns.flatMap((pattern) => {
      const parsed = parseHostPattern(pattern)
      return parsed.ok ? parsed.rules : []
    }),
  )
}

/** Reads one pattern of the table above. */
export function parseHostPattern(pattern: string): ParsedPattern {
  if (pattern.length > 300 || !/^[^\s/?#@\\%]+(\/\d{1,3}(\]|\]?:\d+)?)?$/u.test(pattern)) {
    return refuse('give a host without scheme, path, user name, zone or spaces')
  }
  const split = splitPort(pattern)
  if (split === undefined) return refuse('the port must be a number from 1 to 65535')
  const { host, port, bracketed } = split
  if (host.includes('/')) return blockRule(host, port)
  const address = parseAddress(host)
  if (address !== undefined) {
    const block = { ...address, length: bitsOf(address.family) }
    return { ok: true, rules: [{ kind: 'block', block, port }] }
  }
  if (bracketed || host.includes(':')) return refuse('it is not a valid IPv6 address')
  return nameRule(host, port)
}

/**
 * Lower case, IDNA-encoded, without the trailing dot; `undefined` when the text is no host name.
 * `hostname` is what the URL parser made of it, so an IPv4 number in any spelling is dotted by now.
 */
export function normaliseName(hostname: string): string | undefined {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (name.length === 0 || name.length > 253) return undefined
  const labels = name.split('.')
  if (!labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label))) return undefined
  // Some resolvers read `127.1` or `0x7f.1` as an address: never take such a text for a name.
  return /^(\d+|0x[0-9a-f]*)$/.test(labels[labels.length - 1] ?? '') ? undefined : name
}

function matchesPort(rule: HostRule, port: number): boolean {
  return rule.port === undefined || rule.port === port
}

/** Takes `:port` off the end. A colon inside bare IPv6 is no port separator. */
function splitPort(
  pattern: string,
): { host: string; port: number | undefined; bracketed: boolean } | undefined {
  const bracket = /^\[([^[\]]*)\](?::(.*))?$/u.exec(pattern)
  const [, host = pattern, digits] =
    bracket ?? (/:.*:/u.test(pattern) ? [] : /^([^:]*):(.*)$/u.exec(pattern)) ?? []
  const bracketed = bracket !== null
  if (digits === undefined) return { host, port: undefined, bracketed }
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0
  return port >= 1 && port <= 65_535 ? { host, port, bracketed } : undefined
}

function blockRule(host: string, port: number | undefined): ParsedPattern {
  const block = parseBlock(host)
  if (block === undefined) {
    return refuse('a CIDR block is an address and a prefix length, as in 10.0.0.0/8 or fd00::/8')
  }
  const network = networkOf(block)
  if (network.value !== block.value) {
    const meant = `${formatAddress(network)}/${network.length}`
    return refuse(`bits behind the prefix length are set; the block itself is ${meant}`)
  }
  return { ok: true, rules: [{ kind: 'block', block, port }] }
}

function nameRule(host: string, port: number | undefined): ParsedPattern {
  const below = host.startsWith('*.')
  const text = below ? host.slice(2) : host
  if (text.includes('*')) return refuse('a star may only stand as the first label, as in *.host')
  // A number in the last label would be read as an IPv4 address by the URL parser; rules may not
  // say in octal what the reader takes for decimal.
  if (/(^|\.)(\d+|0x[0-9a-f]*)\.?$/i.test(text)) {
    return refuse('an IPv4 address must be four decimal numbers without leading zeros')
  }
  const name = asciiName(text)
  if (name === undefined) return refuse('it is not a valid host name')
  if (below) return { ok: true, rules: [{ kind: 'below', suffix: `.${name}`, port }] }
  const rules: HostRule[] = [{ kind: 'name', name, port }]
  if (name === 'localhost') {
    rules.push({ kind: 'block', block: { family: 4, value: 0x7f00_0001n, length: 32 }, port })
    rules.push({ kind: 'block', block: { family: 6, value: 1n, length: 128 }, port })
  }
  return { ok: true, rules }
}

/** IDNA by the URL parser, the same one that reads the requests. */
function asciiName(text: string): string | undefined {
  try {
    return normaliseName(new URL(`http://${text}/`).hostname)
  } catch {
    return undefined
  }
}

function refuse(reason: string): ParsedPattern {
  return { ok: false, reason }
}
