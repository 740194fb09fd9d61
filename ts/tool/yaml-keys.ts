/** The keys of a configuration file, and the options that they set. */

import { DURATION_TEXT, parseDuration } from './durations'
import { FILE_MODE_TEXT, parseFileMode } from './env-config'
import { refuse } from './option-kinds'
import { parseSize, SIZE_TEXT } from './sizes'

/** One key. Two of one option are two names of it. */
export interface Key {
  /** Below `runtime`, or below a tool. */
  readonly path: readonly string[]
  readonly option: string
  /** From what YAML holds to what the option holds; the option's own kind judges the rest. */
  convert(value: unknown, field: string): unknown
}

const asIs = (value: unknown) => value

function duration(value: unknown, field: string): number {
  const parsed = typeof value === 'string' ? parseDuration(value) : undefined
  if (parsed === undefined) throw refuse(field, DURATION_TEXT, value)
  return parsed
}

function size(value: unknown, field: string): number {
  const parsed = typeof value === 'string' ? parseSize(value) : value
  if (!Number.isSafeInteger(parsed) || Number(parsed) < 0) throw refuse(field, SIZE_TEXT, value)
  return Number(parsed)
}

function fileMode(value: unknown, field: string): number {
  const parsed = typeof value === 'string' ? parseFileMode(value) : undefined
  if (parsed === undefined) throw refuse(field, `${FILE_MODE_TEXT}, in quotes`, value)
  return parsed
}

function flagList(value: unknown, field: string): unknown {
  if (Array.isArray(value)) return value
  throw refuse(field, 'a list of flags such as --allow-read=./data', value)
}

function key(path: string, option: string, convert: Key['convert'] = asIs): Key {
  return { path: path.split('.'), option, convert }
}

/** Keys below `runtime`. */
export const RUNTIME_KEYS: readonly Key[] = Object.freeze([
  key('type', 'runtimeType'),
  key('entrypoint', 'entrypointPath'),
  key('environment', 'environment'),
  key('permissions', 'permissions', flagList),
  key('node_options', 'nodeOptions'),
  key('worker_file_perm', 'workerFilePerm', fileMode),
  key('tool_execution_timeout', 'toolExecutionTimeoutMs', duration),
  key('backoff.initial_interval', 'backoffInitialIntervalMs', duration),
  key('backoff.max_interval', 'backoffMaxIntervalMs', duration),
  key('backoff.max_elapsed_time', 'backoffMaxElapsedTimeMs', duration),
  key('limits.memory', 'memoryLimitBytes', size),
  key('limits.timeout', 'toolExecutionTimeoutMs', duration),
  key('limits.tool_execution_timeout', 'toolExecutionTimeoutMs', duration),
  key('limits.output_size', 'maxOutputBytes', size),
  key('debug.enabled', 'debug.enabled'),
  key('debug.log_level', 'debug.logLevel'),
  key('debug.heap_profiling', 'debug.heapProfiling'),
  key('security.strict_mode', 'security.strictMode'),
  key('security.validate_schemas', 'validateSchemas'),
  key('security.log_access', 'security.logAccess'),
  key('security.audit_mode', 'security.auditMode'),
  key('security.log_all_operations', 'security.logAllOperations'),
  key('native_tools.enabled', 'nativeTools.enabled'),
  key('native_tools.root_dir', 'nativeTools.rootDir'),
  key('native_tools.additional_roots', 'nativeTools.additionalRoots'),
])

/** Keys of one tool; other keys beside them are left to other programs, except below `runtime`. */
export const TOOL_KEYS: readonly Key[] = Object.freeze([
  key('timeout', 'timeoutMs', duration),
  key('env', 'env'),
  key('config', 'config'),
  key('input', 'inputSchema'),
  key('output', 'outputSchema'),
  key('runtime.permissions', 'permissions', flagList),
  key('runtime.limits.memory', 'memoryLimitBytes', size),
  key('runtime.limits.timeout', 'timeoutMs', duration),
  key('runtime.limits.output_size', 'maxOutputBytes', size),
])
