import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, isAlive, outputOf, RUNTIMES, sleep, until } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

describe.each(RUNTIMES)('the result of a tool on %s', (type) => {
  it.each([0, 1])('is there although timers and servers stay open (warm: %d)', async (size) => {
    const tools = bench.runtime(type, { warm: { size } })
    const result = await tools.executeTool('opensMuch')
    expect(outputOf(result)).toEqual({ value: 'at once' })
    // The runtime's own timeout is 20 s; whoever waits for what is open runs into it.
    expect(result.durationMs).toBeLessThan(10_000)
  })

  it('is there although a child holds its pipes, and the child goes with the tool', async () => {
    const tools = bench.runtime(type)
    const result = await tools.executeTool<{ child: number; self: number }>('startsChild')
    const { child, self } = outputOf(result)
    expect(result.durationMs).toBeLessThan(10_000)
    await until('the tool is gone', () => !isAlive(self))
    await until('its child is gone', () => !isAlive(child))
  })

  it('ends what the tool left to do, unless it has exitGraceMs', async () => {
    const folder = bench.folder()
    const [never, later] = [join(folder, 'never'), join(folder, 'later')]
    const strict = bench.runtime(type)
    expect(
      outputOf(await strict.executeTool('writesLater', { input: { file: never, ms: 50 } })),
    ).toEqual({ value: 'before' })
    const graceful = bench.runtime(type, { exitGraceMs: 10_000 })
    const result = await graceful.executeTool('writesLater', { input: { file: later, ms: 2_000 } })
    expect(outputOf(result)).toEqual({ value: 'before' })
    expect(existsSync(later)).toBe(false)
    await until('the tool wrote after its result', () => existsSync(later))
    await sleep(100)
    expect(existsSync(never)).toBe(false)
  })

  it('takes its place in the room until the tool is wholly gone, grace included', async () => {
    const tools = bench.runtime(type, { exitGraceMs: 60_000, maxConcurrent: 1 })
    const first = outputOf(await tools.executeTool<{ value: number }>('pid')).value
    // Nothing keeps that tool's process, so it ends by itself and makes room.
    const second = outputOf(await tools.executeTool<{ value: number }>('pid')).value
    expect(second).not.toBe(first)
    await until('the first is gone', () => !isAlive(first))
  })
})
