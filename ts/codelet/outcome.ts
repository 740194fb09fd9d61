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
import { readPayload } from '../payload'
import type { Ending } from './bridge'

/** A failure the face itself finds, before or after the engine has had its turn. */
export interface FaceFailure {
  code: ErrorCode
  message: string
  line?: number
  column?: number
  retryable?: boolean
  details?: Record<string, unknown>
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
export function readOutcome({ duration, usage, error, logs, value }: Ending): CodeletResult {
  const entries = logs === undefined ? [] : (JSON.parse(logs) as ConsoleLog[])
  if (error === undefined) {
    return { ok: true, value: readPayload(value), logs: entries, duration_ms: duration, usage }
  }
  const said = JSON.parse(error) as CodeletError
  const told: Partial<Record<string, unknown>> = {}
  for (const key of ERROR_KEYS) {
    if (said[key] !== undefined && said[key] !== null) told[key] = said[key]
  }
  const failure = told as unknown as CodeletError
  return { ok: false, error: failure, logs: entries, duration_ms: duration, usage }
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

function faceError(failure: FaceFailure): CodeletError {
  const { code, message, line, column, retryable = false, details } = failure
  const error: CodeletError = { code, message, retryable }
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
