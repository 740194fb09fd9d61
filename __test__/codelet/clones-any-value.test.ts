import { types } from 'node:util'
import { afterAll, describe, expect, it } from '@jest/globals'
import { createCodeletRunner } from 'runlet'
import { body, valueFrom } from './run-text'

/**
 * Values made by chance, but the same in every run, must come back as `structuredClone` copies them.
 *
 * Not made here, because structuredClone or the comparison has another opinion, and tested by name
 * in clones-values.test.ts: AggregateError (structuredClone makes a plain Error of it) and errors
 * with a cause (dropped by older V8).
 */

const ROUNDS = 400
const runner = createCodeletRunner()
afterAll(() => runner.dispose())

/** A small generator of pseudo-random numbers from 0 to `below`. */
function chance(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const KEYS = [
  'a',
  'b',
  '0',
  '17',
  '__proto__',
  'constructor',
  'toJSON',
  'length',
  'then',
  '',
  'é\n"',
  'r',
  '&',
]
const TEXTS = [
  '',
  'plain',
  '["u"]',
  '\u0000"\\',
  '\ud800',
  '\u{1f600}',
  '__proto__',
  'x'.repeat(300),
]
const NUMBERS = [
  0,
  -0,
  1,
  -1.5,
  Number.NaN,
  Infinity,
  -Infinity,
  2 ** 53,
  5e-324,
  1e308,
  4294967295,
]
const BIGINTS = [0n, -1n, 1n << 64n, -(10n ** 50n), 0xffn]
const PATTERNS = [/a/, /[/]\/x/gi, /(?:)/, /\u{1f600}/u, /^$/my]
const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]
type ViewConstructor = new (on: ArrayBuffer, offset: number, length: number) => ArrayBufferView
const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
  DataView,
]

function valueFor(seed: number): unknown {
  const below = chance(seed)
  const made: object[] = []
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  const keep = <Made extends object>(value: Made): Made => {
    made.push(value)
    return value
  }
  const times = (most: number, work: () => void) => {
    for (let left = below(most + 1); left > 0; left--) work()
  }

  function buffer(): ArrayBuffer {
    const known = made.filter((one) => one instanceof ArrayBuffer)
    if (known.length > 0 && below(2) === 0) return pick(known) as ArrayBuffer
    const fresh = new ArrayBuffer(8 * below(6))
    const bytes = new Uint8Array(fresh)
    for (let at = 0; at < bytes.length; at++) bytes[at] = below(256)
    // No NaN in a float view: its payload bits are the engine's own affair.
    for (let at = 7; at < bytes.length; at += 8) bytes[at] = below(64)
    for (let at = 3; at < bytes.length; at += 8) bytes[at] = below(64)
    return keep(fresh)
  }

  function view(): ArrayBufferView {
    const View = pick(VIEWS)
    const on = buffer()
    const size = 'BYTES_PER_ELEMENT' in View ? View.BYTES_PER_ELEMENT : 1
    const offset = size * below(on.byteLength / size + 1)
    const length = below((on.byteLength - offset) / size + 1)
    return keep(new (View as ViewConstructor)(on, offset, length))
  }

  function fill(object: object, depth: number): object {
    times(4, () => {
      const own = { value: value(depth - 1), writable: true, enumerable: true, configurable: true }
      Object.defineProperty(object, pick(KEYS.filter((key) => key !== 'length')), own)
    })
    return object
  }

  function array(depth: number): unknown[] {
    const items = keep([] as unknown[])
    times(5, () => items.push(value(depth - 1)))
    if (below(6) === 0) items.length += below(5)
    if (below(6) === 0) items[items.length + below(20)] = value(depth - 1)
    if (below(8) === 0) fill(items, depth)
    return items
  }

  function map(depth: number): unknown {
    const entries = keep(new Map())
    times(4, () => entries.set(value(depth - 1), value(depth - 1)))
    return entries
  }

  function set(depth: number): unknown {
    const members = keep(new Set())
    times(4, () => members.add(value(depth - 1)))
    return members
  }

  function error(): Error {
    const Kind = pick(ERRORS)
    return keep(below(4) === 0 ? new Kind() : new Kind(pick(TEXTS)))
  }

  function leaf(): unknown {
    const kinds: ReadonlyArray<() => unknown> = [
      () => null,
      () => undefined,
      () => below(2) === 0,
      () => pick(NUMBERS),
      () => below(1e9) / 1000,
      () => pick(TEXTS),
      () => pick(BIGINTS),
      () => keep(new Date(below(20) === 0 ? Number.NaN : below(2 ** 31))),
      () => keep(pick(PATTERNS)),
      () => keep(Object(pick([1, -0, 'boxed', true, 5n]))),
      error,
      buffer,
      view,
    ]
    return pick(kinds)()
  }

  function value(depth: number): unknown {
    // Met before: shared, or a cycle when it is still being filled.
    if (made.length > 0 && below(7) === 0) return pick(made)
    if (depth <= 0 || below(3) === 0) return leaf()
    const kinds = [
      array,
      map,
      set,
      (left: number) => fill(keep({}), left),
      (left: number) => fill(keep({}), left),
    ]
    return pick(kinds)(depth)
  }

  return [value(5), value(3)]
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value)
const bytesOf = (buffer: ArrayBuffer): number[] => [...new Uint8Array(buffer)]

