/** A value as it crosses to the addon and back: text, how to read it, and buffers it refers to. */

import { decodeClone } from './clone/decode'
import { byteLength } from './values'

/** The text is JSON. */
export const JSON_TEXT = 0
/** The value is a string, and the text is that string itself. */
export const PLAIN_TEXT = 1
/** The text is JSON with marks for what JSON cannot say; it refers to buffers by index. */
export const TAGGED_TEXT = 2

/** One value. */
export interface Payload {
  text: string
  form: typeof JSON_TEXT | typeof PLAIN_TEXT | typeof TAGGED_TEXT
  /** Contents of array buffers, by index; only in tagged text. */
  buffers?: Uint8Array[] | undefined
}

/** A value as the addon hands it over. */
export interface Received {
  text: string
  form: number
  buffers: ArrayBuffer[] | undefined
}

/** How values of a run cross. */
export type Values = 'json' | 'clone'

/** A string that may cross as it is: without lone surrogates, which UTF-8 cannot carry. */
export function isPlainText(value: unknown): value is string {
  return typeof value === 'string' && isWellFormed(value)
}

/** The method of strings that says so is native and fast, where there is one: since Node 20. */
function isWellFormed(text: string): boolean {
  const method: unknown = Reflect.get(String.prototype, 'isWellFormed')
  return typeof method === 'function' ? method.call(text) : !/\p{Surrogate}/u.test(text)
}

/** Bytes that limits count: of the value's text as JSON, and of its buffers. */
export function payloadBytes({ text, form, buffers }: Payload): number {
  let bytes = byteLength(form === PLAIN_TEXT ? JSON.stringify(text) : text)
  if (buffers !== undefined) for (const buffer of buffers) bytes += buffer.byteLength
  return bytes
}

/** Whether a payload is certainly within `limit` bytes, which is cheaper to say than how many it has. */
export function isSmall({ text, buffers }: Payload, limit: number): boolean {
  // A UTF-16 unit is at most three bytes, or six when it is escaped.
  return buffers === undefined && text.length * 6 + 2 <= limit
}

/**
 * The value that the addon handed over, in this realm.
 *
 * @throws CloneFault for one that this runtime cannot make
 */
export function readPayload(received: Received | undefined): unknown {
  if (received === undefined) return undefined
  const { text, form, buffers } = received
  if (form === TAGGED_TEXT) return decodeClone(text, buffers ?? [])
  return form === PLAIN_TEXT ? text : JSON.parse(text)
}
