import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a thread that reads the channel first', (runtimeType) => {
  it('may lose the call, and forges nothing', async () => {
    await inArena(runtimeType, 'channel-thief.mjs', async ({ run }) => {
      for (let round = 0; round < 3; round++) {
        const result = await run('honest', { timeoutMs: 5_000 })
        // Which of the two gets the request is chance.
        if (result.ok) expect(result.output).toEqual({ value: 'honest' })
        else expect(['PROTOCOL_ERROR', 'TIMEOUT', 'PROCESS_EXIT']).toContain(result.error.code)
      }
    })
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('takes the answer of whoever reads the request', async () => {
    await inArena(runtimeType, 'channel-thief.mjs', async ({ root }) => {
      const peer = await runPlain(runtimeType, root, 'honest')
      expect([peer.code, peer.output]).toEqual([0, { result: 'forged' }])
    })
  })
})
