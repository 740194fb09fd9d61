/** The configuration that environment variables give. */

import type { ToolRuntimeConfig } from '../../index.js'
import { invalidArgument, RunletError } from '../errors'
import { configurationMessages } from './configuration-messages'
import { DURATION_TEXT, parseDuration } from './durations'
import { splitNodeOptions, splitPermissionFlags } from './flag-lists'
import { same } from './option-kinds'
import { everyOption } from './option-table'
import { parseSize, SIZE_TEXT } from './sizes'

/** One variable, without its prefix. */
export interface Variable {
  readonly name: string
  /** Path of the option that it sets. */
  readonly option: string
  readonly accepted: string
  /** `undefined` when the text is refused. */
  parse(text: string): unknown
}

/** The first prefix of which a variable of an option is set wins. */
export const PREFIXES = Object.freeze(['RUNLET_', 'COMPOZY_'] as const)

const asIs = (text: string) => text

/** Octal, as modes of files are written: 0600, 600 or 0o600. */
export function parseFileMode(text: string): number | undefined {
  return /^(0o?)?[0-7]{3}$/.test(text) ? Number.parseInt(text.replace('o', ''), 8) : undefined
}

/** What a mode in text looks like, for messages. */
export const FILE_MODE_TEXT = 'an octal mode, such as 0600'

const SWITCH: Readonly<Record<string, boolean>> = { true: true, false: false, 1: true, 0: false }

function duration(name: string, option: string): Variable {
  return { name, option, accepted: DURATION_TEXT, parse: parseDuration }
}

function size(name: string, option: string): Variable {
  return { name, option, accepted: SIZE_TEXT, parse: parseSize }
}

function toggle(name: string, option: string): Variable {
  const parse = (text: string) => (Object.hasOwn(SWITCH, text) ? SWITCH[text] : undefined)
  return { name, option, accepted: 'true or false', parse }
}

const permissionFlags = {
  option: 'permissions',
  accepted: 'flags such as --allow-read=./data, parted by commas',
  parse: splitPermissionFlags,
}

/** Every variable there is. Two of one option are two names of it. */
export const VARIABLES: readonly Variable[] = Object.freeze<Variable[]>([
  { name: 'RUNTIME_TYPE', option: 'runtimeType', accepted: 'bun or node', parse: asIs },
  { name: 'ENTRYPOINT', option: 'entrypointPath', accepted: 'the path of a file', parse: asIs },
  { name: 'ENVIRONMENT', option: 'environment', accepted: 'a name', parse: asIs },
  duration('TOOL_TIMEOUT', 'toolExecutionTimeoutMs'),
  { name: 'PERMISSIONS', ...permissionFlags },
  { name: 'BUN_PERMISSIONS', ...permissionFlags },
  {
    name: 'NODE_OPTIONS',
    option: 'nodeOptions',
    accepted: 'options such as --max-old-space-size=2048, parted by commas or spaces',
    parse: splitNodeOptions,
  },
  duration('BACKOFF_INITIAL_INTERVAL', 'backoffInitialIntervalMs'),
  duration('BACKOFF_MAX_INTERVAL', 'backoffMaxIntervalMs'),
  duration('BACKOFF_MAX_ELAPSED_TIME', 'backoffMaxElapsedTimeMs'),
  size('MEMORY_LIMIT', 'memoryLimitBytes'),
  {
    name: 'MAX_MEMORY_MB',
    option: 'memoryLimitBytes',
    accepted: 'a whole number of MiB above 0',
    parse: (text) =>
      /^[0-9]{1,9}$/.test(text) && Number(text) > 0 ? Number(text) * 2 ** 20 : undefined,
  },
  size('OUTPUT_SIZE', 'maxOutputBytes'),
  {
    name: 'WORKER_FILE_PERM',
    option: 'workerFilePerm',
    accepted: FILE_MODE_TEXT,
    parse: parseFileMode,
  },
  toggle('DEBUG', 'debug.enabled'),
  toggle('HEAP_PROFILING', 'debug.heapProfiling'),
  {
    name: 'LOG_LEVEL',
    option: 'debug.logLevel',
    accepted: 'debug, info, warn or error',
    parse: asIs,
  },
])

const KINDS = new Map(everyOption().map(({ path, row }) => [path, row.kind]))

/** Sets `debug.enabled` in an object of options. */
export function setOption(options: Record<string, unknown>, path: string, value: unknown): void {
  const [name = '', member] = path.split('.')
  if (member === undefined) {
    options[name] = value
    return
  }
  const group = (options[name] ?? {}) as Record<string, unknown>
  group[member] = value
  options[name] = group
}

/** Reads a value that came as text or from a file by the kind of its option. */
export function readOption(path: string, value: unknown, field: string): unknown {
  const kind = KINDS.get(path)
  if (kind === undefined) throw new RunletError('INTERNAL', `no option ${path}`)
  return kind.read(value, field, { fillsBlanks: false })
}

/** @throws RunletError `INVALID_ARGUMENT` naming the variable */
function readVariable(variable: Variable, name: string, text: string): unknown {
  const parsed = text === '' ? undefined : variable.parse(text)
  const isNothing = parsed === undefined || (Array.isArray(parsed) && parsed.length === 0)
  if (isNothing) {
    const message = configurationMessages.variable(name, variable.accepted, text)
    throw invalidArgument(name, message, { accepted: variable.accepted })
  }
  return readOption(variable.option, parsed, name)
}

/** The options that variables set; see `index.d.ts`. */
export function configFromEnv(
  env: Record<string, string | undefined> = process.env,
): Partial<ToolRuntimeConfig> {
  const options: Record<string, unknown> = {}
  for (const option of new Set(VARIABLES.map((variable) => variable.option))) {
    const variables = VARIABLES.filter((variable) => variable.option === option)
    for (const prefix of PREFIXES) {
      const set = variables.filter((variable) => env[prefix + variable.name] !== undefined)
      const [first, ...others] = set
      if (first === undefined) continue
      const firstName = prefix + first.name
      const value = readVariable(first, firstName, env[firstName] ?? '')
      for (const other of others) {
        const name = prefix + other.name
        if (same(value, readVariable(other, name, env[name] ?? ''))) continue
        throw invalidArgument(name, configurationMessages.twoVariables(firstName, name))
      }
      setOption(options, option, value)
      break
    }
  }
  return options
}
