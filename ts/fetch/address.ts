/**
 * IP addresses as numbers: reading, writing, prefix tests, and the one question the allow-list asks
 * of a resolved name: is this an address of the public internet?
 *
 * IPv4 written as IPv6 (`::ffff:a.b.c.d`) is the same machine as the IPv4 address, so it is reduced
 * to IPv4 the moment it is read. No later test can be dodged by the longer spelling.
 */
import { isIPv4, isIPv6 } from 'node:net'

/** One address. `value` is the address as an unsigned number of 32 or 128 bits. */
export interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

/** A CIDR block: all addresses of one family that share the first `length` bits of `value`. */
export interface Block extends Address {
  readonly length: number
}

/** Bits in an address of the family. */
export function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128
}

/** Reads a strict dotted quad or an IPv6 text without zone. Anything else is `undefined`. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: quadValue(text) }
  if (!isIPv6(text) || text.includes('%')) return undefined
  const value = groupsValue(text)
  return value >> 32n === 0xffffn
    ? { family: 4, value: value & 0xffff_ffffn }
    : { family: 6, value }
}

/** Reads `address/length`. The caller says what is wrong with a text that is refused here. */
export function parseBlock(text: string): Block | undefined {
  const [, head, digits] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  if (head === undefined || digits === undefined) return undefined
  const address = parseAddress(head)
  if (address === undefined) return undefined
  // `::ffff:10.0.0.0/104` was reduced to 10.0.0.0, so its length loses the 96 mapped bits too.
  const length = Number(digits) - (address.family === 4 && head.includes(':') ? 96 : 0)
  if (length < 0 || length > bitsOf(address.family)) return undefined
  return { ...address, length }
}

/** The block with all bits behind its length set to zero. */
export function networkOf(block: Block): Block {
  const hostBits = BigInt(bitsOf(block.family) - block.length)
  return { ...block, value: (block.value >> hostBits) << hostBits }
}

/** Whether `address` lies in `block`. Families never mix. */
export function contains(block: Block, address: Address): boolean {
  if (block.family !== address.family) return false
  const hostBits = BigInt(bitsOf(block.family) - block.length)
  return block.value >> hostBits === address.value >> hostBits
}

/** The address as a connectable text: a dotted quad, or eight full IPv6 groups. */
export function formatAddress({ family, value }: Address): string {
  const size = family === 4 ? 8n : 16n
  const count = family === 4 ? 4 : 8
  const parts = Array.from({ length: count }, (_, index) => {
    const part = (value >> (BigInt(count - 1 - index) * size)) & ((1n << size) - 1n)
    return part.toString(family === 4 ? 10 : 16)
  })
  return parts.join(family === 4 ? '.' : ':')
}

/**
 * Whether a name that resolves here must be refused unless a rule lists the address: loopback,
 * private, link-local, shared, multicast, reserved, documentation and cloud metadata addresses.
 */
export function isSpecial(address: Address): boolean {
  if (address.family === 4) return SPECIAL_V4.some((block) => contains(block, address))
  const embedded = embeddedIPv4(address)
  if (embedded !== undefined) return isSpecial(embedded)
  // Only 2000::/3 is handed out as global unicast. Refusing the rest covers ::, ::1, fc00::/7,
  // fe80::/10, fec0::/10, ff00::/8, 100::/64 and 64:ff9b:1::/48 and whatever is assigned later.
  return !contains(GLOBAL_V6, address) || SPECIAL_V6.some((block) => contains(block, address))
}

/** The IPv4 address that a NAT64 or 6to4 address is a wrapping of. */
function embeddedIPv4(address: Address): Address | undefined {
  if (contains(NAT64, address)) return { family: 4, value: address.value & 0xffff_ffffn }
  if (contains(SIX_TO_FOUR, address)) {
    return { family: 4, value: (address.value >> 80n) & 0xffff_ffffn }
  }
  return undefined
}

function quadValue(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

function groupsValue(text: string): bigint {
  const [head = '', tail] = text.split('::')
  const front = readGroups(head)
  const back = tail === undefined ? [] : readGroups(tail)
  const gap = Array.from({ length: 8 - front.length - back.length }, () => 0n)
  return [...front, ...gap, ...back].reduce((value, group) => (value << 16n) | group, 0n)
}

/** 16-bit groups of one side of `::`. A dotted quad at the end counts as two. */
function readGroups(text: string): bigint[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const quad = quadValue(group)
    return [quad >> 16n, quad & 0xffffn]
  })
}

function blocks(...texts: string[]): readonly Block[] {
  return texts.map((text) => {
    const block = parseBlock(text)
    if (block === undefined) throw new TypeError(`not a CIDR block: ${text}`)
    return block
  })
}

const SPECIAL_V4 = blocks(
  '0.0.0.0/8', // this network; 0.0.0.0 reaches the local machine
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by carriers; holds the metadata host 100.100.100.200
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // metadata host outside every reserved block
  '169.254.0.0/16', // link-local; holds the metadata host 169.254.169.254
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; holds the metadata host 192.0.0.192
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays, retired
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
)

const SPECIAL_V6 = blocks(
  '2001::/23', // protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '3fff::/20', // documentation
)

const [GLOBAL_V6, NAT64, SIX_TO_FOUR] = blocks('2000::/3', '64:ff9b::/96', '2002::/16') as [
  Block,
  Block,
  Block,
]
