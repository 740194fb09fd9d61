import { describe, expect, it } from '@jest/globals'
import { createCodeletRunner } from 'runlet'

const trivial = { type: 'string', code: 'export default async () => 1' } as const

/**
 * Fewer answers of workers than this reach the host without a turn of its event loop between them.
 * The package allows them 250 microseconds, a hundred at most where this was measured; without that
 * limit there are a thousand to three thousand, if a worker has a core to itself. A number of answers
 * and not a time: on a slow machine there are fewer.
 */
const MOST_ANSWERS = 800

/** Counts ticks of a timer, and answers between two turns of the event loop. */
function watchLoop() {
  const seen = { ticks: 0, answers: 0, most: 0 }
  let isAsked = false
  const timer = setInterval(() => {
    seen.ticks += 1
  }, 5)
  const answered = () => {
    seen.answers += 1
    seen.most = Math.max(seen.most, seen.answers)
    if (isAsked) return
    isAsked = true
    setImmediate(() => {
      isAsked = false
      seen.answers = 0
    })
  }
  return { seen, answered, end: () => clearInterval(timer) }
}

describe('runs that follow one another without a pause', () => {
  it('leave the event loop its turns', async () => {
    const runner = createCodeletRunner()
    const { seen, answered, end } = watchLoop()
    const until = Date.now() + 2000
    while (Date.now() < until) {
      await runner.run(trivial)
      answered()
    }
    end()
    runner.dispose()
    // A hundred would be all; a loop that never turns has none.
    expect(seen.ticks).toBeGreaterThan(20)
    expect(seen.most).toBeLessThan(MOST_ANSWERS)
  })

  it('leave it its turns when they call host functions', async () => {
    const runner = createCodeletRunner()
    const source = {
      type: 'string',
      code: 'export default async (_, { f }) => { for (let i = 0; i < 3000; i++) await f(i) }',
    } as const
    const { seen, answered, end } = watchLoop()
    const f = (n: number) => {
      answered()
      return n
    }
    const until = Date.now() + 2000
    while (Date.now() < until) await runner.run(source, { host: { f }, max_host_calls: 3000 })
    end()
    runner.dispose()
    expect(seen.ticks).toBeGreaterThan(20)
    expect(seen.most).toBeLessThan(MOST_ANSWERS)
  })

  it('leave it its turns when they make many calls at once', async () => {
    const { seen, answered, end } = watchLoop()
    const source = {
      type: 'string',
      code: `export default async (_, { f }) => {
        const calls = []
        for (let i = 0; i < 10000; i++) calls.push(f())
        await Promise.all(calls)
      }`,
    } as const
    const f = () => {
      answered()
      const until = performance.now() + 0.02
      while (performance.now() < until);
    }
    const most = { max_host_calls: 10_000, max_host_calls_in_flight: 256 }
    const options = { host: { f }, ...most, timeout_ms: 20_000 }
    const runner = createCodeletRunner()
    const result = await runner.run(source, options)
    end()
    runner.dispose()
    expect(result.ok).toBe(true)
    // Two batches of 256 in each of the two turns that one count may span.
    expect(seen.most).toBeLessThanOrEqual(1024)
  })
})

it('nothing of the caller is called before run has returned', async () => {
  const runner = createCodeletRunner()
  const source = {
    type: 'string',
    code: "export default async (_, { f, logger }) => { logger.info('x'); return f() }",
  } as const
  const early: string[] = []
  for (let i = 0; i < 50; i++) {
    let hasReturned = false
    const note = (what: string) => {
      if (!hasReturned) early.push(what)
    }
    const pending = runner.run(source, { host: { f: () => note('f') }, on_log: () => note('log') })
    hasReturned = true
    const result = await pending
    expect(result.ok).toBe(true)
  }
  runner.dispose()
  expect(early).toEqual([])
})
