import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import type { CodeletRunOptions } from 'runlet'
import { body, failureOf, valueFrom } from './run-text'

const clone = { values: 'clone' } as const

/** Goes in as input, out as an argument, in as a host function's result, out as the result. */
async function around(value: unknown, options?: CodeletRunOptions): Promise<unknown[]> {
  const seen: unknown[] = []
  const echo = (given: unknown) => {
    seen.push(given)
    return given
  }
  const result = await valueFrom(body('return helpers.echo(input)'), {
    ...clone,
    ...options,
    input: value,
    host: { echo },
  })
  return [...seen, result]
}

const bytes = (...items: number[]) => new Uint8Array(items).buffer
const sparse: unknown[] = Object.assign(new Array(5), { 0: 1, 2: 3 })
const labelled = Object.assign(['a', 'b'], { label: new Date(5), 7: 'far' })
const keyed = JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":[],"then":2}')

/** What a codelet must see: a name, the value, and a test of it as the guest's own code. */
const table: ReadonlyArray<[string, unknown, string]> = [
  ['undefined', undefined, 'input === undefined'],
  [
    'undefined as a member',
    { a: undefined, b: [undefined] },
    '"a" in input && input.b.length === 1',
  ],
  ['NaN', Number.NaN, 'Number.isNaN(input)'],
  ['Infinity', [Infinity, -Infinity], 'input[0] === Infinity && input[1] === -Infinity'],
  ['-0', { zero: -0 }, 'Object.is(input.zero, -0)'],
  [
    'a BigInt',
    [10n ** 40n, -1n, 0n],
    'input[0] === 10n ** 40n && input[1] === -1n && input[2] === 0n',
  ],
  ['a string', 'text \u0000 \u{1f600}', 'input === "text \\u0000 \\u{1f600}"'],
  ['a lone surrogate', ['\ud800', 'a\udfff'], 'input[0] === "\\ud800" && input[1] === "a\\udfff"'],
  ['a Date', new Date(1234), 'input instanceof Date && input.getTime() === 1234'],
  [
    'a RegExp',
    /a\/(b)/giu,
    'input instanceof RegExp && input.flags === "giu" && input.test("xA/B")',
  ],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['k', 1],
      [{ deep: [1] }, new Set()],
    ]),
    'input instanceof Map && [...input.keys()][1].deep[0] === 1',
  ],
  [
    'a Set',
    new Set([1, 'two', new Map()]),
    'input instanceof Set && input.size === 3 && [...input][2] instanceof Map',
  ],
  [
    'an ArrayBuffer',
    bytes(1, 2, 3),
    'input instanceof ArrayBuffer && new Uint8Array(input)[2] === 3',
  ],
  ['an empty ArrayBuffer', bytes(), 'input instanceof ArrayBuffer && input.byteLength === 0'],
  ['a Uint8Array', new Uint8Array([7, 8]), 'input instanceof Uint8Array && input[1] === 8'],
  [
    'a Uint8ClampedArray',
    new Uint8ClampedArray([300]),
    'input instanceof Uint8ClampedArray && input[0] === 255',
  ],
  ['an Int8Array', new Int8Array([-1]), 'input instanceof Int8Array && input[0] === -1'],
  ['an Int16Array', new Int16Array([-300]), 'input instanceof Int16Array && input[0] === -300'],
  ['a Uint16Array', new Uint16Array([300]), 'input instanceof Uint16Array && input[0] === 300'],
  ['an Int32Array', new Int32Array([-70000]), 'input instanceof Int32Array && input[0] === -70000'],
  ['a Uint32Array', new Uint32Array([70000]), 'input instanceof Uint32Array && input[0] === 70000'],
  ['a Float32Array', new Float32Array([0.5]), 'input instanceof Float32Array && input[0] === 0.5'],
  [
    'a Float64Array',
    new Float64Array([0.1, -0]),
    'input instanceof Float64Array && input[0] === 0.1',
  ],
  [
    'a BigInt64Array',
    new BigInt64Array([-5n]),
    'input instanceof BigInt64Array && input[0] === -5n',
  ],
  [
    'a BigUint64Array',
    new BigUint64Array([5n]),
    'input instanceof BigUint64Array && input[0] === 5n',
  ],
  [
    'a DataView',
    new DataView(bytes(0, 1, 2, 3), 1, 2),
    'input instanceof DataView && input.getUint16(0) === 258',
  ],
  ['an Error', new Error('broken'), 'input instanceof Error && input.message === "broken"'],
  [
    'a RangeError',
    new RangeError('r'),
    'input instanceof RangeError && input.name === "RangeError"',
  ],
  [
    'boxed primitives',
    [Object(1), Object('s'), Object(false), Object(2n)],
    'input.every((one) => typeof one === "object") && input[0] + 1 === 2',
  ],
  [
    'an array with holes',
    sparse,
    'input.length === 5 && !(1 in input) && !(4 in input) && input[2] === 3',
  ],
  [
    'an array with other properties',
    labelled,
    'Array.isArray(input) && input.label instanceof Date && input.length === 8',
  ],
  [
    'odd keys',
    keyed,
    'Object.getPrototypeOf(input) === Object.prototype && Object.keys(input)[0] === "__proto__" && input.polluted === undefined',
  ],
  [
    'odd keys beside a Date',
    { ...keyed, d: new Date(0) },
    'Object.getPrototypeOf(input) === Object.prototype && Object.keys(input)[0] === "__proto__" && input.polluted === undefined',
  ],
  [
    'what looks like a mark',
    [['u'], ['r', 0], ['&', 0, ['b', 9]], [0, 1], { t: ['d', 5] }, undefined],
    'input[0][0] === "u" && input[1][1] === 0 && input[4].t[0] === "d"',
  ],
]