/** What an object holds besides its own properties; members among it are compared in order. */
function inside(value: object): unknown[] {
  if (types.isMap(value)) return [...value].flat()
  if (types.isSet(value)) return [...value]
  if (types.isDate(value)) return [value.getTime()]
  if (types.isRegExp(value)) return [value.source, value.flags, value.lastIndex]
  if (types.isNativeError(value))
    return [value.name, value.message, Object.hasOwn(value, 'message')]
  if (types.isArrayBuffer(value)) return bytesOf(value)
  if (ArrayBuffer.isView(value)) {
    return bytesOf(
      value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) as ArrayBuffer,
    )
  }
  return types.isBoxedPrimitive(value) ? [value.valueOf()] : []
}

/**
 * Where two values differ, if they do: in a primitive, a class, a key, the order of members, or in
 * which objects are the same object. Bun's isDeepStrictEqual does not end on some cycles.
 */
function difference(one: unknown, two: unknown): string | undefined {
  const pairs = new Map<unknown, unknown>()
  const met = new Set<unknown>()
  const buffers = new Map<unknown, unknown>()
  const others = new Map<unknown, unknown>()
  /** Of a buffer that only views show no more than what they show may have crossed. */
  const link = (a: unknown, b: unknown): boolean => {
    if (!buffers.has(a) && !others.has(b)) {
      buffers.set(a, b)
      others.set(b, a)
    }
    return buffers.get(a) === b && others.get(b) === a
  }
  const compare = (a: unknown, b: unknown, path: string): string | undefined => {
    if (typeof a !== 'object' || a === null) return Object.is(a, b) ? undefined : path
    if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && !link(a.buffer, b.buffer)) {
      return `${path} (buffer)`
    }
    if (types.isArrayBuffer(a) && !link(a, b)) return `${path} (buffer)`
    if (pairs.has(a) || met.has(b)) return pairs.get(a) === b ? undefined : `${path} (identity)`
    if (typeof b !== 'object' || b === null || tagOf(a) !== tagOf(b)) return path
    pairs.set(a, b)
    met.add(b)
    // The items of a view are its buffer's bytes.
    const isView = ArrayBuffer.isView(a)
    const [keys, against] = isView ? [[], []] : [Object.keys(a), Object.keys(b)]
    if (keys.join() !== against.join()) return `${path} (keys)`
    if (Array.isArray(a) && a.length !== (b as unknown[]).length) return `${path} (length)`
    const [members, counterparts] = [inside(a), inside(b)]
    if (members.length !== counterparts.length) return `${path} (size)`
    for (let at = 0; at < members.length; at++) {
      const found = compare(members[at], counterparts[at], `${path}<${at}>`)
      if (found !== undefined) return found
    }
    for (const key of keys) {
      const found = compare(Reflect.get(a, key), Reflect.get(b, key), `${path}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return compare(one, two, '')
}

const prototypes = (value: unknown, seen = new Set<unknown>()): unknown[] => {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  const members = [...inside(value), ...(ArrayBuffer.isView(value) ? [] : Object.values(value))]
  return [Object.getPrototypeOf(value), ...members.flatMap((member) => prototypes(member, seen))]
}

describe('any value comes back as structuredClone copies it', () => {
  it(`${ROUNDS} values, through input, arguments, a host function's result and the result`, async () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const input = valueFor(seed)
      const wanted = structuredClone(input)
      const copies: unknown[] = []
      const echo = (value: unknown) => {
        copies.push(value)
        return value
      }
      const options = { values: 'clone', input, host: { echo } } as const
      copies.push(await valueFrom(body('return helpers.echo(input)'), options, runner.run))
      for (const copy of copies) {
        // Under Jest structuredClone makes values of another realm; classes are compared by their
        // tags, and prototypes with the value itself.
        expect([seed, difference(copy, wanted)]).toEqual([seed, undefined])
        expect([seed, difference(copy, input)]).toEqual([seed, undefined])
        const [made, given] = [prototypes(copy), prototypes(input)]
        expect([seed, made.every((one, at) => one === given[at])]).toEqual([seed, true])
      }
    }
  })

  it('the values are of every kind', () => {
    const kinds = new Set<string>()
    const walk = (value: unknown, seen: Set<unknown>) => {
      kinds.add(Object.prototype.toString.call(value))
      if (typeof value !== 'object' || value === null || seen.has(value)) return
      seen.add(value)
      if (value instanceof Map) for (const entry of value) walk(entry, seen)
      else if (value instanceof Set) for (const member of value) walk(member, seen)
      else if (!ArrayBuffer.isView(value))
        for (const key of Object.keys(value)) walk(Reflect.get(value, key), seen)
    }
    for (let seed = 1; seed <= ROUNDS; seed++) walk(valueFor(seed), new Set())
    const views = VIEWS.map((View) => View.name)
    const rest = [
      'Object',
      'Array',
      'Map',
      'Set',
      'Date',
      'RegExp',
      'Error',
      'ArrayBuffer',
      'Number',
      'String',
      'Boolean',
      'BigInt',
      'Null',
      'Undefined',
    ]
    for (const name of [...rest, ...views]) expect(kinds).toContain(`[object ${name}]`)
  })
})
