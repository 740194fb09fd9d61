import { describe, expect, it } from '@jest/globals'
import { withPlain } from '../plain-peer'
import { sleep, until } from '../support'
import { codeOf, inArena, isAlive, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a tool that keeps the processor', (runtimeType) => {
  it.each(['sync', 'deaf', 'jobs', 'waiting'])('ends with its time: %s', async (tool) => {
    await inArena(runtimeType, 'busy-loop.mjs', async ({ run }) => {
      const result = await run(tool, { timeoutMs: 700 })
      expect(codeOf(result)).toBe('TIMEOUT')
      expect(result.error?.message).toContain('timed out after 700ms')
      expect(result.durationMs).toBeLessThan(10_000)
    })
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('asks such a tool to end, and has it for ever', async () => {
    await inArena(runtimeType, 'busy-loop.mjs', async ({ root }) => {
      await withPlain(runtimeType, root, 'deaf', {}, async (peer) => {
        await until('it spins', () => peer.printed === 'deaf')
        peer.kill()
        await sleep(700)
        expect(isAlive(peer.pid)).toBe(true)
      })
    })
  })
})