describe('a structured clone crosses in all four directions', () => {
  it.each(table)('%s', async (_name, value, test) => {
    expect(await valueFrom(body(`return ${test}`), { ...clone, input: value })).toBe(true)
    for (const copy of await around(value)) {
      // Under Jest structuredClone makes values of another realm: it has to copy both.
      expect(isDeepStrictEqual(structuredClone(copy), structuredClone(value))).toBe(true)
      expect(isDeepStrictEqual(copy, value)).toBe(true)
      if (typeof value === 'object') expect(copy).not.toBe(value)
    }
  })

  it('an invalid Date', async () => {
    for (const copy of await around([new Date(Number.NaN)])) {
      const [date] = copy as [Date]
      expect(date).toBeInstanceOf(Date)
      expect(date.getTime()).toBeNaN()
    }
  })

  it('a Float16Array, where the runtime has it', async () => {
    const code = body('return [input ? input[0] : 0.5, new Float16Array([0.5])]')
    const Half: unknown = Reflect.get(globalThis, 'Float16Array')
    if (typeof Half !== 'function') {
      const { error } = await failureOf('RUNTIME_ERROR', code, clone)
      expect(error.details).toEqual({ reason: 'UNSERIALIZABLE_RESULT' })
      expect(error.message).toContain('Float16Array')
      return
    }
    const input: unknown = Reflect.construct(Half, [[0.25]])
    const value = (await valueFrom(code, { ...clone, input })) as [number, unknown]
    expect(value[0]).toBe(0.25)
    expect(value[1]).toBeInstanceOf(Half)
  })

  it('a Buffer arrives as a Uint8Array', async () => {
    const code = body(
      'return [input.constructor === Uint8Array, String.fromCharCode(...input), input]',
    )
    const value = (await valueFrom(code, { ...clone, input: Buffer.from('hello') })) as unknown[]
    expect(value).toEqual([true, 'hello', new Uint8Array([104, 101, 108, 108, 111])])
  })

  it('an error keeps its cause and its errors, and no stack of the host goes in', async () => {
    const cause = new TypeError('inner', { cause: new Map([[1, 2]]) })
    const error = new AggregateError([new RangeError('one')], 'all', { cause })
    const test = `input instanceof AggregateError && input.errors[0] instanceof RangeError &&
      input.cause instanceof TypeError && input.cause.cause.get(1) === 2 && input.cause.cause instanceof Map`
    expect(await valueFrom(body(`return ${test}`), { ...clone, input: error })).toBe(true)
    const stacks = await valueFrom(
      body('return [String(input.stack), String(input.cause.stack)]'),
      { ...clone, input: error },
    )
    expect(JSON.stringify(stacks)).not.toMatch(/clones-values|node:|[/\\]/)
    for (const copy of (await around(error)) as AggregateError[]) {
      expect(copy).toBeInstanceOf(AggregateError)
      expect(copy.errors).toEqual([new RangeError('one')])
      expect((copy.cause as Error).cause).toEqual(new Map([[1, 2]]))
      expect(Object.keys(copy)).toEqual([])
    }
  })

  it('an error of the codelet brings the stack of the codelet', async () => {
    const code =
      'const make = () => new RangeError("far")\nexport const main = () => ({ error: make() })'
    const { error } = (await valueFrom(code, clone)) as { error: RangeError }
    expect(error).toBeInstanceOf(RangeError)
    expect(error.stack).toMatch(/^RangeError: far\n +at make \(codelet.js:1/)
    expect(error.stack).not.toMatch(/runlet|node:/)
  })

  it('a name that is not of the language becomes Error, as structuredClone has it', async () => {
    const code = body('const e = new Error("m"); e.name = "Mine"; e.extra = 1; return e')
    const value = (await valueFrom(code, clone)) as Error
    expect([value.name, value.message, Object.keys(value)]).toEqual(['Error', 'm', []])
  })

  it('class instances lose their class, accessors become values, hidden and symbol keys are dropped', async () => {
    class Point {
      x = new Date(1)
      get y() {
        return 2
      }
    }
    const hidden = Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'b', { value: 3 })
    const getter = {
      get now() {
        return new Set([1])
      },
    }
    const input = { point: new Point(), hidden, getter }
    for (const copy of await around(input)) {
      expect(
        isDeepStrictEqual(copy, {
          point: { x: new Date(1) },
          hidden: { a: 1 },
          getter: { now: new Set([1]) },
        }),
      ).toBe(true)
    }
    const code = body(`class P { x = new Date(1); get y() { return 2 } }
      return { point: new P(), hidden: Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'b', { value: 3 }), getter: { get now() { return new Set([1]) } } }`)
    expect(
      isDeepStrictEqual(await valueFrom(code, clone), {
        point: { x: new Date(1) },
        hidden: { a: 1 },
        getter: { now: new Set([1]) },
      }),
    ).toBe(true)
  })

  it('lastIndex is not kept', async () => {
    const pattern = /a/g
    pattern.lastIndex = 3
    for (const copy of await around([pattern, 1n])) expect((copy as [RegExp])[0].lastIndex).toBe(0)
  })

  it('toJSON is not asked', async () => {
    const input = { toJSON: 1, d: new Date(3) }
    expect(await valueFrom(body('return input.toJSON'), { ...clone, input })).toBe(1)
    const code =
      'Object.prototype.toJSON = () => "bent"; Date.prototype.toJSON = () => "bent"; export const main = () => ({ a: [1], d: new Date(3) })'
    expect(await valueFrom(code, clone)).toEqual({ a: [1], d: new Date(3) })
  })
})

