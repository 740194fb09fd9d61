import { afterAll, describe, expect, it } from '@jest/globals'
import { createCodeletRunner, runCodelet } from 'runlet'
import { body, failureOf, js, refusedOption, valueFrom } from './run-text'

const runner = createCodeletRunner()
afterAll(() => runner.dispose())

const MIB = 1024 * 1024
const bombs: ReadonlyArray<[string, string]> = [
  ['strings kept', "const a = []; for (;;) a.push('x'.repeat(1e4) + a.length)"],
  ['a doubling string', "let s = 'x'; for (;;) { s += s; s.charCodeAt(s.length - 1) }"],
  ['a huge repeat', "return 'x'.repeat(2 ** 29).length"],
  ['padding', "return 'x'.padEnd(2 ** 29).length"],
  ['an array', 'const a = []; for (;;) a.push({ a })'],
  ['a filled array', 'return new Array(5e8).fill(0).length'],
  ['array buffers', 'const a = []; for (;;) a.push(new ArrayBuffer(1e6))'],
  ['one huge array buffer', 'return new ArrayBuffer(2 ** 30).byteLength'],
  ['a resized array buffer', 'new ArrayBuffer(8, { maxByteLength: 2 ** 30 }).resize(2 ** 30)'],
  ['typed arrays', 'const a = []; for (;;) a.push(new Float64Array(1e5).fill(1))'],
  ['a Map', 'const m = new Map(); for (let i = 0; ; i++) m.set(i, {})'],
  ['a Set', 'const s = new Set(); for (let i = 0; ; i++) s.add("k" + i)'],
  ['closures', 'let f = () => 1; for (;;) { const g = f; f = () => g }'],
  ['BigInts', 'const a = []; let n = 1n; for (;;) { n <<= 4096n; a.push(n) }'],
  ['properties', 'const o = {}; for (let i = 0; ; i++) o["k" + i] = i'],
  ['symbols', 'const a = []; for (;;) a.push(Symbol("x".repeat(1000) + a.length))'],
  ['promises', 'const a = []; for (;;) a.push(new Promise(() => {}))'],
  [
    'JSON',
    "const a = Array(1e4).fill('x'.repeat(1e3)); const all = []; for (;;) all.push(JSON.stringify(a))",
  ],
  ['regular expressions', "const a = []; for (;;) a.push(new RegExp('a'.repeat(1e4) + a.length))"],
  ['caught errors', 'const a = []; for (;;) { try { a.push(new Array(1e6).fill(1)) } catch {} }'],
]

describe('A12 · memory_limit_bytes ends a run that needs more', () => {
  it.each(bombs)('%s', async (_kind, statements) => {
    const options = { memory_limit_bytes: 16 * MIB, timeout_ms: 20_000 }
    const code = body(`console.log('kept'); ${statements}`)
    const { error, logs, usage } = await failureOf('MEMORY_LIMIT', code, options, runner.run)
    expect(error.details).toEqual({ limitBytes: 16 * MIB })
    expect(error.retryable).toBe(false)
    expect(logs.map(({ message }) => message)).toEqual(['kept'])
    expect(usage.stoppedBy).toBe('allocator')
    expect(usage.peakMemoryBytes).toBeLessThanOrEqual(16 * MIB)
    expect(await valueFrom('export const main = () => 42', {}, runner.run)).toBe(42)
  })

  it('cannot be caught', async () => {
    const code = body(
      "try { 'x'.repeat(2 ** 29) } catch { return 'caught' } finally { return 'finally' }",
    )
    await failureOf('MEMORY_LIMIT', code, {}, runner.run)
  })

  it('is 64 MiB by default', async () => {
    const hold = (mib: number) => body(`return new ArrayBuffer(${mib} * 1024 * 1024).byteLength`)
    expect(await valueFrom(hold(56))).toBe(56 * MIB)
    const { error } = await failureOf('MEMORY_LIMIT', hold(72))
    expect(error.details).toEqual({ limitBytes: 64 * MIB })
  })

  it('holds at several sizes, from 1 MiB to 256 MiB', async () => {
    for (const limit of [1, 4, 64, 256]) {
      const hold = (share: number) =>
        body(`return new Uint8Array(${Math.floor(limit * MIB * share)}).length`)
      const options = { memory_limit_bytes: limit * MIB, timeout_ms: 20_000 }
      expect(await valueFrom(hold(0.5), options)).toBe(Math.floor(limit * MIB * 0.5))
      await failureOf('MEMORY_LIMIT', hold(1.1), options)
    }
  })

  it('counts input and replies of the host', async () => {
    const large = 'x'.repeat(3 * MIB)
    const options = { memory_limit_bytes: 2 * MIB }
    await failureOf('MEMORY_LIMIT', body('return 1'), { ...options, input: large })
    await failureOf('MEMORY_LIMIT', body('await helpers.large()'), {
      ...options,
      host: { large: () => large },
    })
  })

  it('frees what a run no longer holds', async () => {
    const code = body('for (let i = 0; i < 200; i++) new Uint8Array(4e6).fill(i); return "done"')
    expect(await valueFrom(code, { memory_limit_bytes: 32 * MIB, timeout_ms: 20_000 })).toBe('done')
  })

  it('reports the peak', async () => {
    const small = await runCodelet(js(body('return 1')))
    const large = await runCodelet(js(body('return new Uint8Array(2e7).length')))
    expect(small.usage.peakMemoryBytes).toBeLessThan(4 * MIB)
    expect(large.usage.peakMemoryBytes).toBeGreaterThanOrEqual(2e7)
  })

  it('does not let a neighbour pay', async () => {
    const bomb = runner.run(js(body('const a = []; for (;;) a.push({})')), { timeout_ms: 20_000 })
    const neighbour = await runner.run(js(body('return new Array(1e5).fill(1).length')))
    expect(neighbour.value).toBe(1e5)
    expect((await bomb).error?.code).toBe('MEMORY_LIMIT')
  })

  it('is refused below 1 MiB and above 4 GiB', async () => {
    await refusedOption({ memory_limit_bytes: MIB - 1 }, 'memory_limit_bytes')
    await refusedOption({ memoryLimitBytes: 4 * 1024 * MIB + 1 }, 'memory_limit_bytes')
  })
})

describe('A12 · max_stack_bytes ends recursion in a RangeError the codelet may catch', () => {
  it('reports an uncaught one as RUNTIME_ERROR', async () => {
    const { error } = await failureOf(
      'RUNTIME_ERROR',
      body('const f = (n) => f(n + 1) + 1; return f(0)'),
    )
    expect(error.name).toBe('RangeError')
    expect(error.line).toBe(2)
  })

  it('allows more depth with a larger stack', async () => {
    const code = body('let n = 0; const f = () => { n++; f() }; try { f() } catch {} return n')
    const small = Number(await valueFrom(code, { max_stack_bytes: 131_072 }))
    const large = Number(await valueFrom(code, { max_stack_bytes: 2_097_152 }))
    expect(large).toBeGreaterThan(small * 4)
  })

  it('is refused above 2 MiB', async () => {
    await refusedOption({ max_stack_bytes: 2_097_153 }, 'max_stack_bytes')
  })
})
