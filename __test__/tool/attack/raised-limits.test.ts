import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a limit of the kernel', (runtimeType) => {
  it('is not raised by the process that it holds for', async () => {
    await inArena(
      runtimeType,
      'raised-limits.mjs',
      async ({ run }) => {
        expect((await run('files')).output).toEqual({ value: 512 })
        expect((await run('shell')).output).toEqual({ value: 512 })
        expect((await run('prlimit')).output).toMatchObject({ now: 512 })
        // None, or the one over files that a host which runs as root keeps.
        const { output: powers } = await run('powers')
        expect(powers).toEqual({ value: expect.stringMatching(/^0{15}[02]$/) })
        expect((await run('core')).output).toEqual({ value: '0' })
        expect((await run('largeFile')).output).toEqual({ value: 'EFBIG' })
      },
      { maxOpenFiles: 512, maxFileBytes: 1024 * 1024 },
    )
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('has none', async () => {
    await inArena(runtimeType, 'raised-limits.mjs', async ({ root }) => {
      expect((await runPlain(runtimeType, root, 'largeFile')).output).toEqual({ result: 'written' })
    })
  })
})
