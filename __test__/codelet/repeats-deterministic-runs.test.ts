import { describe, expect, it } from '@jest/globals'
import { type CodeletRunOptions, runCodelet } from 'runlet'
import { body, js, refusedOption, sleep, valueFrom } from './run-text'

const allow = { random: true, now: true, timers: true }
const deterministic = { seed: 'fixed', now: 1_700_000_000_000 }

const program = body(
  `const out = [Math.random(), Math.random(), helpers.random(), [...helpers.random.bytes(8)], helpers.random.uuid(),
     Date.now(), new Date().toISOString(), helpers.now(), performance.now(), String(new Date(0))]
   console.log('at', Date.now(), Math.random())
   await new Promise((resolve) => setTimeout(resolve, 5000))
   out.push(Date.now(), performance.now())
   setTimeout(() => console.log('third'), 30); setTimeout(() => console.log('first'), 10); setTimeout(() => console.log('second'), 20)
   await new Promise((resolve) => setTimeout(resolve, 1_000_000))
   out.push(Date.now(), Math.random())
   const order = []
   await Promise.all([3, 1, 2].map(async (n) => { order.push(await helpers.wait(n)) }))
   return { out, order }`,
)

const host = { wait: (n: number) => sleep(n * 8).then(() => n) }

/** The bytes that must not differ: value, logs with their timestamps, host calls. */
async function bytes(code: string, options: CodeletRunOptions): Promise<string> {
  const { value, logs, error, usage } = await runCodelet(js(code), options)
  return JSON.stringify({ value, logs, error, calls: usage.hostCalls })
}

describe('X7 · a deterministic run gives the same bytes for the same seed', () => {
  it('for random numbers, clock, timers, logs and host replies', async () => {
    const options = { deterministic, allow, host }
    const first = await bytes(program, options)
    expect(JSON.parse(first).error).toBeUndefined()
    for (let round = 0; round < 4; round++) expect(await bytes(program, options)).toBe(first)
    const together = await Promise.all(Array.from({ length: 8 }, () => bytes(program, options)))
    expect(new Set(together)).toEqual(new Set([first]))
  })

  it('delivers host replies in the order of issue', async () => {
    const value = (await valueFrom(program, { deterministic, allow, host })) as { order: number[] }
    expect(value.order).toEqual([3, 1, 2])
  })

  it('for 100 small programs, twice', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const code = body(
        `const n = ${seed}; console.log(n, Math.random(), Date.now())
         if (n % 7 === 0) throw new Error('x' + Math.random())
         return [Math.random() * n, Object.keys({ b: 1, a: 2, [n]: 3 }), [...new Set([n, 1])], (n / 3).toString(36)]`,
      )
      const options = { deterministic: { seed, now: seed } }
      expect(await bytes(code, options)).toBe(await bytes(code, options))
    }
  })

  it('another seed draws other numbers', async () => {
    const draw = (seed: number | string) =>
      valueFrom(body('return Math.random()'), { deterministic: { seed } })
    const drawn = await Promise.all([
      draw(1),
      draw(2),
      draw('1 '),
      draw('a'),
      draw(-1),
      draw(1.5),
      draw(''),
    ])
    expect(new Set(drawn).size).toBe(7)
    expect(await draw(1)).toBe(await draw('1'))
  })

  it('the clock starts at `now`, at 0 by default, and moves by timers only', async () => {
    const code = body(
      `const start = Date.now(); for (let i = 0; i < 1e5; i++); const same = Date.now()
       await new Promise((resolve) => setTimeout(resolve, 1500)); return [start, same, Date.now()]`,
    )
    const timers = { timers: true }
    expect(await valueFrom(code, { deterministic: { seed: 1 }, allow: timers })).toEqual([
      0, 0, 1500,
    ])
    const now = new Date(5000)
    expect(await valueFrom(code, { deterministic: { seed: 1, now }, allow: timers })).toEqual([
      5000, 5000, 6500,
    ])
  })

  it('timers do not wait for real', async () => {
    const started = Date.now()
    const code = body(
      'await new Promise((resolve) => setTimeout(resolve, 3_600_000)); return Date.now()',
    )
    const options = { deterministic: { seed: 1 }, allow: { timers: true } }
    expect(await valueFrom(code, options)).toBe(3_600_000)
    expect(Date.now() - started).toBeLessThan(2000)
  })

  it('timestamps of logs are those of the virtual clock', async () => {
    const result = await runCodelet(js(body("console.log('x')")), { deterministic })
    expect(result.logs[0]?.timestamp).toBe(deterministic.now)
  })

  it('the time zone is UTC', async () => {
    const code = body(
      'return [new Date(0).getTimezoneOffset(), String(new Date(0)), new Date(2020, 0, 1).toISOString()]',
    )
    const value = (await valueFrom(code, { deterministic })) as unknown[]
    expect(value[0]).toBe(0)
    expect(value[1]).toContain('00:00:00 GMT+0000')
    expect(value[2]).toBe('2020-01-01T00:00:00.000Z')
  })

  it('what depends on garbage collection is absent', async () => {
    const code = body('return [typeof WeakRef, typeof FinalizationRegistry]')
    expect(await valueFrom(code, { deterministic })).toEqual(['undefined', 'undefined'])
  })

  it('limits stay real', async () => {
    const loop = body('for (;;) {}')
    const result = await runCodelet(js(loop), { deterministic, timeout_ms: 50 })
    expect(result.error?.code).toBe('TIMEOUT')
    const ticking = body('for (;;) await new Promise((resolve) => setTimeout(resolve, 1))')
    const endless = await runCodelet(js(ticking), {
      deterministic,
      allow: { timers: true },
      timeout_ms: 60,
    })
    expect(endless.error?.code).toBe('TIMEOUT')
  })

  it.each([
    ['deterministic', true],
    ['deterministic', 'seed'],
    ['deterministic.seed', {}],
    ['deterministic.seed', { seed: Number.NaN }],
    ['deterministic.seed', { seed: Number.POSITIVE_INFINITY }],
    ['deterministic.seed', { seed: null }],
    ['deterministic.seed', { seed: 1n }],
    ['deterministic.now', { seed: 1, now: Number.NaN }],
    ['deterministic.now', { seed: 1, now: 1.5 }],
    ['deterministic.now', { seed: 1, now: 'yesterday' }],
    ['deterministic.now', { seed: 1, now: new Date(Number.NaN) }],
    ['deterministic.now', { seed: 1, now: 9e15 }],
    ['deterministic.time', { seed: 1, time: 0 }],
  ])('%s is refused when wrong', async (field, value) => {
    await refusedOption({ deterministic: value }, field)
  })
})
