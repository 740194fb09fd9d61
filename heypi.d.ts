/**
 * `runlet/heypi`: workspaces with the behaviour of the older runtime contract of heypi 0.2, and a bridge
 * to that of 0.3. Hosts, providers and runners written for either plug in as they are.
 *
 * What differs from `runlet` itself: output over 262,144 characters ends a command, a search fails at a
 * file that is too large, searches are bounded at 5,000,000 bytes and 10,000 entries, nothing queues but
 * what the host queues, and of guarded-bash only what is blocked is refused, because these hosts ask
 * before they call.
 */

import type { DockerRuntimeConfig } from './docker.js'
import type { GondolinRuntimeConfig } from './gondolin.js'
import type {
  AbortSignalLike,
  BashResult,
  Queue as BoundedQueue,
  CompleteRuntimeProvider,
  JustBashOptions,
  QueuedRuntime,
  QueueOptions,
  Runtime,
  RuntimeLimits,
  RuntimeLogger,
  RuntimeOptions,
  RuntimeProvider,
  ScopedKey,
} from './index.js'

export type { DockerRunner, DockerRuntimeConfig } from './docker.js'
export type { GondolinRuntimeConfig, GondolinVm, GondolinVmFactory } from './gondolin.js'
export type {
  BashInput,
  BashResult,
  EditInput,
  EditResult,
  FindInput,
  FindResult,
  GrepHit,
  GrepInput,
  GrepResult,
  LsEntry,
  LsInput,
  LsResult,
  ReadInput,
  ReadResult,
  Runtime,
  RuntimeErrorKind,
  RuntimeEvent,
  RuntimeEventHandler,
  RuntimeEventKind,
  RuntimeLogger,
  RuntimeName,
  RuntimeProvider,
  RuntimeScope,
  RuntimeStatus,
  ScopedKey,
  ScopeKeys,
  Workspace,
  WorkspaceEntry,
  WriteInput,
  WriteResult,
} from './index.js'
export {
  classifyCommand,
  commandApproval,
  isRuntimeStartupError,
  isRuntimeStartupErrorText,
  localWorkspace,
  RUNTIME_STARTUP_ERROR_KIND,
  RuntimeStartupError,
  resolveScope,
  runtimeName,
  runtimeWithEvents,
  selectScope,
  workspace,
  workspacePath,
} from './index.js'

/** A runtime as a plain object: it can be spread, and its functions need no `this`. */
export type HeypiRuntime = QueuedRuntime

/** One with every operation of the older contract. */
export type CompleteHeypiRuntime = HeypiRuntime &
  Required<Pick<Runtime, 'bash' | 'read' | 'write' | 'edit' | 'grep' | 'find' | 'ls'>>

/**
 * Options of {@link createRuntime}: those of `runlet`, with the defaults of the older contract.
 * `maxConcurrent` and `maxConcurrentPerChat` are for the host's own {@link Queue}, and mean nothing here.
 */
export interface HeypiRuntimeOptions extends RuntimeOptions {
  /** The scope that this is the runtime of. Its `root` is passed over. */
  runtimeScope?:
    | { level?: string | undefined; key: string; path: string; root?: string }
    | undefined
}

/** A runtime, or that of a provider. @throws RunletError as `createRuntime` of `runlet` does */
export function createRuntime(
  options: HeypiRuntimeOptions & { provider: CompleteRuntimeProvider },
): CompleteHeypiRuntime
export function createRuntime(
  options: HeypiRuntimeOptions & { provider?: undefined },
): CompleteHeypiRuntime
export function createRuntime(options: HeypiRuntimeOptions): HeypiRuntime

/** Input of {@link hostBash}. */
export interface HostBashInput {
  root: string
  /** guarded-bash in place of host-bash. Default `false`. */
  guarded?: boolean | undefined
  /** Per command, ms. Default 120,000. */
  timeoutMs?: number | undefined
  /** Variables besides PATH, HOME, LANG, LC_ALL and TERM. Default none. */
  env?: Readonly<Record<string, string>> | undefined
  limits?: RuntimeLimits | undefined
  logger?: RuntimeLogger | undefined
}

