import { describe, expect, it } from '@jest/globals'
import { runCodelet } from 'runlet'
import { body, failureOf, js, refusedOption, rejectionOf, untyped, valueFrom } from './run-text'

const globals = { RATES: { eur: 1, deep: { list: [1, { a: 2 }] } }, NAME: 'shop', NONE: null }

describe('A7 · globals are deep-frozen copies, readable by name', () => {
  it('can be read as globals and as members of globalThis', async () => {
    const code = body('return [RATES.deep.list[1].a, NAME, NONE, globalThis.NAME, typeof RATES]')
    expect(await valueFrom(code, { globals })).toEqual([2, 'shop', null, 'shop', 'object'])
  })

  it('behave as ordinary data', async () => {
    const code = body(
      `const { list } = RATES.deep
       return [Array.isArray(list), list.map((n) => typeof n), [...list].length, JSON.stringify(RATES),
         Object.keys(RATES), { ...RATES.deep.list[1] }, list.includes(1), list.concat([3]).length]`,
    )
    expect(await valueFrom(code, { globals })).toEqual([
      true,
      ['number', 'object'],
      2,
      JSON.stringify(globals.RATES),
      ['eur', 'deep'],
      { a: 2 },
      true,
      3,
    ])
  })

  it('are frozen all the way down', async () => {
    const code = body(
      `const levels = [RATES, RATES.deep, RATES.deep.list, RATES.deep.list[1]]
       return levels.map((level) => Object.isFrozen(level))`,
    )
    expect(await valueFrom(code, { globals })).toEqual([true, true, true, true])
  })

  it.each([
    ['a write', 'RATES.eur = 2'],
    ['a deep write', 'RATES.deep.list[1].a = 3'],
    ['a push', 'RATES.deep.list.push(1)'],
    ['a reversal', 'RATES.deep.list.reverse()'],
    ['length', 'RATES.deep.list.length = 0'],
    ['an addition', 'RATES.usd = 1'],
    ['a deletion', 'delete RATES.eur'],
    ['a definition', "Object.defineProperty(RATES, 'eur', { value: 9 })"],
    ['a prototype', 'Object.setPrototypeOf(RATES, null)'],
    ['Object.assign', 'Object.assign(RATES, { eur: 2 })'],
    ['Reflect.set', "Reflect.set(RATES, 'eur', 2)"],
    ['globalThis', 'globalThis.NAME = 1'],
    ['a new member of globalThis', 'globalThis.fresh = 1'],
    ['deleting from globalThis', 'delete globalThis.NAME'],
    ['an intrinsic', 'globalThis.Math = null'],
    ['an intrinsic by name', 'Math = null'],
    ['a global by name', 'RATES = null'],
  ])('refuse %s, and nothing changes', async (_kind, statement) => {
    const { error } = await failureOf('POLICY_VIOLATION', body(statement), { globals })
    expect(error.details?.capability).toBe('globals')
    expect(error.message).toContain('frozen')
    const after = body(
      `try { ${statement} } catch {} return [RATES, NAME, typeof Math, typeof fresh]`,
    )
    expect(await valueFrom(after, { globals })).toEqual([
      globals.RATES,
      'shop',
      'object',
      'undefined',
    ])
  })

  it('does not blame the global scope for a write to the codelet’s own constant', async () => {
    const { error } = await failureOf('RUNTIME_ERROR', body('const own = 1\nown = 2'))
    expect(error.name).toBe('TypeError')
    const shadow = await failureOf('RUNTIME_ERROR', body('const console = 1\nconsole = 2'))
    expect(shadow.error.name).toBe('TypeError')
  })

  it('leaves objects of the codelet writable, also with names of globals', async () => {
    const code = body(
      `const error = new Error('x'); error.name = 'Mine'; const own = { Math: 1 }; own.Math = 2
       own.toString = () => 'x'; return [error.name, own.Math, String(own)]`,
    )
    expect(await valueFrom(code)).toEqual(['Mine', 2, 'x'])
  })

  it('are copies: the host’s objects are neither changed nor frozen', async () => {
    const mine = { A: { list: [1] } }
    await valueFrom(body('try { A.list.push(2) } catch {}'), { globals: mine })
    mine.A.list.push(3)
    expect(mine.A.list).toEqual([1, 3])
  })

  it('are gone in the next run', async () => {
    await valueFrom(body('return NAME'), { globals })
    expect(await valueFrom(body('return typeof NAME'))).toBe('undefined')
  })

  it('keeps a __proto__ key inside data an ordinary property', async () => {
    const data = JSON.parse('{"G": {"__proto__": {"polluted": 1}}}') as Record<string, unknown>
    const code = body(
      'return [Object.keys(G), ({}).polluted === undefined, G.polluted === undefined]',
    )
    expect(await valueFrom(code, { globals: data })).toEqual([['__proto__'], true, true])
  })
})

describe('A7 · globals that cannot be are refused by name', () => {
  it.each([
    ['globals', 5],
    ['globals', []],
    ['globals.console', { console: 1 }],
    ['globals.helpers', { helpers: 1 }],
    ['globals.Math', { Math: 1 }],
    ['globals.undefined', { undefined: 1 }],
    ['globals.globalThis', { globalThis: 1 }],
    ['globals.setTimeout', { setTimeout: 1 }],
    ['globals.a-b', { 'a-b': 1 }],
    ['globals.1a', { '1a': 1 }],
    ['globals.', { '': 1 }],
    ['globals.class', { class: 1 }],
    ['globals.await', { await: 1 }],
    ['globals.__proto__', JSON.parse('{"__proto__": 1}')],
  ])('%s', async (field, value) => {
    const run = runCodelet(js('export const main = () => 1'), untyped({ globals: value }))
    const error = await rejectionOf(run)
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe(field)
  })

  it('points to host for a function at any depth', async () => {
    const error = await refusedOption({ globals: { a: { f() {} } } }, 'globals')
    expect(error.message).toContain('globals.a.f')
    expect(error.message).toContain('host')
    await refusedOption({ globals: { a: [Symbol('s')] } }, 'globals')
  })

  it('names the path of a cycle and of a BigInt', async () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    expect((await refusedOption({ globals: { a: cycle } }, 'globals')).message).toContain(
      'globals.a.self',
    )
    expect((await refusedOption({ globals: { a: [1n] } }, 'globals')).message).toContain(
      'globals.a[0]',
    )
  })

  it('counts towards max_input_bytes', async () => {
    const large = { globals: { A: 'x'.repeat(200) }, input: 'y'.repeat(200), max_input_bytes: 300 }
    await refusedOption(large, 'input')
  })
})
