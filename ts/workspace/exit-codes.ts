/** The exit codes that runlet gives itself, the same for every runtime; see `BashResult`. */

import { constants } from 'node:os'
import type { BashError, BashResult, ErrorCode } from '../../index.js'

/** Why runlet ended or refused a command. */
export type Ending =
  | { readonly why: 'timeout' }
  | { readonly why: 'cancelled' }
  | { readonly why: 'output'; readonly limit: number }
  | { readonly why: 'blocked'; readonly reason: string; readonly details?: object }
  | { readonly why: 'not-approved'; readonly reason: string; readonly details?: object }
  | { readonly why: 'not-started'; readonly reason: string; readonly details?: object }
  | { readonly why: 'lost' }
  | { readonly why: 'memory' }
  | { readonly why: 'processes' }

/** What one ending comes to. */
interface Row {
  readonly code: number
  readonly error: ErrorCode
  readonly text: string
}

/** 128 and the number of a signal, as shells have it. */
export function signalled(signal: string): number {
  return 128 + (Reflect.get(constants.signals, signal) ?? 0)
}

/** The table. */
export function rowOf(ending: Ending): Row {
  switch (ending.why) {
    case 'timeout':
      return { code: 124, error: 'TIMEOUT', text: 'Command timed out' }
    case 'output':
      return {
        code: 125,
        error: 'OUTPUT_LIMIT',
        text: `Command output exceeded ${ending.limit} characters`,
      }
    case 'blocked':
      return {
        code: 126,
        error: 'POLICY_VIOLATION',
        text: `Command blocked: ${ending.reason}`,
      }
    case 'not-approved':
      return {
        code: 126,
        error: 'POLICY_VIOLATION',
        text: `Command not approved: ${ending.reason}`,
      }
    case 'not-started':
      return { code: 127, error: 'RUNTIME_NOT_FOUND', text: ending.reason }
    case 'cancelled':
      return { code: 130, error: 'CANCELLED', text: 'Command cancelled' }
    case 'lost':
      return {
        code: signalled('SIGKILL'),
        error: 'WORKER_LOST',
        text: 'Command lost: what it ran in is gone',
      }
    case 'memory':
      return {
        code: signalled('SIGKILL'),
        error: 'MEMORY_LIMIT',
        text: 'Command exceeded its memory limit',
      }
    case 'processes':
      return {
        code: signalled('SIGKILL'),
        error: 'POLICY_VIOLATION',
        text: 'Command exceeded its limit of processes',
      }
  }
}

/** A result of a command that runlet ended; without output, of one that never ran. */
export function ended(
  ending: Ending,
  { out = '', err = '', ms = 0 }: { out?: string; err?: string; ms?: number } = {},
): BashResult {
  const { code, error, text } = rowOf(ending)
  const between = err === '' || err.endsWith('\n') ? '' : '\n'
  const told: BashError = { code: error, message: text }
  const details = 'details' in ending ? ending.details : undefined
  if (details !== undefined) told.details = { ...details }
  return { code, out, err: `${err}${between}${text}`, ms, error: told }
}
