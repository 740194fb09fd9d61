import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ENGINES, virtualGroundOn } from './virtual-ground'

interface Program {
  name: string
  script: string
  code: number
  out: string
}

const folder = join(__dirname, 'fixtures', 'conformance')
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const { bash, programs } = json('recorded.json') as { bash: string; programs: Program[] }
const knownGood = json('known-good.json') as Record<(typeof ENGINES)[number], string[]>

describe.each(ENGINES)('the virtual shell on %s', (engine) => {
  it('does what the recorded bash did wherever it is known to', async () => {
    expect(programs.length).toBeGreaterThanOrEqual(150)
    const equal = new Set<string>()
    await virtualGroundOn(engine)(async ({ root, run }) => {
      for (const [index, { name, script, code, out }] of programs.entries()) {
        const cwd = `/${index}/work`
        mkdirSync(join(root, cwd), { recursive: true })
        const env = { HOME: `/${index}`, LC_ALL: 'C.UTF-8', TZ: 'UTC' }
        const got = await run(script, { cwd, env })
        if (got.out === out && got.code === code) equal.add(name)
      }
    })
    console.log(`${engine}: ${equal.size} of ${programs.length} programs as bash ${bash} does them`)
    const good = knownGood[engine]
    expect(good.length).toBeGreaterThan(programs.length / 2)
    expect(good.filter((name) => !equal.has(name))).toEqual([])
  }, 120_000)
})

describe('the conformance of the virtual shell', () => {
  it('is measured by what was recorded of the scripts as they are now', () => {
    for (const { name, script } of programs) {
      const [group, title] = name.split('/')
      const text = readFileSync(join(folder, `${group}.sh`), 'utf8')
      expect(text).toContain(`#== ${title}\n${script}`)
    }
  })
})
