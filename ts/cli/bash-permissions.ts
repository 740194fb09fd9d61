/** Permission flags of `runlet bash`: to a policy for the kernel, or to hosts for the virtual shell. */

import type { PermissionSet } from '../../index.js'
import { bashMessages } from './bash-messages'
import type { Flags } from './parse-flags'
import { UsageError } from './usage-error'

const KINDS = ['read', 'write', 'net', 'env', 'run'] as const

/** Kinds that only the kernel can keep; an environment is made from nothing anyway. */
const OF_THE_KERNEL = KINDS.filter((kind) => kind !== 'env')

/** The first flag that needs the kernel, if one was given. */
export function kernelFlag(flags: Flags): string | undefined {
  const names = OF_THE_KERNEL.flatMap((kind) => [`allow-${kind}`, `deny-${kind}`])
  return [...names, 'allow-all', 'allow-private'].find((name) => flags.has(name))
}

/** What was listed behind a flag, as often as it was given; `true` for all of the kind. */
function granted(flags: Flags, name: string): true | string[] | undefined {
  const given = flags.list(name)
  if (given.length === 0) return undefined
  const items: string[] = []
  for (const flag of given) {
    const at = flag.indexOf('=')
    if (at < 0) return true
    for (const part of flag.slice(at + 1).split(/(?<!\\),/)) {
      const item = part.trim().replaceAll('\\,', ',')
      if (item === '') throw new UsageError(bashMessages.emptyItem(flag))
      if (item === '*') return true
      items.push(item)
    }
  }
  return items
}

/** The flags as an object. @throws UsageError */
export function permissionsOf(flags: Flags): PermissionSet {
  const set: Record<string, true | string[]> = {}
  for (const kind of KINDS) {
    const allowed = flags.has('allow-all') ? true : granted(flags, `allow-${kind}`)
    const denied = granted(flags, `deny-${kind}`)
    if (allowed !== undefined) set[kind] = allowed
    if (denied !== undefined) set[`deny${kind[0]?.toUpperCase()}${kind.slice(1)}`] = denied
  }
  const hosts = granted(flags, 'allow-private')
  if (hosts === true) throw new UsageError(bashMessages.privateHosts())
  return { ...set, ...(hosts !== undefined && { privateHosts: hosts }) }
}

/** The option `network` of the virtual shell, or nothing without `--allow-net`. @throws UsageError */
export function virtualNetwork(flags: Flags): object | undefined {
  const refused = kernelFlag(flags)
  const { net, privateHosts } = permissionsOf(flags)
  const names = ['allow-net', 'allow-private']
  const other = OF_THE_KERNEL.flatMap((kind) => [`allow-${kind}`, `deny-${kind}`]).find(
    (name) => flags.has(name) && !names.includes(name),
  )
  if (other !== undefined || flags.has('allow-all')) {
    throw new UsageError(bashMessages.virtualOnly(`--${other ?? 'allow-all'}`))
  }
  if (refused === undefined) return undefined
  if (privateHosts !== undefined && !sameHosts(net, privateHosts)) {
    throw new UsageError(bashMessages.virtualPrivate())
  }
  const denyPrivateRanges = privateHosts === undefined
  if (net === true) return { dangerouslyAllowFullInternetAccess: true, denyPrivateRanges }
  return { allowedUrlPrefixes: (net ?? []).flatMap(prefixesOf), denyPrivateRanges }
}

function sameHosts(net: PermissionSet['net'], hosts: readonly string[]): boolean {
  if (!Array.isArray(net)) return false
  return net.every((host) => hosts.includes(host)) && hosts.every((host) => net.includes(host))
}

/** A URL as it stands; of a host both schemes. @throws UsageError */
function prefixesOf(host: string): string[] {
  if (/^https?:\/\/[^\s*]+$/i.test(host)) return [host]
  const plain = /^(?:[a-z\d](?:[a-z\d.-]*[a-z\d])?|\[[a-f\d:.]+\])(?::\d{1,5})?$/i
  if (!plain.test(host)) throw new UsageError(bashMessages.virtualHost(host))
  return [`https://${host}`, `http://${host}`]
}
