/** The second argument of a run: every option checked before anything starts. */

import type { AbortSignalLike, ConsoleLog } from '../../index.js'
import { invalidArgument } from '../errors'
import { type HostTarget, readHost } from '../host'
import { messages } from '../messages'
import type { Values } from '../payload'
import { readSignal } from '../signal'
import type { Validate } from '../standard-schema'
import { type Deterministic, readDeterministic } from './deterministic'
import {
  type Fields,
  type FieldTable,
  fieldTable,
  oneOf,
  optionalFunction,
  readFields,
} from './fields'
import { globalsText } from './globals'
import { type Grants, readGrants } from './grants'
import { type Isolation, readIsolation } from './isolation'
import { type LimitBounds, type Limits, limitNames, readLimits } from './limits'
import { type Module, readModules } from './modules'
import { readSchema } from './schema'

/** What a runner holds its runs to. */
export interface Bounds {
  limits: LimitBounds
  /** Grants of a run without `allow`, and the bound of one with it; absent when unbounded. */
  grants: Grants | undefined
  /** Where its runs live at least. */
  isolation: Isolation
}

/** The options of one run, checked and completed. */
export interface RunOptions {
  input: unknown
  limits: Limits
  grants: Grants
  host: HostTarget[]
  modules: Module[]
  globals: string | undefined
  deterministic: Deterministic | null
  values: Values
  isolation: Isolation
  validateInput: Validate | undefined
  validateOutput: Validate | undefined
  signal: AbortSignalLike | undefined
  onLog: ((entry: ConsoleLog) => unknown) | undefined
}

const NAMES = [
  'input',
  'globals',
  'modules',
  'host',
  'helpers',
  'allow',
  'deterministic',
  'values',
  'isolation',
  'input_schema',
  'output_schema',
  'signal',
  'on_log',
]

let table: FieldTable | undefined

/**
 * Checks the options of a run against the bounds of its runner.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option, or `POLICY_UNENFORCEABLE`
 */
export function readRunOptions(value: unknown, bounds: Bounds): RunOptions {
  table ??= fieldTable('run option', [...NAMES, ...limitNames().map(({ option }) => option)], {
    abortSignal: 'signal',
  })
  const fields = readFields(value, 'options', table, '')
  return {
    input: fields.input,
    limits: bounds.limits.apply(readLimits(fields)),
    grants: readGrants(fields.allow, bounds.grants),
    host: readHostOption(fields),
    modules: readModules(fields.modules),
    globals: globalsText(fields.globals),
    deterministic: readDeterministic(fields.deterministic),
    values: oneOf(fields.values, 'values', ['json', 'clone'], 'json'),
    validateInput: readSchema(fields.input_schema, 'input_schema'),
    validateOutput: readSchema(fields.output_schema, 'output_schema'),
    signal: readSignal(fields.signal, 'signal'),
    onLog: optionalFunction(fields.on_log, 'on_log'),
    isolation: readIsolation(fields.isolation, bounds.isolation),
  }
}

function readHostOption({ host, helpers }: Fields): HostTarget[] {
  if (host !== undefined && helpers !== undefined && host !== helpers) {
    throw invalidArgument('host', messages.hostBoth())
  }
  return host === undefined ? readHost(helpers, 'helpers') : readHost(host, 'host')
}
