/** What came of a call, as its caller gets it. */

import type {
  Denial,
  EnforcementReport,
  ErrorCode,
  ToolOperation,
  ToolPhase,
  ToolResult,
  ToolResultFacts,
} from '../../index.js'
import { addon } from '../addon'
import { RunletError } from '../errors'
import { ProcessError, ToolExecutionError } from './errors'

/** Facts of a call from the core; see src/tool/room.rs. */
export interface CoreOutcome {
  failure: CoreFailure | null
  attempts: number
  durationMs: number
  queueMs: number
  startMs: number
  executionMs: number
  warm: boolean
  logs: ToolResultFacts['logs']
  peakMemoryBytes: number
  denials: Denial[]
}

/** Why a call failed; see src/tool/failure.rs. */
export interface CoreFailure {
  code: ErrorCode
  message: string
  phase: ToolPhase
  details: Record<string, unknown>
  process: {
    operation: string
    exitCode: number | null
    signal: string | null
    oom: boolean
  } | null
}

/** A call that has begun. */
export interface CallIds {
  readonly toolId: string
  readonly execId: string
}

/** Hides what the caller's texts must not tell: places on the host, and secrets. */
export type Veil = (text: string) => string

/** Bytes of stderr that an error's message shows. */
const SHOWN_STDERR = 2048
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['WORKER_LOST', 'OVERLOADED'])

/**
 * A veil.
 *
 * @param roots folders of the host; they become `.`, other paths their last part
 * @param secrets values that are masked wherever they stand; nothing is masked without a list
 */
export function veil(roots: readonly string[], secrets: readonly string[] | undefined): Veil {
  const { native } = addon()
  return (text) => {
    const hidden = native.hideHostPaths(text, [...roots])
    return secrets === undefined ? hidden : native.redactText(hidden, [...secrets])
  }
}

/** Facts of a call that never reached the core. */
export function noFacts(
  { toolId, execId }: CallIds,
  durationMs: number,
  enforcement: EnforcementReport,
): ToolResultFacts {
  return {
    toolId,
    execId,
    attempts: 0,
    durationMs,
    queueMs: 0,
    startMs: 0,
    warm: false,
    logs: { stdout: '', stderr: '', stdoutDroppedBytes: 0, stderrDroppedBytes: 0 },
    peakMemoryBytes: 0,
    denials: [],
    enforcement,
    metadata: { tool_id: toolId, tool_exec_id: execId, execution_time: 0 },
  }
}

/** Facts of a call that the core made. */
export function factsOf(
  { toolId, execId }: CallIds,
  core: CoreOutcome,
  durationMs: number,
  enforcement: EnforcementReport,
): ToolResultFacts {
  const { attempts, queueMs, startMs, warm, logs, peakMemoryBytes, executionMs, denials } = core
  return {
    toolId,
    execId,
    attempts,
    durationMs,
    queueMs,
    startMs,
    warm,
    logs,
    peakMemoryBytes,
    denials,
    enforcement,
    metadata: { tool_id: toolId, tool_exec_id: execId, execution_time: executionMs },
  }
}

/** The error of a call that failed in the core. */
export function errorOf(
  ids: CallIds,
  failure: CoreFailure,
  logs: ToolResultFacts['logs'],
  hide: Veil,
): ToolExecutionError {
  const code = failureCode(failure, logs.stderr)
  const { retryable, ...told } = failure.details
  const details: Record<string, unknown> = { ...veiled(told, hide), phase: failure.phase }
  const saysRetryable = retryable === true
  const message = hide(failure.message)
  const terms = { retryable: saysRetryable || RETRYABLE.has(code), details }
  const { process: ended } = failure
  const cause =
    ended === null
      ? new RunletError(code, message, terms)
      : new ProcessError({
          code,
          operation: ended.operation,
          reason: message + shownStderr(logs.stderr, hide),
          exitCode: ended.exitCode,
          signal: ended.signal,
          stderr: logs.stderr,
          stdout: logs.stdout,
          oom: ended.oom || code === 'MEMORY_LIMIT',
          ...terms,
        })
  return toolError(ids, 'execute', cause)
}

/** Node ends itself when its own heap is full; that is the memory limit, too. */
function failureCode({ code, process: ended }: CoreFailure, stderr: string): ErrorCode {
  const aborted =
    ended?.signal === 'SIGABRT' || ended?.signal === 'SIGTRAP' || ended?.exitCode === 134
  return aborted && stderr.includes('JavaScript heap out of memory') ? 'MEMORY_LIMIT' : code
}

/** Any text in the details may be the tool's own, its error's name and code too. */
function veiled(details: Record<string, unknown>, hide: Veil): Record<string, unknown> {
  const shown = (value: unknown): unknown => {
    if (typeof value === 'string') return hide(value)
    // All names at one go: there may be thousands, and this is the caller's thread.
    if (!Array.isArray(value) || value.length === 0) return value
    return hide(value.join('\n')).split('\n')
  }
  const entries = Object.entries(details).map(([name, value]): [string, unknown] => [
    name,
    shown(name === 'stack' && typeof value === 'string' ? withoutWorker(value) : value),
  ])
  return Object.fromEntries(entries)
}

/** Frames of the worker say nothing of the tool. */
function withoutWorker(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/\bworker\.mjs:\d+/.test(line))
    .join('\n')
}

function shownStderr(stderr: string, hide: Veil): string {
  if (stderr === '') return ''
  // Hidden first: of a secret or a path that is cut, the rest would not be recognised.
  const text = hide(stderr)
  const [shown, note] =
    text.length > SHOWN_STDERR ? [text.slice(-SHOWN_STDERR), ' (truncated)'] : [text, '']
  return `\nstderr${note}: ${shown}`
}

/** An error of a call. */
export function toolError(
  { toolId, execId }: CallIds,
  operation: ToolOperation,
  cause: Error,
  phase?: ToolPhase,
): ToolExecutionError {
  const known = cause instanceof RunletError ? cause.details : undefined
  const details = phase === undefined ? known : { ...known, phase }
  return new ToolExecutionError({ toolId, toolExecId: execId, operation, cause, details })
}

/** A failed result. */
export function failed<T>(facts: ToolResultFacts, error: ToolExecutionError): ToolResult<T> {
  return { ok: false, error, ...facts }
}

/** What the caller gets for a tool's value: always an object, unless the raw value was asked for. */
export function wrapped(value: unknown, raw: boolean): unknown {
  if (raw) return value
  if (value === null || value === undefined) return {}
  return typeof value === 'object' && !Array.isArray(value) ? value : { value }
}
