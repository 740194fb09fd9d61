import { describe, expect, it } from '@jest/globals'
import { runCodelet } from 'runlet'
import { body, failureOf, js, rejectionOf, untyped, valueFrom } from './run-text'

describe('A1 · runCodelet(source, options) runs a codelet and gives its value', () => {
  it('runs the first example of the original readme unchanged', async () => {
    const codeletSource = {
      type: 'string' as const,
      code: `
export async function main(input, { logger }) {
logger.info('Processing input:', input);
return { result: input.value * 2 };
}
`,
    }
    const result = await runCodelet(codeletSource, { input: { value: 21 }, timeout_ms: 2000 })
    expect(result.ok).toBe(true)
    expect(result.value).toEqual({ result: 42 })
    expect(result.logs).toEqual([
      {
        level: 'info',
        message: 'Processing input: { value: 21 }',
        timestamp: expect.any(Number),
      },
    ])
    expect(result.duration_ms).toBeGreaterThan(0)
  })

  it.each([
    ['an async main', 'export async function main(n) { return n + 1 }'],
    ['a sync main', 'export function main(n) { return n + 1 }'],
    ['an arrow', 'export const main = (n) => n + 1'],
    ['a default export', 'export default (n) => n + 1'],
    ['an anonymous default function', 'export default async function (n) { return n + 1 }'],
    ['a renamed export', 'const add = (n) => n + 1\nexport { add as main }'],
    ['top-level await', 'const one = await Promise.resolve(1)\nexport const main = (n) => n + one'],
    ['a thenable result', 'export const main = (n) => ({ then(resolve) { resolve(n + 1) } })'],
  ])('runs %s', async (_kind, code) => {
    expect(await valueFrom(code, { input: 41 })).toBe(42)
  })

  it('prefers main to the default export', async () => {
    const code = `export default () => 'default'\nexport const main = () => 'main'`
    expect(await valueFrom(code)).toBe('main')
  })

  it('calls main without `this`, with input and helpers', async () => {
    const code = 'export function main(...args) { return [this === undefined, args.length] }'
    expect(await valueFrom(code, { input: 1 })).toEqual([true, 2])
  })

  it.each([
    ['undefined', 'undefined', undefined],
    ['null', 'null', null],
    ['text with NUL and lone surrogates', String.raw`'\u0000\ud800x'`, '\u0000\ud800x'],
    ['numbers', '[0.1, 1e21, -0, NaN, Infinity]', [0.1, 1e21, 0, null, null]],
    ['undefined members', '[{ a: undefined, b: 1 }, [undefined]]', [{ b: 1 }, [null]]],
    ['a Date', 'new Date(0)', '1970-01-01T00:00:00.000Z'],
    ['Map and Set', '[new Map([[1, 2]]), new Set([1])]', [{}, {}]],
    ['an object with toJSON', '({ toJSON() { return { a: 1 } } })', { a: 1 }],
    ['a getter', '({ get a() { return 1 } })', { a: 1 }],
    ['a typed array', 'new Uint8Array([7])', { '0': 7 }],
  ])('gives back %s as JSON has it', async (_kind, expression, expected) => {
    const result = await runCodelet(js(`export const main = () => (${expression})`))
    expect(result.ok).toBe(true)
    expect(result.value).toEqual(expected)
  })

  it('makes results of the realm of the caller', async () => {
    const value = await valueFrom('export const main = () => ({ list: [1], of: {} })')
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    // biome-ignore lint/suspicious/useIsArray: Array.isArray would hold for another realm too
    expect((value as { list: unknown }).list instanceof Array).toBe(true)
  })

  it('hands over input as a fresh mutable copy', async () => {
    const input = { list: [1], when: new Date(0) }
    const code = body('input.list.push(2); return [input.list.length, input.when]')
    expect(await valueFrom(code, { input })).toEqual([2, '1970-01-01T00:00:00.000Z'])
    expect(input.list).toEqual([1])
  })

  it('passes undefined when there is no input', async () => {
    expect(await valueFrom('export const main = (input) => input === undefined')).toBe(true)
  })

  it('keeps a __proto__ key an ordinary property, both ways', async () => {
    const input = JSON.parse('{ "__proto__": { "polluted": 1 } }') as unknown
    const code = body(
      `return { own: Object.keys(input), clean: ({}).polluted === undefined, back: input }`,
    )
    const value = (await valueFrom(code, { input })) as {
      own: string[]
      clean: boolean
      back: object
    }
    expect(value.own).toEqual(['__proto__'])
    expect(value.clean).toBe(true)
    expect(Object.keys(value.back)).toEqual(['__proto__'])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})

describe('A1 · results that JSON cannot carry are a typed failure, logs kept', () => {
  it.each([
    ['a BigInt', '1n'],
    ['a BigInt inside', '({ deep: [1n] })'],
    ['a cycle', '(() => { const a = {}; a.a = a; return a })()'],
    ['a function', '() => 1'],
    ['a symbol', "Symbol('s')"],
    ['a getter that throws', "({ get a() { throw new Error('no') } })"],
    ['a toJSON that throws', "({ toJSON() { throw new Error('no') } })"],
    ['a Proxy that throws', "new Proxy({}, { ownKeys() { throw new Error('no') } })"],
    [
      'a revoked Proxy',
      '(() => { const p = Proxy.revocable({}, {}); p.revoke(); return { p: p.proxy } })()',
    ],
    [
      'nesting beyond the stack',
      '(() => { let a = []; for (let i = 0; i < 2e5; i++) a = [a]; return a })()',
    ],
  ])('refuses %s', async (_kind, expression) => {
    const code = `export const main = () => { console.log('kept'); return (${expression}) }`
    const { error, logs } = await failureOf('RUNTIME_ERROR', code)
    expect(error.details?.reason).toBe('UNSERIALIZABLE_RESULT')
    expect(error.retryable).toBe(false)
    expect(logs.map(({ message }) => message)).toEqual(['kept'])
  })

  it('refuses a result over max_result_bytes, exactly one byte past the bound', async () => {
    const code = (length: number) =>
      `export const main = () => { console.log('kept'); return 'x'.repeat(${length}) }`
    expect(await valueFrom(code(98), { max_result_bytes: 100 })).toHaveLength(98)
    const { error, logs } = await failureOf('OUTPUT_LIMIT', code(99), { max_result_bytes: 100 })
    expect(error.details).toEqual({ limitBytes: 100 })
    expect(logs).toHaveLength(1)
  })
})

describe('A1 · misuse rejects with INVALID_ARGUMENT before anything runs', () => {
  it.each([
    ['nothing', undefined, 'source'],
    ['null', null, 'source'],
    ['a bare string', 'export const main = () => 1', 'source'],
    ['an array', [], 'source'],
    ['no type', { code: 'x' }, 'source.type'],
    ['an unknown type', { type: 'url', code: 'x' }, 'source.type'],
    ['no code', { type: 'string' }, 'source.code'],
    ['code that is no string', { type: 'string', code: 7 }, 'source.code'],
    ['empty code', { type: 'string', code: '' }, 'source.code'],
    ['blank code', { type: 'string', code: ' \ufeff\n' }, 'source.code'],
    ['an unknown property', { type: 'string', code: 'x', lang: 'ts' }, 'source.lang'],
    ['an unknown language', { type: 'string', code: 'x', language: 'coffee' }, 'source.language'],
    ['a forged label', { type: 'string', code: 'x', filename: 'a\n at b' }, 'source.filename'],
    ['a path beside code', { type: 'string', code: 'x', path: '/x' }, 'source.path'],
  ])('refuses %s as source', async (_kind, source, field) => {
    const error = await rejectionOf(runCodelet(source as Parameters<typeof runCodelet>[0]))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe(field)
    expect(error.message).toContain(field.replace('source.', ''))
  })

  it.each([
    ['null', null],
    ['a number', 5],
    ['an array', []],
    ['a function', () => 1],
  ])('refuses %s as options', async (_kind, options) => {
    const error = await rejectionOf(runCodelet(js('export const main = () => 1'), untyped(options)))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe('options')
  })

  it('names an unknown option and the one that was probably meant', async () => {
    const error = await rejectionOf(
      runCodelet(js('export const main = () => 1'), untyped({ timeoutms: 5 })),
    )
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe('timeoutms')
    expect(error.message).toContain('timeout_ms')
  })

  const cycle: Record<string, unknown> = {}
  cycle.a = { b: [cycle] }
  it.each([
    ['a cycle', cycle, 'input.a.b[0]'],
    ['a BigInt', { a: [1n] }, 'input.a[0]'],
    ['a function', () => 1, 'input'],
    ['a symbol', Symbol('s'), 'input'],
    [
      'a toJSON that throws',
      {
        a: {
          toJSON() {
            throw new Error('x')
          },
        },
      },
      'input.a',
    ],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('x')
        },
      },
      'input.a',
    ],
    [
      'a Proxy that throws',
      new Proxy(
        {},
        {
          ownKeys() {
            throw new Error('x')
          },
        },
      ),
      'input',
    ],
  ])('refuses %s as input and names its place', async (_kind, input, path) => {
    const error = await rejectionOf(runCodelet(js('export const main = () => 1'), { input }))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe('input')
    expect(error.message).toContain(path)
  })

  it('refuses input over max_input_bytes, exactly one byte past the bound', async () => {
    const code = 'export const main = (input) => input.length'
    expect(await valueFrom(code, { input: 'x'.repeat(98), max_input_bytes: 100 })).toBe(98)
    const error = await rejectionOf(
      runCodelet(js(code), { input: 'x'.repeat(99), max_input_bytes: 100 }),
    )
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe('input')
  })

  it.each([
    ['an unknown word', { values: 'tagged' }, 'INVALID_ARGUMENT'],
    ['a number', { values: 1 }, 'INVALID_ARGUMENT'],
    ['an unknown isolation', { isolation: 'vm' }, 'INVALID_ARGUMENT'],
  ])('refuses %s instead of running something weaker', async (_kind, options, code) => {
    const run = runCodelet(js('export const main = () => 1'), untyped(options))
    expect((await rejectionOf(run)).code).toBe(code)
  })

  it('never throws synchronously', () => {
    const promises = [
      runCodelet(undefined as never),
      runCodelet(js('x'), null as never),
      runCodelet(
        new Proxy(
          {},
          {
            ownKeys() {
              throw new Error('hostile')
            },
          },
        ) as never,
      ),
    ]
    return Promise.all(promises.map((promise) => expect(promise).rejects.toBeDefined()))
  })
})
