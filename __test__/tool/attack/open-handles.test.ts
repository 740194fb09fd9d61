import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { HANG_MS, inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, what a tool leaves open', (runtimeType) => {
  it('keeps a plain worker from ever being answered for', async () => {
    await inArena(runtimeType, 'open-handles.mjs', async ({ root }) => {
      const peer = await runPlain(runtimeType, root, 'interval', { timeoutMs: 1_000 })
      expect(peer.timedOut).toBe(true)
    })
  })

  it.each(['interval', 'server', 'request', 'child', 'thread', 'microtasks'])(
    'neither delays nor loses its answer: %s',
    async (tool) => {
      await inArena(runtimeType, 'open-handles.mjs', async ({ run }) => {
        const result = await run(tool)
        expect(result.output).toEqual({ value: 'answer' })
        expect(result.durationMs).toBeLessThan(HANG_MS / 2)
      })
    },
  )
})
