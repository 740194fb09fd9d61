import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { inWorkspace } from '../support'

/** Prints more than is shown. */
const LONG = "head -c 70000 /dev/zero | tr '\\0' x"

/** What may be made of the folder that long output is kept in; `BESIDE` is outside. */
const TRAPS: Record<string, string> = {
  'a link that leads out': 'ln -s BESIDE .runlet',
  'a link to another folder': 'mkdir d; ln -s d .runlet',
  'a link of itself': 'ln -s .runlet .runlet',
  'a link to nothing': 'ln -s none .runlet',
  'a file': 'echo x > .runlet',
  'a pipe': 'mkfifo .runlet',
  'a folder nobody may write to': 'mkdir .runlet; chmod 0 .runlet',
  'a folder full of links':
    'mkdir .runlet; for i in {1..50}; do ln -s BESIDE/kept .runlet/out-$i; done',
}

describe('long output whose place is', () => {
  it.each(Object.entries(TRAPS))('%s', async (_, trap) => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, outside, root }) => {
      const beside = join(outside, 'beside')
      mkdirSync(beside)
      writeFileSync(join(beside, 'kept'), 'kept')
      await runtime.bash({ command: trap.replaceAll('BESIDE', beside) })
      const { code, truncated, spool } = await runtime.bash({ command: LONG })
      expect([code, truncated]).toEqual([0, true])
      if (spool !== undefined) {
        expect((await runtime.read({ path: spool.path })).text).toBe('x'.repeat(70_000))
      }
      expect(readdirSync(beside)).toEqual(['kept'])
      expect(readFileSync(join(beside, 'kept'), 'utf8')).toBe('kept')
      await runtime.bash({ command: `chmod 700 ${root}/.runlet 2>/dev/null` })
    })
  })

  it('swapped for links between one and the next', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, outside }) => {
      const beside = join(outside, 'beside')
      mkdirSync(beside)
      writeFileSync(join(beside, 'kept'), 'kept')
      const swap = `mv .runlet old-$RANDOM 2>/dev/null; ln -s ${beside} .runlet; `
      for (let count = 0; count < 6; count++) {
        const before = count % 2 === 0 ? 'rm -f .runlet;' : swap
        await runtime.bash({ command: `${before} ${LONG}` })
        // Old ones are removed by name, so the names in the other folder would be theirs.
      }
      for (let count = 0; count < 6; count++) {
        await runtime.bash({ command: `rm -f .runlet; ${LONG}` })
      }
      expect(readdirSync(beside)).toEqual(['kept'])
    })
  })

  it('is no place for the guest to be found by searches', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      await runtime.bash({ command: `echo needle; ${LONG}` })
      expect((await runtime.grep({ query: 'needle' })).hits).toEqual([])
      expect((await runtime.find({})).paths).toEqual([])
      expect(await runtime.generated({ since: 0 })).toEqual([])
    })
  })
})
