import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a variable of the host', (runtimeType) => {
  it('is seen by a plain worker, and nowhere by a tool', async () => {
    process.env.HOST_SECRET = 'correct horse battery'
    try {
      await inArena(runtimeType, 'host-environment.mjs', async ({ root, run }) => {
        const peer = await runPlain(runtimeType, root, 'kernels')
        expect(peer.output).toMatchObject({
          result: expect.arrayContaining(['HOST_SECRET=correct horse battery']),
        })
        for (const tool of ['mine', 'kernels', 'childs']) {
          const { output } = await run(tool)
          const text = JSON.stringify(output)
          expect(text).toContain('RUNLET_RUNTIME')
          expect(text).not.toMatch(/HOST_SECRET|correct horse/)
        }
      })
    } finally {
      delete process.env.HOST_SECRET
    }
  })
})
