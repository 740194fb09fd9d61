import { describe, expect, it } from '@jest/globals'
import { type CodeletRunnerOptions, createCodeletRunner, RunletError } from 'runlet'
import { body, failureOf, js, rejectionOf, sleep, valueFrom } from './run-text'

const one = js('export const main = () => 1')
const forever = js('export async function main() { for (;;) await null }')

describe('A2 · createCodeletRunner gives run, stats and dispose', () => {
  it('runs the readme example of the original', async () => {
    const runner = createCodeletRunner()
    const source = js('export async function main(input) { return input * 2 }')
    const result = await runner.run(source, { input: 21 })
    expect(result.value).toBe(42)
    runner.dispose()
  })

  it('starts every run from the same state', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1 })
    const dirty = js(
      `export function main() {
        Array.prototype.map = () => 'mine'; Object.prototype.left = 1; console.log = null
        Math.secret = 'x'.repeat(1e6); return 'dirty'
      }`,
    )
    const look = body(
      `return [[1].map((n) => n + 1), ({}).left === undefined, typeof console.log, typeof Math.secret]`,
    )
    for (let round = 0; round < 20; round++) {
      await runner.run(dirty)
      expect(await valueFrom(look, {}, runner.run)).toEqual([[2], true, 'function', 'undefined'])
    }
    runner.dispose()
  })

  it('gives its functions without needing `this`', async () => {
    const { run, runOrThrow, stats, dispose } = createCodeletRunner()
    expect((await run(one)).value).toBe(1)
    expect(await runOrThrow(one)).toBe(1)
    expect(stats().runs).toBe(2)
    dispose()
  })

  it('runOrThrow throws a RunletError that carries the whole result', async () => {
    const runner = createCodeletRunner()
    const failing = js(body("console.log('kept'); throw new TypeError('no')"))
    const error = await rejectionOf(runner.runOrThrow(failing))
    expect(error).toBeInstanceOf(RunletError)
    expect(error).toBeInstanceOf(Error)
    expect(error.code).toBe('RUNTIME_ERROR')
    expect(error.result?.logs).toHaveLength(1)
    expect(error.result?.error?.name).toBe('TypeError')
    runner.dispose()
  })
})

describe('A2 · a disposed runner', () => {
  it('rejects runs with DISPOSED, and never throws synchronously', async () => {
    const runner = createCodeletRunner()
    runner.dispose()
    const error = await rejectionOf(runner.run(one))
    expect(error.code).toBe('DISPOSED')
    expect(error.retryable).toBe(false)
    expect((await rejectionOf(runner.runOrThrow(one))).code).toBe('DISPOSED')
  })

  it('may be disposed again and still answers stats', async () => {
    const runner = createCodeletRunner()
    await runner.run(one)
    runner.dispose()
    runner.dispose()
    expect(runner.stats().runs).toBe(1)
  })

  it('ends running and queued runs as CANCELLED by dispose', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1 })
    const runs = Array.from({ length: 50 }, () => runner.run(forever, { timeout_ms: 20_000 }))
    await sleep(30)
    const started = Date.now()
    runner.dispose()
    for (const result of await Promise.all(runs)) {
      expect(result.error?.code).toBe('CANCELLED')
      expect(result.error?.details?.by).toBe('dispose')
    }
    expect(Date.now() - started).toBeLessThan(10_000)
    expect(runner.stats()).toMatchObject({ queued: 0, running: 0, parked: 0 })
  })

  it('ends a run that waits for the host, and aborts the signal of its call', async () => {
    const runner = createCodeletRunner()
    let isCalled = () => {}
    const called = new Promise<void>((resolve) => {
      isCalled = resolve
    })
    const host = {
      wait: () => {
        isCalled()
        return new Promise(() => {})
      },
    }
    const run = runner.run(js(body('await helpers.wait()')), { host, timeout_ms: 20_000 })
    await called
    runner.dispose()
    const result = await run
    expect(result.error?.details?.by).toBe('dispose')
    expect(result.usage.detachedHostCalls).toBe(1)
  })

  it('does not touch the runs of another runner', async () => {
    const first = createCodeletRunner()
    const second = createCodeletRunner()
    const host = { wait: () => sleep(60).then(() => 7) }
    const run = second.run(js(body('return await helpers.wait()')), { host })
    first.dispose()
    expect((await run).value).toBe(7)
    second.dispose()
  })

  it('is disposed by Symbol.dispose and waits in Symbol.asyncDispose, where there are such', async () => {
    const runner = createCodeletRunner()
    const run = runner.run(forever, { timeout_ms: 20_000 })
    if (Symbol.asyncDispose === undefined) runner.dispose()
    else await runner[Symbol.asyncDispose]()
    expect((await run).error?.code).toBe('CANCELLED')
    expect((await rejectionOf(runner.run(one))).code).toBe('DISPOSED')
  })
})

