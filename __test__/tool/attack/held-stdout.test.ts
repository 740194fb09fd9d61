import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, HANG_MS, inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a grandchild that holds the output', (runtimeType) => {
  it('keeps a plain worker from ever being answered for', async () => {
    await inArena(runtimeType, 'held-stdout.mjs', async ({ root }) => {
      const peer = await runPlain(runtimeType, root, 'answer', { timeoutMs: 1_000 })
      expect(peer.timedOut).toBe(true)
    })
  })

  it('delays neither the answer nor the end', async () => {
    await inArena(runtimeType, 'held-stdout.mjs', async ({ run }) => {
      const answered = await run('answer')
      expect(answered.output).toEqual({ value: 'answer' })
      expect(answered.durationMs).toBeLessThan(HANG_MS / 2)
      const late = await run('wait', { timeoutMs: 700 })
      expect(codeOf(late)).toBe('TIMEOUT')
      expect(late.durationMs).toBeLessThan(HANG_MS / 2)
    })
  })
})
