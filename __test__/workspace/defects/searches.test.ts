import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { OlderFiles } from '../fixtures/older/files'
import { inWorkspace, RUNTIMES, refusal } from '../support'

/** Makes files, and the folders they are in. */
function files(root: string, contents: Record<string, string>): void {
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}

describe.each(RUNTIMES)('searches of %s', (name) => {
  it('D2: find what comes after many that do not match', async () => {
    await inWorkspace({ name }, async ({ runtime, root }) => {
      await runtime.ls({})
      for (let at = 10; at < 30; at++) files(root, { [`a${at}`]: '' })
      files(root, { 'wanted.txt': '' })
      const search = { pattern: '*.txt', maxResults: 5 }
      expect(new OlderFiles(root).find(search)).toEqual([])
      expect(await runtime.find(search)).toEqual({ paths: ['wanted.txt'] })
    })
  })

  it('D3: pass over links that lead out or nowhere', async () => {
    await inWorkspace({ name }, async ({ runtime, root, outside }) => {
      await runtime.ls({})
      files(root, { 'a.txt': 'needle' })
      files(outside, { secret: 'needle' })
      symlinkSync(join(outside, 'secret'), join(root, 'out'))
      symlinkSync('nowhere', join(root, 'dangling'))
      const older = new OlderFiles(root)
      for (const work of [
        () => older.ls(),
        () => older.find(),
        () => older.grep({ query: 'needle' }),
      ]) {
        expect(work).toThrow()
      }
      const { entries } = await runtime.ls({})
      expect(entries.map((entry) => [entry.name, entry.type])).toEqual([
        ['a.txt', 'file'],
        ['dangling', 'other'],
        ['out', 'other'],
      ])
      expect((await runtime.find({})).paths).toEqual(['a.txt'])
      const { hits } = await runtime.grep({ query: 'needle' })
      expect(hits).toEqual([{ path: 'a.txt', line: 1, text: 'needle' }])
    })
  })

  it('D4: pass over a file that is too large, and say so', async () => {
    const limits = { maxFileBytes: 100 }
    const steps = { query: 'needle' }
    await inWorkspace({ name, limits }, async ({ runtime, root }) => {
      await runtime.ls({})
      files(root, { 'a.txt': 'needle', large: 'needle'.repeat(50) })
      const older = new OlderFiles(root, { limits: { maxFileBytes: 100, maxEntries: 10_000 } })
      expect(() => older.grep(steps)).toThrow('large exceeds limit: 300 > 100')
      expect(await runtime.grep(steps)).toEqual({
        hits: [{ path: 'a.txt', line: 1, text: 'needle' }],
        skipped: { oversize: 1, binary: 0, unreadable: 0 },
      })
    })
    await inWorkspace({ name, limits, oversize: 'error' }, async ({ runtime, root }) => {
      await runtime.ls({})
      files(root, { large: 'needle'.repeat(50) })
      const error = await refusal(() => runtime.grep(steps))
      expect([error.code, error.message]).toEqual([
        'OUTPUT_LIMIT',
        'large exceeds limit: 300 > 100',
      ])
    })
  })

  it.each([
    ['**/*.txt', ['a.txt', 'd/b.txt', 'd/e/c.txt']],
    ['?.txt', ['a.txt', 'd/b.txt', 'd/e/c.txt']],
    ['*.{md,txt}', ['a.txt', 'd/b.txt', 'd/e/c.txt', 'read.me.md']],
    ['d/**/b.txt', ['d/b.txt']],
    ['[ab].txt', ['a.txt', 'd/b.txt']],
  ])('D20: know %s', async (pattern, paths) => {
    await inWorkspace({ name }, async ({ runtime, root }) => {
      await runtime.ls({})
      files(root, { 'a.txt': '', 'd/b.txt': '', 'd/e/c.txt': '', 'read.me.md': '' })
      expect(new OlderFiles(root).find({ pattern })).not.toEqual(paths)
      expect((await runtime.find({ pattern })).paths).toEqual(paths)
    })
  })
})

describe('searches of all runtimes', () => {
  it('D21: show what they found in one way', async () => {
    const found = new Set<string>()
    const raw = new Set<string>()
    for (const name of RUNTIMES) {
      await inWorkspace({ name }, async ({ runtime, root }) => {
        await runtime.write({ path: 'f', content: '\t  needle here  \n' })
        const older = [true, false].map(
          (trims) => new OlderFiles(root, { trims }).grep({ query: 'needle' })[0]?.text,
        )
        expect(new Set(older).size).toBe(2)
        for (const hit of (await runtime.grep({ query: 'needle' })).hits) found.add(hit.text)
        const { hits } = await runtime.grep({ query: 'needle', trim: false })
        for (const hit of hits) raw.add(hit.text)
      })
    }
    expect([...found]).toEqual(['needle here'])
    expect([...raw]).toEqual(['\t  needle here  '])
  })
})
