/**
 * runlet: code nobody should have to trust, run under limits.
 *
 * This file is the public contract. It is written by hand, kept to TypeScript 4.5 syntax, and
 * `ts/conforms.ts` proves at compile time that the implementation agrees with it.
 *
 * Naming: everything in {@link CodeletSource}, {@link CodeletRunOptions} and the first level of
 * {@link CodeletResult} is snake_case; all else (`usage`, `details`, runner options, `stats`) is
 * camelCase with its unit in the name. The run options also answer to their camelCase spelling
 * (`timeoutMs` for `timeout_ms`); giving both spellings different values is `INVALID_ARGUMENT`,
 * and so is any option name that is not listed here.
 */

declare global {
  // Older libs lack these two. The lines merge with newer libs, which declare the same thing.
  interface SymbolConstructor {
    readonly dispose: unique symbol
    readonly asyncDispose: unique symbol
  }
}

// ------------------------------------------------------------------------------------ errors ----

/**
 * What went wrong, as a stable name. One list serves every part of runlet; the text of a message
 * is never part of the contract, the code is.
 *
 * - `TIMEOUT` the wall or CPU limit passed, or nothing was left that could ever settle `main`
 * - `SYNTAX_ERROR` the source does not compile; always with `line` and `column`, except for bytes
 *   that are not UTF-8
 * - `RUNTIME_ERROR` an uncaught throw or rejection, a missing export, an unserialisable result
 * - `POLICY_VIOLATION` a capability that was not granted, or a granted budget overdrawn
 * - `MEMORY_LIMIT` the memory limit was reached; the guest cannot catch it
 * - `OUTPUT_LIMIT` the result is larger than `max_result_bytes`
 * - `CANCELLED` the signal was aborted or the runner disposed
 * - `OVERLOADED` the queue was full, or the queue timeout passed; retryable
 * - `INVALID_ARGUMENT` the host's own call was wrong; `details.field` names the option
 * - `VALIDATION_ERROR` a schema refused the input or the output
 * - `HOST_CALL_ERROR` a host function failed and the guest did not catch it
 * - `PERMISSION_DENIED` a permission flag forbids the operation
 * - `POLICY_UNENFORCEABLE` the isolation asked for cannot be enforced here
 * - `RUNTIME_NOT_FOUND` the native binary for this platform is missing
 * - `PROTOCOL_ERROR` a child process broke the protocol
 * - `PROCESS_EXIT` a child process ended without an answer
 * - `WORKER_LOST` the process a run lived in died; retryable if it had called no host function
 * - `REPLAY_DIVERGENCE` a replayed run took another path than the recorded one
 * - `DISPOSED` the runner was used after `dispose()`
 * - `INTERNAL` a fault of runlet itself
 */
export type ErrorCode =
  | 'TIMEOUT'
  | 'SYNTAX_ERROR'
  | 'RUNTIME_ERROR'
  | 'POLICY_VIOLATION'
  | 'MEMORY_LIMIT'
  | 'OUTPUT_LIMIT'
  | 'CANCELLED'
  | 'OVERLOADED'
  | 'INVALID_ARGUMENT'
  | 'VALIDATION_ERROR'
  | 'HOST_CALL_ERROR'
  | 'PERMISSION_DENIED'
  | 'POLICY_UNENFORCEABLE'
  | 'RUNTIME_NOT_FOUND'
  | 'PROTOCOL_ERROR'
  | 'PROCESS_EXIT'
  | 'WORKER_LOST'
  | 'REPLAY_DIVERGENCE'
  | 'DISPOSED'
  | 'INTERNAL'

/** The optional parts of a {@link RunletError}. */
export interface RunletErrorOptions {
  /** Whether the same call may succeed when repeated. Default `false`. */
  retryable?: boolean | undefined
  /** Facts for programs, such as `field`, `reason` or `limit`. Default none. */
  details?: Record<string, unknown> | undefined
  /** What led to this error, a host-side object. Default none. */
  cause?: unknown
  /** The whole result of the run that failed. Default none. */
  result?: CodeletResult | undefined
}

/**
 * The one error class that runlet throws. `instanceof` also holds for an error made by a second
 * copy of the package, in another realm or inside a Jest context.
 *
 * @example
 * try {
 *   await runner.runOrThrow(source)
 * } catch (error) {
 *   if (error instanceof RunletError && error.code === 'TIMEOUT') console.log(error.details)
 * }
 */
export class RunletError extends Error {
  /** @param code stable code @param message one sentence for people @param options other parts */
  constructor(code: ErrorCode, message: string, options?: RunletErrorOptions)
  /** Always `'RunletError'`. */
  name: string
  /** Stable code; compare this, never `message`. */
  readonly code: ErrorCode
  /** Whether the same call may succeed when repeated. */
  readonly retryable: boolean
  /** Facts for programs; `details.field` on `INVALID_ARGUMENT`. Absent when there are none. */
  readonly details?: Record<string, unknown>
  /** What led to this error: the host function's own error, or the signal's reason. */
  readonly cause?: unknown
  /** The whole result, on an error thrown by `runOrThrow` for a run that failed. */
  readonly result?: CodeletResult
  /** True for every error that carries runlet's brand. */
  static [Symbol.hasInstance](value: unknown): boolean
}

/** The optional parts of a {@link HostError}. */
export interface HostErrorOptions {
  /** Becomes `error.retryable` of the run when the guest does not catch it. Default `false`. */
  retryable?: boolean | undefined
  /** What led to this error; stays on the host side. Default none. */
  cause?: unknown
}

/**
 * Thrown by a host function to tell the guest why it failed: its `message` crosses the boundary.
 * The text of any other error stays outside, unless the error has `expose === true`.
 *
 * @example
 * const host = { rate: (code: string) => { throw new HostError(`no rate for ${code}`) } }
 */
export class HostError extends Error {
  /** @param message text the guest may read @param options other parts */
  constructor(message: string, options?: HostErrorOptions)
  /** Always `'HostError'`. */
  name: string
  /** Always `true`: the message may cross. */
  readonly expose: true
  /** Whether repeating the run may help. */
  readonly retryable: boolean
  /** What led to this error; never crosses. */
  readonly cause?: unknown
  /** True for every error that carries the brand of this class. */
  static [Symbol.hasInstance](value: unknown): boolean
}

// ------------------------------------------------------------------------- borrowed from a lib ----

/** The part of an abort signal that runlet uses; any object of this shape is accepted. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The platform's `AbortSignal` where the compiler knows one, else {@link AbortSignalLike}. */
export type HostAbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : AbortSignalLike

/** The platform's `fetch` where the compiler knows one, else any function of that kind. */
export type HostFetch = typeof globalThis extends { fetch: infer Fetch }
  ? Fetch
  : (url: string, init?: object) => Promise<unknown>

/** A `file:` URL; an instance of the platform's `URL` fits. */
export interface FileUrl {
  readonly href: string
  readonly protocol: string
}

/** One complaint of a {@link StandardSchema}. */
export interface StandardIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** What a {@link StandardSchema} answers: a value, or issues. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<StandardIssue> }

/** A validator that follows the Standard Schema convention (zod, valibot, arktype and others). */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

// ------------------------------------------------------------------------------------- source ----

/** `'js'` never strips types, `'ts'` always does, `'auto'` strips only what is not JavaScript. */
export type Language = 'js' | 'ts' | 'auto'

/** The part that both kinds of source share. */
export interface CodeletEntry {
  /**
   * Name of the export to call. Only an own export that is a function counts.
   * Default: the export `main`, else the default export.
   */
  export_name?: string | undefined
  /** camelCase spelling of {@link CodeletEntry.export_name}. */
  exportName?: string | undefined
}

/** A codelet given as text. */
export interface CodeletStringSource extends CodeletEntry {
  type: 'string'
  /** The text of an ES module, JavaScript or TypeScript; must not be empty. */
  code: string
  /** Default `'auto'`: JavaScript first, TypeScript when that is a syntax error. */
  language?: Language | undefined
  /** Label in stacks, 1 to 255 characters without control characters. Default `'codelet.js'`. */
  filename?: string | undefined
}

/**
 * A codelet in a file, read by the host for every run: a regular file of UTF-8 text, at most
 * `max_source_bytes` long. Stacks show its base name only.
 */
export interface CodeletFileSource extends CodeletEntry {
  type: 'file'
  /** Path, or `file:` URL. An unreadable file rejects with `INVALID_ARGUMENT`. */
  path: string | FileUrl
  /** Default `'auto'`: by extension; `.ts`, `.mts` and `.cts` are TypeScript. */
  language?: Language | undefined
}

/** Where the code of a codelet comes from. */
export type CodeletSource = CodeletStringSource | CodeletFileSource

/** One virtual module: its code, or its code with a language (default `'auto'`). */
export type CodeletModule = string | { code: string; language?: Language | undefined }

// ------------------------------------------------------------------------------------- limits ----

/**
 * The bounds of a run. Each is an integer; one that is out of its range is `INVALID_ARGUMENT`, with
 * the range in the message.
 *
 * The size of a value is that of its JSON text in UTF-8, for a string as well. With
 * `values: 'clone'` it is that of the clone's text, which is JSON that may have marks, and of the
 * buffers beside it.
 */
export interface CodeletLimits {
  /** Wall time of the run in ms, parked time included, queue time not. 1 to 86,400,000. Default 2,000. Beyond: `TIMEOUT`. */
  timeout_ms?: number | undefined
  /** CPU time of this run in ms. Default none. Beyond: `TIMEOUT`. */
  cpu_ms?: number | undefined
  /** Bytes the realm may hold, ArrayBuffers included. Default 64 MiB. Beyond: `MEMORY_LIMIT`. */
  memory_limit_bytes?: number | undefined
  /** Bytes of call stack. Default 1 MiB, at most 2 MiB. Beyond: a `RangeError` in the guest. */
  max_stack_bytes?: number | undefined
  /** Bytes of code with all modules. Default 256 KiB. Beyond: `POLICY_VIOLATION`. */
  max_source_bytes?: number | undefined
  /** Size of `input` and `globals` in bytes. Default 4 MiB. Beyond: `INVALID_ARGUMENT`. */
  max_input_bytes?: number | undefined
  /** Size of the result in bytes. Default 1 MiB. Beyond: `OUTPUT_LIMIT`. */
  max_result_bytes?: number | undefined
  /** Log entries kept, the first ones. Default 100. Beyond: counted in `usage.logsDropped`. */
  max_log_entries?: number | undefined
  /** Sum of log message bytes. Default 64 KiB. Beyond: counted in `usage.logBytesDropped`. */
  max_log_bytes?: number | undefined
  /** Host calls per run, fetches included. Default 256. Beyond: `POLICY_VIOLATION`. */
  max_host_calls?: number | undefined
  /** Host calls under way at once. Default 32. Beyond: they wait in order, they do not fail. */
  max_host_calls_in_flight?: number | undefined
  /** Size of one call's arguments, a list, in bytes. Default 1 MiB. Beyond: `HOST_CALL_ERROR`. */
  max_host_arg_bytes?: number | undefined
  /** Size of one call's result in bytes. Default 4 MiB. Beyond: `HOST_CALL_ERROR`. */
  max_host_result_bytes?: number | undefined
}

/** `'timeout_ms'` becomes `'timeoutMs'`. */
export type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

/** The same options under their camelCase spelling. */
export type CamelCased<Options> = {
  [Name in keyof Options as CamelCase<Name & string>]?: Options[Name]
}

/** {@link CodeletLimits} under their camelCase spelling. */
export interface CodeletLimitAliases extends CamelCased<CodeletLimits> {}

// --------------------------------------------------------------------------------- capabilities ----

/** What the host-side fetch may do for a codelet. */
export interface FetchCapability {
  /**
   * Hosts that may be asked: `api.example.com`, `*.example.com`, `host:port`, an address or a CIDR
   * range. Loopback, private and link-local addresses are refused unless a range, a literal
   * address or `localhost` lists them.
   */
  hosts: readonly string[]
  /** Request methods, upper case. Default `['GET', 'HEAD']`. */
  methods?: readonly string[] | undefined
  /** Bytes of one request body. Default 1 MiB. */
  maxRequestBytes?: number | undefined
  /** Bytes of one response body. Default 2 MiB. */
  maxResponseBytes?: number | undefined
  /** Time for one request with its redirects, ms. Default 5,000. */
  timeoutMs?: number | undefined
  /** Redirects followed, each checked again. Default 5. */
  maxRedirects?: number | undefined
  /** The function that performs the request. Default: runlet's own, on the host. */
  fetch?: HostFetch | undefined
}

/** What a codelet may do beyond computing. Everything is denied unless named here. */
export interface CodeletCapabilities {
  /**
   * `helpers.env`: names, or prefixes such as `APP_*`, picked from `process.env` when the run is
   * submitted; or the very map to hand over. Default none.
   */
  env?: readonly string[] | Readonly<Record<string, string | undefined>> | undefined
  /** `helpers.random()`, `.bytes(n)` and `.uuid()` from a secure generator. Default `false`. */
  random?: boolean | undefined
  /** `helpers.now()`, ms since the epoch. Default `false`. */
  now?: boolean | undefined
  /** `fetch` and `helpers.fetch`, performed by the host. Default none. */
  fetch?: FetchCapability | undefined
  /**
   * `setTimeout`, `setInterval`, `setImmediate` and what clears them; at most 64 pending. Default
   * `false`.
   */
  timers?: boolean | undefined
}

// ------------------------------------------------------------------------------- host functions ----

/** A function of the host that a codelet may call. Arguments and result cross as `values` says. */
// biome-ignore lint/suspicious/noExplicitAny: each host function chooses its own parameters
export type HostFunction = (...args: any[]) => unknown

/**
 * Host functions by name, as members of the codelet's second argument; groups nest at most four
 * levels deep. Own enumerable properties only, resolved once when the run is submitted. The names
 * `logger`, `env`, `random`, `now` and `fetch` are taken at the top level.
 */
