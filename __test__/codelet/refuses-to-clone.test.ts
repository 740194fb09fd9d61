import { afterAll, describe, expect, it } from '@jest/globals'
import { createCodeletRunner, type HostFunction, runCodelet } from 'runlet'
import { body, failureOf, js, refusedOption, rejectionOf, valueFrom } from './run-text'

const clone = { values: 'clone' } as const
const runner = createCodeletRunner()
afterAll(() => runner.dispose())

const detached = new ArrayBuffer(8)
structuredClone(detached, { transfer: [detached] })

const onTheHost: ReadonlyArray<[string, unknown]> = [
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a boxed symbol', Object(Symbol('s'))],
  ['a Promise', Promise.resolve()],
  ['a WeakMap', new WeakMap()],
  ['a WeakSet', new WeakSet()],
  ['a WeakRef', new WeakRef({})],
  ['a generator', (function* () {})()],
  ['an iterator', new Map().entries()],
  ['a Array Iterator', [][Symbol.iterator]()],
  ['a Proxy', new Proxy({}, {})],
  ['a SharedArrayBuffer', new SharedArrayBuffer(1)],
  ['a view of a SharedArrayBuffer', new Uint8Array(new SharedArrayBuffer(1))],
  ['a detached ArrayBuffer', detached],
  ['a BigInt of more than a million bits', 1n << 1_100_000n],
]

const inTheCodelet: ReadonlyArray<[string, string]> = [
  ['a function', '() => 1'],
  ['a function', 'class {}'],
  ['a symbol', 'Symbol("s")'],
  ['a Promise', 'Promise.resolve()'],
  ['an object with a state of its own', 'Object(Symbol("s"))'],
  ['an object with a state of its own', 'new WeakMap()'],
  ['an object with a state of its own', 'new WeakSet()'],
  ['an object with a state of its own', '(function* () {})()'],
  ['an object with a state of its own', '(async function* () {})()'],
  ['an object with a state of its own', 'new Map().entries()'],
  ['an object with a state of its own', '[][Symbol.iterator]()'],
  ['an object with a state of its own', '[].values().map((x) => x)'],
  ['a Proxy', 'new Proxy({}, {})'],
  ['a detached ArrayBuffer', '(() => { const b = new ArrayBuffer(8); b.transfer(); return b })()'],
  [
    'a view of a detached or shrunk ArrayBuffer',
    '(() => { const b = new ArrayBuffer(8, { maxByteLength: 8 }); const v = new Uint8Array(b, 4, 4); b.resize(2); return v })()',
  ],
]

