import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { withPlain } from '../plain-peer'
import { until } from '../support'
import { codeOf, inArena, processesOf, RUNTIMES } from './arena'

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

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('lets it have all that it wants', async () => {
    await inArena(runtimeType, 'fork-bomb.mjs', async ({ root }) => {
      await withPlain(runtimeType, root, 'bomb', { input: { most: 60 } }, async () => {
        await until('60 processes', () => processesOf(root).length >= 60)
      })
    })
  })
})
