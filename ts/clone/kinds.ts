/**
 * What both directions of the structured clone share. `src/codelet/guest/clone-kinds.js` describes
 * the text and is the guest's half.
 */

import { types } from 'node:util'
import { domMessage } from './read'

/** A value that cannot be cloned, or not be made here: where it stands and why. */
export class CloneFault extends TypeError {
  /** From the root, as in `input.rows[3]`. */
  readonly path: string
  /** The rest of the sentence that the path begins. */
  readonly what: string

  constructor(path: string, what: string, options?: { cause?: unknown }) {
    super(`${path} ${what}`, options)
    this.path = path
    this.what = what
  }
}

/** Makes a view. */
export type ViewConstructor = new (
  buffer: ArrayBuffer,
  offset: number,
  length: number,
) => ArrayBufferView

/** Kinds of views by name, as far as this runtime has them: Float16Array is young. */
export const viewConstructors: ReadonlyMap<unknown, ViewConstructor> = new Map(
  [
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
    'Int16Array',
    'Uint16Array',
    'Int32Array',
    'Uint32Array',
    'BigInt64Array',
    'BigUint64Array',
    'Float16Array',
    'Float32Array',
    'Float64Array',
    'DataView',
  ].flatMap((name) => {
    const found: unknown = Reflect.get(globalThis, name)
    return typeof found === 'function' ? [[name, found as ViewConstructor] as const] : []
  }),
)

/** The errors that keep their class. */
export const errorConstructors: ReadonlyMap<unknown, ErrorConstructor> = new Map(
  [
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    AggregateError as unknown as ErrorConstructor,
  ].map((kind) => [kind.name, kind]),
)

/** Kinds of objects that are not written as their own properties. */
export type Kind =
  | 'date'
  | 'regexp'
  | 'map'
  | 'set'
  | 'error'
  | 'buffer'
  | 'view'
  | 'boxed'
  | { refused: string }

/** Classes with state of their own that only their tag gives away. */
const OPAQUE =
  /^\[object (?:WeakRef|FinalizationRegistry|(?:Array|String|RegExp String) Iterator|Iterator Helper|Intl\..*)\]$/

/** What an object is, by its internal slots as far as the runtime tells; undefined for a plain one. */
export function kindOf(value: object): Kind | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype && isCommon(value)) return undefined
  if (types.isDate(value)) return 'date'
  if (types.isMap(value)) return 'map'
  if (types.isSet(value)) return 'set'
  if (types.isRegExp(value)) return 'regexp'
  if (types.isNativeError(value)) return 'error'
  if (ArrayBuffer.isView(value)) return 'view'
  if (types.isArrayBuffer(value)) return 'buffer'
  if (types.isBoxedPrimitive(value)) {
    return types.isSymbolObject(value) ? { refused: 'a boxed symbol' } : 'boxed'
  }
  const refused = refusedKind(value)
  if (refused !== undefined) return { refused }
  return domMessage(value) === undefined ? undefined : 'error'
}

/**
 * The quick answer for by far the most common objects, literals and what JSON made. Slots that
 * neither the tag nor one of these tells are not looked for under a replaced prototype.
 */
function isCommon(value: object): boolean {
  return (
    Object.prototype.toString.call(value) === '[object Object]' &&
    !(types.isMap(value) || types.isSet(value) || ArrayBuffer.isView(value)) &&
    !(types.isAnyArrayBuffer(value) || types.isPromise(value) || types.isBoxedPrimitive(value))
  )
}

function refusedKind(value: object): string | undefined {
  if (types.isPromise(value)) return 'a Promise'
  if (types.isSharedArrayBuffer(value)) return 'a SharedArrayBuffer'
  if (types.isWeakMap(value)) return 'a WeakMap'
  if (types.isWeakSet(value)) return 'a WeakSet'
  if (types.isGeneratorObject(value)) return 'a generator'
  if (types.isMapIterator(value) || types.isSetIterator(value)) return 'an iterator'
  if (types.isModuleNamespaceObject(value)) return 'a module namespace'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return undefined
  // The tag is asked of objects with a prototype of their own only: it may be a getter's.
  const tag = Object.prototype.toString.call(value)
  return OPAQUE.test(tag) ? `a ${tag.slice('[object '.length, -1)}` : undefined
}
