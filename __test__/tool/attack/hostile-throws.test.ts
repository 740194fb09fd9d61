import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, inArena, RUNTIMES } from './arena'

const KINDS = [
  'null',
  'undefined',
  'text',
  'number',
  'symbol',
  'getters',
  'errorGetters',
  'proxy',
  'proxyOfError',
  'noText',
  'wrongTypes',
  'manners',
  'changing',
  'loneSurrogate',
  'frozen',
]
const TEXTS: Record<string, string> = {
  text: 'just text',
  number: '42',
  null: 'null',
  frozen: 'frozen',
}

describe.each(RUNTIMES)('on %s, what a tool throws', (runtimeType) => {
  it.each(['throws', 'rejects', 'elsewhere'])('is an error of its own: %s', async (tool) => {
    await inArena(runtimeType, 'hostile-throws.mjs', async ({ run }) => {
      for (const input of KINDS) {
        const result = await run(tool, { input })
        expect([input, codeOf(result)]).toEqual([input, 'RUNTIME_ERROR'])
        const message = result.error?.message
        expect([input, typeof message]).toEqual([input, 'string'])
        expect(message).toContain(TEXTS[input] ?? '')
        expect(message).not.toContain('{"toJSON')
      }
    })
  })

  it('is an error though it is larger than any answer', async () => {
    await inArena(
      runtimeType,
      'hostile-throws.mjs',
      async ({ run }) => {
        expect(codeOf(await run('throws', { input: 'long' }))).toBe('OUTPUT_LIMIT')
      },
      { maxOutputBytes: 1_000_000 },
    )
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('loses what was thrown, or believes it', async () => {
    await inArena(runtimeType, 'hostile-throws.mjs', async ({ root }) => {
      const answers: Record<string, unknown> = {}
      for (const input of ['null', 'text', 'getters', 'wrongTypes']) {
        answers[input] = (await runPlain(runtimeType, root, 'throws', { input })).output
      }
      // Three are no answer at all, or one without a word; the fourth is a message that is no text.
      expect(answers).toEqual({
        null: undefined,
        text: {},
        getters: undefined,
        wrongTypes: { error: 1 },
      })
    })
  })
})
