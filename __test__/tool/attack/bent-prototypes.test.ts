import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, inArena, RUNTIMES } from './arena'

const BENDS = [
  'JSON',
  'fs',
  'Buffer',
  'typed arrays',
  'Object.prototype',
  'Object',
  'arrays',
  'strings',
  'functions',
  'Reflect',
  'text coders',
  'clocks',
  'errors',
  'the console',
  'the process',
]

/** A result's own toJSON is the tool's business, and Object.prototype is that of every result. */
const SAYS_IT_ITSELF = new Set(['Object.prototype'])

describe.each(RUNTIMES)('on %s, bent by what loads first', (runtimeType) => {
  it.each(BENDS)('%s: the honest answer arrives', async (mode) => {
    await inArena(runtimeType, 'bent-prototypes.mjs', async ({ root, run }) => {
      writeFileSync(join(root, 'mode'), mode)
      const result = await run('honest', { input: { text: 'true' }, env: { A_VARIABLE: 'x' } })
      const said = SAYS_IT_ITSELF.has(mode) ? { value: 'forged' } : { honest: 'true' }
      expect(result.error?.message).toBeUndefined()
      expect(result.output).toEqual(said)
      expect((await run('text')).output).toEqual({ value: 'honest' })
      const failed = await run('fails')
      expect(codeOf(failed)).toBe('RUNTIME_ERROR')
      expect(failed.error?.message).toContain('honest failure')
      expect(codeOf(await run('missing'))).toBe('INVALID_ARGUMENT')
    })
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('cannot even read its request', async () => {
    await inArena(runtimeType, 'bent-prototypes.mjs', async ({ root }) => {
      writeFileSync(join(root, 'mode'), 'JSON')
      const peer = await runPlain(runtimeType, root, 'honest', { input: { text: 'true' } })
      expect([peer.code, peer.stdout]).toEqual([1, ''])
    })
  })
})
