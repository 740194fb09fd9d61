/** Exit codes: those of `timeout`, of a shell and of a killed process, where they have a meaning. */

import type { ErrorCode } from '../../index.js'

/** The codelet or the tool failed, or runlet did. */
export const EXIT_FAILURE = 1

/** The command line is wrong, or the input is. */
export const EXIT_USAGE = 2

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: EXIT_USAGE,
  TIMEOUT: 124,
  POLICY_VIOLATION: 126,
  POLICY_UNENFORCEABLE: 126,
  PERMISSION_DENIED: 126,
  RUNTIME_NOT_FOUND: 127,
  CANCELLED: 130,
  MEMORY_LIMIT: 137,
}

/** The exit code for an error. */
export function exitCode(code: ErrorCode): number {
  return BY_CODE[code] ?? EXIT_FAILURE
}

/** The exit code for the outcome of a run or a call. */
export function exitCodeOf(result: { error?: { code: ErrorCode } | undefined }): number {
  return result.error === undefined ? 0 : exitCode(result.error.code)
}