describe('A2 · signal cancels before, in the queue and while running', () => {
  it('resolves CANCELLED for a signal that is already aborted, without starting', async () => {
    const runner = createCodeletRunner()
    const reason = new Error('changed my mind')
    const result = await runner.run(forever, { signal: AbortSignal.abort(reason) })
    expect(result.error?.code).toBe('CANCELLED')
    expect(result.error?.details).toEqual({ by: 'signal' })
    expect(result.error?.cause).toBe(reason)
    expect(Object.keys(result.error ?? {})).not.toContain('cause')
    runner.dispose()
  })

  it.each([
    ['a busy run', 'for (;;) {}'],
    ['a run in an await loop', 'for (;;) await null'],
    ['an unpolled built-in', 'new Array(2 ** 32 - 1).reverse()'],
    ['a run that waits for the host', 'await helpers.wait()'],
    ['a run that waits for a timer', 'await new Promise((resolve) => setTimeout(resolve, 60_000))'],
  ])('cancels %s', async (_kind, statements) => {
    const runner = createCodeletRunner()
    const controller = new AbortController()
    const host = { wait: () => new Promise(() => {}) }
    const run = runner.run(js(body(statements)), {
      host,
      allow: { timers: true },
      signal: controller.signal,
      timeout_ms: 20_000,
    })
    await sleep(40)
    const started = Date.now()
    controller.abort('enough')
    const result = await run
    expect(result.error?.code).toBe('CANCELLED')
    expect(result.error?.cause).toBe('enough')
    expect(Date.now() - started).toBeLessThan(10_000)
    expect(await valueFrom('export const main = () => 1', {}, runner.run)).toBe(1)
    runner.dispose()
  })

  it('takes a run out of the queue', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1 })
    const busy = runner.run(js(body('for (;;) {}')), { timeout_ms: 300 })
    const controller = new AbortController()
    const queued = runner.run(one, { signal: controller.signal })
    controller.abort()
    expect((await queued).error?.code).toBe('CANCELLED')
    expect((await busy).error?.code).toBe('TIMEOUT')
    runner.dispose()
  })

  it('has no effect once the run has ended, and leaves no listener behind', async () => {
    const runner = createCodeletRunner()
    const controller = new AbortController()
    const { signal } = controller
    let listeners = 0
    const counted = {
      get aborted() {
        return signal.aborted
      },
      addEventListener(type: 'abort', listener: () => void) {
        listeners++
        signal.addEventListener(type, listener)
      },
      removeEventListener(type: 'abort', listener: () => void) {
        listeners--
        signal.removeEventListener(type, listener)
      },
    }
    const results = await Promise.all(
      Array.from({ length: 30 }, () => runner.run(one, { signal: counted })),
    )
    expect(results.every((result) => result.ok)).toBe(true)
    expect(listeners).toBe(0)
    controller.abort()
    runner.dispose()
  })

  it.each([
    ['a word', 'stop'],
    ['a controller', new AbortController()],
    ['null', null],
  ])('refuses %s as signal', async (_kind, signal) => {
    const runner = createCodeletRunner()
    const error = await rejectionOf(runner.run(one, { signal } as never))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe('signal')
    runner.dispose()
  })
})