export interface HostFunctions {
  readonly [name: string]: HostFunction | HostFunctions
}

/** What a host function made by {@link hostFunction} is told about its call. */
export interface HostCallContext {
  /** Aborted when the run ends while this call is pending; the answer is then dropped. */
  readonly signal: HostAbortSignal
  /** Names the run; unique across runs and processes. */
  readonly runId: string
  /** Number of the call within the run, in order of issue, from 0. */
  readonly seq: number
  /** `` `${runId}:${seq}` ``, for services that accept an idempotency key. */
  readonly idempotencyKey: string
}

/**
 * Makes a host function that also receives the context of its call.
 *
 * @param fn called with the context first, then the codelet's arguments
 * @returns a function to place in `host`; it cannot be called directly
 * @throws RunletError `INVALID_ARGUMENT` when `fn` is not a function
 *
 * @example
 * const host = {
 *   load: hostFunction((ctx, id: string) => fetch(`https://api.example.com/${id}`, { signal: ctx.signal }).then((r) => r.json())),
 * }
 */
// biome-ignore lint/suspicious/noExplicitAny: the parameters are the caller's
export function hostFunction<Args extends any[], Result>(
  fn: (ctx: HostCallContext, ...args: Args) => Result,
): (...args: Args) => Result

// ---------------------------------------------------------------------------------------- runs ----

/** Fixes everything a run could differ by: same source, input and replies give the same bytes. */
export interface DeterministicOptions {
  /** Feeds `Math.random` and `helpers.random`. A string, or a finite number. */
  seed: number | string
  /** Start of the virtual clock: a Date, or whole ms since the epoch. Default 0. */
  now?: number | Date | undefined
}

/** The options of one run. */
export interface CodeletRunOptions<I = unknown> extends CodeletLimits, CodeletLimitAliases {
  /** First argument of `main`, a copy as `values` says. Default `undefined`. */
  input?: I | undefined
  /**
   * Data as global variables, deep-frozen copies. Keys are identifiers that are not taken by the
   * language, `helpers` or `console`; functions belong in `host`. Default none.
   */
  globals?: Readonly<Record<string, unknown>> | undefined
  /** Virtual ES modules the codelet may import, by name. Default none. */
  modules?: Readonly<Record<string, CodeletModule>> | undefined
  /** Functions the codelet may call. Default none. */
  host?: HostFunctions | undefined
  /** Another name for `host`; give one of the two. */
  helpers?: HostFunctions | undefined
  /** Capabilities beyond computing. Default: the runner's `allow`, and nothing where it has none. */
  allow?: CodeletCapabilities | undefined
  /** Makes the run repeatable. Default: off. */
  deterministic?: DeterministicOptions | undefined
  /**
   * How `input`, the result, and arguments and results of host functions cross. Default `'json'`.
   *
   * `'json'`: by the rules of `JSON.stringify`. `'clone'`: as `structuredClone` copies them, with
   * Map, Set, Date, BigInt, bytes, errors, cycles and shared references; what cannot be cloned is
   * refused with its path. `globals` are JSON data either way.
   */
  values?: 'json' | 'clone' | undefined
  /**
   * Where the run lives. Default: the runner's, which is `'thread'` unless it says otherwise.
   *
   * `'thread'`: on a thread of the host's process, in a heap of its own. `'process'`: in a process
   * without files, network, other processes or privileges, which has one run at a time and belongs
   * to one runner; everything else is the same. Should that process die, the run ends as
   * `WORKER_LOST`. Where {@link capabilities} says `processIsolation: false`, `'process'` rejects
   * with `POLICY_UNENFORCEABLE`. On a runner of `'process'`, a run that asks for `'thread'` rejects
   * with `INVALID_ARGUMENT`.
   */
  isolation?: 'thread' | 'process' | undefined
  /** Checks (and may change) `input` before the run. Refusal: `VALIDATION_ERROR`. Default none. */
  input_schema?: StandardSchema | undefined
  /** camelCase spelling of `input_schema`. */
  inputSchema?: StandardSchema | undefined
  /** Checks (and may change) the result. Refusal: `VALIDATION_ERROR`. Default none. */
  output_schema?: StandardSchema | undefined
  /** camelCase spelling of `output_schema`. */
  outputSchema?: StandardSchema | undefined
  /** Cancels the run. Aborted before the call: nothing is started. Default none. */
  signal?: HostAbortSignal | AbortSignalLike | undefined
  /** Another name for `signal`. */
  abortSignal?: HostAbortSignal | AbortSignalLike | undefined
  /**
   * Called for each log entry, in order, all before the promise settles. What it throws goes to
   * the runner's `logger.error`. Default none.
   */
  on_log?: ((entry: ConsoleLog) => void) | undefined
  /** camelCase spelling of `on_log`. */
  onLog?: ((entry: ConsoleLog) => void) | undefined
}

/** One line of `console` or `helpers.logger`. */
export interface ConsoleLog {
  /** Which method wrote it; `debug` and `trace` count as `log`. */
  level: 'log' | 'info' | 'warn' | 'error'
  /** The arguments as text, at most 8 KiB. */
  message: string
  /** Ms since the epoch; never goes backwards within a run. */
  timestamp: number
  /** Present when the message was cut. */
  truncated?: true
}

/** Why a run failed. */
export interface CodeletError {
  /** Stable code. */
  code: ErrorCode
  /** One sentence, at most 2 KiB; no path of the host. */
  message: string
  /** Name of the error the guest threw. */
  name?: string
  /** Guest frames only, virtual file names, at most 4 KiB. */
  stack?: string
  /** The text that `line` and `column` are in: the codelet's own name, or a module's. */
  filename?: string
  /** Line in the text the caller gave, from 1, also after types were stripped. */
  line?: number
  /** Column in UTF-16 units, from 1. */
  column?: number
  /** Whether the same call may succeed when repeated. */
  retryable: boolean
  /** Facts for programs, camelCase; which ones depends on the code. */
  details?: Record<string, unknown>
  /** The host function's own error, or the signal's reason. Not enumerable: never serialised. */
  cause?: unknown
}

/** What a run used. Filled on failure too. */
export interface CodeletUsage {
  /** CPU time on the worker thread, ms; to within 0.05 ms for each time the codelet went on. */
  cpuMs: number
  /** Wall time from the moment a worker took the run, ms. */
  wallMs: number
  /** Part of `wallMs` spent waiting for host calls or timers, ms. */
  parkedMs: number
  /** Time in the queue before that, ms. */
  queueWaitMs: number
  /** Time to compile the source, ms; 0 from the cache. */
  compileMs: number
  /** Most memory held at once, bytes. */
  peakMemoryBytes: number
  /** Host calls made. */
  hostCalls: number
  /** Host calls still pending when the run ended. */
  detachedHostCalls: number
  /** Size of the result as `max_result_bytes` counts it, bytes; 0 for `undefined` or none. */
  resultBytes: number
  /** Log entries beyond `max_log_entries` or the byte budget. */
  logsDropped: number
  /** Log bytes that were cut or dropped. */
  logBytesDropped: number
  /** Denied attempts, caught or not. */
  policyDenials: number
  /**
   * Where the program came from: compiled for this run, compiled before, or loaded before (the heap
   * was put back to where it had just been loaded).
   */
  cache: 'image' | 'bytecode' | 'miss'
  /** What ended a run that had to be stopped. */
  stoppedBy?: 'interrupt' | 'kill' | 'allocator' | 'stack'
}

/** A run that returned. */
export interface CodeletSuccess<T = unknown> {
  ok: true
  /** What `main` returned, a copy as `values` says. */
  value: T
  error?: undefined
  /** Log entries, oldest first. */
  logs: ConsoleLog[]
  /** Wall time on the worker, ms, with fraction. */
  duration_ms: number
  usage: CodeletUsage
}

/** A run that failed. */
export interface CodeletFailure {
  ok: false
  value?: undefined
  /** Why. */
  error: CodeletError
  /** Log entries up to the failure, oldest first. */
  logs: ConsoleLog[]
  /** Wall time on the worker, ms, with fraction. */
  duration_ms: number
  usage: CodeletUsage
}

/** The outcome of a run: a failing codelet is a value, never an exception. */
export type CodeletResult<T = unknown> = CodeletSuccess<T> | CodeletFailure

/**
 * Runs a codelet once, on a runner that the whole process shares.
 *
 * @param source the code
 * @param options input, limits and grants; all optional
 * @returns the outcome, `ok: true` with a value or `ok: false` with an error
 * @throws RunletError (as a rejection, never synchronously) `INVALID_ARGUMENT` for misuse,
 *   `POLICY_UNENFORCEABLE`, or `RUNTIME_NOT_FOUND`
 *
 * @example
 * const result = await runCodelet(
 *   { type: 'string', code: 'export const main = (n) => n * 2' },
 *   { input: 21, timeout_ms: 500 },
 * )
 * if (result.ok) console.log(result.value) // 42
 */
export function runCodelet<T = unknown, I = unknown>(
  source: CodeletSource,
  options?: CodeletRunOptions<I>,
): Promise<CodeletResult<T>>

// -------------------------------------------------------------------------------------- runner ----

/** Receives what has no other way out, such as an exception of `on_log`. pino fits. */
export interface RunnerLogger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** The options of a runner. */
export interface CodeletRunnerOptions {
  /** Runs on worker threads at once. Default: the number of threads. */
  maxConcurrent?: number | undefined
  /** Runs under way at once, those that wait for the host included; at least 1. Default 256. */
  maxParked?: number | undefined
  /** Runs waiting for a worker. Default 1,000. Beyond: `OVERLOADED`. */
  maxQueued?: number | undefined
  /** Longest wait for a worker, ms. Default none. Beyond: `OVERLOADED`. */
  queueTimeoutMs?: number | undefined
  /** Limits for runs that do not give their own. Default: those of {@link CodeletLimits}. */
  defaults?: (CodeletLimits & CodeletLimitAliases) | undefined
  /** Upper bounds: a run that asks for more rejects with `INVALID_ARGUMENT`. Default none. */
  ceilings?: (CodeletLimits & CodeletLimitAliases) | undefined
  /**
   * The grants of runs that give no `allow`, and the upper bound for those that do: asking for
   * more rejects with `INVALID_ARGUMENT`. Default: none granted, no bound.
   */
  allow?: CodeletCapabilities | undefined
  /**
   * Where runs live, as in {@link CodeletRunOptions.isolation}; runs may ask for more, not for less.
   * `'process'` throws `POLICY_UNENFORCEABLE` where it cannot be had. Default `'thread'`.
   */
  isolation?: 'thread' | 'process' | undefined
  /** Compiled programs kept, with the heaps they are loaded in. Default 64. */
  cacheEntries?: number | undefined
  /** Bytes of compiled programs and of those heaps. Default 64 MiB. */
  cacheBytes?: number | undefined
  /** Default: silent. */
  logger?: RunnerLogger | undefined
}

/** Counters of a runner. */
export interface CodeletStats {
  /** Worker threads, shared by all runners of the process. */
  threads: number
  /** Runs waiting for a worker. */
  queued: number
  /** Runs on a worker. */
  running: number
  /** Runs waiting for the host. */
  parked: number
  /** Runs that have ended. */
  runs: number
  /** Runs that have ended, by code. */
  runsByCode: Record<ErrorCode | 'OK', number>
  /** Runs that did not have to compile. */
  cacheHits: number
  /** Heaps held with a program loaded: at most one for each program and isolate. */
  preparedImages: number
  /** Bytes of compiled programs and of those heaps. */
  imageBytes: number
  /** Bytes of guest memory in use. */
  arenaBytes: number
  /** Runs stopped by the interrupt flag. */
  interrupts: number
  /** Runs stopped by force. */
  hardKills: number
  /** Attempts at that which had to be repeated. */
  killRefusals: number
}

