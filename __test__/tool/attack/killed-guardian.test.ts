import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { allGone, everyPid, inArena, isAlive, RUNTIMES } from './arena'

/** The guardians of this very process. */
function guardians(): number[] {
  return everyPid().filter((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('runlet-guardian')) return false
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      return parent === process.pid && isAlive(pid)
    } catch {
      return false
    }
  })
}

describe.each(RUNTIMES)('on %s, a guardian that is killed', (runtimeType) => {
  it('is replaced at the next launch', async () => {
    await inArena(runtimeType, 'killed-host.mjs', async ({ run }) => {
      expect((await run('hello')).output).toEqual({ value: 'hello' })
      const [first, ...others] = guardians()
      expect(others).toEqual([])
      if (first === undefined) throw new Error('there is no guardian')
      process.kill(first, 'SIGKILL')
      await allGone(() => guardians())
      expect((await run('hello')).output).toEqual({ value: 'hello' })
      const [second, ...more] = guardians()
      expect(more).toEqual([])
      expect(second).not.toBe(first)
      expect(second).toBeDefined()
    })
  })
})
