import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createCodeletRunner, runCodelet } from 'runlet'
import { body, failureOf, js, refusedOption, rejectionOf, untyped, valueFrom } from './run-text'

const NAMES = { RUNLET_GIVEN_ONE: '1', RUNLET_GIVEN_TWO: 'zwei', RUNLET_OTHER: 'hidden' }
beforeEach(() => {
  Object.assign(process.env, NAMES)
})
afterEach(() => {
  for (const name of Object.keys(NAMES)) delete process.env[name]
})

const environment = body('return { ...helpers.env }')

describe('A13 · allow.env hands over the variables that are named, and no others', () => {
  it('by name', async () => {
    const allow = { env: ['RUNLET_GIVEN_ONE', 'RUNLET_MISSING'] }
    expect(await valueFrom(environment, { allow })).toEqual({ RUNLET_GIVEN_ONE: '1' })
  })

  it('by prefix', async () => {
    const value = await valueFrom(environment, { allow: { env: ['RUNLET_GIVEN_*'] } })
    expect(value).toEqual({ RUNLET_GIVEN_ONE: '1', RUNLET_GIVEN_TWO: 'zwei' })
  })

  it('by value, without touching the process', async () => {
    const env = { A: 'x', B: undefined, __proto__: null as never }
    expect(await valueFrom(environment, { allow: { env } })).toEqual({ A: 'x' })
  })

  it('an empty list grants an empty environment', async () => {
    expect(await valueFrom(environment, { allow: { env: [] } })).toEqual({})
  })

  it('cannot be written to', async () => {
    const allow = { env: ['RUNLET_GIVEN_ONE'] }
    await failureOf('POLICY_VIOLATION', body("helpers.env.RUNLET_GIVEN_ONE = 'x'"), { allow })
    expect(process.env.RUNLET_GIVEN_ONE).toBe('1')
  })

  it.each([
    ['allow.env', 'PATH'],
    ['allow.env', null],
    ['allow.env[0]', ['*']],
    ['allow.env[0]', ['A*B']],
    ['allow.env[1]', ['A', 5]],
    ['allow.env[0]', ['']],
    ['allow.env.A', { A: 5 }],
  ])('%s is refused in %j', async (field, env) => {
    await refusedOption({ allow: { env } }, field)
  })

  it('does not tell a value in a refusal', async () => {
    const error = await refusedOption({ allow: { env: { A: ['s3cret'] } } }, 'allow.env.A')
    expect(error.message).not.toContain('s3cret')
  })
})

describe('A13 · allow.random gives numbers, bytes and UUIDs', () => {
  it('of the promised shape', async () => {
    const code = body(
      `const { random } = helpers
       return { n: random(), bytes: random.bytes(16).length, none: random.bytes(0).length, uuid: random.uuid() }`,
    )
    const value = (await valueFrom(code, { allow: { random: true } })) as Record<string, unknown>
    expect(value.n).toBeGreaterThanOrEqual(0)
    expect(value.n).toBeLessThan(1)
    expect([value.bytes, value.none]).toEqual([16, 0])
    expect(value.uuid).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  })

  it('never twice the same', async () => {
    const code = body('return Array.from({ length: 50 }, () => helpers.random.uuid())')
    const drawn = await Promise.all(
      [1, 2, 3].map(() => valueFrom(code, { allow: { random: true } })),
    )
    expect(new Set(drawn.flat()).size).toBe(150)
  })

  it('is spread over the bytes', async () => {
    const code = body('return [...helpers.random.bytes(65536)]')
    const bytes = (await valueFrom(code, { allow: { random: true } })) as number[]
    expect(new Set(bytes).size).toBe(256)
  })

  it.each(['-1', '65537', 'NaN', '"many"', '{}'])('refuses %s bytes', async (count) => {
    const code = body(`helpers.random.bytes(${count})`)
    const { error } = await failureOf('RUNTIME_ERROR', code, { allow: { random: true } })
    expect(error.name).toBe('RangeError')
  })
})

