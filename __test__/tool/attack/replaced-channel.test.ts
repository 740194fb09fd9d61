import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, an answer channel', (runtimeType) => {
  it.each(['closed', 'closedAndSpinning', 'file'])(
    'that is gone answers nothing: %s',
    async (tool) => {
      await inArena(runtimeType, 'replaced-channel.mjs', async ({ root, run }) => {
        writeFileSync(join(root, 'mode'), 'none')
        expect(['PROTOCOL_ERROR', 'PROCESS_EXIT']).toContain(codeOf(await run(tool)))
        if (tool === 'file') expect(readFileSync(join(root, 'stolen'), 'utf8')).toBe('')
      })
    },
  )

  it('does not tell its token to what was put in its place', async () => {
    await inArena(runtimeType, 'replaced-channel.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), 'relay at import')
      expect(codeOf(await run('stolen', { timeoutMs: 5_000 }))).toBe('TIMEOUT')
      expect(statSync(join(root, 'stolen')).size).toBe(0)
    })
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('loses its answer to a file', async () => {
    await inArena(runtimeType, 'replaced-channel.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), 'none')
      const peer = await runPlain(runtimeType, root, 'stdoutToFile')
      expect([peer.code, peer.stdout]).toEqual([0, ''])
      expect(readFileSync(join(root, 'stolen'), 'utf8')).toBe('{"result":"honest"}')
      expect((await run('stdoutToFile')).output).toEqual({ value: 'honest' })
      expect(readFileSync(join(root, 'stolen'), 'utf8')).toBe('')
    })
  })
})
