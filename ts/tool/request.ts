/** Reads what a caller passes to one call. */

import { randomUUID } from 'node:crypto'
import type { AbortSignalLike, ExecuteToolOptions } from '../../index.js'
import { addon } from '../addon'
import { fieldTable, readFields } from '../codelet/fields'
import { invalidArgument, RunletError } from '../errors'
import { messages } from '../messages'
import { readSignal } from '../signal'
import type { CoreError } from './policy'

/** The options of one call, checked. */
export interface CallOptions {
  readonly input: unknown
  readonly config: unknown
  readonly env: Readonly<Record<string, string>>
  readonly execId: string
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignalLike | undefined
  readonly onLog: NonNullable<ExecuteToolOptions['onLog']> | undefined
}

const NAMES = ['input', 'config', 'env', 'execId', 'timeoutMs', 'signal', 'onLog'] as const
const TABLE = fieldTable('option of executeTool', NAMES)

function wrong(field: string, accepted: string, value: unknown): RunletError {
  return invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
}

/**
 * Reads the options of a call.
 *
 * @throws RunletError `INVALID_ARGUMENT` for what only a mistake in the calling program can be
 */
export function readCallOptions(options: unknown): CallOptions {
  const fields = readFields(options, 'options', TABLE)
  const { input, config, env = {}, execId, timeoutMs, onLog } = fields
  if (!isTextRecord(env)) throw wrong('env', 'an object of strings', env)
  if (execId !== undefined && typeof execId !== 'string') throw wrong('execId', 'a string', execId)
  const isTime = typeof timeoutMs === 'number' && Number.isFinite(timeoutMs) && timeoutMs > 0
  if (timeoutMs !== undefined && !isTime) {
    throw wrong('timeoutMs', 'a number of milliseconds above 0', timeoutMs)
  }
  if (onLog !== undefined && typeof onLog !== 'function') throw wrong('onLog', 'a function', onLog)
  return {
    input,
    config,
    env,
    execId: execId ?? randomUUID(),
    timeoutMs: timeoutMs as number | undefined,
    signal: readSignal(fields.signal, 'signal'),
    onLog: onLog as CallOptions['onLog'],
  }
}

function isTextRecord(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((entry) => typeof entry === 'string')
}

/**
 * The tool id in its normal form.
 *
 * @param flags permissions; variables that they deny are refused
 * @throws RunletError `INVALID_ARGUMENT` with the exact text of the rule that refuses it, or
 *   `POLICY_VIOLATION`
 */
export function checkToolInput(
  toolId: string,
  env: Readonly<Record<string, string>>,
  flags: readonly string[],
): string {
  const text = JSON.stringify({ toolId, env, flags })
  const answer = JSON.parse(addon().native.checkToolInput(text)) as {
    toolId?: string
    error?: CoreError
  }
  if (answer.error !== undefined) {
    const { code, message, details } = answer.error
    throw new RunletError(code, message, details === undefined ? {} : { details })
  }
  return answer.toolId ?? toolId
}

/** Variables of the configuration are the program's own: a wrong one is its mistake. */
export function checkVariables(
  env: Readonly<Record<string, string>>,
  field: string,
  flags: readonly string[],
): void {
  try {
    checkToolInput('a', env, flags)
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    const details = { ...error.details, field }
    throw new RunletError(error.code, `${field}: ${error.message}`, { details, cause: error })
  }
}
