/** The options of a runner. */

import type { RunnerLogger } from '../../index.js'
import { addon } from '../addon'
import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { type Fields, fieldTable, integer, readFields } from './fields'
import { readGrants } from './grants'
import { readIsolation } from './isolation'
import { LimitBounds } from './limits'
import type { Bounds } from './run-options'

/** Checked options, split by who uses them. */
export interface RunnerOptions {
  /** For the addon: sizes of queue and cache, as JSON. */
  text: string
  bounds: Bounds
  logger: RunnerLogger | undefined
}

const LOGGER_METHODS = ['debug', 'info', 'warn', 'error'] as const

/**
 * Checks the options of a runner. Their names are camelCase only.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option, `POLICY_UNENFORCEABLE`, or
 *   `RUNTIME_NOT_FOUND`
 */
export function readRunnerOptions(value: unknown): RunnerOptions {
  const { runnerLimits } = addon().facts
  const others = ['defaults', 'ceilings', 'allow', 'isolation', 'logger']
  const table = fieldTable('runner option', [...Object.keys(runnerLimits), ...others])
  const fields = readFields(value, 'options', table, '')
  const sizes: Record<string, number | null> = {}
  for (const [name, fact] of Object.entries(runnerLimits)) {
    const given = fields[name]
    sizes[name] = given === undefined ? fact.default : integer(given, name, fact)
  }
  const limits = new LimitBounds(fields.defaults, fields.ceilings)
  const grants = fields.allow === undefined ? undefined : readGrants(fields.allow)
  const logger = readLogger(fields)
  const isolation = readIsolation(fields.isolation)
  return { text: JSON.stringify(sizes), bounds: { limits, grants, isolation }, logger }
}

function readLogger({ logger }: Fields): RunnerLogger | undefined {
  if (logger === undefined) return undefined
  if (LOGGER_METHODS.every((name) => typeof Reflect.get(Object(logger), name) === 'function')) {
    return logger as RunnerLogger
  }
  const accepted = `an object with the methods ${LOGGER_METHODS.join(', ')}`
  throw invalidArgument('logger', messages.wrongValue('logger', accepted, logger), { accepted })
}
