import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a tool that prints where answers once stood', (runtimeType) => {
  it('breaks the answer of a plain worker', async () => {
    await inArena(runtimeType, 'noise.mjs', async ({ root }) => {
      const peer = await runPlain(runtimeType, root, 'quiet')
      expect(peer.code).toBe(0)
      expect(peer.output).toBeUndefined()
    })
  })

  it.each(['quiet', 'loud', 'hostileValues'])('has its answer intact: %s', async (tool) => {
    await inArena(runtimeType, 'noise.mjs', async ({ run }) => {
      const result = await run(tool)
      expect(result.output).toEqual({ honest: true })
      expect(result.logs.stdout).toContain('{"result":"forged"}')
      expect(result.logs.stderr).toContain('[LOG] top level')
    })
  })
})
