import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { examplesOf, firstDifference } from './documents'
import { read, readManifest, root } from './repository'
import { EXAMPLE_MS, runExample } from './terminal'

const shown = examplesOf('examples/README.md')

describe('examples', () => {
  it('are all shown', () => {
    const files = ['examples', 'examples/tools'].flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.mjs'))
        .map((name) => `node ${folder}/${name}`),
    )
    expect(shown.map(({ text }) => text).sort()).toEqual(files.sort())
  })

  it.each(shown)(
    '$text prints what is shown and exits with 0',
    async (example) => {
      const { code, printed } = await runExample(example)
      expect({ code, printed }).toMatchObject({ code: 0 })
      expect(firstDifference(example.output ?? '', printed)).toBeUndefined()
    },
    EXAMPLE_MS,
  )

  it('include what npm start runs', () => {
    expect(readManifest().scripts?.start).toBe('node examples/tour.mjs')
  })

  it('have the data that their script makes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'runlet-data-'))
    try {
      execFileSync(process.execPath, [join(root, 'examples/data/make-data.mjs'), folder])
      const made = readdirSync(folder).sort()
      expect(made).toEqual(['orders.json', 'sales.csv'])
      const texts = made.map((name) => readFileSync(join(folder, name), 'utf8'))
      expect(texts).toEqual(made.map((name) => read(`examples/data/${name}`)))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
