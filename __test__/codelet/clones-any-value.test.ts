import { isDeepStrictEqual } from 'node:util'
import { afterAll, describe, expect, it } from '@jest/globals'
import { createCodeletRunner } from 'runlet'
import { body, valueFrom } from './run-text'

/**
 * Values made by chance, but the same in every run, must come back as `structuredClone` copies them.
 *
 * Not made here, because structuredClone or the comparison has another opinion, and tested by name
 * in clones-values.test.ts: AggregateError (structuredClone makes a plain Error of it), an invalid
 * Date (not equal to itself in older Node), errors with a cause (dropped by older V8).
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
    return keep(new View(on, offset, length))
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
      () => keep(new Date(below(2 ** 31))),
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

/** Which objects are the same object, in the order a walk meets them. */
function identities(root: unknown): number[] {
  const numbers = new Map<object, number>()
  const met: number[] = []
  const walk = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    const known = numbers.get(value)
    met.push(known ?? numbers.size)
    if (known !== undefined) return
    numbers.set(value, numbers.size)
    if (value instanceof Map) for (const entry of value) entry.forEach(walk)
    else if (value instanceof Set) for (const member of value) walk(member)
    else if (!ArrayBuffer.isView(value))
      for (const key of Object.keys(value)) walk(Reflect.get(value, key))
    if (ArrayBuffer.isView(value)) walk(value.buffer)
  }
  walk(root)
  return met
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
        // Under Jest structuredClone makes values of another realm: it has to copy both.
        expect([seed, isDeepStrictEqual(structuredClone(copy), wanted)]).toEqual([seed, true])
        expect([seed, isDeepStrictEqual(copy, input)]).toEqual([seed, true])
        expect([seed, identities(copy)]).toEqual([seed, identities(input)])
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
