import { HostError } from '../errors'
import { FETCH_MESSAGES } from './messages'

/** What a policy refusal is about, so that the guest's error can be a POLICY_VIOLATION. */
export interface FetchPolicyRefusal {
  readonly capability: 'fetch'
  /** `host:port`, or the scheme (`file:`) when the URL is not http or https. */
  readonly name: string
}

/**
 * A failed `fetch()` of a codelet. A HostError's message crosses into the realm, so no message may
 * hold a resolved address, a host path or the text of an underlying error; those stay in `cause`,
 * which never crosses.
 */
export class FetchError extends HostError {
  /** Set when the policy refused the request, absent when the request itself failed. */
  declare readonly policy?: FetchPolicyRefusal

  constructor(message: string, options: { name?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    if (options.name !== undefined) this.policy = { capability: 'fetch', name: options.name }
  }
}
Object.defineProperty(FetchError.prototype, 'name', { value: 'FetchError', configurable: true })

/** The request is not allowed by the policy; `name` is what was refused. */
export function refused(name: string, message: string): FetchError {
  return new FetchError(message, { name })
}

/** The request is malformed or could not be carried out. */
export function failed(message: string, cause?: unknown): FetchError {
  return new FetchError(message, cause === undefined ? {} : { cause })
}

/** A failure below HTTP. Of the cause only its code is told, such as ECONNREFUSED. */
export function networkFailure(at: string, cause: unknown): FetchError {
  const code = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'code') : undefined
  const told = typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : undefined
  return failed(FETCH_MESSAGES.network(at, told), cause)
}

/** Errors made for the codelet stay as they are; everything else is a network failure. */
export function asFetchFailure(at: string, error: unknown): Error {
  return error instanceof HostError ? error : networkFailure(at, error)
}
