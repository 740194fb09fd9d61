import { describe, expect, it } from '@jest/globals'
import { createCodeletRunner } from 'runlet'

const trivial = { type: 'string', code: 'export default async () => 1' } as const

describe('runs that follow one another without a pause', () => {
  it('leave the event loop its turns', async () => {
    const runner = createCodeletRunner()
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
    }, 5)
    const end = Date.now() + 500
    while (Date.now() < end) await runner.run(trivial)
    clearInterval(timer)
    runner.dispose()
    // A hundred would be all; a loop that never turns has none.
    expect(ticks).toBeGreaterThan(20)
  })

  it('leave it its turns when they call host functions', async () => {
    const runner = createCodeletRunner()
    const source = {
      type: 'string',
      code: 'export default async (_, { f }) => { for (let i = 0; i < 200; i++) await f(i) }',
    } as const
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
    }, 5)
    const end = Date.now() + 500
    while (Date.now() < end) await runner.run(source, { host: { f: (n: number) => n } })
    clearInterval(timer)
    runner.dispose()
    expect(ticks).toBeGreaterThan(20)
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
