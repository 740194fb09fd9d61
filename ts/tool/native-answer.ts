/** What a native tool answers, and the failures that TypeScript makes itself. */
import type { ErrorCode } from '../../index.js'

/** The names of failures as callers of the original know them. */
export type NativeCode =
  | 'InvalidArgument'
  | 'PermissionDenied'
  | 'CommandNotAllowed'
  | 'FileNotFound'
  | 'DeadlineExceeded'
  | 'Cancelled'
  | 'Internal'

/** A failed call. `details.nativeCode` repeats `nativeCode`; `details.reason` is a word for programs. */
export interface NativeToolError {
  readonly code: ErrorCode
  readonly nativeCode: NativeCode
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

/** The answer to one call; a failure is a value. */
export type NativeToolAnswer =
  | { readonly ok: true; readonly output: Record<string, unknown> }
  | { readonly ok: false; readonly error: NativeToolError }

const CODES: Readonly<Record<NativeCode, ErrorCode>> = Object.freeze({
  InvalidArgument: 'INVALID_ARGUMENT',
  PermissionDenied: 'PERMISSION_DENIED',
  CommandNotAllowed: 'PERMISSION_DENIED',
  FileNotFound: 'INVALID_ARGUMENT',
  DeadlineExceeded: 'TIMEOUT',
  Cancelled: 'CANCELLED',
  Internal: 'INTERNAL',
})

/** Makes a failed answer. */
export function nativeFailure(
  nativeCode: NativeCode,
  message: string,
  more: { readonly reason?: string; readonly field?: string } = {},
): NativeToolAnswer {
  const details = { nativeCode, ...more }
  return { ok: false, error: { code: CODES[nativeCode], nativeCode, message, details } }
}
