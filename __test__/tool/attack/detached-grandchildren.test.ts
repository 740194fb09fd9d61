import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { allGone, inArena, isAlive, RUNTIMES } from './arena'

/** The processes that wrote themselves down. */
function pidsOf(root: string): number[] {
  return readFileSync(join(root, 'pids'), 'utf8').trim().split('\n').map(Number)
}

describe.each(RUNTIMES)('on %s, a grandchild that leaves its parent', (runtimeType) => {
  it('outlives a plain worker whose group is ended', async () => {
    await inArena(runtimeType, 'detached-grandchildren.mjs', async ({ root }) => {
      const peer = await runPlain(runtimeType, root, 'leave', { input: 'detached' })
      expect(peer.output).toEqual({ result: 'left' })
      const survivors = pidsOf(root).filter(isAlive)
      for (const pid of survivors) process.kill(pid, 'SIGKILL')
      expect(survivors).toHaveLength(1)
    })
  })

  it.each(['detached', 'double fork', 'nohup', 'new group', 'no variables'])(
    'ends with the call: %s',
    async (way) => {
      await inArena(runtimeType, 'detached-grandchildren.mjs', async ({ root, run }) => {
        expect((await run('leave', { input: way })).output).toEqual({ value: 'left' })
        const pids = pidsOf(root)
        expect(pids.length).toBeGreaterThan(0)
        await allGone(() => pids.filter(isAlive))
      })
    },
  )

  it('gets no session of its own', async () => {
    await inArena(runtimeType, 'detached-grandchildren.mjs', async ({ run }) => {
      // The program gives up when it is refused.
      expect((await run('leave', { input: 'setsid' })).output).toEqual({ value: 'nothing started' })
    })
  })
})
