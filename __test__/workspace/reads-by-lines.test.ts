import { describe, expect, it } from '@jest/globals'
import type { ReadInput, RuntimeLimits } from 'runlet'
import { inWorkspace, RUNTIMES } from './support'

const TEXT = Array.from({ length: 10 }, (_, at) => `line ${at + 1}`).join('\n')

/** Reads a file to its end, as one does who is told where to go on. */
async function pages(limits: RuntimeLimits, content = TEXT, input: Partial<ReadInput> = {}) {
  const read: string[] = []
  await inWorkspace({ name: 'just-bash', limits }, async ({ runtime }) => {
    await runtime.write({ path: 'f', content })
    let offset: number | undefined = 1
    while (offset !== undefined) {
      const page: { text: string; nextOffset?: number } = await runtime.read({
        path: 'f',
        offset,
        ...input,
      })
      read.push(page.text)
      offset = page.nextOffset
      expect(read.length).toBeLessThan(50)
    }
  })
  return read
}

describe('a file that is read by lines', () => {
  it('is whole where nothing bounds it', async () => {
    expect(await pages({})).toEqual([TEXT])
  })

  it('comes in parts that are all of it', async () => {
    for (const limits of [
      { maxLines: 3 },
      { maxReadBytes: 20 },
      { maxLines: 4, maxReadBytes: 15 },
    ]) {
      const parts = await pages(limits)
      expect(parts.length).toBeGreaterThan(2)
      expect(parts.join('\n')).toBe(TEXT)
    }
  })

  it('is bounded by the less of two limits', async () => {
    expect((await pages({ maxLines: 5 }, TEXT, { maxLines: 2 }))[0]).toBe('line 1\nline 2')
    expect((await pages({ maxLines: 2 }, TEXT, { maxLines: 5 }))[0]).toBe('line 1\nline 2')
    expect((await pages({ maxLines: 2 }, TEXT, { limit: 1 }))[0]).toBe('line 1')
    expect((await pages({ maxLines: 2 }, TEXT, { maxLines: 0 }))[0]).toBe('line 1\nline 2')
  })

  it('has its long lines cut between characters', async () => {
    const [text] = await pages({ maxLineChars: 3 }, 'ab€cd\n🐌🐌🐌🐌\nok')
    expect(text).toBe('ab€\n🐌🐌🐌\nok')
  })

  it.each(RUNTIMES)('counts lines as everybody does: %s', async (name) => {
    await inWorkspace({ name }, async ({ runtime }) => {
      for (const [content, lines] of [
        ['', 1],
        ['a', 1],
        ['a\n', 2],
        ['a\r\nb', 2],
        ['\n\n', 3],
      ] as const) {
        await runtime.write({ path: 'f', content })
        expect(await runtime.read({ path: 'f' })).toEqual({ text: content, path: 'f', lines })
      }
      expect((await runtime.read({ path: 'f', offset: 99 })).text).toBe('')
    })
  })
})
