/** Requests of a machine: which hosts they may go to, and secrets that only they carry. */

import { randomBytes } from 'node:crypto'
import type { NetworkTerms, Secret } from './option-network'
import type { GondolinPackage } from './package'
import { notStarted } from './words'

/** What a machine gets. */
export interface Egress {
  readonly httpHooks: object
  /** Placeholders, by the names of the secrets. */
  readonly env: Readonly<Record<string, string>>
}

/** Lets nothing pass. */
const CLOSED = Object.freeze({
  isRequestAllowed: () => false,
  isIpAllowed: () => false,
})

/**
 * Makes them, always: a machine without would reach every host.
 *
 * @throws RuntimeStartupError where hosts are to be reached and the package is missing
 */
export function egress(
  { mode, allowedHosts }: NetworkTerms,
  secrets: Readonly<Record<string, Secret>>,
  made: GondolinPackage | undefined,
): Egress {
  if (made === undefined) {
    if (mode !== 'none') {
      const sentence = "network needs the package @earendil-works/gondolin unless it is 'none'"
      throw notStarted('package_missing', sentence)
    }
    return { httpHooks: CLOSED, env: placeholders(Object.keys(secrets)) }
  }
  const given: Record<string, { value: string; hosts: string[] }> = {}
  for (const [name, { value, hosts }] of Object.entries(secrets)) {
    given[name] = { value, hosts: [...hosts] }
  }
  const { httpHooks, env } = made.createHttpHooks({
    allowedHosts: [...allowedHosts],
    secrets: given,
  })
  return { httpHooks, env }
}

/** Of a machine whose requests nothing ever replaces them in. */
function placeholders(names: string[]): Record<string, string> {
  const entries = names.map((name) => [name, `RUNLET_SECRET_${randomBytes(24).toString('hex')}`])
  return Object.fromEntries(entries)
}
