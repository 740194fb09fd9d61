/** What crosses the boundary: JSON text, and where a value stands that cannot become JSON. */

import { Buffer } from 'node:buffer'
import { invalidArgument } from './errors'
import { messages } from './messages'

/** Bytes of a text in UTF-8, and none for a text that is absent. */
export function byteLength(text: string | undefined): number {
  return text === undefined ? 0 : Buffer.byteLength(text)
}

/**
 * A value as JSON text; `undefined` stays `undefined`.
 *
 * @param value input of a codelet
 * @param field how the caller knows it, the root of the path in messages
 * @throws RunletError `INVALID_ARGUMENT` naming the path of a BigInt, a cycle, a getter or `toJSON`
 *   that threw, or a function or symbol as the whole value
 */
export function jsonText(value: unknown, field: string): string | undefined {
  if (value === undefined) return undefined
  let text: string | undefined
  let cause: unknown
  try {
    text = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (text !== undefined) return text
  const fault = findFault(value, field, false)
  const message = messages.unserializable(fault.path, fault.what)
  throw invalidArgument(field, message, cause === undefined ? {} : { cause })
}

/**
 * Data for global variables as JSON text. Unlike input, a function or symbol is refused at any
 * depth: dropping it silently would leave the codelet with a hole.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the path
 */
export function dataText(value: object, field: string): string {
  try {
    return JSON.stringify(value, refuseFunctions)
  } catch (cause) {
    const { path, what, callable } = findFault(value, field, true)
    const message = callable
      ? messages.functionInGlobals(path, what)
      : messages.unserializable(path, what)
    throw invalidArgument(field, message, { cause })
  }
}

function refuseFunctions(_key: string, value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError('not data')
  return value
}

/** Where JSON stops, and why. `callable` marks functions and symbols. */
interface Fault {
  path: string
  what: string
  callable?: true
}

const LONGEST_PATH = 200

function findFault(value: unknown, field: string, strict: boolean): Fault {
  let fault: Fault | undefined
  try {
    fault = visit(value, '', field, new Map(), strict)
  } catch {
    // The walk needs more stack per level than JSON.stringify: it gave up for the same reason.
    fault = { path: field, what: 'is nested too deeply for JSON' }
  }
  const found = fault ?? { path: field, what: 'cannot be written as JSON' }
  return found.path.length <= LONGEST_PATH
    ? found
    : { ...found, path: `${found.path.slice(0, LONGEST_PATH)}...` }
}

/** Walks as JSON.stringify does and returns the first thing that stops it. */
function visit(
  given: unknown,
  key: string,
  path: string,
  above: Map<object, string>,
  strict: boolean,
): Fault | undefined {
  const read = step(() => toJson(given, key))
  if (read.threw) return { path, what: 'has a toJSON method that threw' }
  const value = read.value
  if (typeof value === 'bigint') return { path, what: 'is a BigInt, which JSON cannot carry' }
  if (typeof value === 'function' || typeof value === 'symbol') {
    const what = typeof value === 'function' ? 'a function' : 'a symbol'
    if (strict) return { path, what, callable: true }
    return above.size === 0 ? { path, what: `is ${what}, which JSON cannot carry` } : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const earlier = above.get(value)
  if (earlier !== undefined) return { path, what: `refers back to ${earlier}` }
  above.set(value, path)
  const fault = visitMembers(value, path, above, strict)
  above.delete(value)
  return fault
}

function visitMembers(
  value: object,
  path: string,
  above: Map<object, string>,
  strict: boolean,
): Fault | undefined {
  const keys = step(() => Object.keys(value))
  if (keys.threw) return { path, what: 'is a Proxy that threw' }
  const isArray = Array.isArray(value)
  for (const key of keys.value) {
    const memberPath = path + segment(key, isArray)
    const member = step(() => Reflect.get(value, key))
    if (member.threw) return { path: memberPath, what: 'has a getter that threw' }
    const fault = visit(member.value, key, memberPath, above, strict)
    if (fault !== undefined) return fault
  }
  return undefined
}

function toJson(value: unknown, key: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'bigint') || value === null) return value
  const method: unknown = Reflect.get(Object(value), 'toJSON')
  return typeof method === 'function' ? method.call(value, key) : value
}

function segment(key: string, isArray: boolean): string {
  if (isArray && /^\d+$/.test(key)) return `[${key}]`
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

type Step<Value> = { threw: false; value: Value } | { threw: true }

/** One step that may run the caller's own code. Running out of stack is the walk's end, not its find. */
function step<Value>(read: () => Value): Step<Value> {
  try {
    return { threw: false, value: read() }
  } catch (error) {
    if (error instanceof RangeError) throw error
    return { threw: true }
  }
}