/** Bash on the host. */
export function hostBash(input: HostBashInput): CompleteHeypiRuntime

/** Input of {@link justBash}. */
export interface JustBashInput {
  root: string
  /** Per command, ms. Default 120,000. */
  timeoutMs?: number | undefined
  options?: JustBashOptions | undefined
  limits?: RuntimeLimits | undefined
}

/** The virtual shell. */
export function justBash(input: JustBashInput): CompleteHeypiRuntime

/**
 * Containers as `dockerRuntime` of `runlet/docker` makes them, with the older contract's defaults: names
 * and labels start with `heypi`, the user is the image's own, the root file system can be written to, a
 * command is ended at 262,144 bytes of output, a search fails at a file that is too large. All other
 * confinement is on.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option and what it accepts
 */
export function dockerRuntime(config?: DockerRuntimeConfig): CompleteRuntimeProvider

/**
 * Machines as `gondolinRuntime` of `runlet/gondolin` makes them, with the older contract's bounds of
 * output and searches, and labels that start with `heypi`. The network is closed here, too:
 * `network: 'open'` is what it was.
 *
 * @throws RunletError `INVALID_ARGUMENT` for an unknown or wrong option
 */
export function gondolinRuntime(config?: GondolinRuntimeConfig): CompleteRuntimeProvider

/** The absolute path of a root that overlaps with nothing. @throws RunletError `INVALID_ARGUMENT` */
export function safeRoot(folders: { root: string; app: string; agent?: string | undefined }): string

/** Options of {@link executeProcess}. */
export interface ProcessOptions {
  cwd: string
  /** Milliseconds. */
  timeoutMs: number
  /** All of its variables. */
  env: Readonly<Record<string, string | undefined>>
  signal?: AbortSignalLike | undefined
}

/**
 * Runs a program of the host with the rights of this process, and ends it with all that it started. A
 * result whatever it does: 124 at the timeout, 125 over 262,144 bytes, 127 where it does not start, 130
 * when it is aborted.
 *
 * @throws (rejects) RunletError `INVALID_ARGUMENT`
 */
export function executeProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
): Promise<BashResult>

/** The same for a text that bash runs. */
export function executeBash(command: string, options: ProcessOptions): Promise<BashResult>

/** The last 65,536 characters of a longer text, after `...[truncated]` and a line end. */
export function clip(value: string): string

/** The queue of `runlet`, in which any number of jobs may wait unless told otherwise. */
export class Queue extends BoundedQueue {
  constructor(options?: QueueOptions)
}

