/** What the encoder reads of the caller's objects, past what subclasses put in front of it. */

/** An own data property; undefined for none and for an accessor. */
export function dataOf(object: object, key: string): { value?: unknown } | undefined {
  const found = Object.getOwnPropertyDescriptor(object, key)
  return found !== undefined && 'value' in found ? found : undefined
}

/** A DOMException keeps its message in a getter of its prototype. */
export function domMessage(error: object): { value?: unknown } | undefined {
  if (Object.prototype.toString.call(error) !== '[object DOMException]') return undefined
  return { value: readOr(() => Reflect.get(error, 'message'), '') }
}

/** What `read` gives, or a fallback when the caller's code in it throws. */
export function readOr<Value>(read: () => Value, fallback: Value): Value {
  try {
    return read()
  } catch {
    return fallback
  }
}

/** The primitive in a boxed one. */
export function unboxed(value: object): unknown {
  for (const { prototype } of [Number, String, Boolean, BigInt]) {
    try {
      return Reflect.apply(prototype.valueOf, value, [])
    } catch {
      // Of another kind.
    }
  }
  return undefined
}

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype)
const kindGetter = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag)?.get
const at: unknown = Reflect.get(typedArrayPrototype, 'at')

/** Kind and place of a view; undefined when its buffer no longer covers it. */
export function readView(
  view: ArrayBufferView,
): { kind: string; offset: number; length: number } | undefined {
  const tag: unknown = kindGetter?.call(view)
  try {
    if (typeof tag !== 'string') {
      return { kind: 'DataView', offset: view.byteOffset, length: view.byteLength }
    }
    const { length, byteOffset } = view as Uint8Array
    // Such a typed array says it is empty; its methods refuse it.
    if (length === 0 && typeof at === 'function') at.call(view, 0)
    return { kind: tag, offset: byteOffset, length }
  } catch {
    return undefined
  }
}

/** Only a detached buffer cannot be looked at. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false
  try {
    return new Uint8Array(buffer).byteLength !== 0
  } catch {
    return true
  }
}

/** One step of a path, below an object with this tag. */
export function segment(tag: string | undefined, key: PropertyKey): string {
  const index = Number(key)
  if (tag === 'm') return index % 2 === 0 ? `<key ${index / 2}>` : `<value ${(index - 1) / 2}>`
  if (tag === 't') return `<member ${index}>`
  // A view's buffer and a box's content have no step of their own.
  if (tag === 'v' || tag === 'w') return ''
  const name = String(key)
  if (typeof key === 'number' || (tag === 's' && /^\d+$/.test(name))) return `[${name}]`
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return `.${name}`
  return `[${JSON.stringify(name.slice(0, 100))}]`
}
