/** Everything that shapes a tool's process: its command line, its environment, its bounds. */

import type { RuntimeBinary } from './binary'
import type { ResolvedToolOptions } from './options'
import type { Policy } from './policy'

/** As the core takes it; see src/tool/spec.rs. */
export interface Shape {
  arguments: readonly string[]
  env: ReadonlyArray<readonly [string, string]>
  limits: {
    memoryBytes: number | null
    dataBytes: number | null
    processes: number
    openFiles: number
    fileBytes: number
    captureBytes: number
    logBytes: number
  }
  debug: boolean
  heapProfiling: boolean
  exitGraceMs: number
  sandbox: {
    permissions: readonly string[]
    bestEffort: boolean
    codeRoots: readonly string[]
    scratch: string | null
    hosts: Readonly<Record<string, readonly string[]>>
    servers: readonly string[]
    maxConnections: number
    pins: string
  }
}

/** What a call changes of its runtime's shape. */
export interface ShapeTerms {
  policy: Policy
  /** The runtime's, the tool's and the call's variables, later ones winning. */
  env: Readonly<Record<string, string>>
  memoryLimitBytes: number
  /** HOME and TMPDIR; the project without one. */
  scratch: string | undefined
}

const MIB = 1024 * 1024
const CAPTURE_BYTES = MIB
/** Files that configure Bun or that it would load by itself, and code that is not the tool's. */
const BUN = [
  '--config=/dev/null',
  '--no-env-file',
  '--no-install',
  '--no-addons',
  '--no-ffi-cc',
  '--no-macros',
]
const NODE = ['--no-addons', '--no-global-search-paths', '--openssl-config=/dev/null']

/** The shape of the process for a call. */
export function shapeOf(
  options: ResolvedToolOptions,
  binary: RuntimeBinary,
  terms: ShapeTerms,
): Shape {
  const { memoryLimitBytes } = terms
  const limited = memoryLimitBytes > 0
  return {
    arguments: argumentsOf(options, binary, memoryLimitBytes),
    env: Object.entries(environmentOf(options, binary, terms)),
    limits: {
      memoryBytes: limited ? memoryLimitBytes : null,
      // Both runtimes reserve far more than they use, so this can only be a second lock.
      dataBytes: limited ? 2 * memoryLimitBytes + 1024 * MIB : null,
      processes: options.maxProcesses,
      openFiles: options.maxOpenFiles,
      fileBytes: options.maxFileBytes,
      captureBytes: options.maxStderrCaptureBytes || CAPTURE_BYTES,
      logBytes: options.maxLogBytes,
    },
    debug: options.debug.enabled,
    heapProfiling: options.debug.heapProfiling,
    exitGraceMs: options.exitGraceMs,
    sandbox: {
      permissions: terms.policy.flags,
      bestEffort: options.enforcement === 'best-effort',
      codeRoots: options.codeRoots,
      scratch: terms.scratch ?? null,
      hosts: options.resolver?.hosts ?? {},
      servers: options.resolver?.servers ?? [],
      maxConnections: options.maxConnections,
      pins: terms.policy.pins,
    },
  }
}

/** Where commands are looked up that a tool starts. */
export const SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin'

function argumentsOf(
  options: ResolvedToolOptions,
  binary: RuntimeBinary,
  memoryLimitBytes: number,
): string[] {
  if (binary.type === 'bun') return [...BUN, ...(options.smol ? ['--smol'] : []), 'run']
  const limits = [
    options.nodeOldSpaceMiB,
    memoryLimitBytes > 0 ? memoryLimitBytes / MIB : undefined,
  ]
  const given = limits.filter((limit) => limit !== undefined)
  const heap = given.length > 0 ? [`--max-old-space-size=${Math.ceil(Math.min(...given))}`] : []
  const { major, minor } = binary.version
  // The signal that opens a debugger; older versions have no switch for it.
  const quiet = major > 22 || (major === 22 && minor >= 23) ? ['--disable-sigusr1'] : []
  return [...options.nodeOptions, ...NODE, ...quiet, ...heap]
}

function environmentOf(
  options: ResolvedToolOptions,
  binary: RuntimeBinary,
  { policy, env, scratch }: ShapeTerms,
): Record<string, string> {
  const { projectRoot } = options
  return {
    PATH: SEARCH_PATH,
    HOME: scratch ?? projectRoot,
    TMPDIR: scratch ?? projectRoot,
    LANG: 'C.UTF-8',
    ...policy.inherited,
    ...env,
    // Last: what the worker and the tools rely on cannot be given another meaning.
    RUNLET_RUNTIME: 'worker',
    RUNLET_PROJECT_ROOT: projectRoot,
    RUNLET_ENVIRONMENT: options.environment,
    COMPOZY_RUNTIME: 'worker',
    COMPOZY_PROJECT_ROOT: projectRoot,
    // A cache that a tool can write is code that another tool would run.
    ...(binary.type === 'bun' && { BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' }),
  }
}
