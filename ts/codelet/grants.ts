/** `allow`: what a codelet may do beyond computing, checked and kept within the runner's bound. */

import { invalidArgument } from '../errors'
import { checkFetchCapability, type FetchCapability, narrowFetchCapability } from '../fetch'
import { messages } from '../messages'
import {
  type EnvironmentGrant,
  narrowEnvironment,
  readEnvironment,
  resolveEnvironment,
} from './environment'
import { fieldTable, isRecord, readFields } from './fields'

/** A checked `allow`. Absent and false both mean denied. */
export interface Grants {
  random: boolean
  now: boolean
  timers: boolean
  env?: EnvironmentGrant
  fetch?: FetchCapability
}

/** The `allow` part of a run as the addon reads it. */
export interface WireGrants {
  env: Record<string, string> | null
  random: boolean
  now: boolean
  fetch: boolean
  timers: boolean
}

const TABLE = fieldTable('capability', ['env', 'random', 'now', 'fetch', 'timers'])
const SWITCHES = ['random', 'now', 'timers'] as const

/** Nothing is granted. */
export const NO_GRANTS: Grants = Object.freeze({ random: false, now: false, timers: false })

/**
 * Checks an `allow` option.
 *
 * @param bound grants that may be narrowed but not exceeded; none for a runner's own `allow`
 * @throws RunletError `INVALID_ARGUMENT` naming the capability
 */
export function readGrants(value: unknown, bound?: Grants): Grants {
  if (value === undefined) return bound ?? NO_GRANTS
  const fields = readFields(value, 'allow', TABLE)
  const grants: Grants = { ...NO_GRANTS }
  for (const name of SWITCHES) {
    const given = fields[name]
    if (given !== undefined && typeof given !== 'boolean') {
      const message = messages.wrongValue(`allow.${name}`, 'true or false', given)
      throw invalidArgument(`allow.${name}`, message)
    }
    if (given === true && bound?.[name] === false) throw exceeds(name)
    grants[name] = given === true
  }
  if (fields.env !== undefined) grants.env = readBoundEnvironment(fields.env, bound)
  if (fields.fetch !== undefined) grants.fetch = readBoundFetch(fields.fetch, bound)
  return grants
}

function readBoundEnvironment(value: unknown, bound: Grants | undefined): EnvironmentGrant {
  const wanted = readEnvironment(value, 'allow.env')
  if (bound === undefined) return wanted
  const narrowed = bound.env === undefined ? undefined : narrowEnvironment(wanted, bound.env)
  if (narrowed === undefined) throw exceeds('env')
  return narrowed
}

const FETCH_LIMITS = ['maxRequestBytes', 'maxResponseBytes', 'timeoutMs', 'maxRedirects'] as const

/** What the run leaves open it takes from the bound; hosts are matched against both at each call. */
function readBoundFetch(value: unknown, bound: Grants | undefined): FetchCapability {
  if (bound === undefined) return checkFetchCapability(value, 'allow.fetch')
  const upper = bound.fetch
  if (upper === undefined) throw exceeds('fetch')
  const { within: _, fetch: _transport, ...inherited } = upper
  const given = isRecord(value)
    ? Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined))
    : undefined
  const asked = checkFetchCapability(
    given === undefined ? value : { ...inherited, hosts: undefined, ...given },
    'allow.fetch',
  )
  if (!asked.methods.every((method) => upper.methods.includes(method))) {
    throw exceeds('fetch.methods')
  }
  for (const name of FETCH_LIMITS) if (asked[name] > upper[name]) throw exceeds(`fetch.${name}`)
  return narrowFetchCapability(upper, asked, 'allow.fetch')
}

function exceeds(name: string): Error {
  return invalidArgument(`allow.${name}`, messages.notGranted(`allow.${name}`, `allow.${name}`))
}

/** The grants of a run as it is submitted: variables are read from the process now. */
export function wireGrants(grants: Grants): WireGrants {
  const { random, now, timers } = grants
  const env = grants.env === undefined ? null : resolveEnvironment(grants.env)
  return { env, random, now, timers, fetch: grants.fetch !== undefined }
}
