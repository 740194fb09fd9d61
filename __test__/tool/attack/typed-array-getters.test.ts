import { describe, expect, it } from '@jest/globals'
import { inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, replaced accessors of typed arrays', (runtimeType) => {
  it('are not shown the token', async () => {
    await inArena(runtimeType, 'typed-array-getters.mjs', async ({ run }) => {
      expect((await run('forge')).output).toEqual({ heard: [] })
    })
  })
})
