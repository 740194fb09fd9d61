import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a process that ends without an answer', (runtimeType) => {
  it.each([
    ['exit', 0, { exitCode: 0 }],
    ['exit', 3, { exitCode: 3 }],
    ['reallyExit', 0, { exitCode: 0 }],
    ['exitLater', 0, { exitCode: 0 }],
    ['abort', 0, { signal: 'SIGABRT' }],
    ['kill', 0, { signal: 'SIGKILL', oom: true }],
  ])('is a failure: %s %i', async (tool, input, facts) => {
    await inArena(runtimeType, 'silent-exit.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), 'none')
      const result = await run(tool, { input })
      expect(codeOf(result)).toBe('PROCESS_EXIT')
      expect(result.error?.cause).toMatchObject(facts)
      // It may have done half of its work: nobody does it again.
      expect(result.attempts).toBe(1)
    })
  })

  it('is one while it loads', async () => {
    await inArena(runtimeType, 'silent-exit.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), 'at import')
      expect(codeOf(await run('exit', { input: 0 }))).toBe('PROCESS_EXIT')
    })
  })

  it('is one that can never answer, too', async () => {
    await inArena(runtimeType, 'silent-exit.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), 'none')
      const result = await run('never')
      expect(codeOf(result)).toBe('RUNTIME_ERROR')
      expect(result.error?.message).toContain('can never settle')
    })
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('is a success that says nothing', async () => {
    await inArena(runtimeType, 'silent-exit.mjs', async ({ root }) => {
      writeFileSync(join(root, 'mode'), 'none')
      for (const tool of ['exit', 'exitLater', 'reallyExit']) {
        const peer = await runPlain(runtimeType, root, tool, { input: 0 })
        expect([tool, peer.code, peer.stdout]).toEqual([tool, 0, ''])
      }
    })
  })
})
