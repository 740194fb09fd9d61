import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { OlderFiles } from '../fixtures/older/files'
import { inWorkspace, RUNTIMES, refusal } from '../support'

describe.each(RUNTIMES)('files of %s', (name) => {
  it('D1: hold the new text of an edit as it was given', async () => {
    const newText = "$& $1 $$ $` $' $0"
    await inWorkspace({ name }, async ({ runtime, root }) => {
      const edit = { path: 'f', oldText: 'X', newText }
      const written = () => readFileSync(join(root, 'f'), 'utf8')
      await runtime.write({ path: 'f', content: 'a X b' })
      new OlderFiles(root).edit(edit)
      expect(written()).not.toBe(`a ${newText} b`)
      await runtime.write({ path: 'f', content: 'a X b' })
      await runtime.edit(edit)
      expect(written()).toBe(`a ${newText} b`)
    })
  })

  it('D13: are not read by numbers that are none', async () => {
    await inWorkspace({ name }, async ({ runtime, root }) => {
      await runtime.write({ path: 'f', content: 'one\ntwo\nthree' })
      const older = new OlderFiles(root)
      for (const wrong of [Number.NaN, -1, 1.5, '2', null] as number[]) {
        for (const field of ['offset', 'limit']) {
          const error = await refusal(() => runtime.read({ path: 'f', [field]: wrong }))
          expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
        }
        for (const search of [
          () => runtime.grep({ query: 'o', maxResults: wrong }),
          () => runtime.find({ maxResults: wrong }),
        ]) {
          expect((await refusal(search)).details?.field).toBe('maxResults')
        }
      }
      expect(older.read({ path: 'f', offset: Number.NaN }).text).toBe('one\ntwo\nthree')
      expect(older.read({ path: 'f', offset: '2' as never }).text).toBe('two\nthree')
    })
  })

  it('D17: are read in parts, however large they are', async () => {
    await inWorkspace({ name }, async ({ runtime, root }) => {
      await runtime.ls({})
      const lines = Array.from({ length: 60_000 }, (_, at) => `line ${at + 1} of a long log`)
      writeFileSync(join(root, 'log'), lines.join('\n'))
      const part = { path: 'log', offset: 40_000, limit: 2 }
      expect(() => new OlderFiles(root).read(part)).toThrow(/exceeds limit/)
      const { text, lines: count } = await runtime.read(part)
      expect([text, count]).toEqual([lines.slice(39_999, 40_001).join('\n'), 60_000])
      const whole = await refusal(() => runtime.read({ path: 'log' }))
      expect([whole.code, whole.message]).toEqual([
        'OUTPUT_LIMIT',
        expect.stringMatching(/^log exceeds limit: \d+ > 1000000$/),
      ])
    })
  })

  it('D18: keep their line ends and their first mark, by reading and by an edit', async () => {
    await inWorkspace({ name }, async ({ runtime, root }) => {
      const content = '\ufeffone\r\ntwo\r\nthree\n'
      await runtime.write({ path: 'f', content })
      expect(new OlderFiles(root).read({ path: 'f' }).text).not.toBe(content)
      expect((await runtime.read({ path: 'f' })).text).toBe(content)
      await runtime.edit({ path: 'f', oldText: 'one\ntwo', newText: 'two\none' })
      expect(readFileSync(join(root, 'f'), 'utf8')).toBe('\ufefftwo\r\none\r\nthree\n')
    })
  })

  it('D26: are read by so many lines as the limit says', async () => {
    const limits = { maxLines: 2, maxLineChars: 4, maxReadBytes: 1000 }
    await inWorkspace({ name, limits }, async ({ runtime, root }) => {
      await runtime.write({ path: 'f', content: 'one\ntwo\nthree\nfour' })
      const bounds = { maxFileBytes: 1_000_000, maxEntries: 10_000, maxLines: 2 }
      expect(new OlderFiles(root, { limits: bounds }).read({ path: 'f' }).text).toMatch(/four$/)
      const first = await runtime.read({ path: 'f' })
      expect(first).toEqual({
        text: 'one\ntwo',
        path: 'f',
        lines: 4,
        truncated: true,
        nextOffset: 3,
      })
      // Of a long line the first characters.
      const rest = await runtime.read({ path: 'f', offset: first.nextOffset, maxLines: 9 })
      expect(rest).toEqual({ text: 'thre\nfour', path: 'f', lines: 4, truncated: true })
      const one = await runtime.read({ path: 'f', maxLines: 1 })
      expect([one.text, one.nextOffset]).toEqual(['one', 2])
      const wrong = await refusal(() => runtime.read({ path: 'f', maxLines: Number.NaN }))
      expect([wrong.code, wrong.details?.field]).toEqual(['INVALID_ARGUMENT', 'maxLines'])
    })
  })
})
