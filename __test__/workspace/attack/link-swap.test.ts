import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { BuiltInRuntime } from 'runlet'
import { OlderFiles } from '../fixtures/older/files'
import { inWorkspace } from '../support'

const SECRET = 'nobody must read this'
const SWAPPER = join(__dirname, '../fixtures/swap-links.mjs')

/** What an operation shows, as text; nothing where it is refused. */
async function shown(work: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await work())
  } catch {
    return ''
  }
}

/** Bytes count as the text that they are. */
async function opened(runtime: BuiltInRuntime, path: string): Promise<string> {
  return Buffer.from((await runtime.openGenerated({ path })).bytes).toString()
}

/** What is tried, over and over: whether it got something to see is in what it shows. */
const TRIES: Record<string, (runtime: BuiltInRuntime) => unknown> = {
  read: (runtime) => runtime.read({ path: 'd/secret.txt' }),
  'read of a file': (runtime) => runtime.read({ path: 'f' }),
  write: (runtime) => runtime.write({ path: 'd/written', content: 'x' }),
  'write of a file': (runtime) => runtime.write({ path: 'f', content: 'inside' }),
  edit: (runtime) => runtime.edit({ path: 'd/secret.txt', oldText: 'e', newText: 'e' }),
  grep: (runtime) => runtime.grep({ query: 'nobody' }),
  'grep of a folder': (runtime) => runtime.grep({ query: 'nobody', path: 'd' }),
  ls: (runtime) => runtime.ls({ path: 'd' }),
  find: (runtime) => runtime.find({ path: 'd' }),
  openGenerated: (runtime) => opened(runtime, 'd/secret.txt'),
  'cat, > and cp of a virtual shell': (runtime) =>
    runtime.bash({
      command: `for i in 1 2 3 4 5; do
        cat d/secret.txt f; cp d/secret.txt c1; cat c1; cp f c2; cat c2; ls d
        echo x > d/written; echo y >> d/appended; echo inside > f
      done 2> /dev/null`,
    }),
}

describe('links that are swapped for what was checked', () => {
  it('never lead out', async () => {
    await inWorkspace({ name: 'just-bash' }, async ({ runtime, root, outside }) => {
      const beside = join(outside, 'beside')
      mkdirSync(beside)
      for (const name of ['secret.txt', 'only-outside']) writeFileSync(join(beside, name), SECRET)
      await runtime.ls({})
      const swapper = spawn(process.execPath, [SWAPPER, root, beside], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        await once(swapper.stdout, 'data')
        const older = new OlderFiles(root)
        const usual = { tries: 0, escapes: 0 }
        const until = Date.now() + 1_500
        while (usual.escapes === 0 && Date.now() < until) {
          for (const path of ['d/secret.txt', 'f']) {
            usual.tries++
            if ((await shown(() => older.read({ path }))).includes(SECRET)) usual.escapes++
          }
        }
        const ours = { tries: 0, escapes: 0, hits: 0 }
        const end = Date.now() + 2_000
        while (Date.now() < end) {
          for (const [what, work] of Object.entries(TRIES)) {
            // A script takes much longer than an operation.
            if (what.startsWith('cat') && ours.tries % 20 > 0) continue
            const seen = await shown(() => work(runtime))
            ours.tries++
            if (seen.includes(SECRET) || seen.includes('only-outside')) ours.escapes++
            if (seen.includes('inside')) ours.hits++
          }
        }
        console.log(
          `${usual.escapes} escapes in ${usual.tries} tries when a path is checked and then opened; ` +
            `${ours.escapes} in ${ours.tries} by runlet, ${ours.hits} of which found the file inside`,
        )
        expect(ours.hits).toBeGreaterThan(0)
        expect(ours.escapes).toBe(0)
        expect(readdirSync(beside).sort()).toEqual(['only-outside', 'secret.txt'])
        expect(readFileSync(join(beside, 'secret.txt'), 'utf8')).toBe(SECRET)
      } finally {
        swapper.kill('SIGKILL')
        await once(swapper, 'exit')
      }
    })
  }, 30_000)
})
