/** What a machine may connect to, and what its requests may carry. */

import { isRecord } from '../../codelet/fields'
import { invalidArgument } from '../../errors'
import { readGiven } from '../../tool/option-group'
import { type Kind, member, refuse } from '../../tool/option-kinds'

/** Hosts that may be reached: none, these, or all. */
export interface NetworkTerms {
  readonly mode: 'none' | 'hosts' | 'open'
  readonly allowedHosts: readonly string[]
}

/** A secret, read. */
export interface Secret {
  readonly value: string
  readonly hosts: readonly string[]
}

/** A name or an address, of whose labels some may be `*`; no scheme, no port, no path. */
const HOST = /^[A-Za-z0-9_*.:-]+$/

const hosts: Kind<readonly string[]> = {
  accepts: 'an array of hosts, such as api.example.com or *.example.com',
  read(value, field) {
    if (!Array.isArray(value)) throw refuse(field, this.accepts, value)
    return Array.from(value, (entry: unknown, index) => {
      if (typeof entry === 'string' && HOST.test(entry) && !/:\d+$/.test(entry)) return entry
      throw refuse(`${field}[${index}]`, 'a host without scheme, port and path', entry)
    })
  },
}

const NETWORK_ROWS = [{ name: 'allowedHosts', kind: hosts, about: 'hosts that may be reached' }]

/** The option `network`. */
export const network: Kind<NetworkTerms> = {
  accepts: "'none', 'open' or {allowedHosts}",
  read(value, field, reading) {
    if (value === 'none') return { mode: 'none', allowedHosts: [] }
    if (value === 'open') return { mode: 'open', allowedHosts: ['*'] }
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    const read = readGiven(value, field, 'network option', NETWORK_ROWS, reading)
    const allowedHosts = read.allowedHosts as readonly string[] | undefined
    if (allowedHosts === undefined) throw refuse(`${field}.allowedHosts`, hosts.accepts, undefined)
    if (allowedHosts.length === 0) return { mode: 'none', allowedHosts }
    // A star alone is every host, whichever way it is said.
    return { mode: allowedHosts.includes('*') ? 'open' : 'hosts', allowedHosts }
  },
}

/** The option `secrets`. No message shows a value. */
export const secrets: Kind<Record<string, Secret>> = {
  accepts: 'an object of {value, hosts}',
  read(value, field, reading) {
    if (!isRecord(value)) throw invalidArgument(field, `${field} must be ${this.accepts}`)
    const read: Record<string, Secret> = {}
    for (const [name, given] of Object.entries(value)) {
      const path = member(field, name)
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw invalidArgument(path, `invalid Gondolin secret name: ${name}`)
      }
      if (!isRecord(given)) throw invalidArgument(path, `${path} must be {value, hosts}`)
      const unknown = Object.keys(given).find((key) => key !== 'value' && key !== 'hosts')
      if (unknown !== undefined) {
        const message = `unknown option of a secret ${member(path, unknown)} (known: value, hosts)`
        throw invalidArgument(member(path, unknown), message, { accepted: 'value, hosts' })
      }
      if (typeof given.value !== 'string' || given.value.trim() === '') {
        throw invalidArgument(`${path}.value`, `Gondolin secret ${name} must have a value`)
      }
      if (given.hosts === undefined || (Array.isArray(given.hosts) && given.hosts.length === 0)) {
        const message = `Gondolin secret ${name} must declare at least one host`
        throw invalidArgument(`${path}.hosts`, message)
      }
      read[name] = { value: given.value, hosts: hosts.read(given.hosts, `${path}.hosts`, reading) }
    }
    return read
  },
}