describe('A2 · the queue is bounded', () => {
  it('resolves OVERLOADED at once when it is full', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1, maxQueued: 2 })
    const runs = Array.from({ length: 8 }, () =>
      runner.run(js(body('for (;;) {}')), { timeout_ms: 60 }),
    )
    const started = Date.now()
    const overloaded = await Promise.race(runs.slice(-1))
    expect(Date.now() - started).toBeLessThan(10_000)
    expect(overloaded?.error).toMatchObject({ code: 'OVERLOADED', retryable: true })
    expect(overloaded?.error?.details).toMatchObject({ maxQueued: 2 })
    const codes = (await Promise.all(runs)).map((result) => result.error?.code)
    expect(codes.filter((code) => code === 'TIMEOUT')).toHaveLength(3)
    expect(codes.filter((code) => code === 'OVERLOADED')).toHaveLength(5)
    runner.dispose()
  })

  it('resolves OVERLOADED when queueTimeoutMs has passed', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1, queueTimeoutMs: 500 })
    const busy = runner.run(js(body('for (;;) {}')), { timeout_ms: 1500 })
    const queued = await runner.run(one)
    expect(queued.error?.code).toBe('OVERLOADED')
    expect((await busy).error?.code).toBe('TIMEOUT')
    runner.dispose()
  })

  it('keeps the order of submission', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1 })
    const order: number[] = []
    const runs = Array.from({ length: 20 }, (_, index) =>
      runner.run(one).then(() => order.push(index)),
    )
    await Promise.all(runs)
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index))
    runner.dispose()
  })

  it('does not count the wait in the queue as time of the run', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1 })
    const busy = runner.run(js(body('for (;;) {}')), { timeout_ms: 2000 })
    const queued = await runner.run(one, { timeout_ms: 1000 })
    expect(queued.value).toBe(1)
    expect(queued.usage.queueWaitMs).toBeGreaterThan(1000)
    await busy
    runner.dispose()
  })
})

describe('A2 · stats', () => {
  it('counts runs by code, cache hits and what is under way', async () => {
    const runner = createCodeletRunner()
    await runner.run(one)
    await runner.run(one)
    await failureOf('RUNTIME_ERROR', body('throw 1'), {}, runner.run)
    await failureOf('TIMEOUT', body('for (;;) {}'), { timeout_ms: 30 }, runner.run)
    const stats = runner.stats()
    expect(stats).toMatchObject({ runs: 4, queued: 0, running: 0, parked: 0 })
    expect(stats.runsByCode).toMatchObject({ OK: 2, RUNTIME_ERROR: 1, TIMEOUT: 1 })
    expect(stats.cacheHits).toBeGreaterThanOrEqual(1)
    expect(stats.interrupts + stats.hardKills).toBe(1)
    expect(stats.threads).toBeGreaterThanOrEqual(1)
    for (const count of Object.values(stats.runsByCode)) expect(Number.isInteger(count)).toBe(true)
    runner.dispose()
  })

  it('counts a run that waits for the host as parked', async () => {
    const runner = createCodeletRunner()
    let answer = (_value: number) => {}
    const host = {
      wait: () =>
        new Promise<number>((resolve) => {
          answer = resolve
        }),
    }
    const run = runner.run(js(body('return await helpers.wait()')), { host, timeout_ms: 10_000 })
    // Some time after it was called: it waits when nothing is left that it could do.
    for (let left = 500; runner.stats().parked === 0 && left > 0; left--) await sleep(10)
    expect(runner.stats().parked).toBe(1)
    answer(5)
    expect((await run).value).toBe(5)
    expect(runner.stats().parked).toBe(0)
    runner.dispose()
  })
})

describe('A2 · options of a runner that are wrong throw INVALID_ARGUMENT', () => {
  it.each([
    ['options', null],
    ['options', 7],
    ['max_queued', { max_queued: 5 }],
    ['maxConcurrent', { maxConcurrent: 0 }],
    ['maxConcurrent', { maxConcurrent: Number.NaN }],
    ['maxQueued', { maxQueued: -1 }],
    ['maxParked', { maxParked: 1.5 }],
    ['queueTimeoutMs', { queueTimeoutMs: '5s' }],
    ['cacheEntries', { cacheEntries: null }],
    ['cacheBytes', { cacheBytes: -1 }],
    ['defaults', { defaults: 5 }],
    ['defaults.timeout_ms', { defaults: { timeout_ms: 0 } }],
    ['defaults.timeout', { defaults: { timeout: 5 } }],
    ['ceilings.memory_limit_bytes', { ceilings: { memory_limit_bytes: -1 } }],
    ['defaults.timeout_ms', { defaults: { timeout_ms: 50 }, ceilings: { timeout_ms: 40 } }],
    ['allow', { allow: true }],
    ['allow.network', { allow: { network: true } }],
    ['allow.now', { allow: { now: 'yes' } }],
    ['isolation', { isolation: 'vm' }],
    ['logger', { logger: {} }],
  ])('%s in %j', (field, options) => {
    let thrown: unknown
    try {
      createCodeletRunner(options as CodeletRunnerOptions)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(RunletError)
    expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field } })
  })
})
