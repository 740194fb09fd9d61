import { describe, expect, it } from '@jest/globals'
import { type CodeletResult, type CodeletUsage, runCodelet } from 'runlet'
import { body, js } from './run-text'

const numbers: ReadonlyArray<keyof CodeletUsage> = [
  'cpuMs',
  'wallMs',
  'parkedMs',
  'queueWaitMs',
  'compileMs',
  'peakMemoryBytes',
  'hostCalls',
  'detachedHostCalls',
  'resultBytes',
  'logsDropped',
  'logBytesDropped',
  'policyDenials',
]

function expectMeasured(result: CodeletResult): void {
  for (const name of numbers) {
    expect([name, Number.isFinite(result.usage[name])]).toEqual([name, true])
    expect(Number(result.usage[name])).toBeGreaterThanOrEqual(0)
  }
  expect(Number.isFinite(result.duration_ms)).toBe(true)
  expect(Math.abs(result.usage.wallMs - result.duration_ms)).toBeLessThan(1)
  expect(['image', 'bytecode', 'miss']).toContain(result.usage.cache)
}

const log = "console.log('kept');"
const failures: ReadonlyArray<[string, string, object]> = [
  ['TIMEOUT', body(`${log} for (;;) {}`), { timeout_ms: 500 }],
  ['RUNTIME_ERROR', body(`${log} throw new Error('x')`), {}],
  ['POLICY_VIOLATION', body(`${log} eval('1')`), {}],
  ['MEMORY_LIMIT', body(`${log} 'x'.repeat(2 ** 29)`), {}],
  ['OUTPUT_LIMIT', body(`${log} return 'xxx'`), { max_result_bytes: 2 }],
  [
    'HOST_CALL_ERROR',
    body(`${log} await helpers.f()`),
    {
      host: {
        f() {
          throw new Error('x')
        },
      },
    },
  ],
]

describe('A14 · duration_ms, logs and usage are filled on success and on failure', () => {
  it('on success', async () => {
    const result = await runCodelet(js(body(`${log} return 'abc'`)))
    expectMeasured(result)
    expect(result.logs).toHaveLength(1)
    expect(result.usage).toMatchObject({
      resultBytes: 5,
      hostCalls: 0,
      policyDenials: 0,
      logsDropped: 0,
    })
    expect(result.usage.stoppedBy).toBeUndefined()
    expect(result.usage.peakMemoryBytes).toBeGreaterThan(1000)
  })

  it.each(failures)('on %s', async (code, text, options) => {
    const result = await runCodelet(js(text), options)
    expect(result.error?.code).toBe(code)
    expectMeasured(result)
    expect(result.logs.map(({ message }) => message)).toEqual(['kept'])
    expect('value' in result).toBe(false)
  })

  it.each([
    ['SYNTAX_ERROR', 'export const main = (', {}],
    ['CANCELLED', body('return 1'), { signal: AbortSignal.abort() }],
    ['POLICY_VIOLATION', "import 'fs'", {}],
  ])('also when nothing ran: %s', async (code, text, options) => {
    const result = await runCodelet(js(text), options)
    expect(result.error?.code).toBe(code)
    expectMeasured(result)
    expect(result.logs).toEqual([])
  })

  it('has a first level in snake_case and no other members', async () => {
    const good = await runCodelet(js('export const main = () => 1'))
    expect(Object.keys(good).sort()).toEqual(['duration_ms', 'logs', 'ok', 'usage', 'value'])
    const bad = await runCodelet(js('export const main = () => { throw 1 }'))
    expect(Object.keys(bad).sort()).toEqual(['duration_ms', 'error', 'logs', 'ok', 'usage'])
  })

  it('measures time on the worker with fractions', async () => {
    const busy = body(
      'const end = performance.now() + 500; while (performance.now() < end); return 1',
    )
    const result = await runCodelet(js(busy))
    expect(result.duration_ms).toBeGreaterThanOrEqual(499)
    expect(result.usage.cpuMs).toBeGreaterThan(10)
    expect(result.usage.parkedMs).toBeLessThan(40)
  })

  it('counts host calls and what was parked', async () => {
    const host = { wait: () => new Promise((resolve) => setTimeout(() => resolve(1), 250)) }
    const result = await runCodelet(js(body('await helpers.wait(); return await helpers.wait()')), {
      host,
    })
    expect(result.usage.hostCalls).toBe(2)
    expect(result.usage.parkedMs).toBeGreaterThan(80)
    expect(result.usage.cpuMs).toBeLessThan(result.usage.wallMs)
  })

  it('counts denials that were caught', async () => {
    const code = body('for (let i = 0; i < 3; i++) { try { eval("1") } catch {} } return 1')
    expect((await runCodelet(js(code))).usage.policyDenials).toBe(3)
  })

  it('can be serialised as a whole', async () => {
    for (const [, text, options] of failures) {
      const result = await runCodelet(js(text), options)
      const copy = JSON.parse(JSON.stringify(result)) as CodeletResult
      expect(copy.error?.code).toBe(result.error?.code)
    }
  })
})
