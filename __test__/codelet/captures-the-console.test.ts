import { describe, expect, it } from '@jest/globals'
import { type ConsoleLog, createCodeletRunner, runCodelet } from 'runlet'
import { body, failureOf, js, refusedOption } from './run-text'

async function logsOf(statements: string, options = {}): Promise<ConsoleLog[]> {
  const result = await runCodelet(js(body(statements)), options)
  expect(result.error).toBeUndefined()
  return result.logs
}

const messageOf = async (expression: string) =>
  (await logsOf(`console.log(${expression})`))[0]?.message

describe('A5 · console is captured with levels and timestamps', () => {
  it('has the levels log, info, warn and error, and debug and trace count as log', async () => {
    const logs = await logsOf(
      `for (const level of ['log', 'info', 'warn', 'error', 'debug', 'trace']) console[level](level)`,
    )
    expect(logs.map(({ level, message }) => [level, message])).toEqual([
      ['log', 'log'],
      ['info', 'info'],
      ['warn', 'warn'],
      ['error', 'error'],
      ['log', 'debug'],
      ['log', 'trace'],
    ])
  })

  it('stamps with ms since the epoch, never going backwards', async () => {
    const before = Date.now()
    const logs = await logsOf('for (let i = 0; i < 50; i++) console.log(i)')
    const stamps = logs.map(({ timestamp }) => timestamp)
    expect([...stamps].sort((a, b) => a - b)).toEqual(stamps)
    expect(Number(stamps[0])).toBeGreaterThanOrEqual(before - 1000)
    expect(Number(stamps.at(-1))).toBeLessThanOrEqual(Date.now() + 1000)
  })

  it.each([
    ["'a', 'b', 1", 'a b 1'],
    ['{ a: 1, b: [1, "x"] }', '{ a: 1, b: [1, "x"] }'],
    ['null, undefined, true, 1n, -0', 'null undefined true 1n -0'],
    ['new Map([["k", 1]]), new Set([2])', 'Map(1) { "k" => 1 } Set(1) { 2 }'],
    ['new Uint8Array([1, 2])', 'Uint8Array(2) [1, 2]'],
    ['[, 1]', '[<empty>, 1]'],
    ['() => 1', '[Function (anonymous)]'],
    ['Symbol("s")', 'Symbol(s)'],
    ['new Date(0)', '1970-01-01T00:00:00.000Z'],
    ['new Proxy({}, {})', '[Proxy]'],
    ['{ get a() { throw 1 } }', '{ a: [Getter] }'],
    ['(() => { const a = {}; a.a = a; return a })()', '{ a: [Circular] }'],
    ['[[[[[[1]]]]]]', '[[[[[Array]]]]]'],
  ])('writes %s readably', async (expression, expected) => {
    expect(await messageOf(expression)).toBe(expected)
  })

  it('writes an Error with its stack, which names no frame but the guest’s own', async () => {
    const message = await messageOf("new TypeError('bad')")
    expect(message).toMatch(/^TypeError: bad\n\s+at main \(codelet\.js:2:\d+\)$/)
  })

  it.each([
    ['a getter', '{ get a() { calls++; return 1 } }'],
    ['toString', '{ toString() { calls++; return "x" } }'],
    ['toJSON', '{ toJSON() { calls++; return "x" } }'],
    ['Symbol.toPrimitive', '{ [Symbol.toPrimitive]() { calls++; return "x" } }'],
    ['Symbol.toStringTag', '{ get [Symbol.toStringTag]() { calls++; return "x" } }'],
    ['a Proxy', 'new Proxy({}, new Proxy({}, { get() { calls++ } }))'],
    [
      'a getter of a regular expression',
      "Object.defineProperty(/x/, 'global', { get() { calls++ } })",
    ],
    ['flags of a regular expression', "Object.defineProperty(/x/, 'flags', { get() { calls++ } })"],
    [
      'the constructor of an error',
      "Object.defineProperty(new Error('x'), 'constructor', { get() { calls++ } })",
    ],
    [
      'the message of an error',
      "Object.defineProperty(new Error('x'), 'message', { get() { calls++ } })",
    ],
  ])('never calls %s', async (_kind, expression) => {
    const result = await runCodelet(
      js(body(`let calls = 0; console.log(${expression}); return calls`)),
    )
    expect(result.value).toBe(0)
    expect(result.logs).toHaveLength(1)
  })

  it('keeps the first 100 entries and counts the rest', async () => {
    const result = await runCodelet(js(body('for (let i = 0; i < 250; i++) console.log(i)')))
    expect(result.logs).toHaveLength(100)
    expect(result.logs.at(-1)?.message).toBe('99')
    expect(result.usage.logsDropped).toBe(150)
  })

  it('obeys max_log_entries, also zero', async () => {
    const code = js(body('for (let i = 0; i < 5; i++) console.log(i)'))
    const three = await runCodelet(code, { max_log_entries: 3 })
    expect([three.logs.length, three.usage.logsDropped]).toEqual([3, 2])
    const none = await runCodelet(code, { max_log_entries: 0 })
    expect([none.logs.length, none.usage.logsDropped]).toEqual([0, 5])
  })

  it('cuts a message at 8 KiB and says so', async () => {
    const logs = await logsOf("console.log('x'.repeat(10_000))")
    expect(logs[0]?.truncated).toBe(true)
    expect(logs[0]?.message).toMatch(/^x{8192}… \[truncated 1808 chars\]$/)
  })

  it('cuts at the byte budget, on a character', async () => {
    const result = await runCodelet(js(body("console.log('ä'.repeat(10)); console.log('more')")), {
      max_log_bytes: 5,
    })
    expect(result.logs[0]?.message).toMatch(/^ää… \[truncated/)
    expect(result.usage.logBytesDropped).toBeGreaterThanOrEqual(16)
  })

  it('obeys max_log_bytes over all messages', async () => {
    const result = await runCodelet(
      js(body("for (let i = 0; i < 50; i++) console.log('x'.repeat(100))")),
      {
        max_log_bytes: 1000,
      },
    )
    expect(result.logs).toHaveLength(10)
    expect(result.usage.logsDropped).toBe(40)
  })

  it('puts no entry on the console of the host', async () => {
    const write = process.stdout.write
    let written = ''
    process.stdout.write = ((text: string) => {
      written += text
      return true
    }) as typeof write
    try {
      await logsOf("console.log('only in the result')")
    } finally {
      process.stdout.write = write
    }
    expect(written).toBe('')
  })

  it('warns of a rejection nobody handled, and the result stands', async () => {
    const result = await runCodelet(js(body("Promise.reject(new Error('lost')); return 7")))
    expect(result.value).toBe(7)
    expect(result.logs).toHaveLength(1)
    expect(result.logs[0]?.level).toBe('warn')
    expect(result.logs[0]?.message).toContain('lost')
  })
})

describe('A5 · on_log is called live and in order', () => {
  it('gets every entry of the result, before the promise settles', async () => {
    const seen: ConsoleLog[] = []
    let settled = false
    const run = runCodelet(js(body('for (let i = 0; i < 30; i++) console.log(i)')), {
      on_log: (entry) => {
        expect(settled).toBe(false)
        seen.push(entry)
      },
    })
    const result = await run
    settled = true
    expect(seen).toEqual(result.logs)
    expect(seen).toHaveLength(30)
  })

  it('gets entries while the run goes on', async () => {
    let atLog = 0
    const host = { wait: () => new Promise((resolve) => setTimeout(resolve, 200)) }
    await runCodelet(js(body("console.log('first'); await helpers.wait()")), {
      host,
      on_log: () => {
        atLog = Date.now()
      },
    })
    expect(Date.now() - atLog).toBeGreaterThan(100)
  })

  it('gets entries of failing runs, in order', async () => {
    const seen: string[] = []
    const { logs } = await failureOf(
      'TIMEOUT',
      body("console.log('a'); console.log('b'); for (;;) {}"),
      {
        timeout_ms: 500,
        on_log: ({ message }) => seen.push(message),
      },
    )
    expect(seen).toEqual(['a', 'b'])
    expect(logs.map(({ message }) => message)).toEqual(seen)
  })

  it('hands what it throws to the logger, not to the run', async () => {
    const told: unknown[] = []
    const ignore = () => {}
    const error = (facts: object) => told.push(Reflect.get(facts, 'err'))
    const runner = createCodeletRunner({
      logger: { debug: ignore, info: ignore, warn: ignore, error },
    })
    const on_log = () => {
      throw 'on purpose'
    }
    const result = await runner.run(js(body("console.log('a'); return 1")), { on_log })
    expect(result.value).toBe(1)
    expect(told).toEqual(['on purpose'])
    runner.dispose()
  })

  it('survives a logger that throws too', async () => {
    const fail = () => {
      throw new Error('logger')
    }
    const runner = createCodeletRunner({
      logger: { debug: fail, info: fail, warn: fail, error: fail },
    })
    const result = await runner.run(js(body("console.log('a'); return 1")), { on_log: fail })
    expect(result.value).toBe(1)
    runner.dispose()
  })

  it('must be a function', async () => {
    await refusedOption({ on_log: 'console' }, 'on_log')
    await refusedOption({ on_log: () => {}, onLog: () => {} }, 'on_log')
  })
})
