/** The error classes. Each is recognised by a registered symbol, so a second copy of the package,
 * another realm or a Jest context makes no difference to `instanceof`. */

import type { CodeletResult, ErrorCode, HostErrorOptions, RunletErrorOptions } from '../index.js'

const RUNLET_ERROR = Symbol.for('runlet.error')
const HOST_ERROR = Symbol.for('runlet.host-error')

/** Whether an object has a class's brand. */
export function carries(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && Reflect.get(value, brand) === true
}

/** Data properties as `Error` itself makes them: not enumerable, so logs and spreads stay short. */
export function hide(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
}

/** The one error class that runlet throws; see `index.d.ts`. */
export class RunletError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  declare readonly details?: Record<string, unknown>
  declare readonly cause?: unknown
  declare readonly result?: CodeletResult

  constructor(code: ErrorCode, message: string, options: RunletErrorOptions = {}) {
    super(message)
    this.code = code
    this.retryable = options.retryable === true
    if (options.details !== undefined) this.details = options.details
    if ('cause' in options) hide(this, 'cause', options.cause)
    if (options.result !== undefined) hide(this, 'result', options.result)
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass asks the ordinary question, else every RunletError would be one of it.
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class on the right of instanceof
    if (this !== RunletError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return carries(value, RUNLET_ERROR)
  }
}
hide(RunletError.prototype, 'name', 'RunletError')
hide(RunletError.prototype, RUNLET_ERROR, true)

/** Thrown by host functions whose message may reach the guest; see `index.d.ts`. */
export class HostError extends Error {
  readonly expose = true as const
  readonly retryable: boolean
  declare readonly cause?: unknown

  constructor(message: string, options: HostErrorOptions = {}) {
    super(message)
    this.retryable = options.retryable === true
    if ('cause' in options) hide(this, 'cause', options.cause)
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class on the right of instanceof
    if (this !== HostError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return carries(value, HOST_ERROR)
  }
}
hide(HostError.prototype, 'name', 'HostError')
hide(HostError.prototype, HOST_ERROR, true)

/** A call that was wrong: `field` is the option, `accepted` what would have been right. */
export function invalidArgument(
  field: string,
  message: string,
  facts: { accepted?: string; cause?: unknown } = {},
): RunletError {
  const { accepted, ...rest } = facts
  const details = accepted === undefined ? { field } : { field, accepted }
  return new RunletError('INVALID_ARGUMENT', message, { ...rest, details })
}
