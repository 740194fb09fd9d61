import { describe, expect, it } from '@jest/globals'
import { codeOf, inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a tool that keeps the processor', (runtimeType) => {
  it.each(['sync', 'jobs', 'waiting'])('ends with its time: %s', async (tool) => {
    await inArena(runtimeType, 'busy-loop.mjs', async ({ run }) => {
      const result = await run(tool, { timeoutMs: 700 })
      expect(codeOf(result)).toBe('TIMEOUT')
      expect(result.error?.message).toContain('timed out after 700ms')
      expect(result.durationMs).toBeLessThan(10_000)
    })
  })
})