describe('A13 · allow.now, allow.timers', () => {
  it('helpers.now is the time of the host', async () => {
    const now = Number(await valueFrom(body('return helpers.now()'), { allow: { now: true } }))
    expect(Math.abs(now - Date.now())).toBeLessThan(5000)
  })

  it('setTimeout waits, passes arguments and can be cleared', async () => {
    const code = body(
      `const order = []
       const cleared = setTimeout(() => order.push('cleared'), 5)
       setTimeout((...args) => order.push(args), 10, 'a', 'b')
       setTimeout(() => order.push('now'), 0)
       clearTimeout(cleared); clearTimeout(undefined); clearTimeout(12345)
       await new Promise((resolve) => setTimeout(resolve, 30))
       return order`,
    )
    expect(await valueFrom(code, { allow: { timers: true } })).toEqual(['now', ['a', 'b']])
  })

  it('timers fire in order of due time, then of creation', async () => {
    const code = body(
      `const order = []
       for (const [name, ms] of [['c', 12], ['a', 2], ['b', 2], ['d', 12]]) setTimeout(() => order.push(name), ms)
       await new Promise((resolve) => setTimeout(resolve, 40))
       return order.join('')`,
    )
    expect(await valueFrom(code, { allow: { timers: true } })).toBe('abcd')
  })

  it('setInterval repeats until it is cleared, also by itself', async () => {
    const code = body(
      `let n = 0
       await new Promise((resolve) => { const id = setInterval(() => { if (++n === 3) { clearInterval(id); resolve() } }, 2) })
       return n`,
    )
    expect(await valueFrom(code, { allow: { timers: true } })).toBe(3)
  })

  it('does not wait for timers once main has settled', async () => {
    const started = Date.now()
    const code = body('setTimeout(() => {}, 60_000); return 1')
    expect(await valueFrom(code, { allow: { timers: true } })).toBe(1)
    expect(Date.now() - started).toBeLessThan(5000)
  })

  it.each(['random', 'now', 'timers'])('allow.%s is true or false', async (name) => {
    for (const value of ['yes', 1, null, {}])
      await refusedOption({ allow: { [name]: value } }, `allow.${name}`)
    expect(
      await valueFrom('export const main = () => 1', untyped({ allow: { [name]: false } })),
    ).toBe(1)
  })

  it('unknown capabilities are refused', async () => {
    await refusedOption({ allow: { network: true } }, 'allow.network')
    await refusedOption({ allow: ['now'] }, 'allow')
  })
})

describe('A13 · a runner’s allow is an upper bound', () => {
  it('is what a run without allow gets', async () => {
    const runner = createCodeletRunner({ allow: { now: true } })
    expect(typeof (await valueFrom(body('return helpers.now()'), {}, runner.run))).toBe('number')
    runner.dispose()
  })

  it.each([
    ['random', { random: true }],
    ['timers', { timers: true }],
    ['env', { env: ['PATH'] }],
    ['env', { env: { RUNLET_GIVEN_TWO: 'x' } }],
    ['env', { env: ['RUNLET_*'] }],
    ['fetch', { fetch: { hosts: ['example.com'] } }],
  ])('a run may not ask for more %s', async (name, allow) => {
    const runner = createCodeletRunner({ allow: { now: true, env: ['RUNLET_GIVEN_ONE'] } })
    const error = await rejectionOf(runner.run(js('export const main = () => 1'), { allow }))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe(`allow.${name}`)
    runner.dispose()
  })

  it('a run may ask for less', async () => {
    const runner = createCodeletRunner({ allow: { now: true, env: ['RUNLET_GIVEN_*'] } })
    const allow = { env: ['RUNLET_GIVEN_TWO'] }
    expect(await valueFrom(environment, { allow }, runner.run)).toEqual({
      RUNLET_GIVEN_TWO: 'zwei',
    })
    await failureOf('POLICY_VIOLATION', body('helpers.now()'), { allow }, runner.run)
    runner.dispose()
  })
})

describe('A13 · pooling and metrics', () => {
  it('a source seen before is not compiled again', async () => {
    const runner = createCodeletRunner()
    const source = js(`// ${'x'.repeat(1000)}\nexport const main = () => 1`)
    const first = await runner.run(source)
    const second = await runner.run(source)
    expect(first.usage.cache).toBe('miss')
    expect(first.usage.compileMs).toBeGreaterThan(0)
    expect(['bytecode', 'image']).toContain(second.usage.cache)
    expect(second.usage.compileMs).toBe(0)
    runner.dispose()
  })

  it('without a cache every run compiles', async () => {
    const runner = createCodeletRunner({ cacheEntries: 0 })
    const source = js('export const main = () => 1')
    await runner.run(source)
    expect((await runner.run(source)).usage.cache).toBe('miss')
    expect(runner.stats().preparedImages).toBe(0)
    runner.dispose()
  })

  it('many runs share few threads', async () => {
    const runner = createCodeletRunner()
    const runs = Array.from({ length: 200 }, (_, input) =>
      runner.run(js('export const main = (n) => n * 2'), { input }),
    )
    const values = (await Promise.all(runs)).map((result) => result.value)
    expect(values).toEqual(Array.from({ length: 200 }, (_, n) => n * 2))
    expect(runner.stats().threads).toBeLessThanOrEqual(64)
    runner.dispose()
  })

  it('does not hold up the event loop of the host', async () => {
    let beats = 0
    const timer = setInterval(() => beats++, 5)
    await runCodelet(js(body('for (;;) {}')), { timeout_ms: 1500 })
    clearInterval(timer)
    expect(beats).toBeGreaterThan(10)
  })
})