describe('identity crosses', () => {
  it('cycles', async () => {
    interface Ring {
      self?: Ring
      map: Map<unknown, unknown>
      list: unknown[]
    }
    const ring: Ring = { map: new Map(), list: [] }
    ring.self = ring
    ring.map.set(ring, ring.list)
    ring.list.push(ring.map, ring.list)
    const test =
      'input.self === input && input.map.get(input) === input.list && input.list[0] === input.map && input.list[1] === input.list'
    expect(await valueFrom(body(`return ${test}`), { ...clone, input: ring })).toBe(true)
    for (const copy of (await around(ring)) as Ring[]) {
      expect(copy.self).toBe(copy)
      expect(copy.map.get(copy)).toBe(copy.list)
      expect(copy.list[0]).toBe(copy.map)
      expect(copy.list[1]).toBe(copy.list)
    }
  })

  it('an object met twice, also deep inside what is otherwise plain', async () => {
    const shared = { deep: [{ leaf: 1 }] }
    const input = {
      a: [[shared]],
      b: { c: shared },
      leaf: shared.deep[0],
      plain: { x: [1, { y: 2 }] },
    }
    const test =
      'input.a[0][0] === input.b.c && input.leaf === input.b.c.deep[0] && input.plain.x[1].y === 2'
    expect(await valueFrom(body(`return ${test}`), { ...clone, input })).toBe(true)
    for (const copy of (await around(input)) as Array<typeof input>) {
      expect(copy.a[0]?.[0]).toBe(copy.b.c)
      expect(copy.leaf).toBe(copy.b.c.deep[0])
    }
    const made = (await valueFrom(
      body('const s = { n: [1] }; const o = { a: { s }, b: [s], n: s.n }; return o'),
      clone,
    )) as { a: { s: { n: unknown } }; b: unknown[]; n: unknown }
    expect(made.a.s).toBe(made.b[0])
    expect(made.a.s.n).toBe(made.n)
  })

  it('arguments of one call share what they shared', async () => {
    let same = false
    const compare = (a: { d: unknown }, b: unknown) => {
      same = a.d === b
    }
    const host = { compare }
    await valueFrom(body('const d = new Date(0); await helpers.compare({ d }, d)'), {
      ...clone,
      host,
    })
    expect(same).toBe(true)
  })

  it('two views of one buffer keep sharing it', async () => {
    const buffer = new ArrayBuffer(32)
    const input = [
      new Uint8Array(buffer, 3, 5),
      new Float64Array(buffer, 8, 2),
      new DataView(buffer, 0, 4),
    ]
    const code = body(`input[0][0] = 7
      input[1][0] = 1.5
      return [input[0].buffer === input[1].buffer, input[2].getUint8(3), input]`)
    const value = (await valueFrom(code, { ...clone, input })) as [
      boolean,
      number,
      [Uint8Array, Float64Array, DataView],
    ]
    expect(value.slice(0, 2)).toEqual([true, 7])
    const [first, second, third] = value[2]
    expect(first.buffer).toBe(second.buffer)
    expect(third.buffer).toBe(second.buffer)
    expect([first[0], second[0], third.getUint8(3)]).toEqual([7, 1.5, 7])
  })

  it('a buffer that is part of the value crosses whole, whatever its views show', async () => {
    const buffer = bytes(1, 2, 3, 4, 5, 6, 7, 8, 9)
    for (const input of [
      [buffer, new Uint8Array(buffer, 4, 2)],
      [new Uint8Array(buffer, 4, 2), buffer],
    ]) {
      const code =
        body(`const [a, b] = input[0] instanceof ArrayBuffer ? input : [input[1], input[0]]
        return [a.byteLength, b.byteOffset, a === b.buffer, b[0]]`)
      expect(await valueFrom(code, { ...clone, input })).toEqual([9, 4, true, 5])
    }
  })

  it('bytes of the host that no view shows stay on the host', async () => {
    const pool = new Uint8Array(4096).fill(0x5a)
    const views = [pool.subarray(100, 103), pool.subarray(2000, 2001)]
    const code = body(`const all = new Uint8Array(input.views[0].buffer)
      return [all.filter((byte) => byte === 0x5a).length, input.one.buffer.byteLength, input.small.buffer.byteLength]`)
    const other = new Uint8Array(64).fill(1)
    const input = { views, one: other.subarray(5, 9), small: Buffer.from('pooled') }
    expect(await valueFrom(code, { ...clone, input })).toEqual([4, 4, 6])
  })
})
