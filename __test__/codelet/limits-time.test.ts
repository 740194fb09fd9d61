import { afterAll, describe, expect, it } from '@jest/globals'
import { createCodeletRunner, runCodelet } from 'runlet'
import { body, failureOf, js, refusedOption, valueFrom } from './run-text'

const runner = createCodeletRunner()
afterAll(() => runner.dispose())

/** Grace for a loaded machine; a run that is not stopped at all takes for ever. */
const GRACE_MS = 10_000
const TIMEOUT_MS = 60

const hostile: ReadonlyArray<[string, string]> = [
  ['a sync loop', body('for (;;) {}')],
  ['a loop after await', body('await null; for (;;) {}')],
  ['an await loop', body('for (;;) await null')],
  [
    'a then loop',
    body(
      'const p = Promise.resolve(); const f = () => p.then(f); await f(); await new Promise(() => f())',
    ),
  ],
  [
    'a microtask flood',
    body(
      'const f = () => { queueMicrotask(f); queueMicrotask(f) }; f(); await new Promise(() => {})',
    ),
  ],
  ['a loop at the top level', 'for (;;) {}\nexport const main = () => 1'],
  ['an awaited loop at the top level', 'for (;;) await null\nexport const main = () => 1'],
  ['a generator', body('const g = (function* () { for (;;) yield 1 })(); for (const _ of g) {}')],
  [
    'caught and tried again',
    body('for (;;) { try { for (;;) {} } catch {} finally { for (;;) {} } }'),
  ],
  ['a getter of the result', body('return { get a() { for (;;) {} } }')],
  ['toJSON of the result', body('return { toJSON() { for (;;) {} } }')],
  ['then of the result', body('return { then() { for (;;) {} } }')],
  ['a Proxy as result', body('return new Proxy({}, { ownKeys() { for (;;) {} } })')],
  ['the message of what was thrown', body('throw { get message() { for (;;) {} } }')],
  [
    'the name of what was thrown',
    body("throw Object.defineProperty(new Error('x'), 'name', { get() { for (;;) {} } })"),
  ],
  ['a thrown Proxy', body('throw new Proxy({}, { get() { for (;;) {} } })')],
  ['toJSON of what was thrown', body('throw { toJSON() { for (;;) {} } }')],
  ['a comparator', body('[1, 2, 3].sort(() => { for (;;) {} })')],
  ['a regular expression', body("/^(a+)+$/.test('a'.repeat(40) + 'b')")],
  ['an unpolled reverse', body('new Array(2 ** 32 - 1).reverse()')],
  ['an unpolled join', body("Array.prototype.join.call({ length: 2 ** 53 - 1 }, '')")],
  ['an unpolled search', body("const long = 'a'.repeat(3e6); long.indexOf('a'.repeat(1e6) + 'b')")],
  ['arguments of a host call', body('await helpers.echo({ toJSON() { for (;;) {} } })')],
]

describe('A4 · timeout_ms ends whatever runs: sync, async, microtasks, built-ins', () => {
  it.each(hostile)('stops %s', async (_kind, code) => {
    const started = Date.now()
    const options = { timeout_ms: TIMEOUT_MS, host: { echo: (value: unknown) => value } }
    const { error, duration_ms } = await failureOf('TIMEOUT', code, options, runner.run)
    expect(Date.now() - started).toBeLessThan(TIMEOUT_MS + GRACE_MS)
    expect(error.details).toEqual({ limit: 'wall', limitMs: TIMEOUT_MS })
    expect(error.retryable).toBe(false)
    expect(duration_ms).toBeGreaterThanOrEqual(TIMEOUT_MS - 1)
    expect(await valueFrom('export const main = () => 42', {}, runner.run)).toBe(42)
  })

  it('counts the time spent waiting for the host', async () => {
    const host = { slow: () => new Promise(() => {}) }
    const { usage } = await failureOf('TIMEOUT', body('await helpers.slow()'), {
      timeout_ms: 500,
      host,
    })
    expect(usage.detachedHostCalls).toBe(1)
    expect(usage.parkedMs).toBeGreaterThan(10)
  })

  it('counts the time spent waiting for a timer', async () => {
    const code = body('await new Promise((resolve) => setTimeout(resolve, 60_000))')
    const { error } = await failureOf('TIMEOUT', code, { timeout_ms: 50, allow: { timers: true } })
    expect(error.details?.limit).toBe('wall')
  })

  it('ends a promise that nobody can settle at once, as stalled', async () => {
    const started = Date.now()
    const { error } = await failureOf('TIMEOUT', body('await new Promise(() => {})'), {
      timeout_ms: 20_000,
    })
    expect(error.details?.limit).toBe('stalled')
    expect(Date.now() - started).toBeLessThan(5000)
  })

  it('has a default of 2,000 ms', async () => {
    const { error } = await failureOf('TIMEOUT', body('for (;;) {}'))
    expect(error.details).toEqual({ limit: 'wall', limitMs: 2000 })
  })

  it('keeps the logs written before the stop', async () => {
    const code = body("console.log('before'); for (;;) {}")
    const { logs, usage } = await failureOf('TIMEOUT', code, { timeout_ms: 500 })
    expect(logs.map(({ message }) => message)).toEqual(['before'])
    expect(['interrupt', 'kill']).toContain(usage.stoppedBy)
  })

  it('leaves a codelet that is in time alone', async () => {
    const code = body(
      "return await new Promise((resolve) => setTimeout(() => resolve('late'), 30))",
    )
    expect(await valueFrom(code, { timeout_ms: 5000, allow: { timers: true } })).toBe('late')
  })

  it('cannot be prolonged by the codelet', async () => {
    const code = body(
      `try { input.timeout_ms = 1e9 } catch {}
       try { Date.now = () => 0; performance.now = () => 0 } catch {}
       for (;;) {}`,
    )
    await failureOf('TIMEOUT', code, { timeout_ms: TIMEOUT_MS, input: {} })
  })
})

