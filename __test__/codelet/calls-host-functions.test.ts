import { describe, expect, it } from '@jest/globals'
import {
  type CodeletRunOptions,
  createCodeletRunner,
  HostError,
  hostFunction,
  RunletError,
  runCodelet,
} from 'runlet'
import { body, failureOf, js, refusedOption, rejectionOf, sleep, valueFrom } from './run-text'

describe('X6 · host functions are members of helpers and return promises', () => {
  it('pass arguments and results as JSON copies', async () => {
    const held = { list: [1] }
    const host = {
      hold: () => held,
      echo: (...args: unknown[]) => args,
      nothing: () => undefined,
      shift: (date: unknown) => [typeof date, date],
    }
    const code = body(
      `const a = await helpers.hold(); a.list.push(2)
       return [await helpers.echo(1, 'x', { b: [true, null] }, undefined), await helpers.nothing() === undefined,
         await helpers.shift(new Date(0)), (await helpers.hold()).list, helpers.hold() instanceof Promise]`,
    )
    expect(await valueFrom(code, { host })).toEqual([
      [1, 'x', { b: [true, null] }, null],
      true,
      ['string', '1970-01-01T00:00:00.000Z'],
      [1],
      true,
    ])
    expect(held.list).toEqual([1])
  })

  it('nest in groups, four levels deep, and keep their group as `this`', async () => {
    const host = {
      a: { b: { c: { d: () => 'deep' } } },
      counter: {
        n: () => 5,
        twice(this: { n(): number }) {
          return this.n() * 2
        },
      },
    }
    const code = body('return [await helpers.a.b.c.d(), await helpers.counter.twice()]')
    expect(await valueFrom(code, { host })).toEqual(['deep', 10])
  })

  it('answer to the option `helpers` as well', async () => {
    expect(await valueFrom(body('return await helpers.one()'), { helpers: { one: () => 1 } })).toBe(
      1,
    )
  })

  it('may be sync, async or return any thenable', async () => {
    const host = {
      sync: () => 1,
      later: () => sleep(5).then(() => 2),
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
      thenable: () => ({ then: (resolve: (n: number) => void) => resolve(3) }),
    }
    const code = body(
      'return [await helpers.sync(), await helpers.later(), await helpers.thenable()]',
    )
    expect(await valueFrom(code, { host })).toEqual([1, 2, 3])
  })

  it('work 100 times in sequence and 200 times in parallel', async () => {
    const host = { add: async (a: number, b: number) => a + b }
    const sequential = body(
      'let n = 0; for (let i = 0; i < 100; i++) n = await helpers.add(n, i); return n',
    )
    expect(await valueFrom(sequential, { host, timeout_ms: 20_000 })).toBe(4950)
    const parallel = body(
      'return (await Promise.all(Array.from({ length: 200 }, (_, i) => helpers.add(i, 1)))).reduce((a, b) => a + b)',
    )
    expect(await valueFrom(parallel, { host, timeout_ms: 20_000 })).toBe(20_100)
  })

  it('are resolved once, when the run is submitted', async () => {
    const host: Record<string, () => unknown> = { f: () => 'first' }
    const run = runCodelet(js(body('return await helpers.f()')), { host })
    host.f = () => 'second'
    expect((await run).value).toBe('first')
  })

  it('are own properties only', async () => {
    const host = Object.assign(Object.create({ inherited: () => 1 }), { own: () => 1 })
    expect(await valueFrom(body('return typeof helpers.inherited'), { host })).toBe('undefined')
    expect(await valueFrom(body('return typeof helpers.toString'), { host: {} })).toBe('function')
    class Service {
      search() {}
    }
    const error = await rejectionOf(
      runCodelet(js('x'), { host: { service: new Service() } as never }),
    )
    expect(error.details?.field).toBe('host.service')
  })
})

