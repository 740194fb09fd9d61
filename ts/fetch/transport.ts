/** The seam between following a request and performing it. */
import type { Over } from './body'
import type { Hop } from './guest-request'

/** Performs one request without following redirects. Rejects when `signal` aborts. */
export type Transport = (hop: Hop, signal: AbortSignal) => Promise<WireReply>

/** A reply whose head has arrived. Exactly one of `read` and `discard` is called. */
export interface WireReply {
  readonly status: number
  readonly statusText: string
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: ReadonlyMap<string, string>
  /** The body after decompression. Beyond `maxBytes` it rejects with a FetchError, or is cut. */
  read(maxBytes: number, over: Over): Promise<Uint8Array>
  /** Drops the body and the connection. */
  discard(): void
}