describe('what cannot be cloned is refused with its place', () => {
  it.each(onTheHost)('input that holds %s', async (what, value) => {
    const places: ReadonlyArray<[unknown, string]> = [
      [value, 'input is'],
      [{ rows: [1, { 'odd key': value }] }, 'input.rows[1]["odd key"] is'],
      [new Map([['k', [value]]]), 'input<value 0>[0] is'],
      [[new Set([0, value])], 'input[0]<member 1> is'],
    ]
    for (const [input, text] of places) {
      const error = await rejectionOf(
        runCodelet(js('export default (x) => x'), { ...clone, input }),
      )
      expect(error.code).toBe('INVALID_ARGUMENT')
      expect(error.details?.field).toBe('input')
      expect(error.message).toContain(`${text} ${what}, which cannot be cloned`)
    }
  })

  it.each(inTheCodelet)('a result that holds %s: %s', async (what, expression) => {
    const places: ReadonlyArray<[string, string]> = [
      [`{ rows: [1, { 'odd key': ${expression} }] }`, 'result.rows[1]["odd key"] is'],
      [`new Map([['k', [${expression}]]])`, 'result<value 0>[0] is'],
      [`[new Set([0, ${expression}])]`, 'result[0]<member 1> is'],
    ]
    for (const [result, text] of places) {
      const { error } = await failureOf('RUNTIME_ERROR', body(`return ${result}`), clone)
      expect(error.details).toEqual({ reason: 'UNSERIALIZABLE_RESULT' })
      expect(error.message).toBe(`${text} ${what}, which cannot be cloned`)
    }
  })

  it('arguments of a host function, and the run goes on', async () => {
    const calls: unknown[] = []
    const host = { take: (...args: unknown[]) => void calls.push(args) }
    const code = body(`const seen = []
      for (const bad of [() => 1, Symbol('s'), new WeakMap(), new Proxy([], {})]) {
        try { await helpers.take(1, { bad }) } catch (error) { seen.push(error.message) }
      }
      await helpers.take(new Date(1))
      return seen`)
    const seen = (await valueFrom(code, { ...clone, host })) as string[]
    expect(seen).toHaveLength(4)
    for (const text of seen)
      expect(text).toMatch(/"take" cannot be cloned: arguments\[1\]\.bad is a/)
    expect(calls).toEqual([[new Date(1)]])
    const { error } = await failureOf('HOST_CALL_ERROR', body('await helpers.take(() => 1)'), {
      ...clone,
      host,
    })
    expect(error.details).toMatchObject({ function: 'take', reason: 'UNSERIALIZABLE' })
  })

  it('the result of a host function; the reason stays on the host', async () => {
    const bad: HostFunction = () => ({ secret: { path: () => 1 } })
    const { error } = await failureOf('HOST_CALL_ERROR', body('await helpers.bad()'), {
      ...clone,
      host: { bad },
    })
    expect(error.details).toMatchObject({ function: 'bad', reason: 'UNSERIALIZABLE' })
    expect(error.message).toBe('host function "bad" returned a value that cannot be cloned')
    expect(String(error.cause)).toContain('result.secret.path is a function')
  })

  it('input whose reading throws, whatever it throws', async () => {
    const thrower = {
      ok: 1,
      get bad(): unknown {
        throw new RangeError('mine')
      },
    }
    const throwing = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap')
        },
        getPrototypeOf: () => {
          throw new Error('trap')
        },
      },
    )
    const cases: ReadonlyArray<[unknown, RegExp]> = [
      [{ a: [thrower] }, /^input\.a\[0\]\.bad has a getter that threw/],
      [{ a: Object.create(throwing) }, /^input/],
      [
        Object.defineProperty([1], 0, {
          enumerable: true,
          get: () => {
            throw null
          },
        }),
        /^input/,
      ],
    ]
    for (const [input, text] of cases) {
      const error = await rejectionOf(
        runCodelet(js('export default (x) => x'), { ...clone, input }),
      )
      expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(text)])
    }
  })

  it('nesting past the stack, both ways', async () => {
    let input: unknown = 1
    for (let level = 0; level < 200_000; level++) input = [input, new Date(0)]
    const error = await rejectionOf(runCodelet(js('export default (x) => x'), { ...clone, input }))
    expect([error.code, error.message]).toEqual([
      'INVALID_ARGUMENT',
      'input is nested too deeply to be cloned',
    ])
    for (const level of [
      '[at, 1n]',
      '{ at, d: new Date(0) }',
      'new Map([[at, at]])',
      'new Set([at])',
      'Object.assign(new Error("x"), { cause: at })',
    ]) {
      const code = body(`let at = 1; for (let i = 0; i < 1e5; i++) at = ${level}; return at`)
      const { error } = await failureOf(
        'RUNTIME_ERROR',
        code,
        { ...clone, timeout_ms: 20_000 },
        runner.run,
      )
      expect([error.message, error.details]).toEqual([
        'result is nested too deeply to be cloned',
        { reason: 'UNSERIALIZABLE_RESULT' },
      ])
    }
  })

  it('what one engine has and the other has not', async () => {
    const pattern = /(?<a>x)|(?<b>y)/
    expect(await valueFrom(body('return input.test("y")'), { ...clone, input: pattern })).toBe(true)
    // A pattern with flags that no codelet's engine knows, as a later host might have them.
    const odd = Object.defineProperty(/a/, 'flags', { value: 'Q' })
    const { error } = await failureOf('RUNTIME_ERROR', body('return 1'), { ...clone, input: [odd] })
    expect(error.message).toMatch(/^the input cannot be made in a codelet: /)
    const host = { odd: () => [odd] }
    const code = body('try { await helpers.odd() } catch (error) { return error.message }')
    expect(await valueFrom(code, { ...clone, host })).toMatch(
      /"odd" returned a value that a codelet cannot hold/,
    )
    const uncaught = await failureOf('HOST_CALL_ERROR', body('await helpers.odd()'), {
      ...clone,
      host,
    })
    expect(uncaught.error.details).toMatchObject({ function: 'odd', reason: 'UNSERIALIZABLE' })
  })

  it('another word for the option', async () => {
    const error = await refusedOption({ values: 'structured' }, 'values')
    expect(error.message).toContain("'json' or 'clone'")
  })
})

