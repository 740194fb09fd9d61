/** The only importer of the native addon: its type, its loading, and its constant facts. */

import type { ErrorCode } from '../index.js'
import { RunletError } from './errors'
import { messages } from './messages'
import { currentPlatform } from './platform'

/** Default and range of one number; `default: null` means no bound. */
export interface NumberFact {
  default: number | null
  min: number
  max: number
}

/** What the addon says about itself; constant for the life of the process. */
export interface Facts {
  /** Limits of a run by camelCase name. */
  limits: Record<string, NumberFact>
  /** Number options of a runner. */
  runnerLimits: Record<string, NumberFact>
  /** Every code there is. */
  codes: Record<ErrorCode, { retryable: boolean; meaning: string }>
  capabilities: { hardKill: boolean; threads: number }
  engine: { name: string; commit: string }
  /** Names that a key of `globals` may not take. */
  globals: string[]
  version: string
}

/** The addon. Values cross as text (see payload.ts); events come in batches (see bridge.ts). */
export interface Native {
  facts(): string
  /** Opens an event stream; gives its number, which `submit` takes first. */
  open(onEvents: (values: unknown[]) => void, numbers: Float64Array): number
  createRunner(optionsText: string): number
  /** Makes `isolation: 'process'` possible; gives the reason where it is not. */
  enableProcesses(): string | undefined | null
  submit(
    bridge: number,
    runner: number,
    code: string,
    optionsText: string,
    input: string | undefined,
    form?: number,
    buffers?: Uint8Array[],
  ): number
  /** Keeps code and options with a runner, for many runs; gives the plan's number. */
  keepPlan(runner: number, code: string, optionsText: string): number
  dropPlan(runner: number, plan: number): void
  submitPlan(
    bridge: number,
    runner: number,
    plan: number,
    input: string | undefined,
    form?: number,
    buffers?: Uint8Array[],
  ): number
  /** Waits some microseconds for events, if that is likely to be worth it. */
  poll(bridge: number): unknown[] | undefined | null
  turn(bridge: number): unknown[] | undefined | null
  /** An empty call to the workers and back, for measurements; gives the number of its answer. */
  ping(bridge: number): number
  /** Answers host calls: lines of number, `=` or `!`, and JSON. */
  reply(run: number, lines: string): void
  /** Answers one host call with a value in any form. */
  replyValue(
    run: number,
    seq: number,
    text: string | undefined,
    form?: number,
    buffers?: Uint8Array[],
  ): void
  cancel(run: number): void
  /** Ends the process of a run that gave what is no value. */
  distrust(runner: number, run: number): void
  disposeRunner(runner: number): void
  stats(runner: number): string
  /** Opens a room of tools; gives its number. */
  toolOpen(specText: string, onLog: (call: number, stream: number, text: string) => void): number
  /** Keeps the shape of processes; gives its number. */
  toolShape(room: number, shapeText: string): number
  toolWarm(room: number, shape: number, warmText: string): void
  /** Keeps what calls have in common; gives its number. */
  toolPlan(room: number, planText: string): number
  /**
   * By the number of a plan, or the text of one. Fulfilled with the facts as JSON, the tool's value as
   * JSON, a heap snapshot, and the count of log lines.
   */
  toolCall(
    room: number,
    call: number,
    plan: number | string,
    execId: string,
    timeoutMs: number,
    elapsedMs: number,
    input: string,
    config: string | undefined,
    wantsLog: boolean,
  ): Promise<[facts: string, value: string, heap: string, lines: string]>
  toolCancel(room: number, call: number): void
  toolStats(room: number): string
  toolDispose(room: number): Promise<unknown>
  /** Makes an opening for commands; gives its number. */
  spawnOpen(onOutput: (command: number, stream: number, text: string) => void): number
  /** Fulfilled with what came of the command as JSON, and the count of calls of `onOutput`. */
  spawnRun(
    opening: number,
    command: number,
    specText: string,
    input: Uint8Array | undefined,
    wantsOutput: boolean,
  ): Promise<[outcome: string, handed: string]>
  spawnCancel(opening: number, command: number): void
  /** What the kernel of this machine can keep, as JSON. */
  sandboxCapabilities(): string
  /** `{flags, bare, unenforceable, implicit, workerWritable, interpreters}` or `{error}` as JSON. */
  checkPermissions(text: string): string
  /** `{wider, narrower}` or `{error}` as JSON. */
  comparePermissions(text: string): string
  /** The variables that the permissions let through, as JSON. */
  inheritedEnv(flagsText: string, hostEnvText: string): string
  /** `{}` or `{error}` as JSON. */
  checkToolInput(text: string): string
  /** Compiles a JSON Schema: `{schema}` or `{error}` as JSON. */
  compileSchema(text: string): string
  /** `{issues: [{path, message}]}` as JSON, on the calling thread. */
  validateSchema(schema: number, valueText: string): string
  /** The same on another thread. */
  validateSchemaAside(schema: number, valueText: string): Promise<string>
  dropSchema(schema: number): void
  /** A text in which the roots are `.` and other absolute paths their last component. */
  hideHostPaths(text: string, roots: string[]): string
  /** A text without what looks like a secret, and without the values. */
  redactText(text: string, values: string[]): string
  /** Reads YAML; JSON of `{value, lines}` or `{error}`. */
  parseYaml(text: string): string
  /** One call of a native tool; JSON in, JSON out. Never rejects for what the tool meets. */
  nativeTool(verb: string, rootsText: string, inputText: string): Promise<string>
}

let loaded: { native: Native; facts: Facts } | undefined

/**
 * Loads the addon at its first use, so that importing the package never throws.
 *
 * @throws RunletError `RUNTIME_NOT_FOUND` naming the package to install. The loader's own error
 *   lists every path it tried; none of that is passed on.
 */
export function addon(): { native: Native; facts: Facts } {
  if (loaded !== undefined) return loaded
  let native: Native
  try {
    native = require('./native.cjs') as Native
  } catch {
    const details = { reason: 'NATIVE_MISSING', ...currentPlatform() }
    const message = messages.nativeMissing(
      details.platform,
      details.arch,
      details.libc,
      details.package,
    )
    throw new RunletError('RUNTIME_NOT_FOUND', message, { details })
  }
  loaded = { native, facts: JSON.parse(native.facts()) as Facts }
  return loaded
}