describe('X6 · failures of host functions', () => {
  const host = {
    throws() {
      throw new Error('secret text')
    },
    async rejects() {
      throw new Error('secret text')
    },
    tells() {
      throw new HostError('for the guest', { retryable: true, cause: 'why' })
    },
    exposes() {
      throw Object.assign(new Error('exposed text'), { expose: true })
    },
    throwsNull() {
      throw null
    },
    bigint: () => 1n,
    fn: () => () => 1,
    cycle() {
      const a: Record<string, unknown> = {}
      a.a = a
      return a
    },
    hostile: () => ({
      // biome-ignore lint/suspicious/noThenProperty: a hostile thenable is what this is about
      get then() {
        throw new Error('secret text')
      },
    }),
  }

  it.each([
    ['throws', 'THREW', 'host function "throws" failed'],
    ['rejects', 'THREW', 'host function "rejects" failed'],
    ['tells', 'THREW', 'for the guest'],
    ['exposes', 'THREW', 'exposed text'],
    ['throwsNull', 'THREW', 'host function "throwsNull" failed'],
    ['hostile', 'THREW', 'host function "hostile" failed'],
    ['bigint', 'UNSERIALIZABLE', expect.stringContaining('JSON')],
    ['fn', 'UNSERIALIZABLE', expect.stringContaining('JSON')],
    ['cycle', 'UNSERIALIZABLE', expect.stringContaining('JSON')],
  ])('%s rejects in the guest with HostCallError', async (name, reason, message) => {
    const caught = body(
      `try { await helpers.${name}() } catch (e) { return [e.name, e.message, e instanceof Error] }`,
    )
    expect(await valueFrom(caught, { host })).toEqual(['HostCallError', message, true])
    const { error } = await failureOf('HOST_CALL_ERROR', body(`await helpers.${name}()`), { host })
    expect(error.details).toEqual({ function: name, seq: 0, reason })
    expect(error.message).toEqual(message)
    expect(JSON.stringify(error)).not.toContain('secret')
  })

  it('keep the original as cause, outside what is serialised, and its own word on retrying', async () => {
    const told = await failureOf('HOST_CALL_ERROR', body('await helpers.tells()'), { host })
    expect(told.error.cause).toBeInstanceOf(HostError)
    expect(told.error.retryable).toBe(true)
    const plain = await failureOf('HOST_CALL_ERROR', body('await helpers.throws()'), { host })
    expect(plain.error.cause).toMatchObject({ message: 'secret text' })
    expect(plain.error.retryable).toBe(false)
    expect(Object.keys(plain.error)).not.toContain('cause')
  })

  it.each([
    ['a BigInt', '1n'],
    ['a cycle', '(() => { const a = {}; a.a = a; return a })()'],
    ['a throwing getter', "({ get a() { throw new Error('x') } })"],
  ])('arguments that JSON cannot carry: %s', async (_kind, argument) => {
    const code = body(`await helpers.throws(${argument})`)
    const { error, usage } = await failureOf('HOST_CALL_ERROR', code, { host })
    expect(error.details).toMatchObject({ function: 'throws', reason: 'UNSERIALIZABLE' })
    expect(usage.hostCalls).toBe(0)
  })

  it('arguments and results over their limits, exactly one byte past', async () => {
    const echo = { echo: (text: string) => text }
    const send = (length: number) =>
      body(`return (await helpers.echo('x'.repeat(${length}))).length`)
    const arguments_ = { host: echo, max_host_arg_bytes: 100 }
    expect(await valueFrom(send(96), arguments_)).toBe(96)
    const sent = await failureOf('HOST_CALL_ERROR', send(97), arguments_)
    expect(sent.error.details?.reason).toBe('ARGS_TOO_LARGE')
    const results = { host: echo, max_host_result_bytes: 100 }
    expect(await valueFrom(send(98), results)).toBe(98)
    const got = await failureOf('HOST_CALL_ERROR', send(99), results)
    expect(got.error.details).toMatchObject({
      reason: 'RESULT_TOO_LARGE',
      function: 'echo',
      seq: 0,
    })
  })

  it('the guest cannot hand over anything but a list of arguments', async () => {
    const seen: unknown[][] = []
    const see = { f: (...args: unknown[]) => seen.push(args) }
    for (const forged of [
      'undefined',
      '7',
      "'text'",
      '({ length: 3 })',
      '({ length: 1e8 })',
      'null',
      '[[1]]',
    ]) {
      const code = body(
        `Array.prototype.toJSON = () => (${forged}); try { await helpers.f('a', 'b') } catch {}`,
      )
      const started = Date.now()
      await runCodelet(js(code), { host: see, timeout_ms: 3000 })
      expect(Date.now() - started).toBeLessThan(2000)
    }
    for (const args of seen) expect(args.length).toBeLessThanOrEqual(2)
  })
})

