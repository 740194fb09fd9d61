/** Configurations: the defaults, and what a caller gives merged into them. */

import type { ToolRuntimeConfig, ToolRuntimeOptions } from '../../index.js'
import { invalidArgument } from '../errors'
import { configurationMessages } from './configuration-messages'
import { initialValues, readGiven } from './option-group'
import type { Reading } from './option-kinds'
import { OPTIONS } from './option-table'

/** The configuration of a runtime that is given no options; see `index.d.ts`. */
export function defaultConfig(): ToolRuntimeConfig {
  return initialValues(OPTIONS) as unknown as ToolRuntimeConfig
}

/** The configuration for fast tests; see `index.d.ts`. */
export function testConfig(): ToolRuntimeConfig {
  return initialValues(OPTIONS, 'testing') as unknown as ToolRuntimeConfig
}

/**
 * Reads options and fills in defaults.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option
 */
export function complete(options: unknown, reading: Reading): ToolRuntimeConfig {
  const given = readGiven(options, '', 'tool runtime option', OPTIONS, reading)
  const config = { ...defaultConfig(), ...given } as unknown as ToolRuntimeConfig
  // The default list reads everything, which is what strict mode refuses.
  if (config.security.strictMode && given.permissions === undefined) config.permissions = []
  return config
}

/** A configuration of the given values and the defaults; see `index.d.ts`. */
export function mergeWithDefaults(partial: ToolRuntimeOptions | null): ToolRuntimeConfig {
  return complete(partial ?? {}, { fillsBlanks: true })
}

/** As `mergeWithDefaults`, for a configuration that has to be there; see `index.d.ts`. */
export function fromAppConfig(app: ToolRuntimeOptions): ToolRuntimeConfig {
  if (app === null || app === undefined) {
    throw invalidArgument('app', configurationMessages.nilAppConfig(), { accepted: 'an object' })
  }
  return mergeWithDefaults(app)
}
