/** The error of a runtime that did not start. */

import { hide, RunletError } from '../errors'

export const RUNTIME_STARTUP_ERROR_KIND = 'runtime_startup_failed'

const STARTUP_ERROR = Symbol.for('runlet.runtime-startup-error')

/** See `index.d.ts`. */
export class RuntimeStartupError extends Error {
  readonly code = RUNTIME_STARTUP_ERROR_KIND
  readonly runletCode = 'RUNTIME_NOT_FOUND'
  declare readonly details?: Record<string, unknown>
  declare readonly cause?: unknown

  constructor(
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> | undefined } = {},
  ) {
    super(message)
    if (options.details !== undefined) this.details = options.details
    if ('cause' in options) hide(this, 'cause', options.cause)
  }
}
hide(RuntimeStartupError.prototype, 'name', 'RuntimeStartupError')
hide(RuntimeStartupError.prototype, STARTUP_ERROR, true)

/** See `index.d.ts`. By its name, too: providers may have a class of their own. */
export function isRuntimeStartupError(error: unknown): error is Error {
  if (typeof error !== 'object' || error === null) return false
  if (Reflect.get(error, STARTUP_ERROR) === true) return true
  return Reflect.get(error, 'name') === 'RuntimeStartupError' && 'message' in error
}

/** See `index.d.ts`. */
export function isRuntimeStartupErrorText(text: string | undefined): boolean {
  return /\bruntime failed to start\b/i.test(text ?? '')
}

/** The error for whatever a start failed with. */
export function startupError(runtime: string, cause: unknown): Error {
  if (isRuntimeStartupError(cause)) return cause
  const message = Reflect.get(Object(cause), 'message')
  const why = typeof message === 'string' && message !== '' ? `: ${message}` : ''
  const details = cause instanceof RunletError ? cause.details : undefined
  return new RuntimeStartupError(`${runtime} runtime failed to start${why}`, { cause, details })
}
