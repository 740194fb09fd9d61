import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { root as packageRoot } from '../package/repository'

interface Occupancy {
  readonly count: number
  during<T>(work: () => Promise<T>): Promise<T>
  alone<T>(end: () => Promise<T>): Promise<T> | undefined
}

const { Occupancy } = require(join(packageRoot, 'dist/workspace/docker/occupancy.js')) as {
  Occupancy: new () => Occupancy
}

/** A promise, and what resolves or rejects it. */
function pending() {
  const made = { end: () => {}, fail: (_: Error) => {} }
  const promise = new Promise<void>((resolve, reject) => {
    made.end = resolve
    made.fail = reject
  })
  return { promise, ...made }
}

describe('whoever ends all that runs in a container', () => {
  it('is alone there until that is done, and who came meanwhile begins then', async () => {
    const occupancy = new Occupancy()
    const [work, sweep] = [pending(), pending()]
    const order: string[] = []
    const one = occupancy.during(async () => {
      await occupancy.alone(async () => {
        await sweep.promise
        order.push('swept')
      })
      await work.promise
      order.push('one')
    })
    const others = ['two', 'three'].map((name) =>
      occupancy.during(async () => {
        order.push(name)
      }),
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect([order, occupancy.count]).toEqual([[], 1])
    sweep.end()
    await Promise.all(others)
    expect([order, occupancy.count]).toEqual([['swept', 'two', 'three'], 1])
    work.end()
    await one
    expect([order.at(-1), occupancy.count]).toEqual(['one', 0])
  })

  it('does not begin while others are at work', async () => {
    const occupancy = new Occupancy()
    const other = pending()
    const working = occupancy.during(() => other.promise)
    let asked = false
    const given = await occupancy.during(async () =>
      occupancy.alone(async () => {
        asked = true
      }),
    )
    expect([given, asked]).toEqual([undefined, false])
    other.end()
    await working
  })

  it('keeps nobody out when it fails', async () => {
    const occupancy = new Occupancy()
    const sweep = pending()
    const failing = occupancy.during(async () => occupancy.alone(() => sweep.promise))
    const after = occupancy.during(async () => 'begun')
    sweep.fail(new Error('no engine'))
    await expect(failing).rejects.toThrow('no engine')
    expect(await after).toBe('begun')
  })
})
