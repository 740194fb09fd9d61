/** Flags of `runlet tool` to options of a tool runtime. */

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ToolOverride, ToolRuntimeConfig, ToolRuntimeOptions } from '../../index.js'
import { messages } from '../messages'
import { configFromEnv, defaultConfig, loadRuntimeConfig } from '../tools'
import type { ToolArguments } from './arguments'
import { readLimit } from './input'
import type { Flags } from './parse-flags'
import { PERMISSION_FLAGS } from './tool-flags'
import { toolMessages } from './tool-messages'
import { parseDuration, parseSize } from './units'
import { UsageError } from './usage-error'

/** What flags say; it wins over the options of single tools, too. */
interface FlagOptions {
  permissions: readonly string[] | undefined
  timeoutMs: number | undefined
  memoryLimitBytes: number | undefined
  maxOutputBytes: number | undefined
}

/**
 * Defaults, then the file, then variables of the environment, then flags.
 *
 * @throws UsageError for a flag; RunletError for a variable or the file
 */
export async function readToolOptions({
  entrypoint,
  flags,
}: ToolArguments): Promise<ToolRuntimeOptions> {
  const file = flags.text('config-file')
  const fromFile = file === undefined ? {} : await loadRuntimeConfig(file)
  const fromEnv = configFromEnv()
  const config: Partial<ToolRuntimeConfig> = {
    ...fromFile,
    ...fromEnv,
    // Variables set single members of it.
    debug: { ...fromFile.debug, ...fromEnv.debug },
  }
  const given: FlagOptions = {
    permissions: permissionFlags(flags),
    timeoutMs: readLimit(flags, 'timeout', parseTimeout),
    memoryLimitBytes: readLimit(flags, 'memory', parseSize),
    maxOutputBytes: readLimit(flags, 'max-output', parseSize),
  }
  const runtimeType = flags.text('runtime')
  const { permissions, memoryLimitBytes, maxOutputBytes } = given
  return {
    ...config,
    ...timeouts(config, given.timeoutMs),
    ...(entrypoint !== undefined && { entrypointPath: readEntrypoint(entrypoint) }),
    // What it may be is the option's to say.
    ...(runtimeType !== undefined && {
      runtimeType: runtimeType as ToolRuntimeConfig['runtimeType'],
    }),
    ...(permissions !== undefined && { permissions }),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
    ...(maxOutputBytes !== undefined && { maxOutputBytes }),
    ...(flags.has('best-effort') && { enforcement: 'best-effort' }),
    ...(flags.has('native') && { nativeTools: { ...config.nativeTools, enabled: true } }),
    tools: withoutOwn(config.tools ?? {}, given),
  }
}

/** Permissions as flags, or `undefined` if none was given. */
function permissionFlags(flags: Flags): readonly string[] | undefined {
  const given = PERMISSION_FLAGS.filter(({ name }) => name !== 'best-effort').flatMap(({ name }) =>
    flags.list(name),
  )
  return given.length === 0 ? undefined : given
}

/** Zero would stand for the default, which is not what who writes it means. */
export function parseTimeout(text: string, flag: string): number {
  const ms = parseDuration(text, flag)
  if (ms > 0) return ms
  throw new UsageError(messages.cliBadValue(flag, 'a duration above 0, such as 500ms or 2s', text))
}

/** Who types the time is who may say how much is too much. */
function timeouts(
  config: Partial<ToolRuntimeConfig>,
  given: number | undefined,
): Pick<ToolRuntimeOptions, 'toolExecutionTimeoutMs' | 'maxTimeoutMs'> {
  if (given === undefined) return {}
  const most = config.maxTimeoutMs ?? defaultConfig().maxTimeoutMs
  return { toolExecutionTimeoutMs: given, maxTimeoutMs: Math.max(given, most) }
}

function readEntrypoint(path: string): string {
  const full = resolve(path)
  if (statSync(full, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new UsageError(toolMessages.noFile(path))
  }
  return full
}

/** Options of single tools win over the runtime's, but not over the command line. */
function withoutOwn(
  tools: Readonly<Record<string, ToolOverride>>,
  given: FlagOptions,
): Record<string, ToolOverride> {
  const named = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  )
  const entries = Object.entries(tools).map(([id, tool]) => {
    const kept = Object.entries(tool).filter(([name]) => !named.includes(name))
    return [id, Object.fromEntries(kept)] as const
  })
  return Object.fromEntries(entries)
}

/** `--env NAME=VALUE`, as often as it is given. */
export function readVariables(flags: Flags): Record<string, string> {
  const entries = flags.list('env').map((given): [string, string] => {
    const at = given.indexOf('=')
    // The value may be a secret: a message shows none of it.
    if (at < 1) throw new UsageError(toolMessages.variable())
    return [given.slice(0, at), given.slice(at + 1)]
  })
  return Object.fromEntries(entries)
}
