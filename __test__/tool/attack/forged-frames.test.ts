import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { until } from '../support'
import { codeOf, inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a frame that the worker did not write', (runtimeType) => {
  it.each([
    ['forgeAndExit', 'PROTOCOL_ERROR'],
    ['forgeAndReturn', 'PROTOCOL_ERROR'],
    ['twice', 'PROTOCOL_ERROR'],
    ['longest', 'PROTOCOL_ERROR'],
    ['partial', 'TIMEOUT'],
    ['partialAndReturn', 'PROTOCOL_ERROR'],
    ['noise', 'PROTOCOL_ERROR'],
  ])('is no answer: %s', async (tool, code) => {
    await inArena(runtimeType, 'forged-frames.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), 'none')
      expect(codeOf(await run(tool, { timeoutMs: tool === 'partial' ? 1_000 : 20_000 }))).toBe(code)
    })
  })

  it.each(['ready', 'ready-and-result'])('is none while the entrypoint loads: %s', async (mode) => {
    await inArena(runtimeType, 'forged-frames.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), mode)
      expect(codeOf(await run('honest'))).toBe('PROTOCOL_ERROR')
    })
  })

  it('is none in a process that was started before', async () => {
    await inArena(
      runtimeType,
      'forged-frames.mjs',
      async ({ root, run, runtime }) => {
        writeFileSync(join(root, 'mode'), 'none')
        // The first call finds none, or one; the pool is asked for one by it.
        expect((await run('honest')).output).toEqual({ value: 'honest' })
        await until('one is idle', () => runtime.stats().pool.idle > 0)
        const result = await run('forgeAndExit')
        expect(result.warm).toBe(true)
        expect(codeOf(result)).toBe('PROTOCOL_ERROR')
      },
      { warm: { size: 1 } },
    )
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('takes for an answer what the tool prints', async () => {
    await inArena(runtimeType, 'forged-frames.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), 'none')
      const peer = await runPlain(runtimeType, root, 'forgeOnStdout')
      expect([peer.code, peer.output]).toEqual([0, { result: 'forged' }])
      expect(codeOf(await run('forgeOnStdout'))).toBe('PROCESS_EXIT')
    })
  })
})
