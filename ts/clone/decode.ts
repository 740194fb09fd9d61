/**
 * From a codelet's tagged text to a value of this realm.
 *
 * Only the prelude writes such texts, and no guest code can make it write another. They are read as
 * if one could: what is not exactly as described ends as a fault of ours, never as a strange value.
 */

import { CloneFault, errorConstructors, type ViewConstructor, viewConstructors } from './kinds'

type Mark = readonly unknown[]

/**
 * The value of a tagged text.
 *
 * @throws CloneFault for what this runtime cannot make, such as a pattern it does not know
 * @throws Error for a text that is not a tagged one
 */
export function decodeClone(text: string, buffers: readonly ArrayBuffer[]): unknown {
  const top: unknown = JSON.parse(text)
  // By far the most common: nothing that JSON cannot say.
  if (Array.isArray(top) && top[0] === 0 && top.length === 2) return object(top[1])
  try {
    return new Decoder(buffers).member(top)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CloneFault(VALUE, 'is nested too deeply for this stack', { cause: error })
  }
}

class Decoder {
  readonly #buffers: readonly ArrayBuffer[]
  /** Objects that are referred to again, by number. */
  readonly #numbered: unknown[] = []

  constructor(buffers: readonly ArrayBuffer[]) {
    this.#buffers = buffers
  }

  member(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    return this.#read(list(value), undefined)
  }

  #read(mark: Mark, number: number | undefined): unknown {
    const made = <Made>(value: Made): Made => {
      if (number !== undefined && this.#numbered.push(value) - 1 !== number) throw broken('number')
      return value
    }
    const payload = mark[1]
    switch (mark[0]) {
      case 0:
        return made(object(payload))
      case 'o':
        return this.#fill(made(record(payload)))
      case 'a':
        return this.#items(made(list(payload)) as unknown[])
      case 's':
        return this.#sparse(made([]), size(payload, 2 ** 32 - 1), record(mark[2]))
      case 'u':
        return undefined
      case 'n':
        return special(payload)
      case 'i':
        return bigint(payload)
      case '&':
        if (number !== undefined) throw broken('number')
        return this.#read(list(mark[2]), size(payload, Number.MAX_SAFE_INTEGER))
      case 'r':
        return this.#numbered[size(payload, this.#numbered.length - 1)]
      default:
        return this.#readSpecial(mark, made)
    }
  }

  #readSpecial(mark: Mark, made: <Made>(value: Made) => Made): unknown {
    const payload = mark[1]
    switch (mark[0]) {
      case 'd':
        return made(new Date(payload === null ? Number.NaN : number(payload)))
      case 'x':
        return made(pattern(string(payload), string(mark[2])))
      case 'm':
        return this.#map(made(new Map()), list(payload))
      case 't': {
        const set = made(new Set())
        for (const item of list(payload)) set.add(this.member(item))
        return set
      }
      case 'w':
        return made(boxed(this.member(payload)))
      case 'b':
        return made(this.#buffer(size(payload, this.#buffers.length)))
      case 'v':
        return this.#view(string(payload), mark, made)
      case 'e':
        return this.#error(string(payload), record(mark[2]), made)
      default:
        throw broken('tag')
    }
  }

