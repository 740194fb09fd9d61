/** Reads the options of a tool runtime: complete, checked against each other, and frozen. */

import { realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type {
  NativeExecOptions,
  NativeFetchOptions,
  ToolDebugOptions,
  ToolRetryCode,
  ToolRuntimeConfig,
  ToolSecurityOptions,
  ToolWarmOptions,
} from '../../index.js'
import { invalidArgument } from '../errors'
import { complete } from './configuration'
import { configurationMessages } from './configuration-messages'
import { splitHeapLimit } from './node-options'
import { same, unenforceable } from './option-kinds'
import { OPTIONS } from './option-table'

/** Retry rules; `on` always holds WORKER_LOST. */
export interface ResolvedRetry {
  readonly on: readonly ToolRetryCode[]
  /** `undefined`: the backoff alone decides. */
  readonly maxAttempts?: number
}

/** Native tools; folders are absolute. */
export interface ResolvedNativeTools {
  readonly enabled: boolean
  readonly rootDir: string
  readonly additionalRoots: readonly string[]
  readonly exec: Readonly<Complete<NativeExecOptions>>
  readonly fetch: Readonly<Complete<NativeFetchOptions>>
}

/** With nothing left out. */
type Complete<Options> = { [Name in keyof Options]-?: Exclude<Options[Name], undefined> }

/** Options that are objects themselves, and complete once read. */
type Nested = 'warm' | 'debug' | 'security'

/** Options as the rest of the room uses them: ms and bytes, absolute paths, every default filled in. */
export interface ResolvedToolOptions
  extends Readonly<Omit<ToolRuntimeConfig, Nested | 'nativeTools' | 'retry'>> {
  readonly warm: Readonly<Complete<ToolWarmOptions>>
  readonly debug: Readonly<Complete<ToolDebugOptions>>
  readonly security: Readonly<Complete<ToolSecurityOptions>>
  readonly retry: ResolvedRetry
  /** Folders are absolute. */
  readonly nativeTools: ResolvedNativeTools
  /** Absolute, with links followed. */
  readonly projectRoot: string
  /** Absolute, or '' for the stub. It may not exist. */
  readonly entrypointPath: string
  /** Without `--max-old-space-size`. */
  readonly nodeOptions: readonly string[]
  /** The smallest `--max-old-space-size` that was given, in MiB. */
  readonly nodeOldSpaceMiB: number | undefined
  /** Absolute. */
  readonly storeDir: string
}

/** Values of the caller's, kept as they are. */
const FOREIGN = new Set(['logger', 'onAudit', 'config', 'inputSchema', 'outputSchema'])

function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  for (const [name, member] of Object.entries(value)) if (!FOREIGN.has(name)) freeze(member)
  return Object.freeze(value)
}

/**
 * Reads options.
 *
 * @param options what the caller passed; `undefined` is no options
 * @throws RunletError `INVALID_ARGUMENT` naming the option and what it accepts;
 *   `POLICY_UNENFORCEABLE` naming an option that this build cannot keep
 */
export function readToolOptions(options: unknown): ResolvedToolOptions {
  if (options === null) {
    throw invalidArgument('options', configurationMessages.nilConfig(), { accepted: 'an object' })
  }
  const config = complete(options ?? {}, { fillsBlanks: false })
  refuseUnenforceable(config)
  checkTimes(config)
  const projectRoot = realFolder(config.projectRoot)
  const { flags, oldSpaceMiB } = splitHeapLimit(config.nodeOptions)
  const { entrypointPath } = config
  const nativeTools = config.nativeTools as ResolvedNativeTools
  return freeze({
    ...config,
    projectRoot,
    entrypointPath: entrypointPath === '' ? '' : resolve(projectRoot, entrypointPath),
    enforcement: config.security.strictMode ? 'require' : config.enforcement,
    nodeOptions: flags,
    nodeOldSpaceMiB: oldSpaceMiB,
    storeDir: resolve(projectRoot, config.storeDir ?? '.runlet'),
    nativeTools: {
      ...nativeTools,
      rootDir: resolve(projectRoot, nativeTools.rootDir),
      additionalRoots: nativeTools.additionalRoots.map((root) => resolve(projectRoot, root)),
    },
  } as ResolvedToolOptions)
}

function refuseUnenforceable(config: ToolRuntimeConfig): void {
  for (const row of OPTIONS.filter((candidate) => candidate.kernel)) {
    const value: unknown = Reflect.get(config, row.name)
    if (value === undefined || same(value, row.initial?.())) continue
    throw unenforceable(row.name, configurationMessages.unenforceable(row.name))
  }
}

/** What one timeout allows another. */
function checkTimes(config: ToolRuntimeConfig): void {
  const { maxTimeoutMs, toolExecutionTimeoutMs, tools } = config
  const timeouts: [string, number | undefined][] = [
    ['toolExecutionTimeoutMs', toolExecutionTimeoutMs],
  ]
  for (const [id, tool] of Object.entries(tools)) {
    timeouts.push([`tools[${JSON.stringify(id)}].timeoutMs`, tool.timeoutMs])
  }
  for (const [field, value] of timeouts) {
    if (value === undefined || value <= maxTimeoutMs) continue
    const message = configurationMessages.aboveMaximum(field, value, maxTimeoutMs)
    throw invalidArgument(field, message, { accepted: `a number up to ${maxTimeoutMs}` })
  }
}

/** The folder of the project, by the path that the system knows it by. */
function realFolder(path: string): string {
  let real: string
  try {
    real = realpathSync(path)
  } catch {
    throw invalidArgument('projectRoot', configurationMessages.projectRoot(path, 'does not exist'))
  }
  if (statSync(real).isDirectory()) return real
  throw invalidArgument('projectRoot', configurationMessages.projectRoot(path, 'is not a folder'))
}
