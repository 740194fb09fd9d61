/** Results: plain objects of the caller's realm with exactly the documented keys. */

import type {
  CodeletError,
  CodeletFailure,
  CodeletResult,
  CodeletUsage,
  ConsoleLog,
  ErrorCode,
} from '../../index.js'
import { RunletError } from '../errors'

/** A failure the face itself finds, before or after the engine has had its turn. */
export interface FaceFailure {
  code: ErrorCode
  message: string
  line?: number
  column?: number
  details?: Record<string, unknown>
}

/** The end of a run as the addon tells it. */
export interface Outcome {
  ok: boolean
  error?: CodeletError
  logs: ConsoleLog[]
  duration_ms: number
  usage: CodeletUsage
}

const ERROR_KEYS = [
  'code',
  'message',
  'name',
  'stack',
  'filename',
  'line',
  'column',
  'retryable',
  'details',
] as const

/** The result of a run that the engine has ended. */
export function readOutcome(outcomeText: string, readValue: () => unknown): CodeletResult {
  const { ok, error, logs, duration_ms, usage } = JSON.parse(outcomeText) as Outcome
  if (ok || error === undefined) {
    return { ok: true, value: readValue(), logs, duration_ms, usage }
  }
  const told: Partial<Record<string, unknown>> = {}
  for (const key of ERROR_KEYS) {
    if (error[key] !== undefined && error[key] !== null) told[key] = error[key]
  }
  return { ok: false, error: told as unknown as CodeletError, logs, duration_ms, usage }
}

/** The result of a run that never reached the engine. */
export function failedEarly(failure: FaceFailure): CodeletFailure {
  return { ok: false, error: faceError(failure), logs: [], duration_ms: 0, usage: noUsage() }
}

/** A result whose verdict the face changes: what the run logged and used stays. */
export function failedLate(result: CodeletResult, failure: FaceFailure): CodeletFailure {
  const { logs, duration_ms, usage } = result
  return { ok: false, error: faceError(failure), logs, duration_ms, usage }
}

/** Adds a host-side object to an error. Not enumerable, so it is never serialised with a result. */
export function setCause(error: CodeletError, cause: unknown): void {
  Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
}

/** The thrown form of a failed run. */
export function toThrown(result: CodeletFailure): RunletError {
  const { error } = result
  const { retryable, details } = error
  const cause = 'cause' in error ? { cause: error.cause } : {}
  return new RunletError(error.code, error.message, { retryable, details, result, ...cause })
}

function faceError({ code, message, line, column, details }: FaceFailure): CodeletError {
  const error: CodeletError = { code, message, retryable: false }
  if (line !== undefined) error.line = line
  if (column !== undefined) error.column = column
  if (details !== undefined) error.details = details
  return error
}

function noUsage(): CodeletUsage {
  return {
    cpuMs: 0,
    wallMs: 0,
    parkedMs: 0,
    queueWaitMs: 0,
    compileMs: 0,
    peakMemoryBytes: 0,
    hostCalls: 0,
    detachedHostCalls: 0,
    resultBytes: 0,
    logsDropped: 0,
    logBytesDropped: 0,
    policyDenials: 0,
    cache: 'miss',
  }
}