describe('limits count text and buffers together', () => {
  it('max_input_bytes', async () => {
    const code = 'export default (x) => x.length ?? x.size'
    const input = new Uint8Array(1000)
    expect(await valueFrom(code, { ...clone, input, max_input_bytes: 1100 })).toBe(1000)
    const error = await rejectionOf(runCodelet(js(code), { ...clone, input, max_input_bytes: 999 }))
    expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', 'input'])
    // What JSON says all about counts as its JSON, to the byte.
    expect(await valueFrom(code, { ...clone, input: [1, 2, 3], max_input_bytes: 7 })).toBe(3)
    const tight = runCodelet(js(code), { ...clone, input: [1, 2, 3], max_input_bytes: 6 })
    expect((await rejectionOf(tight)).code).toBe('INVALID_ARGUMENT')
  })

  it('max_result_bytes', async () => {
    const code = body('return new Uint8Array(input)')
    const options = { ...clone, max_result_bytes: 1100 }
    const result = await runCodelet(js(code), { ...options, input: 1000 })
    expect(result.value).toEqual(new Uint8Array(1000))
    expect(result.usage.resultBytes).toBeGreaterThan(1000)
    expect(result.usage.resultBytes).toBeLessThan(1100)
    await failureOf('OUTPUT_LIMIT', code, { ...options, input: 1101 })
    // Where only a small view leaves, its whole buffer does, as with structuredClone.
    await failureOf('OUTPUT_LIMIT', body('return new Uint8Array(5000).subarray(0, 1)'), options)
  })

  it('max_host_arg_bytes and max_host_result_bytes', async () => {
    const host = {
      size: (view: Uint8Array) => view.byteLength,
      make: (size: number) => new Uint8Array(size),
    }
    const limits = { ...clone, host, max_host_arg_bytes: 1100, max_host_result_bytes: 1100 }
    const code = body(
      'return [await helpers.size(new Uint8Array(1000)), (await helpers.make(1000)).length]',
    )
    expect(await valueFrom(code, limits)).toEqual([1000, 1000])
    const args = await failureOf(
      'HOST_CALL_ERROR',
      body('await helpers.size(new Uint8Array(1101))'),
      limits,
    )
    expect(args.error.details?.reason).toBe('ARGS_TOO_LARGE')
    const made = await failureOf('HOST_CALL_ERROR', body('await helpers.make(1101)'), limits)
    expect(made.error.details?.reason).toBe('RESULT_TOO_LARGE')
    // A call that was refused leaves none of its buffers to the next.
    const next = body(
      'try { await helpers.size(new Uint8Array(2000)) } catch {} return [await helpers.size(new Uint8Array([5])), new Uint8Array([6])]',
    )
    expect(await valueFrom(next, limits)).toEqual([1, new Uint8Array([6])])
  })

  it('a value that was given up leaves none of its buffers to the next', async () => {
    const host = { size: (view: Uint8Array) => view.byteLength }
    const over = body(`await helpers.size(new Uint8Array(1))
      try { await helpers.size(new Uint8Array(2)) } catch {}
      return new Uint8Array([7])`)
    expect(await valueFrom(over, { ...clone, host, max_host_calls: 1 })).toEqual(
      new Uint8Array([7]),
    )
    const changed = body(`const first = new Uint8Array([1]), last = new Uint8Array([2])
      try { await helpers.size([first, last, { get turn() { last.buffer.transfer() } }]) } catch {}
      return new Uint8Array([7])`)
    expect(await valueFrom(changed, { ...clone, host })).toEqual(new Uint8Array([7]))
  })

  it('memory and time, while values are written and read', async () => {
    const many = body(
      'const all = []; for (let i = 0; i < 1e6; i++) all.push(new Date(i)); return all',
    )
    const slow = {
      ...clone,
      timeout_ms: 1500,
      memory_limit_bytes: 1 << 30,
      max_result_bytes: 1 << 28,
    }
    const { error } = await failureOf('TIMEOUT', many, slow, runner.run)
    expect(error.details?.limit).toBe('wall')
    const hungry = { ...clone, memory_limit_bytes: 16 << 20, max_result_bytes: 1 << 28 }
    await failureOf(
      'MEMORY_LIMIT',
      body('const b = new ArrayBuffer(9 << 20); return [b, b.slice()]'),
      hungry,
      runner.run,
    )
    await failureOf(
      'MEMORY_LIMIT',
      body(
        'const b = new ArrayBuffer(4 << 20); return Array.from({ length: 8 }, () => b.slice(0, 3 << 20))',
      ),
      hungry,
      runner.run,
    )
    const input = { d: new Date(0), bytes: new Uint8Array(20 << 20) }
    await failureOf(
      'MEMORY_LIMIT',
      body('return 1'),
      { ...hungry, input, max_input_bytes: 1 << 28 },
      runner.run,
    )
    expect(await valueFrom(body('return new Set([1])'), clone, runner.run)).toEqual(new Set([1]))
  })
})

describe('schemas see cloned values', () => {
  const only = (kind: new () => unknown) =>
    ({
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          value instanceof kind ? { value } : { issues: [{ message: `no ${kind.name}` }] },
      },
    }) as never

  it('on both sides', async () => {
    const options = { ...clone, input_schema: only(Map), output_schema: only(Set) }
    const code = body('return input.get("set")')
    expect(await valueFrom(code, { ...options, input: new Map([['set', new Set([1])]]) })).toEqual(
      new Set([1]),
    )
    const output = await failureOf('VALIDATION_ERROR', code, { ...options, input: new Map() })
    expect(output.error.details?.side).toBe('output')
    const input = await failureOf('VALIDATION_ERROR', code, { ...options, input: {} })
    expect(input.error.details?.side).toBe('input')
  })
})

it('bytes of a host call that was refused count for nothing else', async () => {
  const code = body(
    `for (let i = 0; i < 50; i++) try { await helpers.f(new Uint8Array(1000)) } catch {}
     return { a: 1 }`,
  )
  const result = await runCodelet(js(code), {
    ...clone,
    host: { f: () => 1 },
    max_host_calls: 3,
    max_result_bytes: 500,
  })
  expect(result.value).toEqual({ a: 1 })
  expect(result.usage.resultBytes).toBeLessThan(50)
})
