import { describe, expect, it } from '@jest/globals'
import { codeOf, inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a tool that ignores signals', (runtimeType) => {
  it.each(['goOn', 'childToo'])('ends with its time, and all of it: %s', async (tool) => {
    // That no process is left is checked by the arena.
    await inArena(runtimeType, 'ignored-signals.mjs', async ({ run }) => {
      expect(codeOf(await run(tool, { timeoutMs: 700 }))).toBe('TIMEOUT')
    })
  })
})
