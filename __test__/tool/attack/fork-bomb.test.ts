import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { codeOf, inArena, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a tool that starts processes without end', (runtimeType) => {
  it('is ended with all of them', async () => {
    // The bomb ends by itself at 300, whatever becomes of the limit.
    await inArena(
      runtimeType,
      'fork-bomb.mjs',
      async ({ root, run }) => {
        const result = await run('bomb')
        expect(codeOf(result)).toBe('POLICY_VIOLATION')
        expect(result.error?.cause).toMatchObject({
          details: { limit: 'maxProcesses', maxProcesses: 16 },
        })
        expect(statSync(join(root, 'count')).size).toBeGreaterThan(0)
      },
      { maxProcesses: 16 },
    )
  })

  it('may start a few', async () => {
    await inArena(
      runtimeType,
      'fork-bomb.mjs',
      async ({ run }) => {
        expect((await run('few')).output).toEqual({ value: 'few' })
      },
      { maxProcesses: 16 },
    )
  })
})