describe('A4 · cpu_ms bounds the time on the processor only', () => {
  it('stops a busy codelet', async () => {
    const { error } = await failureOf('TIMEOUT', body('for (;;) {}'), {
      cpu_ms: 50,
      timeout_ms: 10_000,
    })
    expect(error.details).toEqual({ limit: 'cpu', limitMs: 50 })
  })

  it('does not count the time a codelet waits', async () => {
    const host = { slow: () => new Promise((resolve) => setTimeout(() => resolve(1), 250)) }
    const result = await runCodelet(js(body('return await helpers.slow()')), { cpu_ms: 100, host })
    expect(result.value).toBe(1)
    expect(result.usage.wallMs).toBeGreaterThan(200)
    expect(result.usage.cpuMs).toBeLessThan(100)
  })
})

describe('A4 · limits out of range are refused by name', () => {
  it.each(['timeout_ms', 'cpu_ms', 'memory_limit_bytes', 'max_result_bytes', 'max_stack_bytes'])(
    '%s takes a positive integer in its range only',
    async (name) => {
      for (const value of [
        0,
        -1,
        Number.NaN,
        1.5,
        Number.POSITIVE_INFINITY,
        '50',
        null,
        true,
        {},
        1e20,
      ]) {
        const error = await refusedOption({ [name]: value }, name)
        expect(error.message).toMatch(/integer from \d+ to \d+/)
      }
    },
  )

  it.each(['max_log_entries', 'max_log_bytes', 'max_host_calls'])(
    '%s takes zero, but nothing below',
    async (name) => {
      for (const value of [-1, Number.NaN, 0.5, '0']) await refusedOption({ [name]: value }, name)
      expect(await valueFrom('export const main = () => 1', { [name]: 0 })).toBe(1)
    },
  )

  it('takes 86,400,000 ms and not one more', async () => {
    expect(await valueFrom('export const main = () => 1', { timeout_ms: 86_400_000 })).toBe(1)
    await refusedOption({ timeout_ms: 86_400_001 }, 'timeout_ms')
  })

  it('refuses both spellings with different values, and takes them with one value', async () => {
    const error = await refusedOption({ timeout_ms: 50, timeoutMs: 60 }, 'timeout_ms')
    expect(error.message).toContain('timeoutMs')
    const same = { timeout_ms: 5000, timeoutMs: 5000 }
    expect(await valueFrom('export const main = () => 1', same)).toBe(1)
  })

  it('obeys the camelCase spelling', async () => {
    const { error } = await failureOf('TIMEOUT', body('for (;;) {}'), { timeoutMs: 50 })
    expect(error.details?.limitMs).toBe(50)
  })

  it('obeys the defaults and ceilings of a runner', async () => {
    const bounded = createCodeletRunner({
      defaults: { timeout_ms: 40 },
      ceilings: { timeoutMs: 5000 },
    })
    const { error } = await failureOf('TIMEOUT', body('for (;;) {}'), {}, bounded.run)
    expect(error.details?.limitMs).toBe(40)
    const wide = bounded.run(js('export const main = () => 1'), { timeout_ms: 5001 })
    await expect(wide).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { field: 'timeout_ms' },
    })
    expect(await valueFrom('export const main = () => 1', { timeout_ms: 5000 }, bounded.run)).toBe(
      1,
    )
    bounded.dispose()
  })
})