describe('X6 · budgets', () => {
  it('max_host_calls: one call too many is a POLICY_VIOLATION', async () => {
    const host = { f: () => 1 }
    const code = (count: number) =>
      body(`for (let i = 0; i < ${count}; i++) await helpers.f(); return 'done'`)
    expect(await valueFrom(code(5), { host, max_host_calls: 5 })).toBe('done')
    const { error, usage } = await failureOf('POLICY_VIOLATION', code(6), {
      host,
      max_host_calls: 5,
    })
    expect(error.details).toMatchObject({ limit: 'max_host_calls', limitValue: 5 })
    expect(usage.hostCalls).toBe(5)
    await failureOf('POLICY_VIOLATION', code(300), { host, timeout_ms: 20_000 })
  })

  it('max_host_calls_in_flight: more wait in order and do not fail', async () => {
    let open = 0
    let most = 0
    const order: number[] = []
    const host = {
      async f(n: number) {
        order.push(n)
        most = Math.max(most, ++open)
        await sleep(1)
        open--
        return n
      },
    }
    const code = body(
      'return (await Promise.all(Array.from({ length: 300 }, (_, i) => helpers.f(i)))).length',
    )
    const options: CodeletRunOptions = { host, max_host_calls: 300, timeout_ms: 20_000 }
    expect(await valueFrom(code, options)).toBe(300)
    expect(most).toBeLessThanOrEqual(32)
    expect(most).toBeGreaterThan(1)
    expect(order).toEqual(Array.from({ length: 300 }, (_, index) => index))
    most = 0
    expect(await valueFrom(code, { ...options, max_host_calls_in_flight: 3 })).toBe(300)
    expect(most).toBe(3)
  })

  it('zero calls allowed means zero', async () => {
    let called = false
    const host = {
      f: () => {
        called = true
      },
    }
    await failureOf('POLICY_VIOLATION', body('await helpers.f()'), { host, max_host_calls: 0 })
    expect(called).toBe(false)
  })
})

describe('X6 · hostFunction gives a context', () => {
  it('with run id, number, idempotency key and a signal', async () => {
    const contexts: unknown[] = []
    const host = {
      f: hostFunction((ctx, n: number) => {
        contexts.push({ ...ctx, aborted: ctx.signal.aborted })
        return n
      }),
    }
    expect(
      await valueFrom(body('return [await helpers.f(7), await helpers.f(8)]'), { host }),
    ).toEqual([7, 8])
    await valueFrom(body('await helpers.f(9)'), { host })
    const [first, second, other] = contexts as Array<{
      runId: string
      seq: number
      idempotencyKey: string
    }>
    expect([first?.seq, second?.seq]).toEqual([0, 1])
    expect(first?.runId).toBe(second?.runId)
    expect(other?.runId).not.toBe(first?.runId)
    expect(second?.idempotencyKey).toBe(`${second?.runId}:1`)
  })

  it.each([
    ['the time is up', 'await helpers.wait()', { timeout_ms: 500 }, 'TIMEOUT'],
    ['main returns first', 'helpers.wait(); await helpers.tick(); return 1', {}, undefined],
    [
      'main throws first',
      "helpers.wait(); await helpers.tick(); throw new Error('x')",
      {},
      'RUNTIME_ERROR',
    ],
  ])('its signal is aborted when %s', async (_when, statements, options, code) => {
    let aborted: unknown
    const host = {
      tick: () => sleep(1),
      wait: hostFunction(
        (ctx) =>
          new Promise(() => {
            ctx.signal.addEventListener('abort', () => {
              aborted = ctx.signal.reason
            })
          }),
      ),
    }
    const result = await runCodelet(js(body(statements)), { ...options, host })
    expect(result.error?.code).toBe(code)
    expect(aborted).toBeInstanceOf(RunletError)
    expect(result.usage.detachedHostCalls).toBe(1)
  })

  it('aborting the run reaches it at once', async () => {
    const controller = new AbortController()
    let reached = 0
    const host = {
      wait: hostFunction(
        (ctx) =>
          new Promise(() => {
            ctx.signal.addEventListener('abort', () => {
              reached = Date.now()
            })
          }),
      ),
    }
    const run = runCodelet(js(body('await helpers.wait()')), {
      host,
      signal: controller.signal,
      timeout_ms: 10_000,
    })
    await sleep(40)
    const aborted = Date.now()
    controller.abort()
    expect((await run).error?.code).toBe('CANCELLED')
    expect(reached - aborted).toBeLessThan(200)
  })

  it('refuses what is no function, and direct calls', () => {
    expect(() => hostFunction(5 as never)).toThrow(RunletError)
    expect(() => hostFunction(() => 1)()).toThrow(RunletError)
  })
})

