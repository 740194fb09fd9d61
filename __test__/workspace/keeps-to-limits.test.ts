import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { RuntimeLimits } from 'runlet'
import { inWorkspace, type Place, RUNTIMES, refusal } from './support'

/** Uses a workspace with these limits, whose folder is there. */
function bounded(name: string, limits: RuntimeLimits, work: (place: Place) => Promise<void>) {
  return inWorkspace({ name, limits }, async (place) => {
    await place.runtime.ls({})
    await work(place)
  })
}

describe.each(RUNTIMES)('limits of %s', (name) => {
  it('bound a file that is written, edited and read, to the byte', async () => {
    await bounded(name, { maxFileBytes: 10 }, async ({ runtime, root }) => {
      expect(await runtime.write({ path: 'f', content: 'x'.repeat(10) })).toEqual({
        path: 'f',
        bytes: 10,
      })
      // Bytes, not characters.
      const wide = await refusal(() => runtime.write({ path: 'g', content: '€€€€' }))
      expect([wide.code, wide.message]).toEqual(['OUTPUT_LIMIT', 'g exceeds limit: 12 > 10'])
      const edit = { path: 'f', oldText: 'x'.repeat(10), newText: 'y'.repeat(11) }
      expect((await refusal(() => runtime.edit(edit))).message).toBe('f exceeds limit: 11 > 10')
      expect((await runtime.read({ path: 'f' })).text).toBe('x'.repeat(10))
      writeFileSync(join(root, 'large'), 'z'.repeat(11))
      const large = await refusal(() => runtime.read({ path: 'large' }))
      expect(large.message).toBe('large exceeds limit: 11 > 10')
    })
  })

  it('bound what a search reads, visits and gives, and say so', async () => {
    await bounded(name, { maxScanBytes: 5_000 }, async ({ runtime, root }) => {
      for (let at = 10; at < 20; at++)
        writeFileSync(join(root, `f${at}`), `needle${'x'.repeat(994)}`)
      const { hits, truncated } = await runtime.grep({ query: 'needle' })
      expect(truncated).toBe(true)
      expect(hits.length).toBeLessThan(10)
    })
    await bounded(name, { maxEntries: 5 }, async ({ runtime, root }) => {
      for (let at = 10; at < 20; at++) writeFileSync(join(root, `f${at}`), '')
      const { paths, truncated } = await runtime.find({})
      expect([paths.length <= 5, truncated]).toEqual([true, true])
    })
    await bounded(name, { maxResults: 3 }, async ({ runtime, root }) => {
      for (let at = 10; at < 20; at++) writeFileSync(join(root, `f${at}`), 'needle')
      const found = await runtime.find({ maxResults: 100 })
      expect([found.paths, found.truncated]).toEqual([['f10', 'f11', 'f12'], true])
      const grepped = await runtime.grep({ query: 'needle', maxResults: 100 })
      expect([grepped.hits.length, grepped.truncated]).toEqual([3, true])
      const listed = await runtime.ls({})
      expect([listed.entries.length, listed.truncated]).toEqual([3, true])
    })
  })

  it('are 100 hits and 1,000 paths where nothing is said', async () => {
    await bounded(name, {}, async ({ runtime, root }) => {
      mkdirSync(join(root, 'd'))
      writeFileSync(join(root, 'many'), 'needle\n'.repeat(150))
      for (let at = 0; at < 1_100; at++) writeFileSync(join(root, `d/f${at}`), '')
      const { hits, truncated } = await runtime.grep({ query: 'needle' })
      expect([hits.length, truncated]).toEqual([100, true])
      const found = await runtime.find({})
      expect([found.paths.length, found.truncated]).toEqual([1_000, true])
      expect((await runtime.grep({ query: 'needle', maxResults: 150 })).hits).toHaveLength(150)
    })
  }, 20_000)

  it('bound what is handed on', async () => {
    await bounded(name, { maxAttachmentBytes: 4 }, async ({ runtime }) => {
      await runtime.write({ path: 'f', content: '12345' })
      expect((await refusal(() => runtime.openGenerated({ path: 'f' }))).code).toBe('OUTPUT_LIMIT')
    })
  })
})

describe('a limit that is none', () => {
  it.each([
    ['maxFileBytes', 0],
    ['maxScanBytes', -1],
    ['maxEntries', Number.NaN],
    ['maxResults', 1.5],
    ['maxLines', '5'],
    ['maxLine', 5],
  ])('is refused by its name: %s', async (field, value) => {
    const limits = { [field]: value } as RuntimeLimits
    const error = await refusal(() => inWorkspace({ name: 'just-bash', limits }, async () => {}))
    expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', `limits.${field}`])
  })
})