/** Runs codelets from one queue, with one cache and one set of bounds. */
export interface CodeletRunner {
  /** As {@link runCodelet}. Also rejects with `DISPOSED` after `dispose()`. */
  run: typeof runCodelet
  /**
   * As `run`, but resolves to the value alone.
   *
   * @throws RunletError (as a rejection) with the code of the failure and the whole `result`
   */
  runOrThrow<T = unknown, I = unknown>(
    source: CodeletSource,
    options?: CodeletRunOptions<I>,
  ): Promise<T>
  /** Counters as of now; still answers after `dispose()`. */
  stats(): CodeletStats
  /** Ends queued and running runs as `CANCELLED` and frees the cache. May be called again. */
  dispose(): void
  /** `dispose()`, for `using`. Present at run time where the platform has `Symbol.dispose`. */
  [Symbol.dispose](): void
  /** `dispose()`, then waits until every open run has settled. Present as above. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a runner. It never keeps the process alive; a pending run does.
 *
 * @param options bounds, cache and logger; all optional
 * @throws RunletError `INVALID_ARGUMENT`, `POLICY_UNENFORCEABLE` or `RUNTIME_NOT_FOUND`
 *
 * @example
 * const runner = createCodeletRunner({ ceilings: { timeout_ms: 1000 } })
 * const total = await runner.runOrThrow<number>({ type: 'string', code: 'export default () => 1' })
 * runner.dispose()
 */
export function createCodeletRunner(options?: CodeletRunnerOptions): CodeletRunner

/** Something that workspaces use, and whether it is here. */
export interface WorkspacePart {
  /** It can be used. */
  usable: boolean
  /** Its version, where it has one that is known. */
  version: string | null
  /** Where it is, where that is a program or a package. */
  path: string | null
  /** Why it cannot be used; `null` where it can. */
  why: string | null
}

/** What workspaces can use on this machine; see {@link createRuntime}. */
export interface WorkspaceCapabilities {
  /** Engines of the virtual shell, by their names in `justBash.engine`. Either will do. */
  virtualShell: { native: WorkspacePart; 'just-bash': WorkspacePart }
  /** The shell of host-bash and guarded-bash. */
  bash: WorkspacePart
  /** Whether the kernel confines commands, so that `sandbox: 'required'` is accepted. */
  sandbox: WorkspacePart
  /**
   * The client `docker` that `runlet/docker` runs, and a place where its engine listens. Whether that one
   * answers is seen at the first operation.
   */
  docker: WorkspacePart
  /** What `runlet/gondolin` needs: Node, its package, QEMU, and a guest where one was named. */
  gondolin: WorkspacePart
}

/** What this build can do on this machine. */
export interface Capabilities {
  /** A run that ignores the interrupt flag can be stopped by force. */
  hardKill: boolean
  /**
   * `isolation: 'process'` can be enforced. Found out by starting such a process, once; a first
   * runner of them takes it over.
   */
  processIsolation: boolean
  /** Worker threads that codelets share. */
  threads: number
  /** The JavaScript engine inside. */
  engine: { name: string; commit: string }
  /** Version of the native part. */
  version: string
  /** What workspaces can use. Nothing is started to find out. */
  workspaces: WorkspaceCapabilities
}

/**
 * Says what this build can do on this machine.
 *
 * @throws RunletError `RUNTIME_NOT_FOUND` when the native binary is missing
 *
 * @example
 * console.log(capabilities().threads)
 */
export function capabilities(): Capabilities

// ---- tools: results ----

/**
 * What a call of a tool was doing. Part of every {@link ToolExecutionError}'s message.
 *
 * - `validate inputs` the tool id, `env`, `execId`, sizes or the input schema
 * - `marshal request` making JSON of input and config
 * - `execute` everything from the queue to the answer
 * - `validate output` the output schema
 */
export type ToolOperation = 'validate inputs' | 'marshal request' | 'execute' | 'validate output'

/**
 * How far a call had come: waiting for its turn, starting the process, loading the entrypoint,
 * running the tool, or settling its answer.
 */
export type ToolPhase = 'queue' | 'start' | 'import' | 'run' | 'settle'

/** The parts of a {@link ToolExecutionError}. */
export interface ToolExecutionErrorFields {
  /** The tool that was called. */
  toolId: string
  /** The call. */
  toolExecId: string
  /** What the call was doing. */
  operation: ToolOperation
  /** Why it failed; its message ends the message of the error. */
  cause: Error
  /** Default: the code of the cause if that is a {@link RunletError}, else `'INTERNAL'`. */
  code?: ErrorCode | undefined
  /** Default: as the cause if that is a {@link RunletError}, else `false`. */
  retryable?: boolean | undefined
  /** Default: those of the cause if that is a {@link RunletError}, else none. */
  details?: Record<string, unknown> | undefined
}

/**
 * Why a call of a tool failed: `error` of a {@link ToolResult}, thrown by `executeToolOrThrow`.
 * Also an instance of {@link RunletError}. `instanceof` holds across copies of the package.
 *
 * The message is `tool execution failed for tool T (exec E) during OP: <message of the cause>`.
 */
export class ToolExecutionError extends RunletError {
  /** @param fields what failed, and why; all texts are taken as they are */
  constructor(fields: ToolExecutionErrorFields)
  /** The tool that was called. */
  readonly toolId: string
  /** The call, as in `execId` of its result. */
  readonly toolExecId: string
  /** What the call was doing. */
  readonly operation: ToolOperation
  /**
   * Why: a {@link ProcessError} when the process failed, a {@link RunletError} or any other `Error`
   * else. Not enumerable.
   */
  readonly cause: Error
  /**
   * What `JSON.stringify` writes: name, code, message, retryable, details, toolId, toolExecId,
   * operation and the cause. No stack, nothing the tool printed; of a cause that is no
   * {@link RunletError} only the name.
   */
  toJSON(): Record<string, unknown>
  /** The same as `value instanceof ToolExecutionError`. */
  static isInstance(value: unknown): value is ToolExecutionError
  /** True for every error that carries the brand of this class. */
  static [Symbol.hasInstance](value: unknown): boolean
}

/** The parts of a {@link ProcessError}. */
export interface ProcessErrorFields {
  /** Stable code, such as `'PROCESS_EXIT'`. */
  code: ErrorCode
  /** What was done with the process, such as `'execute'` or `'check availability'`. */
  operation: string
  /** Why it failed; ends the message. */
  reason: string
  /** Exit code of a process that exited. Default `null`. */
  exitCode?: number | null | undefined
  /** Name of the signal that ended it, such as `'SIGKILL'`. Default `null`. */
  signal?: string | null | undefined
  /** What it wrote to standard error. Default empty. */
  stderr?: string | undefined
  /** What it wrote to standard output. Default empty. */
  stdout?: string | undefined
  /** Whether it was probably ended for want of memory. Default `false`. */
  oom?: boolean | undefined
  /** Whether the same call may succeed when repeated. Default `false`. */
  retryable?: boolean | undefined
  /** Facts for programs. Default none. */
  details?: Record<string, unknown> | undefined
  /** What led to this error. Default none. */
  cause?: unknown
}

/**
 * A child process that could not be started, ended without an answer or broke the protocol. Also an
 * instance of {@link RunletError}. `instanceof` holds across copies of the package.
 *
 * The message is `runtime process OP failed: <reason>`.
 */
export class ProcessError extends RunletError {
  /** @param fields what failed, and why; all texts are taken as they are */
  constructor(fields: ProcessErrorFields)
  /** What was done with the process. */
  readonly operation: string
  /** Exit code; `null` for a process that was ended by a signal or never started. */
  readonly exitCode: number | null
  /** Name of the signal that ended it, such as `'SIGKILL'`, else `null`. */
  readonly signal: string | null
  /** Whether it was probably ended for want of memory. */
  readonly oom: boolean
  /** What it wrote to standard error, head and tail. Raw: neither redacted nor enumerable. */
  readonly stderr: string
  /** What it wrote to standard output, head and tail. Raw: neither redacted nor enumerable. */
  readonly stdout: string
  /**
   * What `JSON.stringify` writes: name, code, message, retryable, details, operation, exitCode,
   * signal and oom. No stack, no `stderr`, no `stdout`.
   */
  toJSON(): Record<string, unknown>
  /** The same as `value instanceof ProcessError`. */
  static isInstance(value: unknown): value is ProcessError
  /** True for every error that carries the brand of this class. */
  static [Symbol.hasInstance](value: unknown): boolean
}

/** One kind of refused access of a tool, as the supervisor saw it. Equal ones are counted together. */
export interface Denial {
  /** What was refused. */
  kind: 'net' | 'dns' | 'chmod'
  /** What it was about, such as `api.example.com:443`; escaped, at most 253 characters. */
  target: string
  /** Why: no rule allows it, a rule denies it, or a limit was reached. */
  reason: 'no-rule' | 'deny-rule' | 'special-address' | 'connection-limit'
  /** The rule that denies it, as it was given. Absent when there is none. */
  rule?: string | undefined
  /** The permission that would allow it, such as `--allow-net=api.example.com`. Absent if none would. */
  allowWith?: string | undefined
  /** How often it was refused. */
  count: number
  /** Time of the first refusal, ms after the process was started. */
  atMs: number
}

/** How one permission was applied to a run. */
export interface EnforcedPermission {
  /** The permission in flag form, such as `--allow-read=./data`, or the name of a limit. */
  permission: string
  /** Whether it holds completely, in part or not at all. */
  status: 'enforced' | 'partial' | 'not-enforced'
  /** What enforces it, such as `'kernel'`; or why it is not enforced. */
  why: string
  /** `true` for what was granted without being asked for, such as reading the runtime's own files. */
  implicit?: boolean | undefined
}

/** What was applied to one run. With `enforcement: 'require'` every status is `'enforced'`. */
export interface EnforcementReport {
  /** What the runtime was asked for. */
  mode: 'require' | 'best-effort'
  /** `'full'` when every permission is enforced, `'none'` when no one is. */
  level: 'full' | 'partial' | 'none'
  /** Each permission, implicit grants included. */
  permissions: EnforcedPermission[]
}

/** What can be enforced on this machine, and by which mechanism. */
export interface SandboxCapabilities {
  /** `process.platform`. */
  platform: string
  /** How much of the permissions can be enforced. */
  level: 'full' | 'partial' | 'none'
  /** Version of Landlock in the kernel; 0 without it. */
  landlockAbi: number
  /** System calls can be filtered. */
  seccomp: boolean
  /**
   * How the supervisor comes by the socket of a connection: a trial has shown it, once. `null` when in
   * no way, so that no rule for hosts can be kept.
   *
   * - `'pidfd_getfd'`: by a duplicate
   * - `'held'`: it makes the sockets itself, where a container refuses duplicates
   * - `'replace'`: it puts another in the place of the tool's, which loses options that were set before
   */
  userNotify: 'pidfd_getfd' | 'held' | 'replace' | null
  /** User namespaces may be made. */
  userns: boolean
  /** Process namespaces may be made. */
  pidns: boolean
  /** Control groups at hand for memory limits, or `null`. */
  cgroup: 'v2-delegated' | 'v1' | null
  /** C library of the host process; `null` outside Linux. */
  libc: 'glibc' | 'musl' | null
  /** Files: `null` where nothing enforces it. */
  fs: {
    read: 'kernel' | null
    write: 'kernel' | null
    /** `'open'`: that a path exists, and its size and times, can be read anywhere. */
    metadataRead: 'open' | null
    metadataWrites: 'denied' | 'supervised' | null
    /** How a folder is denied inside an allowed one; `'read-only'`: for reading, and not for writing. */
    denyInsideAllow: 'mount-ns' | 'read-only' | 'none'
  }
  /** The network under rules for hosts and addresses: `null` where nothing enforces it. */
  net: {
    hosts: 'supervised' | null
    cidr: 'supervised' | null
    udp: 'denied' | null
    dns: 'stub' | null
  }
  /** Starting processes. */
  run: 'kernel' | null
  /** Environment variables; chosen when the process is started. */
  env: 'spawn'
  /** Memory limits; `null` where tools do not run. */
  memory: 'cgroup+watchdog' | 'rlimit+watchdog' | 'watchdog' | null
  /** How the whole tree of processes is ended; `null` where tools do not run. */
  killTree: 'group' | 'pidns' | 'job' | null
  /** A sentence for each thing that cannot be enforced, or stays visible. */
  reasons: string[]
}

/** The members that every {@link ToolResult} has. */
export interface ToolResultFacts {
  /** The tool that was called. */
  toolId: string
  /** The call: `execId` of its options, or one that was made for it. */
  execId: string
  /** How often it was started; 1 without a retry, 0 if nothing was. */
  attempts: number
  /** From the call to its result, ms. */
  durationMs: number
  /** Part of that spent in the queue, ms. */
  queueMs: number
  /** Part of that spent starting the process and loading the entrypoint, ms; 0 from the warm pool. */
  startMs: number
  /** Whether a warm process was used. */
  warm: boolean
  /** What the tool printed: head and tail of each stream, and how many bytes lie between them. */
  logs: {
    stdout: string
    stderr: string
    stdoutDroppedBytes: number
    stderrDroppedBytes: number
  }
  /** Most memory the process and its children held at once, bytes. */
  peakMemoryBytes: number
  /** Accesses that were refused, at most 100 kinds. */
  denials: Denial[]
  /** What was enforced in this run. */
  enforcement: EnforcementReport
  /** The call in the names of the wire; `execution_time` in ms. */
  metadata: { tool_id: string; tool_exec_id: string; execution_time: number }
}

/** A call whose tool answered. */
export interface ToolSuccess<T = Record<string, unknown>> extends ToolResultFacts {
  ok: true
  /** What the tool returned. An object as it is; nothing as `{}`; any other value as `{value}`. */
  output: T
  error?: undefined
}

/** A call that failed. */
export interface ToolFailure extends ToolResultFacts {
  ok: false
  output?: undefined
  /** Why. */
  error: ToolExecutionError
}

/** The outcome of a call: a failing tool is a value, never an exception. */
export type ToolResult<T = Record<string, unknown>> = ToolSuccess<T> | ToolFailure

/** A tool that can be called. */
export interface ToolInfo {
  /** What `executeTool` takes. */
  id: string
  /** Where it comes from. */
  source: 'entrypoint' | 'native'
  /** Schema of its input, as it was given for it. Absent when there is none. */
  inputSchema?: StandardSchema | Record<string, unknown> | undefined
  /** Schema of its output, as it was given for it. Absent when there is none. */
  outputSchema?: StandardSchema | Record<string, unknown> | undefined
}

/** Counted values by size. `counts[i]` are those up to `bounds[i]` and above the one before. */
export interface ToolHistogram {
  /** Upper bounds, ascending, each inclusive. */
  bounds: number[]
  /** One more than `bounds`: the last counts what is above them all. */
  counts: number[]
  /** How many values there were. */
  count: number
  /** Their sum. */
  sum: number
}

/** Where in its life a call failed; {@link ErrorCode} says why. */
export type ToolErrorKind =
  | 'start'
  | 'request'
  | 'response'
  | 'stderr'
  | 'wait'
  | 'parse'
  | 'timeout'
  | 'unknown'

/** Counts of a runtime since it was made. A copy: later calls do not change it. */
export interface ToolRuntimeStats {
  /** Calls that have their result. A timeout counts as `timeout` alone. */
  executions: { success: number; error: number; timeout: number }
  /** Failed calls by where they failed. */
  errorsByKind: Record<ToolErrorKind, number>
  /** Failed calls by code; codes that did not occur are absent. */
  byCode: Partial<Record<ErrorCode, number>>
  /** The same as `executions.timeout`. */
  timeouts: number
  /** Processes that ended by themselves before they answered: by exit code, and by signal's name. */
  processExits: { exit: Record<string, number>; signal: Record<string, number> }
  /** `durationMs` of every call, in seconds: 0.005 to 30. */
  executeSeconds: ToolHistogram
  /** Bytes of every answer: 100 to 10,000,000. */
  outputBytes: ToolHistogram
  /** Calls that wait for their turn now. */
  queued: number
  /** Calls that are under way now. */
  running: number
  /** Warm processes: waiting now; calls that found one or did not; processes started and thrown away. */
  pool: { idle: number; hits: number; misses: number; refills: number; evicted: number }
  /**
   * Refused connections and names. Of files and programs the kernel refuses without telling anybody:
   * `read`, `write` and `run` are 0.
   */
  denials: { read: number; write: number; net: number; dns: number; run: number }
}

/**
 * One line of the audit trail. Ids, phases, times, sizes and codes; never a payload or a value of the
 * environment. Which members there are depends on `type`.
 */
export interface ToolAuditRecord {
  /** Time of the record, ISO 8601 with ms. */
  at: string
  /**
   * `'call'` a call has its result; `'access'` an access was allowed or refused; `'grant'` what a
   * process was started with.
   */
  type: 'call' | 'access' | 'grant'
  toolId: string
  execId: string
  /** How far the call had come. */
  phase?: ToolPhase | undefined
  /** Of an access. */
  decision?: 'allowed' | 'denied' | undefined
  /** Kind of the access or grant, such as `'net'`, `'dns'`, `'run'` or `'env'`. */
  kind?: string | undefined
  /** What the access was about; for `'env'` the variable's name. */
  target?: string | undefined
  /** Why it was refused. */
  reason?: string | undefined
  /** The rule that decided, as it was given. */
  rule?: string | undefined
  /** Folders that a process may use. */
  roots?: string[] | undefined
  /** How often it happened. */
  count?: number | undefined
  /** Of a call. */
  ok?: boolean | undefined
  /** Of a call that failed. */
  code?: ErrorCode | undefined
  attempts?: number | undefined
  warm?: boolean | undefined
  durationMs?: number | undefined
  queueMs?: number | undefined
  startMs?: number | undefined
  inputBytes?: number | undefined
  outputBytes?: number | undefined
  stdoutBytes?: number | undefined
  stderrBytes?: number | undefined
  peakMemoryBytes?: number | undefined
}

/** Options of one call of a tool. Unknown names are `INVALID_ARGUMENT`. */
export interface ExecuteToolOptions {
  /** First argument of the tool; anything that has JSON. Default `null`. */
  input?: unknown
  /** Second argument of the tool; anything that has JSON. Default: `config` of the tool's options, else absent. */
  config?: unknown
  /**
   * Variables of this call alone; they win over those of the tool and of the runtime. A call with
   * variables of its own always starts its own process. Default none.
   */
  env?: Readonly<Record<string, string>> | undefined
  /** Name of this call in results, errors and records; not empty. Default: a random UUID. */
  execId?: string | undefined
  /**
   * ms for the whole call: queue, start and every attempt; at most `maxTimeoutMs`. Default: the
   * tool's, else `toolExecutionTimeoutMs`.
   */
  timeoutMs?: number | undefined
  /** Aborted, the call ends as `CANCELLED`; aborted before, nothing is started. Default none. */
  signal?: AbortSignalLike | undefined
  /**
   * Gets what the tool prints as it comes, whole lines, not redacted. What it throws is the caller's
   * own uncaught exception. Default none.
   */
  onLog?: ((entry: { stream: 'stdout' | 'stderr'; text: string }) => void) | undefined
}

/**
 * Runs tools: exported functions of one entrypoint, each call in a process of its own.
 *
 * A call never throws for what a tool does: its failure is a value. It rejects for a mistake in the
 * calling program: `INVALID_ARGUMENT` for options of a wrong kind, `DISPOSED` after `dispose()`.
 *
 * @example
 * const runtime = createToolRuntime({ entrypointPath: './tools.ts', permissions: ['--allow-read=./data'] })
 * const result = await runtime.executeTool('greet', { input: { name: 'Ada' } })
 * if (result.ok) console.log(result.output)
 * await runtime.dispose()
 */
export interface ToolRuntime {
  /**
   * Runs a tool.
   *
   * @param toolId name of the export; letters, digits and `_ - . /`, at most 256 characters
   * @returns `output` or `error`, and facts on the call in any case
   */
  executeTool<T = Record<string, unknown>>(
    toolId: string,
    options?: ExecuteToolOptions,
  ): Promise<ToolResult<T>>
  /** The same with `timeoutMs` set. */
  executeToolWithTimeout<T = Record<string, unknown>>(
    toolId: string,
    options: ExecuteToolOptions,
    timeoutMs: number,
  ): Promise<ToolResult<T>>
  /**
   * The output alone.
   *
   * @throws (rejects) ToolExecutionError when the call fails
   */
  executeToolOrThrow<T = Record<string, unknown>>(
    toolId: string,
    options?: ExecuteToolOptions,
  ): Promise<T>
  /**
   * The tools there are, sorted by id. Loads the entrypoint in a process of its own.
   *
   * @throws (rejects) ToolExecutionError when it cannot be loaded
   */
  listTools(): Promise<ToolInfo[]>
  /** `toolExecutionTimeoutMs`. */
  globalTimeout(): number
  /** What this machine and this version can enforce. */
  capabilities(): SandboxCapabilities
  /** Counts since the runtime was made; a copy. */
  stats(): ToolRuntimeStats
  /** Ends every call as `CANCELLED` and every process; fulfilled once all are gone. May be called again. */
  dispose(): Promise<void>
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a runtime. Finds the program and writes the worker script to the store; starts nothing unless
 * `warm.size` asks for it.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming an option that is unknown or wrong,
 *   `RUNTIME_NOT_FOUND` without a usable program, `POLICY_UNENFORCEABLE` for permissions that this
 *   machine or this version cannot enforce, `POLICY_VIOLATION` for ones that are never granted
 */
export function createToolRuntime(options?: ToolRuntimeOptions): ToolRuntime

// ---- end of tools: results ----

// -------------------------------------------------------------------- for authors of codelets ----

/** `helpers.logger` inside a codelet; shares its list with `console`. */
export interface CodeletLogger {
  info(...values: unknown[]): void
  warn(...values: unknown[]): void
  error(...values: unknown[]): void
}

/** What a codelet gets from `fetch`. */
export interface CodeletResponse {
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  readonly status: number
  readonly statusText: string
  /** URL of the last request. */
  readonly url: string
  /** Whether a redirect was followed. */
  readonly redirected: boolean
  /** Names in any case; a header that came more than once is joined by a comma. */
  readonly headers: {
    get(name: string): string | null
    has(name: string): boolean
    entries(): [string, string][]
  }
  text(): Promise<string>
  json(): Promise<unknown>
}

/** The members of `helpers` that exist only when granted; using one that was not throws. */
export interface CodeletGrants {
  /** With `allow.env`. */
  readonly env: Readonly<Record<string, string>>
  /** With `allow.random`: a number in [0, 1); also bytes and version 4 UUIDs. */
  readonly random: { (): number; bytes(count: number): Uint8Array; uuid(): string }
  /** With `allow.now`: ms since the epoch. */
  readonly now: () => number
  /** With `allow.fetch`. */
  readonly fetch: (
    url: string,
    init?: {
      method?: string
      headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[]
      body?: string
      redirect?: 'follow' | 'error' | 'manual'
    },
  ) => Promise<CodeletResponse>
}

/** The second argument of every codelet. */
export interface CodeletHelpers {
  readonly logger: CodeletLogger
}

/** Host functions as the codelet sees them: each returns a promise. */
export type CodeletHost<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : CodeletHost<Functions[Name]>
}

/**
 * The type of a codelet's entry, for its author.
 *
 * @example
 * export const main: CodeletMain<{ n: number }, number, Pick<CodeletGrants, 'now'>> =
 *   (input, helpers) => input.n + helpers.now()
 */
// biome-ignore lint/suspicious/noExplicitAny: an untyped codelet may use its input freely
export type CodeletMain<Input = any, Output = unknown, Extra = unknown> = (
  input: Input,
  helpers: CodeletHelpers & Extra,
) => Output | Promise<Output>

// ---- tools: configuration ----------------------------------------------------------------------

/** The program that runs tools. Upper case is another name and no runtime type. */
export type ToolRuntimeType = 'bun' | 'node'

/** {@link ToolRuntimeType} `'bun'`. */
export const RUNTIME_TYPE_BUN: 'bun'

/** {@link ToolRuntimeType} `'node'`. */
export const RUNTIME_TYPE_NODE: 'node'

/** Every {@link ToolRuntimeType}; frozen. */
export const SUPPORTED_RUNTIME_TYPES: readonly ['bun', 'node']

/**
 * What processes of a tool may reach, by kind: `true` for everything of the kind, or a list of
 * paths, hosts, names of variables or commands. What a `deny` list names is refused in any case.
 */
export interface PermissionSet {
  /** Files and folders that may be read. Default none. */
  read?: true | readonly string[] | undefined
  /** Files and folders that may be written, which is no leave to read them. Default none. */
  write?: true | readonly string[] | undefined
  /** Hosts, `*.host`, addresses and ranges, each with an optional `:port`. Default none. */
  net?: true | readonly string[] | undefined
  /** Variables of the host's environment, by name or as `PREFIX_*`. Default none. */
  env?: true | readonly string[] | undefined
  /** Commands, by name or path. Default none. */
  run?: true | readonly string[] | undefined
  denyRead?: true | readonly string[] | undefined
  denyWrite?: true | readonly string[] | undefined
  denyNet?: true | readonly string[] | undefined
  denyEnv?: true | readonly string[] | undefined
  denyRun?: true | readonly string[] | undefined
  /** Hosts of `net` whose names may mean private addresses. Grants nothing by itself. Default none. */
  privateHosts?: readonly string[] | undefined
}

/** One rule that two sets of permissions do not have in common. */
export interface PermissionChange {
  /** The rule, such as `--allow-read=./data`. */
  flag: string
  /** The second set has it and the first does not, or the other way round. */
  change: 'added' | 'removed'
}

/** How a second set of permissions differs from a first. */
export interface PermissionComparison {
  /** By these the second permits more: grants that were added, and denials that were removed. Sorted. */
  wider: PermissionChange[]
  /** By these it permits less. Sorted. */
  narrower: PermissionChange[]
}

/**
 * Compares two sets of permissions, such as those that somebody agreed to and those that a new version
 * of a tool wants. With nothing in `wider`, the second set permits nothing that the first did not. A
 * rule that makes no difference beside the others is in neither list. No file is looked at: links are
 * not followed, and commands are not looked up.
 *
 * @param before flags such as `--allow-read=./data`, or a {@link PermissionSet}
 * @param after the same
 * @param options `projectRoot`: the folder that relative paths are below. Default: the current one
 * @returns what makes the difference
 * @throws RunletError `INVALID_ARGUMENT` for what is no set of permissions; `details.field` is `before`
 *   or `after`
 *
 * @example
 * const { wider } = comparePermissions(['--allow-net=*.example.com'], ['--allow-net=example.com'])
 * // wider is [{ flag: '--allow-net=example.com', change: 'added' }]
 */
export function comparePermissions(
  before: readonly string[] | PermissionSet,
  after: readonly string[] | PermissionSet,
  options?: { readonly projectRoot?: string | undefined },
): PermissionComparison

/** Failures after which an attempt may be repeated. No `TIMEOUT`: a call's time is that of all its attempts. */
export type ToolRetryCode =
  | 'WORKER_LOST'
  | 'PROCESS_EXIT'
  | 'RUNTIME_ERROR'
  | 'MEMORY_LIMIT'
  | 'OUTPUT_LIMIT'
  | 'PROTOCOL_ERROR'

/** When a failed attempt is repeated. */
export interface ToolRetryOptions {
  /**
   * Failures that are retried; opt in only for tools that may run twice. `WORKER_LOST`, where the
   * tool provably did not start, is always among them. Default `['WORKER_LOST']`.
   */
  on?: readonly ToolRetryCode[] | undefined
  /** Most attempts of one call, 1 to 1000, the first included; 1 is no retry. Default none: the backoff decides. */
  maxAttempts?: number | undefined
}

/** Workers that are started before a call needs one; each serves one call. */
export interface ToolWarmOptions {
  /** Workers kept ready, 0 to 256. Default 0. */
  size?: number | undefined
  /** ms after which an unused worker is replaced. Default 60000. */
  maxAgeMs?: number | undefined
}

/** Extra output for authors of tools. */
export interface ToolDebugOptions {
  /** Debug prefixes, and what tools write to stderr in the logger. Default `false`. */
  enabled?: boolean | undefined
  /** Least level that reaches the logger. Default `'info'`. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | undefined
  /** A heap snapshot in the store when a tool fails. Default `false`. */
  heapProfiling?: boolean | undefined
}

/** Stricter rules, and records. */
export interface ToolSecurityOptions {
  /**
   * Full enforcement or none: `enforcement` is `'require'`, bare grants such as `--allow-read` are
   * refused, and `permissions` default to `[]`. Default `false`.
   */
  strictMode?: boolean | undefined
  /** Log every supervised decision, allowed or refused. Default `false`. */
  logAccess?: boolean | undefined
  /** Write records as JSON lines to the store, or to `onAudit`. Default `false`. */
  auditMode?: boolean | undefined
  /** One record per call, without payloads and values of variables. Default `false`. */
  logAllOperations?: boolean | undefined
}

/** Bounds of the native tool `exec`. */
export interface NativeExecOptions {
  /** Whether the tool is there. Default `true`. */
  enabled?: boolean | undefined
  /** ms; a call may only shorten it. Default 30000. */
  timeoutMs?: number | undefined
  /** Bytes of stdout that are kept. Default 2 MiB. */
  maxStdoutBytes?: number | undefined
  /** Bytes of stderr that are kept. Default 1 KiB. */
  maxStderrBytes?: number | undefined
}

/** Bounds of the native tool `fetch`. */
export interface NativeFetchOptions {
  /** Whether the tool is there. Default `true`. */
  enabled?: boolean | undefined
  /** ms for the whole exchange; a call may only shorten it. Default 5000. */
  timeoutMs?: number | undefined
  /** Bytes of a body that are kept. Default 2 MiB. */
  maxBodyBytes?: number | undefined
  /** Redirects that are followed, 0 to 20. Default 5. */
  maxRedirects?: number | undefined
  /** Hosts that may be asked, as `host` or `*.host`, each with an optional `:port`. Default none. */
  allow?: readonly string[] | undefined
  /**
   * Hosts of `allow` whose names may mean addresses that are not public, or addresses and ranges that
   * any allowed name may mean. Default none.
   */
  allowPrivate?: readonly string[] | undefined
}

/** Tools that runlet brings along. */
export interface NativeToolsOptions {
  /** Whether native tools can be called. Default `false`. */
  enabled?: boolean | undefined
  /** Folder they work in, relative to `projectRoot`. Default `'.'`. */
  rootDir?: string | undefined
  /** More folders they may use. Default none. */
  additionalRoots?: readonly string[] | undefined
  exec?: NativeExecOptions | undefined
  fetch?: NativeFetchOptions | undefined
}

/** Where names of hosts are looked up, in place of the system's resolver. */
export interface ToolResolverOptions {
  /** Addresses by name. Default none. */
  hosts?: Readonly<Record<string, readonly string[]>> | undefined
  /** Name servers as `address:port`. Default the system's. */
  servers?: readonly string[] | undefined
}

/** A logger with the signature of pino. */
export interface ToolLogger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** What one tool has of its own. What is not given is the runtime's. */
export interface ToolOverride {
  /** ms for a whole call, at most `maxTimeoutMs`. */
  timeoutMs?: number | undefined
  /** In place of the runtime's permissions. */
  permissions?: readonly string[] | PermissionSet | undefined
  /** Bytes; 0 is no limit. */
  memoryLimitBytes?: number | undefined
  /** Bytes of a result. */
  maxOutputBytes?: number | undefined
  /** Variables; they win over the runtime's. */
  env?: Readonly<Record<string, string>> | undefined
  /** Second argument of the tool where a call gives none. */
  config?: unknown
  /** Standard Schema or JSON Schema of the input. */
  inputSchema?: object | boolean | undefined
  /** Standard Schema or JSON Schema of the output. */
  outputSchema?: object | boolean | undefined
  /** In place of the runtime's rules. */
  retry?: ToolRetryOptions | undefined
  /** Ready workers of this tool alone. */
  warm?: ToolWarmOptions | undefined
}

/**
 * A complete configuration, as {@link defaultConfig} makes it. Times are ms and sizes bytes.
 * `docs/tools-configuration.md` lists every range.
 */
export interface ToolRuntimeConfig {
  /** Folder of the project: what relative paths start from, and where tools run. Default `process.cwd()`. */
  projectRoot: string
  /** Program that runs the tools. Default `'bun'`. */
  runtimeType: ToolRuntimeType
  /** File whose exports are the tools. Default `''`: a stub without tools. */
  entrypointPath: string
  /** What tools may reach, for both runtimes; `[]` is nothing. Default `['--allow-read']`. */
  permissions: readonly string[] | PermissionSet
  /**
   * Options for Node itself, each with its value behind `=`. Refused are options that run code
   * before the tool, open a port, change permissions or write files. Default none.
   */
  nodeOptions: readonly string[]
  /** ms for a whole call: queue, start and every attempt. Default 60000. */
  toolExecutionTimeoutMs: number
  /** Largest timeout in ms that a call or a tool may ask for; more is refused. Default 300000. */
  maxTimeoutMs: number
  /** Memory of a call's processes in bytes; 0 is no limit. Default 2 GiB. */
  memoryLimitBytes: number
  /** Bytes of a result as JSON. Default 10 MiB. */
  maxOutputBytes: number
  /** Bytes of a request as JSON. Default 10 MiB. */
  maxInputBytes: number
  /** Nesting of a result. Default 1000. */
  maxResultDepth: number
  /** Bytes of stdout and of stderr that a result keeps, first and last half of each. 0 is the default, 1 MiB. */
  maxStderrCaptureBytes: number
  /** Bytes that a tool may print before it is ended. Default 64 MiB. */
  maxLogBytes: number
  /** ms before the first retry. Default 100. */
  backoffInitialIntervalMs: number
  /** Longest ms before a retry. Default 5000. */
  backoffMaxIntervalMs: number
  /** ms after which nothing is retried; 0 is no retry. Default 30000. */
  backoffMaxElapsedTimeMs: number
  /** Mode of the files that runlet writes to the store for tools. Default `0o600`. */
  workerFilePerm: number
  /** Given to tools as `RUNLET_ENVIRONMENT`. Default `'development'`. */
  environment: string
  /** Whether what this machine cannot enforce fails the creation, or is reported. Default `'require'`. */
  enforcement: 'require' | 'best-effort'
  /** Variables of every call; those of a tool, then those of a call win. Default none. */
  env: Readonly<Record<string, string>>
  /** Options of single tools by id. Default none. */
  tools: Readonly<Record<string, ToolOverride>>
  /** More folders that tools may read as code, absolute or relative to `projectRoot`. Default none. */
  codeRoots: readonly string[]
  /** Calls that run at once. Default `os.availableParallelism()`. */
  maxConcurrent: number
  /** Calls that may wait; one more is `OVERLOADED`. Default 1024. */
  maxQueued: number
  warm: ToolWarmOptions
  /** Processes of one call. Default 32. */
  maxProcesses: number
  /** Open files of each process. Default 1024. */
  maxOpenFiles: number
  /** Bytes of a file that a tool writes. Default 64 MiB. */
  maxFileBytes: number
  /** Connections that one call may have open, where they are supervised: with rules for the network, not with a bare `--allow-net`. Default 64. */
  maxConnections: number
  /** A fresh private folder per call, in TMPDIR. Default `false`. */
  scratchDir: boolean
  /** ms a tool may go on in the background after its result, which is not delayed. Default 0. */
  exitGraceMs: number
  /** Results as they are, without the `value` wrapping. Default `false`. */
  rawResult: boolean
  retry: ToolRetryOptions
  /** Whether schemas of tools are applied. Default `true`. */
  validateSchemas: boolean
  nativeTools: NativeToolsOptions
  debug: ToolDebugOptions
  security: ToolSecurityOptions
  /** Where names of hosts are looked up, where connections are supervised. Default the system's. */
  resolver?: ToolResolverOptions | undefined
  /** Where runlet and tools log to. Default nowhere. */
  logger?: ToolLogger | undefined
  /** Bun's binary. Default the host's own if it is Bun, PATH, the npm package `bun`. */
  bunPath?: string | undefined
  /** Node's binary. Default the host's own if it is Node, PATH. */
  nodePath?: string | undefined
  /** Folder of the worker, heap snapshots and records. Default `<projectRoot>/.runlet`. */
  storeDir?: string | undefined
  /** User that tools run as. Default the host's; others are `POLICY_UNENFORCEABLE` in this version. */
  runAs?: string | undefined
  /** Gets the records of `security.auditMode` in place of the file. Default none. */
  onAudit?: ((record: ToolAuditRecord) => void) | undefined
  /** Bun's smaller heap. Default `false`. */
  smol: boolean
  /** Whether secrets are masked in logs and messages. Default `true`. */
  redact: boolean
}

/**
 * Options of a tool runtime: any part of a {@link ToolRuntimeConfig}. `undefined` and `null` stand
 * for the default. Unknown names are refused.
 */
export type ToolRuntimeOptions = {
  [Name in keyof ToolRuntimeConfig]?: ToolRuntimeConfig[Name] | null | undefined
} & {
  /** Another name of `permissions`; both given and different is `INVALID_ARGUMENT`. */
  bunPermissions?: readonly string[] | PermissionSet | null | undefined
  /** `memoryLimitBytes` in MiB; both given and different is `INVALID_ARGUMENT`. */
  maxMemoryMB?: number | null | undefined
}

/** Makes runtimes of one project; see {@link createToolRuntimeFactory}. */
export interface ToolRuntimeFactory {
  /**
   * Makes a runtime of the program that `config.runtimeType` names; `''` is Bun. The factory's
   * project root stands in place of the configuration's.
   *
   * @throws RunletError `INVALID_ARGUMENT` without a config or with one that is refused,
   *   `RUNTIME_NOT_FOUND` without a usable program, `POLICY_UNENFORCEABLE` for what this machine or
   *   this version cannot enforce, by flag and reason
   */
  createRuntime(config: ToolRuntimeOptions): ToolRuntime
}

/**
 * A factory of runtimes of one project.
 *
 * @param projectRoot folder of the project
 * @throws RunletError `INVALID_ARGUMENT` for a project root that is no text or empty
 *
 * @example
 * const factory = createToolRuntimeFactory('/srv/project')
 * const runtime = factory.createRuntime({ ...defaultConfig(), entrypointPath: './tools.ts' })
 */
export function createToolRuntimeFactory(projectRoot: string): ToolRuntimeFactory

/** The configuration of a runtime that is given no options; a new object at each call. */
export function defaultConfig(): ToolRuntimeConfig

/** The configuration for fast tests: short timeouts and backoff, 512 MiB; a new object at each call. */
export function testConfig(): ToolRuntimeConfig

/**
 * A complete configuration of the given values and the defaults. `undefined`, `null`, an empty text
 * and a time of 0 are filled in; empty lists and `memoryLimitBytes: 0` are kept. Nothing is read
 * from the disk, and `partial` is not changed.
 *
 * @param partial what differs from the defaults; `null` is nothing
 * @throws RunletError `INVALID_ARGUMENT` naming an option that is unknown or has a wrong value
 *
 * @example
 * const config = mergeWithDefaults({ toolExecutionTimeoutMs: 30_000 })
 */
export function mergeWithDefaults(partial: ToolRuntimeOptions | null): ToolRuntimeConfig

/**
 * As {@link mergeWithDefaults}, for a configuration that has to be there.
 *
 * @throws RunletError `INVALID_ARGUMENT` for `null`, and as {@link mergeWithDefaults}
 */
export function fromAppConfig(app: ToolRuntimeOptions): ToolRuntimeConfig

/**
 * The options that `RUNLET_*` variables set; `COMPOZY_*` twins count where the `RUNLET_*` one is
 * not set. `docs/tools-configuration.md` lists them. Only what is set is in the result.
 *
 * @param env variables by name. Default `process.env`, which is only read
 * @throws RunletError `INVALID_ARGUMENT` naming a variable that does not parse; an empty one does not
 *
 * @example
 * const options = { ...(await loadRuntimeConfig('runlet.yaml')), ...configFromEnv() }
 */
export function configFromEnv(env?: Record<string, string | undefined>): Partial<ToolRuntimeConfig>

/**
 * The options of a YAML file: its keys `runtime` and `tools`, as `docs/tools-configuration.md` lists
 * them. `projectRoot` is the file's folder. Otherwise only what is set is in the result.
 *
 * @param path a file of at most 1 MiB, one document without anchors, aliases, tags and merge keys
 * @throws (rejects) RunletError `INVALID_ARGUMENT` with `details.file`, `details.line` and the path
 *   of the key in `details.field`
 */
export function loadRuntimeConfig(path: string): Promise<Partial<ToolRuntimeConfig>>

/** Whether `type` is one of {@link SUPPORTED_RUNTIME_TYPES}. */
export function isValidRuntimeType(type: string): type is ToolRuntimeType

/**
 * Whether a Bun that can run tools (1.4 or later) is found without `bunPath`: the host itself, PATH,
 * or the npm package `bun`. Starts the program once to ask for its version.
 */
export function isBunAvailable(): boolean

/**
 * Whether a Node that can run tools (20 or later) is found without `nodePath`: the host itself, or
 * PATH. Starts the program once to ask for its version.
 */
export function isNodeAvailable(): boolean

// ---- end of tools: configuration ---------------------------------------------------------------

// ---- tools: runtime ----------------------------------------------------------------------------

/** Runs tools; made by a {@link ToolRuntimeFactory}. */
export interface ToolRuntime {
  /** `toolExecutionTimeoutMs`, in ms. */
  globalTimeout(): number
}

// ---- end of tools: runtime ---------------------------------------------------------------------

// ---- sandboxed commands ------------------------------------------------------------------------

/** What a command of {@link sandboxedSpawn} may use. Each limit is one of all that it starts. */
export interface SandboxedSpawnLimits {
  /** Milliseconds until it is ended. Default 60,000. */
  timeoutMs?: number | undefined
  /** Memory of all its processes, bytes; 0 for no limit. Default 512 MiB. */
  memoryLimitBytes?: number | undefined
  /** Processes at once, the command included. Default 32. */
  maxProcesses?: number | undefined
  /** Open files of each process. Default 1,024. */
  maxOpenFiles?: number | undefined
  /** Largest file that it may write, bytes. Default 64 MiB. */
  maxFileBytes?: number | undefined
  /** What it may print, stdout and stderr together, bytes. Default 10 MiB. */
  maxOutputBytes?: number | undefined
  /**
   * Bytes of stdout and of stderr that the result keeps, of each the first and the last half.
   * Default `maxOutputBytes`, at most 10 MiB.
   */
  captureBytes?: number | undefined
}

/** Options of {@link sandboxedSpawn}. */
export interface SandboxedSpawnOptions {
  /**
   * What the command may reach, as flags or by kind. Default nothing. `run` is for what it starts: the
   * command itself may be run, since that was asked for.
   */
  permissions?: readonly string[] | PermissionSet | undefined
  /** What it may use. */
  limits?: SandboxedSpawnLimits | undefined
  /** Folder it runs in, and that relative paths of rules are below. Default `process.cwd()`. */
  cwd?: string | undefined
  /**
   * Its variables, besides PATH, HOME and TMPDIR (both `cwd`) and LANG, and besides what `--allow-env`
   * lets through. Default none.
   */
  env?: Readonly<Record<string, string>> | undefined
  /** What it reads on stdin. Default nothing. */
  input?: string | ArrayBuffer | ArrayBufferView | undefined
  /** Ends the command; its promise is then fulfilled with `cancelled`. Default none. */
  signal?: AbortSignalLike | undefined
  /** Whether what this machine cannot enforce is refused, or reported. Default `'require'`. */
  enforcement?: 'require' | 'best-effort' | undefined
  /** Where names of hosts are looked up. Default the system's. */
  resolver?: ToolResolverOptions | undefined
  /** Connections at once. Default 64. */
  maxConnections?: number | undefined
  /** Gets what the command prints, whole lines as they come. Default none. */
  onOutput?: ((chunk: { stream: 'stdout' | 'stderr'; text: string }) => void) | undefined
}

/** What came of a command. One that fails is a result as any other. */
export interface SandboxedSpawnResult {
  /** Its exit code; `null` when a signal ended it. */
  exitCode: number | null
  /** The signal that ended it, such as `'SIGSEGV'`; `'SIGKILL'` when runlet did. */
  signal: string | null
  /** What it printed. Where the middle was left out, a marker says so. */
  stdout: string
  stderr: string
  /** Bytes of stdout that were left out. */
  stdoutDroppedBytes: number
  stderrDroppedBytes: number
  /** Its time was over. */
  timedOut: boolean
  /** Its signal was aborted. */
  cancelled: boolean
  /** The limit that it went over. */
  limit: 'memory' | 'processes' | 'output' | null
  /** From its start until all that it started was ended, ms. */
  durationMs: number
  /** Most memory that it was seen to hold with all that it started, bytes. */
  peakMemoryBytes: number
  /** Accesses that were refused, at most 100 kinds. */
  denials: Denial[]
  /** What was enforced. */
  enforcement: EnforcementReport
}

/**
 * Runs a command that may do what its permissions grant and no more. The kernel keeps to that, also
 * for all that the command starts, none of which outlives it.
 *
 * @param command a program, looked up in the PATH that it will get, or a path, relative to `cwd`
 * @param args its arguments; no shell sees them
 * @throws (rejects) RunletError `INVALID_ARGUMENT` for wrong options and a command that is not there,
 *   `POLICY_VIOLATION` for what nobody may be granted, `POLICY_UNENFORCEABLE` for what this machine
 *   cannot keep, `WORKER_LOST`, retryable, when the machine had no process to give
 *
 * @example
 * const { exitCode, stdout } = await sandboxedSpawn('wc', ['-l', 'data/list.txt'], {
 *   permissions: ['--allow-read=./data'],
 * })
 */
export function sandboxedSpawn(
  command: string,
  args?: readonly string[],
  options?: SandboxedSpawnOptions,
): Promise<SandboxedSpawnResult>

// ---- end of sandboxed commands -----------------------------------------------------------------

// ---- workspaces --------------------------------------------------------------------------------

/** Name of a runtime that comes with the package. */
export type RuntimeName = 'just-bash' | 'host-bash' | 'guarded-bash'

/**
 * What happened to what a runtime keeps warm: a container, a machine, a shell.
 *
 * - `starting` a start began, or a call waits for one that is under way
 * - `start` it is there
 * - `start_failed` it is not, `message` says why
 * - `reuse` a later call found it there
 * - `stop` it was stopped
 * - `idle_stop` it was stopped because nobody used it for `idleMs`
 * - `exec_failed` a command could not be handed to it
 */
export type RuntimeEventKind =
  | 'starting'
  | 'start'
  | 'start_failed'
  | 'reuse'
  | 'stop'
  | 'idle_stop'
  | 'exec_failed'

/** One event of a runtime. */
export interface RuntimeEvent {
  kind: RuntimeEventKind
  /** Name of the runtime. */
  runtime: string
  message?: string
  scope?: RuntimeScope
  root?: string
  /** What the runtime knows it by, such as the name of a container. */
  id?: string
}

/** Gets events. What it throws or rejects with never reaches the call. */
export type RuntimeEventHandler = (event: RuntimeEvent) => void | Promise<void>

/** What every operation of a runtime takes. */
export interface RuntimeCall {
  /** Gets the events that this call brings about. Default none. */
  runtimeEvents?: RuntimeEventHandler | undefined
  /** Ends the operation, also while it waits. Default none. */
  signal?: AbortSignalLike | undefined
  /**
   * Whose operation it is: those of one chat run in the order of their calls, `maxConcurrentPerChat`
   * at once. Default the path of the scope.
   */
  chat?: string | undefined
}

/** A command for the shell. */
export interface BashInput extends RuntimeCall {
  /** The text that bash runs, up to 1 MiB. */
  command: string
  /** Milliseconds from the start of the command. Default `timeoutMs`, at most `maxTimeoutMs`. */
  timeoutMs?: number | undefined
  /** A grant for this very text, see {@link Guard}. Default none. */
  approved?: ApprovalGrant | undefined
  /** Gets what the command prints, whole lines as they come. Default none. */
  onOutput?: ((chunk: { stream: 'stdout' | 'stderr'; text: string }) => void) | undefined
}

/** Why runlet ended or refused a command; see {@link BashResult}. */
export interface BashError {
  code: ErrorCode
  message: string
  details?: Record<string, unknown> | undefined
}

/** What the guard said of a command that it did not simply allow. */
export interface BashGuardFacts {
  risk: CommandRisk
  reason: string
  /** A person, the hook or a grant said yes. */
  approved?: boolean | undefined
}

/**
 * What came of a command. A command that fails is a result, too. The members after `ms` are there only
 * when they say something.
 *
 * | `code` | when | `err` ends with | `error.code` |
 * |---|---|---|---|
 * | 124 | its time was over | `Command timed out` | `TIMEOUT` |
 * | 125 | it printed too much | `Command output exceeded N characters` | `OUTPUT_LIMIT` |
 * | 126 | the guard refused it | `Command blocked: …`, `Command not approved: …` | `POLICY_VIOLATION` |
 * | 127 | bash could not be started | why | `RUNTIME_NOT_FOUND` |
 * | 128+n | signal n ended it; with `MEMORY_LIMIT`, its memory did | | |
 * | 137 | what it ran in is gone, such as its container | `Command lost: …` | `WORKER_LOST` |
 * | 130 | its signal was aborted; nothing ran if that was before its start | `Command cancelled` | `CANCELLED` |
 *
 * Any other code is the shell's own. So is one of these without `error`.
 */
export interface BashResult {
  /** Exit code. */
  code: number
  /** What it printed; of a long text the first quarter and the last three of 64 KiB. */
  out: string
  err: string
  /** From its start to its end; waiting does not count. */
  ms: number
  /** Something of `out` or `err` was left out. */
  truncated?: boolean
  /** A file of the workspace with all that was printed, stdout before stderr, at most 16 MiB. */
  spool?: { path: string; bytes: number }
  /** Processes that it left behind and that could not be ended. */
  leftover?: number
  /** Commands whose result was cut by a bound of the virtual shell. */
  limited?: string[]
  /** What the guard said, where that was more than `allow`. */
  guard?: BashGuardFacts
  /** Accesses that the kernel was asked for and refused, at most 100 kinds. */
  denials?: Denial[]
  /** Why runlet ended or refused it. */
  error?: BashError
  /** Milliseconds that it waited for its turn. */
  waitMs?: number
}

/** What to read. */
export interface ReadInput extends RuntimeCall {
  path: string
  /** First line, from 1. Default the first. */
  offset?: number | undefined
  /** Lines. Default all. */
  limit?: number | undefined
  /** `'base64'` for bytes that are no text. Default `'utf8'`. */
  encoding?: 'utf8' | 'base64' | undefined
  /** Less than the runtime's limit of that name; see {@link RuntimeLimits}. Default that. */
  maxLines?: number | undefined
  maxReadBytes?: number | undefined
  maxLineChars?: number | undefined
}

/** What was read. */
export interface ReadResult {
  text: string
  path: string
  /** Of the whole file, counted by its line ends. */
  lines?: number
  /** It holds a NUL. */
  binary?: boolean
  truncated?: boolean
  /** Where to go on. */
  nextOffset?: number
}

/** What to write, and where. Folders above it are made. */
export interface WriteInput extends RuntimeCall {
  path: string
  content: string
}

/** What was written, all or nothing. */
export interface WriteResult {
  path: string
  bytes: number
}

/** What to replace. Both texts are literal. */
export interface EditInput extends RuntimeCall {
  path: string
  oldText: string
  newText: string
  /** Default `false`: a text that is there more than once is refused. */
  replaceAll?: boolean | undefined
}

/** What was replaced. */
export interface EditResult {
  path: string
  replacements: number
}

/** What to search files for. */
export interface GrepInput extends RuntimeCall {
  /** A text as it stands, or with `regex` a pattern. */
  query: string
  path?: string | undefined
  /** Default 100. */
  maxResults?: number | undefined
  /** `query` is a regular expression, matched in linear time. Default `false`. */
  regex?: boolean | undefined
  /** Default `false`. */
  ignoreCase?: boolean | undefined
  /** Only files whose path matches. Default all. */
  glob?: string | undefined
  /** Lines around each hit. Default 0. */
  context?: number | undefined
  /** A match may span lines. Default `false`. */
  multiline?: boolean | undefined
  /** Default `'content'`. */
  mode?: 'content' | 'files' | 'count' | undefined
  /** `false` keeps blanks around lines. Default `true`. */
  trim?: boolean | undefined
  /** Whether `.gitignore` files count. Default `false`. */
  gitignore?: boolean | undefined
}

/** A line that was found. */
export interface GrepHit {
  path: string
  /** Counted from 1. */
  line: number
  text: string
  /** With `context`: lines before it, where there are any. */
  before?: string[]
  /** With `context`: lines after it, where there are any. */
  after?: string[]
}

/** How many lines of a file match. */
export interface GrepCount {
  path: string
  count: number
}

/** Files that a search passed over. */
export interface SkippedFiles {
  oversize?: number
  binary?: number
  unreadable?: number
}

/** What was found. */
export interface GrepResult {
  /** By path and line; empty in modes other than `'content'`. */
  hits: GrepHit[]
  /** In mode `'files'`: paths of files with a match. */
  files?: string[]
  /** In mode `'count'`: files with a match. */
  counts?: GrepCount[]
  truncated?: boolean
  totalSeen?: number
  skipped?: SkippedFiles
}

/** Which paths to find. */
export interface FindInput extends RuntimeCall {
  /** `*`, `**`, `?`, `[..]` and `{a,b}`; without `/` it matches names at any depth. Default all. */
  pattern?: string | undefined
  path?: string | undefined
  /** Default 1,000. */
  maxResults?: number | undefined
  /** Default `'path'`. */
  sort?: 'path' | 'mtime' | undefined
  /** Default both. */
  type?: 'file' | 'directory' | undefined
  /** Whether `.gitignore` files count. Default `false`. */
  gitignore?: boolean | undefined
}

/** What was found. */
export interface FindResult {
  paths: string[]
  truncated?: boolean
  totalSeen?: number
}

/** Which folder to list. */
export interface LsInput extends RuntimeCall {
  path?: string | undefined
}

/** One entry of a folder. A link counts as what it leads to; out of the root or nowhere is `other`. */
export interface LsEntry {
  name: string
  path: string
  type: 'file' | 'directory' | 'other'
  size?: number
}

/** One level of a folder, sorted. */
export interface LsResult {
  entries: LsEntry[]
  truncated?: boolean
  totalSeen?: number
}

/**
 * Bash and files in one folder. Paths are relative to it and separated by `/`; a leading `/` means the
 * folder, too. File operations reject with a {@link RunletError}, whose texts name paths as the caller
 * wrote them; `bash` gives a result whatever the command does.
 */
export interface Runtime {
  name: string
  /** The folder on the host. */
  root: string
  bash?(input: BashInput): Promise<BashResult>
  read?(input: ReadInput): Promise<ReadResult>
  write?(input: WriteInput): Promise<WriteResult>
  edit?(input: EditInput): Promise<EditResult>
  grep?(input: GrepInput): Promise<GrepResult>
  find?(input: FindInput): Promise<FindResult>
  ls?(input: LsInput): Promise<LsResult>
  /** A point in time of the workspace's own file system, for `generated`. */
  mark?(): Promise<string>
  /** Files that were changed since a mark, or since a number of milliseconds since 1970. */
  generated?(options: {
    since: string | number
    path?: string | undefined
  }): Promise<GeneratedFile[]>
  /** A regular file with its bytes, by its path or as an attachment. Never one outside the scope. */
  openGenerated?(file: { path: string; maxBytes?: number | undefined }): Promise<OpenedFile>
}

/** Who shares a folder. */
export type RuntimeScopeLevel = 'channel' | 'user' | 'adapter' | 'agent'

/** One scope and its folder. `path` is what tells it from another; `key` is for people. */
export interface RuntimeScope {
  level?: string | undefined
  key: string
  path: string
  root: string
}

/** The state of one scope of a runtime. */
export interface RuntimeStatus {
  name: string
  scope: RuntimeScope
  root: string
  state: 'starting' | 'running' | 'stopped'
  id?: string
  /** Milliseconds since 1970. */
  startedAt?: number
  lastUsedAt?: number
  /** `false`: it is never stopped for being idle. */
  idleMs?: number | false
  /** What the kernel keeps, as permissions. */
  enforced?: string[]
  /** What was asked for and is not kept. */
  unenforced?: { what: string; why: string }[]
  /** Operations under way, and those that wait. */
  active?: number
  queued?: number
}

/** Takes what a runtime has to say, by the name of an event. */
export interface RuntimeLogger {
  debug(event: string, fields?: Record<string, unknown>): void
  info(event: string, fields?: Record<string, unknown>): void
  warn(event: string, fields?: Record<string, unknown>): void
  error(event: string, fields?: Record<string, unknown>): void
}

/**
 * Makes runtimes of another kind. `get` is synchronous and cheap, gives one runtime for each
 * `scope.path`, and starts nothing: that is for the first operation.
 */
export interface RuntimeProvider {
  get(scope: RuntimeScope): Runtime
  setLogger?(logger: RuntimeLogger): void
  status?(scope?: RuntimeScope): RuntimeStatus[] | Promise<RuntimeStatus[]>
  stop?(scope?: RuntimeScope): void | Promise<void>
  restart?(scope?: RuntimeScope): void | Promise<void>
  cleanup?(): void | Promise<void>
  close?(): void | Promise<void>
}

/** Bounds of operations on files. */
export interface RuntimeLimits {
  /** Of a file that is written, edited or read as a whole, bytes. Default 1,000,000. */
  maxFileBytes?: number | undefined
  /** That one search may read, bytes. Default 256 MiB. */
  maxScanBytes?: number | undefined
  /** Time of one search, ms. Default 10,000. */
  maxScanMs?: number | undefined
  /** That one search or listing may visit. Default 100,000. */
  maxEntries?: number | undefined
  /** Most that any operation gives. Default 10,000. */
  maxResults?: number | undefined
  /** Of a file that `openGenerated` hands on, bytes. Default 20 MiB. */
  maxAttachmentBytes?: number | undefined
  /**
   * Lines that one `read` gives; of more it gives so many, `truncated`, and `nextOffset` to go on. A
   * file of any size can be read then. Default no limit.
   */
  maxLines?: number | undefined
  /** The same in bytes, by whole lines. Default no limit but `maxFileBytes`. */
  maxReadBytes?: number | undefined
  /** Characters that a `read` gives of each line; where it left some out, it says `truncated`. Default no limit. */
  maxLineChars?: number | undefined
}

/** How dangerous a command is held to be. */
export type CommandRisk = 'allow' | 'approval' | 'block'

/** A risk and its reason. */
export interface CommandVerdict {
  risk: CommandRisk
  reason: string
}

/** Patterns besides those that are built in, tested on the text of each simple command. */
export interface CommandLists {
  /** Commands that need no approval though a built-in rule asks for it. */
  allow?: readonly RegExp[] | undefined
  /** Commands that need it. */
  approve?: readonly RegExp[] | undefined
  /** Commands that never run; tested on the whole text as well. */
  block?: readonly RegExp[] | undefined
}

/** One simple command, at whatever depth: in a substitution, behind a wrapper, in a payload. */
export interface AnalyzedCommand extends CommandVerdict {
  /** Its words after quoting is undone; `null` for one that only the run itself decides. */
  argv: (string | null)[]
  /** Its source text. */
  source: string
  /** Where that stands. */
  span: { start: number; end: number }
  redirects: { operator: string; target: string | null }[]
  /** A word is decided by the run itself. */
  dynamic: boolean
  /** An allow rule may override the verdict. */
  overridable: boolean
  /** Stable name of the reason. */
  code: string
}

/** The verdict on a text and on each of its commands. */
export interface CommandAnalysis extends CommandVerdict {
  /** Stable name of the reason. */
  code: string
  /** The part that decided it; `null` when that is the whole text. */
  span: { start: number; end: number } | null
  /** The verdict on what belongs to no single command. */
  whole: CommandVerdict & { code: string }
  commands: AnalyzedCommand[]
}

/**
 * A rule of a guard: `Bash(git push:*)`, compared word by word; `/expression/flags`, looked for in linear
 * time in the text of each simple command; or a function over the command.
 */
export type GuardRule =
  | { risk: CommandRisk; rule: string }
  | { risk: CommandRisk; test: (command: AnalyzedCommand) => boolean }

/** What a person is asked. */
export interface ApprovalRequest {
  /** The exact text that will run. */
  command: string
  reason: string
  analysis: CommandAnalysis
  runtime: string
  scope?: RuntimeScope
  chat: string
}

/** Options of a guard. */
export interface GuardOptions extends CommandLists {
  rules?: readonly GuardRule[] | undefined
  /**
   * Says whether a command may run that needs approval. Default nobody, so it may not. `false`, a throw
   * and a rejection refuse it.
   */
  onApproval?: ((request: ApprovalRequest) => boolean | Promise<boolean>) | undefined
  /** Milliseconds until an approval that has not come is a refusal. Default 60,000. */
  approvalTimeoutMs?: number | undefined
  /** What a text comes to that cannot be read with certainty. Default `'approval'`. */
  onUnclear?: 'approval' | 'block' | undefined
}

/** Lets one text run once, without asking. */
export interface ApprovalGrant {
  readonly command: string
}

/** Judges commands before they run. It is governance, not isolation: that is the sandbox below it. */
export interface Guard {
  /** Judges a text. Runs nothing and asks nobody. */
  analyze(command: string): CommandAnalysis
  /** For a host that has asked already: pass it as `approved`. Of no use for what is blocked. */
  grant(command: string): ApprovalGrant
}

/**
 * What confined commands may reach besides the workspace, which they may read, write and run, and the
 * programs of the system, which they may read and run. `net`, `env` and the others are those of a
 * {@link PermissionSet}.
 */
export interface RuntimeSandboxPolicy extends PermissionSet {
  /** `'required'` refuses where this machine cannot keep all of it. Default `'auto'`. */
  mode?: 'auto' | 'required' | undefined
  /** Memory of one command with all that it starts, bytes; 0 for no limit. Default 1 GiB. */
  memoryLimitBytes?: number | undefined
  /** Processes of one command. Default 256. */
  maxProcesses?: number | undefined
}

/** Options of the virtual shell. What the chosen engine has not is refused at the first script. */
export interface JustBashOptions {
  /**
   * `'native'` is the program `runlet-bash` in a process of its own, `'just-bash'` the package of that name
   * in a thread. `'auto'` takes the first where it is there and has what is asked for: `network`, `python`
   * and a `filesystem` of yours need the second. Default `'auto'`.
   */
  engine?: 'auto' | 'native' | 'just-bash' | undefined
  /**
   * Variables, functions and the directory outlive a call, until a call is ended early; needs the engine
   * `'native'`. Default `false`: calls share files and nothing else.
   */
  session?: boolean | undefined
  /**
   * What scripts see: `'workspace'`, the folder itself, at `/`; `'memory'`, files that are gone with the
   * runtime; or a file system of the package just-bash, such as its `OverlayFs`, whose methods are called
   * in the host. The operations on files besides `bash` are always those of the folder. Default `'workspace'`.
   */
  filesystem?: 'workspace' | 'memory' | object | undefined
  /** Texts or bytes by path, written before the first script. Default none. */
  files?: Readonly<Record<string, string | Uint8Array>> | undefined
  /** Variables of every script. Default those of the engine, none of the host. */
  env?: Readonly<Record<string, string>> | undefined
  /** Names of the built-in commands that there are. Default all. */
  commands?: readonly string[] | undefined
  /**
   * Commands of yours: objects with a `name` and `execute(args, context)`, or `load()`, which gives one with
   * `execute`; the `defineCommand` of the package just-bash makes such. They run in the host, and give
   * `{ stdout, stderr, exitCode }`. `context` has `stdin`, `cwd`, `env`, `fs`, `exec`, `signal` and
   * `runtime`, whose operations need no turn of their own. Default none.
   */
  customCommands?: readonly object[] | undefined
  /**
   * What `curl` and the `fetch` of codelets may reach; needs the engine `'just-bash'`. Default nothing: there
   * is no `curl`.
   */
  network?: JustBashNetwork | undefined
  /** Grants the interpreter of the package just-bash; needs that engine. Default `false`. */
  python?: boolean | undefined
  /**
   * Grants `js`, `js-exec` and `node`: programs of a script run as codelets, in a heap of their own,
   * until the deadline of the script. Default `false`: `js` says that it is not enabled.
   */
  javascript?: boolean | JustBashJavaScript | undefined
  /**
   * Grants `tool`, and `tools` in codelets: tools of this runtime, or those named by `allow`. The runtime
   * stays yours to dispose of. Default none: `tool` says that it is not enabled.
   */
  tools?: ToolRuntime | { runtime: ToolRuntime; allow?: readonly string[] | undefined } | undefined
  /**
   * The guard of the package just-bash around its own interpreter, or its options; without meaning for the
   * engine `'native'`. Default `true`, and `false` on Bun, which lacks what it hooks into.
   */
  defenseInDepth?: boolean | object | undefined
}

/**
 * The network of a virtual shell. Requests are made by the host: of every hop the URL is checked, its
 * name is looked up once, and the connection goes to the address that was checked.
 */
export interface JustBashNetwork {
  /**
   * URLs that may be asked: an origin, or an origin with a path. `https://a.example/v1` means that path
   * and what is below, `https://a.example/v1/` only what is below. Scheme, name and port are compared as
   * the URL parser reads them; no path with an encoded separator or a parameter in a segment is below
   * another. With `transform`, headers are set on every request that the URL covers; the script never sees
   * them. Default none.
   */
  allowedUrlPrefixes?:
    | readonly (
        | string
        | {
            url: string
            transform?: readonly { headers: Readonly<Record<string, string>> }[] | undefined
          }
      )[]
    | undefined
  /**
   * GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS. Default `['GET', 'HEAD']`. A method that a header asks
   * for, such as `X-HTTP-Method-Override`, needs to be granted as well.
   */
  allowedMethods?: readonly string[] | undefined
  /** Redirects followed, each checked as the first URL, 0 to 100. Default 20. */
  maxRedirects?: number | undefined
  /** Time for one request with its redirects, ms. Default 30,000. */
  timeoutMs?: number | undefined
  /** Bytes of a response body, decompressed; one that is longer is a failure. Default 10 MiB. */
  maxResponseSize?: number | undefined
  /**
   * Refuses loopback, private, link-local and other special addresses, also where a name leads to one
   * and where a URL that is allowed names one. Default `true`.
   */
  denyPrivateRanges?: boolean | undefined
  /** Allows all URLs and methods. Private addresses stay refused. Default `false`. */
  dangerouslyAllowFullInternetAccess?: boolean | undefined
}

/** Codelets in a virtual shell. */
export interface JustBashJavaScript {
  /** Code that runs before every program. Default none. */
  bootstrap?: string | undefined
  /** Bytes that one program may hold, 1 MiB to 4 GiB. Default 64 MiB. */
  memoryLimitBytes?: number | undefined
  /** Where programs live, as in {@link CodeletRunOptions.isolation}. Default `'thread'`. */
  isolation?: 'thread' | 'process' | undefined
  /**
   * Answers `tools.math.add(input)` in place of `tools`, with the name `math.add` and the input as JSON;
   * gives JSON, or an empty text for nothing. Default none.
   */
  invokeTool?: ((path: string, args: string) => string | Promise<string>) | undefined
}

/** Options of {@link createRuntime}. */
export interface RuntimeOptions {
  /** Folder on the host; made if it is missing. See {@link workspace}. */
  root: string
  /** Default `'just-bash'`; `'virtual-bash'` is another name of it. Ignored with `provider`. */
  name?: string | undefined
  /** Makes the runtime instead. Default none. */
  provider?: RuntimeProvider | undefined
  /** Who shares a folder, for a {@link ScopedRuntimeRegistry}. Default `'channel'`. */
  scope?: RuntimeScopeLevel | undefined
  /** Per command, ms, from its start. Default 120,000. */
  timeoutMs?: number | undefined
  /** Largest timeout that a call may ask for, ms. Default 600,000. */
  maxTimeoutMs?: number | undefined
  /** Operations at once, of all chats. Default 12. */
  maxConcurrent?: number | undefined
  /** Operations at once of one chat. Default 1. */
  maxConcurrentPerChat?: number | undefined
  /** Operations at once of one scope. Default no limit of its own. */
  maxConcurrentPerScope?: number | undefined
  /** Operations that may wait; one more is `OVERLOADED`. Default 1,000. */
  maxQueued?: number | undefined
  /** The same of one chat. Default 100. */
  maxQueuedPerChat?: number | undefined
  /** Milliseconds that one may wait; 0 is no limit. Default 0. */
  queueTimeoutMs?: number | undefined
  limits?: RuntimeLimits | undefined
  justBash?: JustBashOptions | undefined
  /** Variables of commands on the host, besides PATH, HOME, LANG, LC_ALL and TERM. Default none. */
  hostEnv?: Readonly<Record<string, string>> | undefined
  /** Lets `hostEnv` hold variables that bash or the loader obeys. Default `false`. */
  unsafeEnv?: boolean | undefined
  /** Folder of the application: a root that contains it is refused. Default none. */
  app?: string | undefined
  /** Folder of the agent: a root that overlaps with it is refused. Default none. */
  agent?: string | undefined
  /** The scope that this is the runtime of. Default one named `app`. */
  runtimeScope?: { level?: string | undefined; key: string; path: string } | undefined
  /** Judges commands. Default the built-in rules for guarded-bash, none for the others. */
  guard?: GuardOptions | undefined
  /**
   * Whether the kernel confines commands on the host: `'auto'` where this machine can, and a warning
   * where not; `'required'`, or the runtime is refused. Default `'auto'` for guarded-bash, `'off'` for
   * host-bash.
   */
  sandbox?: 'off' | 'auto' | 'required' | RuntimeSandboxPolicy | undefined
  /** What ends a command that prints much: 256 MiB, or with `'kill'` 262,144 bytes. Default `'truncate'`. */
  onOutputLimit?: 'truncate' | 'kill' | undefined
  /** What a search does with a file that is too large. Default `'skip'`. */
  oversize?: 'skip' | 'error' | undefined
  /** Runs `bash -euo pipefail`. Default `false`. */
  strictShell?: boolean | undefined
  /** Default: warnings go to `process.emitWarning`, once each. */
  logger?: RuntimeLogger | undefined
}

/** A file of a scope, as hosts pass it on. */
export interface Attachment {
  /** `scopes/<scope>/<path>`. */
  path: string
  scope: string
  name?: string
  mimeType?: string
}

/** A file that was made in a workspace. */
export interface GeneratedFile {
  path: string
  size: number
  mtimeMs: number
}

/** A file with its bytes. */
export interface OpenedFile {
  path: string
  bytes: Uint8Array
  size: number
  sha256: string
  mimeType: string
}

/** A provider whose runtimes have every operation. */
export interface CompleteRuntimeProvider extends RuntimeProvider {
  get(scope: RuntimeScope): Required<Runtime>
}

/** A runtime behind its queue, made by {@link createRuntime}. */
export interface QueuedRuntime extends Runtime {
  /** Its scope. */
  readonly scope: RuntimeScope
  /** What judges its commands, if anything does. */
  readonly guard?: Guard
  /** What is warm, and what is under way. */
  status(): Promise<RuntimeStatus[]>
  /** Ends what is under way, and what is kept warm; the next operation starts anew. */
  stop(): Promise<void>
  restart(): Promise<void>
  /** Removes what earlier processes left behind. */
  cleanup(): Promise<void>
  /** Ends all of it, for ever: a later call is `DISPOSED`. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A runtime that has every operation: one that comes with the package, a container, a machine. */
export interface BuiltInRuntime extends QueuedRuntime {
  bash(input: BashInput): Promise<BashResult>
  read(input: ReadInput): Promise<ReadResult>
  write(input: WriteInput): Promise<WriteResult>
  edit(input: EditInput): Promise<EditResult>
  grep(input: GrepInput): Promise<GrepResult>
  find(input: FindInput): Promise<FindResult>
  ls(input: LsInput): Promise<LsResult>
  /** A point in time of the workspace's own file system, for `generated`. */
  mark(): Promise<string>
  /** Files that were changed since a mark, or since a number of milliseconds since 1970. */
  generated(options: {
    since: string | number
    path?: string | undefined
  }): Promise<GeneratedFile[]>
  /** A regular file with its bytes, by its path or as an attachment. Never one outside the scope. */
  openGenerated(file: { path: string; maxBytes?: number | undefined }): Promise<OpenedFile>
}

/**
 * Makes a runtime. Nothing is started before the first operation.
 *
 * @throws RunletError `INVALID_ARGUMENT` for a wrong option and for a root that overlaps with `app` or
 *   `agent`, `RUNTIME_NOT_FOUND` for an unknown name,
 *   `POLICY_UNENFORCEABLE` for a sandbox that is required and cannot be had
 *
 * @example
 * const runtime = createRuntime({ root: workspace('./workspace'), name: 'guarded-bash' })
 * const { code, out } = await runtime.bash({ command: 'ls | wc -l' })
 */
export function createRuntime(
  options: RuntimeOptions & { provider: CompleteRuntimeProvider },
): BuiltInRuntime
export function createRuntime(
  options: RuntimeOptions & { provider: RuntimeProvider },
): QueuedRuntime
export function createRuntime(options: RuntimeOptions & { provider?: undefined }): BuiltInRuntime
export function createRuntime(options: RuntimeOptions): QueuedRuntime

/** The absolute path of a folder. Default `./workspace`. */
export function workspace(path?: string): string

/**
 * The name of a built-in runtime, trimmed and in lower case. Default `'just-bash'`.
 *
 * @throws RunletError `RUNTIME_NOT_FOUND`
 */
export function runtimeName(name?: string): RuntimeName

/**
 * Refuses a root that contains the application or overlaps with the agent's folder, by their real
 * paths.
 *
 * @throws RunletError `INVALID_ARGUMENT`
 */
export function safeRoot(folders: { root: string; app: string; agent?: string | undefined }): void

/** Code of every {@link RuntimeStartupError}. */
export const RUNTIME_STARTUP_ERROR_KIND: 'runtime_startup_failed'

/** The type of it. */
export type RuntimeErrorKind = 'runtime_startup_failed'

/** A container, machine or sandbox did not start. Its message says `runtime failed to start`. */
export class RuntimeStartupError extends Error {
  /** @param message one sentence for people @param options what led to it, and facts for programs */
  constructor(
    message: string,
    options?: { cause?: unknown; details?: Record<string, unknown> | undefined },
  )
  /** Always `'RuntimeStartupError'`. */
  name: string
  readonly code: RuntimeErrorKind
  /** The code among those of {@link RunletError}. */
  readonly runletCode: 'RUNTIME_NOT_FOUND'
  readonly details?: Record<string, unknown>
  readonly cause?: unknown
}

/** Whether an error is a {@link RuntimeStartupError}, also one of another copy of the class. */
export function isRuntimeStartupError(error: unknown): error is Error

/** Whether a text tells of one. */
export function isRuntimeStartupErrorText(text: string | undefined): boolean

/** The same runtime, with a handler for the events of every operation. */
export function runtimeWithEvents(runtime: Runtime, runtimeEvents?: RuntimeEventHandler): Runtime

/** Options of a {@link Queue}. */
export interface QueueOptions {
  /** Jobs at once. Default 12. */
  maxConcurrent?: number | undefined
  /** Jobs at once of one chat. Default 1. */
  maxPerChat?: number | undefined
  /** Jobs at once of one scope. Default no limit. */
  maxPerScope?: number | undefined
  /** Jobs that may wait. Default 1,000. */
  maxQueued?: number | undefined
  /** The same of one chat. Default 100. */
  maxQueuedPerChat?: number | undefined
  /** Milliseconds that one may wait; 0 is no limit. Default 0. */
  queueTimeoutMs?: number | undefined
}

/** What a job holds while it runs. */
export interface QueueLease {
  /**
   * Gives up the job's place among all while something slow is waited for, such as a person; its place
   * in the chat it keeps.
   */
  aside<T>(work: () => T | Promise<T>): Promise<T>
}

/**
 * Lets jobs run in turn: the oldest whose chat has a free place. The order within a chat is that of the
 * calls.
 */
export class Queue {
  constructor(options?: QueueOptions)
  /** Jobs under way. */
  readonly active: number
  /** Jobs that wait. */
  readonly queued: number
  /** Both of one chat. */
  chat(chat: string): { active: number; queued: number }
  /** Both of one scope. */
  scope(name: string): { active: number; queued: number }
  /**
   * Runs a job once it is its turn.
   *
   * @throws (rejects) what the job rejects with; RunletError `CANCELLED` with the text `cancelled` for a
   *   job that was aborted while it waited, `OVERLOADED`, retryable, when too many wait, and when one
   *   waited for too long
   */
  submit<T>(
    chat: string,
    execute: (lease: QueueLease) => T | Promise<T>,
    signal?: AbortSignalLike,
    scope?: string,
  ): Promise<{ result: T; waitMs: number }>
}

/**
 * Judges a command by the built-in rules and patterns of one's own. It isolates nothing.
 *
 * @example
 * classifyCommand('git status && rm -rf /').risk // 'block'
 */
export function classifyCommand(command: string, lists?: CommandLists): CommandVerdict

/** The same with every command that was found, and with rules. */
export function analyzeCommand(
  command: string,
  options?: Pick<GuardOptions, 'allow' | 'approve' | 'block' | 'rules' | 'onUnclear'> & {
    /** Folder that the command will run in, and that it may write to. Default none. */
    root?: string | undefined
  },
): CommandAnalysis

/** What a chat host does with a command: runs it (`false`), refuses it, or asks. */
export type CommandConfirmation =
  | false
  | { block: string; policyReason: string }
  | {
      message: string
      policyReason: string
      details?: { label: string; value: string; format: 'code' }[]
    }

/** The policy of a chat host, from the verdicts of {@link classifyCommand}. */
export function commandApproval(
  lists?: CommandLists,
): (input: { command?: unknown }) => CommandConfirmation

/** Where a message comes from. */
export interface ScopeOrigin {
  agent: string
  provider: string
  kind?: string | undefined
  team?: string | undefined
  channel: string
  actor: string
}

/** A scope without its folder. */
export interface ScopedKey {
  level: RuntimeScopeLevel
  /** For people; two scopes may have the same. */
  key: string
  /** What it is known by. Two different scopes never have the same. */
  path: string
}

/** The scopes of one message. */
export interface ScopeKeys {
  agent: ScopedKey
  adapter: ScopedKey
  channel: ScopedKey
  user: ScopedKey
}

/**
 * The scopes of a message.
 *
 * @throws RunletError `INVALID_ARGUMENT` for a text with a lone surrogate
 */
export function resolveScope(origin: ScopeOrigin): ScopeKeys

/** The scope of one level. Default `'channel'`. */
export function selectScope(keys: ScopeKeys, level?: RuntimeScopeLevel): ScopedKey

/** One runtime for each scope, all behind one queue. */
export class ScopedRuntimeRegistry {
  constructor(options: RuntimeOptions, folders: { app: string; agent?: string | undefined })
  /** The runtime of a scope, in `<root>/scopes/<path>`. */
  get(scope: ScopedKey): QueuedRuntime
  /** The same by the path of a scope. Default `agent/default`. */
  getPath(path?: string, scope?: { level?: string | undefined; key: string }): QueuedRuntime
  /** Closes them all, and the provider. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Names of the tools that {@link workspaceTools} makes. */
export type WorkspaceToolName =
  | 'bash'
  | 'read'
  | 'write'
  | 'edit'
  | 'grep'
  | 'find'
  | 'ls'
  | 'attach'

/** The JSON schema of a tool's input: plain data, as it is sent to models. */
export interface WorkspaceToolSchema {
  type: 'object'
  properties: Record<
    string,
    {
      type: 'string' | 'integer' | 'boolean'
      description: string
      enum?: string[]
      minimum?: number
      maximum?: number
      minLength?: number
    }
  >
  required: string[]
  additionalProperties: false
}

/** What came of a tool. */
export interface WorkspaceToolResult {
  /** For the model: what was found or done, and in brackets what else it should know. */
  text: string
  /**
   * For programs: the result of the operation, of `read` cut as `text` is; of `attach` an
   * {@link Attachment} with `size` and `sha256`. Where it failed, `error` with `code`, `message` and
   * `details`.
   */
  value: object
  /** It failed, or runlet ended the command. A command that fails by itself is no error. */
  isError?: true
}

/** One tool for an agent. Its first three members are what the tool lists of models are made of. */
export interface WorkspaceTool {
  readonly name: WorkspaceToolName
  readonly description: string
  readonly inputSchema: WorkspaceToolSchema
  /**
   * Runs it.
   *
   * @param input what the model gave: an object, or its JSON text. What does not fit the schema is a
   *   result that says so; `null` for a member that may be missing counts as missing
   * @param options `signal` ends it; `abortSignal` is another name of it; others are passed over
   * @throws (rejects) RunletError `DISPOSED` for a runtime that is closed, `INVALID_ARGUMENT` for a
   *   signal that is none, and whatever a provider throws that is no RunletError
   */
  execute(
    input: unknown,
    options?: {
      signal?: AbortSignalLike | undefined
      abortSignal?: AbortSignalLike | undefined
    },
  ): Promise<WorkspaceToolResult>
}

/** Options of {@link workspaceTools}. */
export interface WorkspaceToolsOptions {
  /** Which of them. Default all that the runtime can do. */
  tools?: readonly WorkspaceToolName[] | undefined
  /** Lines of one `read`. Default 2,000. */
  maxLines?: number | undefined
  /** Text of one result, bytes; that of `bash` has its own bounds. Default 51,200. */
  maxBytes?: number | undefined
  /** Characters of a line that `read` gives. Default 2,000. */
  maxLineChars?: number | undefined
  /** Characters of a line that `grep` gives. Default 500. */
  maxGrepLineChars?: number | undefined
  /** Names that `grep` and `find` pass over. Default `.git` and `node_modules`. */
  exclude?: readonly string[] | undefined
  /** Whose operations they are in the queue. Default the scope of the runtime. */
  chat?: string | undefined
}

/**
 * A runtime as tools for an agent: `bash`, `read`, `write`, `edit`, `grep`, `find`, `ls` and `attach`,
 * those of them that it has operations for, in this order. `attach` needs `openGenerated`.
 *
 * @throws RunletError `INVALID_ARGUMENT` for what is no runtime and for a wrong option
 *
 * @example
 * const tools = workspaceTools(createRuntime({ root: workspace() }))
 * const listed = tools.map(({ name, description, inputSchema }) => ({
 *   name,
 *   description,
 *   input_schema: inputSchema,
 * }))
 * const { text, isError } = await tools[0].execute({ command: 'ls' })
 */
export function workspaceTools(runtime: Runtime, options?: WorkspaceToolsOptions): WorkspaceTool[]

/** The attachment of a file in a scope. A path that has that form already is kept. */
export function attachment(
  scope: string,
  path: string,
  facts?: { name?: string | undefined; mimeType?: string | undefined },
): Attachment

/** A file or folder of a {@link Workspace}. */
export interface WorkspaceEntry {
  path: string
  type: 'file' | 'directory' | 'other'
  size?: number
  mtimeMs?: number
}

/** Files below one folder, for the host itself. */
export interface Workspace {
  /** The bytes; `undefined` where there is no file. */
  read(path: string): Promise<Uint8Array | undefined>
  write(path: string, content: string | Uint8Array): Promise<void>
  stat(path: string): Promise<WorkspaceEntry | undefined>
  /** All that lies below, folders included, sorted. Default everything. */
  list(prefix?: string): Promise<WorkspaceEntry[]>
  /** Removes a file, a link or a folder with all below; nothing where nothing is. Never the root. */
  delete(path: string): Promise<void>
}

/** Files below a folder of the host, made if it is missing. No path leads out of it. */
export function localWorkspace(root: string): Workspace

/**
 * A path of a {@link Workspace}, without `.` and empty parts.
 *
 * @throws RunletError for one that is absolute, has backslashes or a NUL, or leads out of the root
 */
export function workspacePath(path: string): string

// ---- end of workspaces -------------------------------------------------------------------------