describe('X6 · late replies and parked runs', () => {
  it('a late reply reaches no other run', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1 })
    const replies: Array<(value: string) => void> = []
    const host = { wait: () => new Promise<string>((resolve) => replies.push(resolve)) }
    const first = await runner.run(js(body('return await helpers.wait()')), {
      host,
      timeout_ms: 500,
    })
    expect(first.error?.code).toBe('TIMEOUT')
    const second = runner.run(js(body('return await helpers.wait()')), { host, timeout_ms: 5000 })
    while (replies.length < 2) await sleep(2)
    replies[0]?.('late')
    await sleep(20)
    replies[1]?.('mine')
    expect((await second).value).toBe('mine')
    runner.dispose()
  })

  it('100 runs wait on few threads while a busy one goes on', async () => {
    const runner = createCodeletRunner()
    const host = { wait: () => sleep(30).then(() => 1) }
    const busy = runner.run(js(body('for (;;) {}')), { timeout_ms: 300 })
    const waiting = Array.from({ length: 100 }, () =>
      runner.run(js(body('return await helpers.wait()')), { host, timeout_ms: 20_000 }),
    )
    const values = (await Promise.all(waiting)).map((result) => result.value)
    expect(values.every((value) => value === 1)).toBe(true)
    expect((await busy).error?.code).toBe('TIMEOUT')
    runner.dispose()
  })

  it('a host function may run codelets itself', async () => {
    const runner = createCodeletRunner({ maxConcurrent: 1 })
    const host = {
      nested: async (n: number) =>
        (await runner.run(js('export const main = (n) => n + 1'), { input: n })).value,
    }
    expect(await valueFrom(body('return await helpers.nested(1)'), { host }, runner.run)).toBe(2)
    runner.dispose()
  })
})

describe('X6 · a host table that is wrong is refused by name', () => {
  const circular: Record<string, unknown> = {}
  circular.a = circular
  it.each([
    ['host', 5],
    ['host', []],
    ['host', () => 1],
    ['host.a', { a: 5 }],
    ['host.a', { a: null }],
    ['host.a.b', { a: { b: 'x' } }],
    ['host.env', { env: () => 1 }],
    ['host.random', { random: () => 1 }],
    ['host.now', { now: () => 1 }],
    ['host.fetch', { fetch: () => 1 }],
    ['host.a.b.c.d.e', { a: { b: { c: { d: { e: () => 1 } } } } }],
    ['host.a', circular],
    ['host.__proto__', JSON.parse('{"__proto__": {}}')],
  ])('%s', async (field, host) => {
    await refusedOption({ host }, field)
  })

  it('host and helpers are one option', async () => {
    await refusedOption({ host: { a: () => 1 }, helpers: { a: () => 1 } }, 'host')
  })
})

it('a call near the end of the stack is either made or throws, and the run goes on', async () => {
  // What a call needs of the stack lies between two frames of `descend`. Local variables move all
  // frames by 16 bytes each, so that one of these functions ends within any part of a call.
  const starts = Array.from({ length: 96 }, (_, count) => {
    const locals = Array.from({ length: count }, (_, index) => `a${index}`)
    const declared = locals.map((local) => `let ${local} = 0;`).join(' ')
    return `() => { ${declared} descend(); return [${locals.join(', ')}] }`
  })
  const code = `export async function main(_, { f }) {
      let left, thrown = 0
      const calls = []
      const descend = () => {
        try { descend() } catch { /* the end of the stack */ }
        if (left > 0) {
          left -= 1
          try { calls.push(f()) } catch { thrown += 1 }
        }
      }
      for (const start of [${starts.join(',')}]) {
        left = 24
        start()
      }
      await Promise.all(calls)
      return [calls.length, thrown]
    }`
  let made = 0
  const host = {
    f() {
      made += 1
    },
  }
  const options = { host, max_host_calls: 1e6, max_stack_bytes: 65536, timeout_ms: 20_000 }
  const [promised, thrown] = (await valueFrom(code, options)) as [number, number]
  expect(promised).toBeGreaterThan(0)
  expect(thrown).toBeGreaterThan(0)
  // One that threw has not reached the host.
  expect(made).toBe(promised)
})