  /** In place: every key is an own property that JSON made. */
  #fill(container: object): object {
    for (const key of Object.keys(container)) {
      const value: unknown = Reflect.get(container, key)
      if (typeof value === 'object' && value !== null) set(container, key, this.member(value))
    }
    return container
  }

  #items(array: unknown[]): unknown[] {
    for (let index = 0; index < array.length; index++) {
      const item = array[index]
      if (typeof item === 'object' && item !== null) array[index] = this.member(item)
    }
    return array
  }

  #sparse(array: unknown[], length: number, members: object): unknown[] {
    array.length = length
    for (const key of Object.keys(members)) {
      if (key === 'length' || (isIndex(key) && Number(key) >= length)) throw broken('index')
      set(array, key, this.member(Reflect.get(members, key)))
    }
    return array
  }

  #map(map: Map<unknown, unknown>, items: Mark): Map<unknown, unknown> {
    if (items.length % 2 !== 0) throw broken('map')
    for (let index = 0; index < items.length; index += 2) {
      const key = this.member(items[index])
      map.set(key, this.member(items[index + 1]))
    }
    return map
  }

  #view(kind: string, mark: Mark, made: <Made>(value: Made) => Made): unknown {
    const buffer = this.member(mark[2])
    if (!(buffer instanceof ArrayBuffer)) throw broken('buffer')
    const offset = size(mark[3], buffer.byteLength)
    const length = size(mark[4], buffer.byteLength)
    const View = viewConstructors.get(kind)
    if (View !== undefined) return made(viewOf(View, buffer, offset, length))
    if (kind !== 'Float16Array') throw broken('view')
    throw new CloneFault(VALUE, `holds a ${kind}, which this runtime does not have`)
  }

  #error(name: string, members: object, made: <Made>(value: Made) => Made): Error {
    const ErrorKind = errorConstructors.get(name)
    if (ErrorKind === undefined) throw broken('error')
    const error = name === 'AggregateError' ? new AggregateError([]) : new ErrorKind()
    const hidden = (key: string, value: unknown) =>
      Object.defineProperty(error, key, { value, writable: true, configurable: true })
    made(error)
    const { message = '', stack = '' } = members as Record<string, unknown>
    const title = message === '' ? name : `${name}: ${string(message)}`
    // Places in the codelet; those of this decoder mean nothing to anyone.
    hidden('stack', stack === '' ? title : `${title}\n${string(stack)}`)
    if (Object.hasOwn(members, 'message')) hidden('message', message)
    for (const key of ['cause', 'errors']) {
      if (Object.hasOwn(members, key)) hidden(key, this.member(Reflect.get(members, key)))
    }
    return error
  }

  #buffer(index: number): ArrayBuffer {
    const buffer = this.#buffers[index]
    if (buffer === undefined) throw broken('buffer')
    // The addon makes it in the process's own realm, which may not be this one.
    return buffer instanceof ArrayBuffer ? buffer : new Uint8Array(buffer).slice().buffer
  }
}

/** What messages call a value whose place is not known. */
const VALUE = 'the value'

function broken(what: string): Error {
  return new Error(`a tagged text is broken: ${what}`)
}

function object(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw broken('container')
  return value
}

function list(value: unknown): Mark {
  if (!Array.isArray(value)) throw broken('list')
  return value
}

function record(value: unknown): object {
  if (Array.isArray(value)) throw broken('object')
  return object(value)
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw broken('string')
  return value
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw broken('number')
  return value
}

/** An integer from 0 to `most`. */
function size(value: unknown, most: number): number {
  const given = number(value)
  if (!Number.isInteger(given) || given < 0 || given > most) throw broken('size')
  return given
}

const SPECIAL: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
])

function special(name: unknown): number {
  return SPECIAL.get(name) ?? number(undefined)
}

function bigint(value: unknown): bigint {
  const digits = string(value)
  if (!/^-?[0-9a-f]+$/.test(digits)) throw broken('BigInt')
  return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`)
}

function pattern(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (cause) {
    const what = `holds a pattern that this runtime does not know: /${source.slice(0, 100)}/${flags}`
    throw new CloneFault(VALUE, what, { cause })
  }
}

function boxed(value: unknown): object {
  if (typeof value === 'object' || value === undefined) throw broken('box')
  return Object(value) as object
}

function viewOf(View: ViewConstructor, buffer: ArrayBuffer, offset: number, length: number) {
  try {
    return new View(buffer, offset, length)
  } catch {
    throw broken('view')
  }
}

/** Whether a key is one that an array counts in its length. */
function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1
}

/** An own property, whatever its name. */
function set(container: object, key: string, value: unknown): void {
  Object.defineProperty(container, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}
