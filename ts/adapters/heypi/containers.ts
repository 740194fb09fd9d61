/** Containers and machines as hosts of the older contract know them. */

import type { DockerRuntimeConfig } from '../../../docker.js'
import type { GondolinRuntimeConfig } from '../../../gondolin.js'
import type { CompleteRuntimeProvider, RuntimeScope } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { invalidArgument } from '../../errors'
import { OLDER_BRAND } from '../../workspace/docker/argv'
import { readDockerConfig } from '../../workspace/docker/options'
import { dockerProvider } from '../../workspace/docker/provider'
import { gondolinRuntime as machines } from '../../workspace/gondolin'
import { ANY_TIME_MS, LIMITS } from './runtime'

/** Bounds of both. */
const STRICT = { onOutputLimit: 'kill', oversize: 'error', maxTimeoutMs: ANY_TIME_MS } as const

/** Images that were made for it count on being root, and on being writable. */
const DOCKER = { ...STRICT, prefix: OLDER_BRAND, user: false, readOnlyRoot: false } as const

/** What is not said is as it was. What is no options at all is refused by whoever reads them. */
function withDefaults<Config extends object>(
  defaults: Config,
  config: Config | undefined,
): Config | undefined {
  if (config !== undefined && !isRecord(config)) return config
  const said = Object.entries(config ?? {}).filter(([, value]) => value !== undefined)
  const given = Object.fromEntries(said)
  const own: unknown = given.limits
  const limits = own === undefined || isRecord(own) ? { ...LIMITS, ...own } : own
  return { ...defaults, ...given, limits } as Config
}

/** Labels that containers are found by. */
const OWN = /^heypi\.(?:runtime|prefix|config|owner|scope\..*)$/

/** See `heypi.d.ts`. */
export function dockerRuntime(config?: DockerRuntimeConfig): CompleteRuntimeProvider {
  const settings = readDockerConfig(withDefaults<DockerRuntimeConfig>(DOCKER, config))
  const taken = Object.keys(settings.labels).find((label) => OWN.test(label))
  if (taken === undefined) return dockerProvider(settings, OLDER_BRAND)
  const accepted = 'labels other than those that containers are found by'
  throw invalidArgument(`labels.${taken}`, `labels.${taken} is not one of ${accepted}`, {
    accepted,
  })
}

/** See `heypi.d.ts`. */
export function gondolinRuntime(config?: GondolinRuntimeConfig): CompleteRuntimeProvider {
  const sessionLabel = ({ path }: RuntimeScope) => `${OLDER_BRAND} ${path}`
  const defaults: GondolinRuntimeConfig = { ...STRICT, sessionLabel }
  return machines(withDefaults(defaults, config))
}