/** One runtime for each scope, with the defaults of {@link createRuntime}. */
export class ScopedRuntimeRegistry {
  constructor(options: HeypiRuntimeOptions, folders: { app: string; agent?: string | undefined })
  /** The runtime of a scope, in `<root>/scopes/<path>`. */
  get(scope: ScopedKey): HeypiRuntime
  /** The same by the path of a scope. Default `agent/default`. */
  getPath(path?: string, scope?: { level?: string | undefined; key: string }): HeypiRuntime
  /** Closes them all, and the provider. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Folders of the host: for callers `/workspace`, `/shared` and `/agent/skills`, which is read-only. */
export interface RuntimeRoots03 {
  workspace: string
  shared?: string | undefined
  skills?: string | undefined
}

/** What a provider of 0.3 is asked with. */
export interface RuntimeContext03 extends RuntimeRoots03 {
  /** Variables of commands. */
  env?: Readonly<Record<string, string>> | undefined
}

/** What a tool of 0.3 gives. */
export interface ToolResult03 {
  content: { type: string; text?: string }[]
  details: unknown
}

/** Gets what there is so far. */
export type ToolUpdate03 = (result: ToolResult03) => void

/** A tool of 0.3. It rejects where it fails, with what is to be told as the message. */
export interface Tool03 {
  name: string
  label: string
  description: string
  /** A JSON schema. */
  parameters: object
  execute(
    toolCallId: string,
    input: unknown,
    signal?: AbortSignalLike,
    onUpdate?: ToolUpdate03,
    context?: unknown,
  ): Promise<ToolResult03>
}

/** What a provider of 0.3 makes. */
export interface RuntimeInstance03 {
  tools: Tool03[]
  prepare?(): Promise<void>
  cleanup(): Promise<void>
}

/** A provider of 0.3. */
export type RuntimeProvider03 = (context: RuntimeContext03) => Promise<RuntimeInstance03>

/** Options of {@link toHeypi03}. */
export interface ToHeypi03Options {
  /**
   * Which of `/workspace`, `/shared` and `/agent/skills` commands see under these paths, such as
   * `/workspace` in a container. A command that names another is refused: no path in a command is ever
   * rewritten. Default none.
   */
  mounted?: readonly string[] | undefined
}

/**
 * A runtime, a provider, or a function that makes a runtime for a context, as a provider of 0.3. Its
 * tools are `read`, `bash`, `edit`, `write`, `grep`, `find` and `ls`, those that the runtime has
 * operations for.
 *
 * The variables of a context are for the function: the other two forms refuse a context with any. What
 * the function made is closed by `cleanup`, the scope of a provider is stopped, a runtime stays.
 *
 * @example
 * toHeypi03(({ workspace, env }) => createRuntime({ root: workspace, name: 'host-bash', hostEnv: env }))
 */
export function toHeypi03(
  runtime: Runtime | RuntimeProvider | ((context: RuntimeContext03) => Runtime | Promise<Runtime>),
  options?: ToHeypi03Options,
): RuntimeProvider03

/**
 * A provider of 0.3 as a runtime, started at its first operation. Files are read and searched in the
 * context's own folder, where that contract keeps them; what is written and edited there goes through
 * the provider's tool `write` as well. Commands are its tool `bash`, whose two streams come as one.
 */
export function fromHeypi03(provider: RuntimeProvider03, context: RuntimeContext03): HeypiRuntime

/** What a file is, in 0.3. */
export interface RuntimeStat03 {
  isDirectory(): boolean
  isFile?(): boolean
  isSymbolicLink?(): boolean
  mode?: number
}

/** Files of a sandbox elsewhere, in 0.3. */
export interface MirrorFileSystem03 {
  access(path: string): Promise<void>
  mkdir(path: string): Promise<void>
  readFile(path: string): Promise<Uint8Array | string>
  readdir(path: string): Promise<string[]>
  stat(path: string): Promise<RuntimeStat03>
  writeFile(path: string, content: string | Uint8Array): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  lstat(path: string): Promise<RuntimeStat03>
  readlink(path: string): Promise<string>
  rm(path: string): Promise<void>
  symlink(target: string, path: string): Promise<void>
}

/** Bounds of one transfer of a mirror. */
export interface MirrorLimits {
  /** Bytes of all files. Default 256 MiB. */
  maxBytes?: number | undefined
  /** Files, folders and links. Default 100,000. */
  maxEntries?: number | undefined
}

/** Folders that are kept alike here and in a sandbox. */
export interface RuntimeMirror {
  /** Everything from here; the skills anew. @throws (rejects) RunletError, see {@link createRuntimeMirror} */
  upload(): Promise<void>
  /** Everything from there but the skills. */
  download(): Promise<void>
  /** Does something there, and downloads, also where it failed. */
  downloadAfter<T>(operation: () => Promise<T>): Promise<T>
  /** The files there; what is written and made is so on both sides. */
  fs: MirrorFileSystem03
}

/**
 * Keeps folders of the host and of a sandbox alike, with deletions, modes and links.
 *
 * Transfers reject with a RunletError: `PERMISSION_DENIED` for a link or a name that leads out of its
 * folder (`symlink escapes runtime root: P`, `path escapes runtime workspace: P`) and for a write to the
 * skills (`path is read-only: P`), `RUNTIME_ERROR` for what is neither file, folder nor link
 * (`unsupported runtime entry: P`), `OUTPUT_LIMIT` beyond the limits.
 */
export function createRuntimeMirror(
  remote: MirrorFileSystem03,
  roots: RuntimeRoots03,
  limits?: MirrorLimits,
): RuntimeMirror
