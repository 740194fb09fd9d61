import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { inArena, RUNTIMES } from './arena'

const FILES = ['.env', '.env.local', '.env.development', '.env.production', '.env.test']

describe.each(RUNTIMES)('on %s, a file of variables in the project', (runtimeType) => {
  it('is not read', async () => {
    await inArena(runtimeType, 'preloaded.mjs', async ({ root, run }) => {
      for (const [at, file] of FILES.entries()) {
        writeFileSync(join(root, file), `FROM_FILE_${at}=yes\nBUN_OPTIONS=--smol\n`)
      }
      const seen = Object.keys((await run('environment')).output ?? {})
      expect(seen.filter((name) => name.startsWith('FROM_FILE') || name === 'BUN_OPTIONS')).toEqual(
        [],
      )
      expect(seen).toContain('RUNLET_PROJECT_ROOT')
      if (runtimeType === 'node') return
      // Node reads none by itself.
      const peer = await runPlain(runtimeType, root, 'environment')
      expect(peer.output).toMatchObject({ result: { FROM_FILE_0: 'yes' } })
    })
  })
})
