import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

/**
 * The host's half of the text with marks, given texts that no codelet can make it read: the prelude
 * writes them, and no guest code reaches it. A second line must hold all the same.
 */
const { decodeClone } = require(join(__dirname, '../../dist/clone/decode.js')) as {
  decodeClone(text: string, buffers: readonly ArrayBuffer[]): unknown
}

const read = (mark: unknown, ...buffers: ArrayBuffer[]) =>
  decodeClone(JSON.stringify(mark), buffers)
const buffer = () => new ArrayBuffer(8)

const broken: ReadonlyArray<[string, unknown]> = [
  ['no tag', []],
  ['an unknown tag', ['z', 1]],
  ['a tag that is a property name', ['constructor', {}]],
  ['an object without a mark', { a: 1 }],
  ['an unmarked member', ['o', { a: { b: 1 } }]],
  ['a plain value that is none', ['a', [[0, 1]]]],
  ['an object that is a list', ['o', [1]]],
  ['a list that is an object', ['a', { length: 5 }]],
  ['a reference to nothing', ['r', 0]],
  [
    'a reference to what comes later',
    [
      'a',
      [
        ['r', 0],
        ['&', 0, ['a', []]],
      ],
    ],
  ],
  ['a reference by name', ['r', '__proto__']],
  [
    'a negative reference',
    [
      'a',
      [
        ['&', 0, ['a', []]],
        ['r', -1],
      ],
    ],
  ],
  [
    'a fraction of a reference',
    [
      'a',
      [
        ['&', 0, ['a', []]],
        ['r', 0.5],
      ],
    ],
  ],
  ['numbers out of order', ['&', 1, ['a', []]]],
  ['one object with two numbers', ['&', 0, ['&', 1, ['a', []]]]],
  ['an array of a negative length', ['s', -1, {}]],
  ['an array that is too long', ['s', 2 ** 32, {}]],
  ['an index past the length', ['s', 2, { 2: 1 }]],
  ['a length among the members', ['s', 2, { length: 9 }]],
  ['a Map with half an entry', ['m', [1]]],
  ['a Map of a length alone', ['m', { length: 2 ** 32 }]],
  ['a BigInt of other letters', ['i', '0x10']],
  ['a BigInt of nothing', ['i', '']],
  ['a number of another name', ['n', 'toString']],
  ['a Date of text', ['d', '2020']],
  ['a pattern of a number', ['x', 1, '']],
  ['a box of an object', ['w', ['a', []]]],
  ['a box of null', ['w', null]],
  ['a buffer that is not there', ['b', 1]],
  ['a view of an unknown kind', ['v', 'constructor', ['b', 0], 0, 1]],
  ['a view of no buffer', ['v', 'Uint8Array', ['a', []], 0, 1]],
  ['a view past its buffer', ['v', 'Uint8Array', ['b', 0], 4, 5]],
  ['a view of a huge length', ['v', 'Float64Array', ['b', 0], 0, 2 ** 40]],
  ['a view off its alignment', ['v', 'Float64Array', ['b', 0], 4, 0]],
  ['an error of no class', ['e', 'Function', {}]],
  ['an error of an inherited name', ['e', '__proto__', {}]],
  ['an error with a message of a mark', ['e', 'Error', { message: ['a', []] }]],
]

describe('a text that is not exactly as described is no value', () => {
  it.each(broken)('%s', (_what, mark) => {
    expect(() => read(mark, buffer())).toThrow(/^a tagged text is broken: /)
    if (!Array.isArray(mark) || mark[0] === '&') return
    expect(() => read(['a', [1, mark]], buffer())).toThrow(/^a tagged text is broken: /)
  })

  it('no JSON', () => {
    expect(() => decodeClone('[0,', [])).toThrow(SyntaxError)
  })

  it('changes no prototype', () => {
    const text =
      '["o",{"__proto__":["o",{"polluted":["d",0]}],"constructor":["o",{"prototype":[0,{"polluted":1}]}]}]'
    const value = decodeClone(text, []) as object
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    const list = decodeClone('["s",3,{"__proto__":["o",{"polluted":["u",0]}]}]', []) as object
    expect(Object.getPrototypeOf(list)).toBe(Array.prototype)
    const error = decodeClone('["e","Error",{"__proto__":[0,{"polluted":1}]}]', []) as object
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  it('nesting past the stack is a failure of the value, not of the process', () => {
    const text = `${'["a",['.repeat(200_000)}["u",0]${']]'.repeat(200_000)}`
    expect(() => decodeClone(text, [])).toThrow('is nested too deeply')
  })

  it('a huge array without members costs nothing', () => {
    expect(read(['s', 2 ** 32 - 1, {}])).toHaveLength(2 ** 32 - 1)
  })
})
