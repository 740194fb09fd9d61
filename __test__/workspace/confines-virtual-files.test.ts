import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ENGINES, SECRET, type VirtualGround, virtualGroundOn } from './virtual-ground'

/** Ways to name the secret from inside; each is made before the script runs. */
const ways: [string, (ground: VirtualGround) => void, string][] = [
  ['an absolute path', () => {}, 'ABSOLUTE'],
  ['dots', () => {}, '../outside/secret.txt'],
  ['many dots', () => {}, '/../../../../../../../../../ABSOLUTE'],
  ['an absolute link', ({ root, outside }) => symlinkSync(secretIn(outside), join(root, 'l')), 'l'],
  ['a relative link', ({ root }) => symlinkSync('../outside/secret.txt', join(root, 'l')), 'l'],
  [
    'a link to the folder',
    ({ root }) => symlinkSync('../outside', join(root, 'l')),
    'l/secret.txt',
  ],
  ['a link to above', ({ root }) => symlinkSync('..', join(root, 'l')), 'l/outside/secret.txt'],
  [
    'a chain of links',
    ({ root, outside }) => {
      symlinkSync('b', join(root, 'a'))
      symlinkSync('c', join(root, 'b'))
      symlinkSync(secretIn(outside), join(root, 'c'))
    },
    'a',
  ],
  [
    'a link of the system',
    ({ root, outside }) => symlinkSync(`/proc/self/root${secretIn(outside)}`, join(root, 'l')),
    'l',
  ],
]

function secretIn(outside: string): string {
  return join(outside, 'secret.txt')
}

describe.each(ENGINES)('on %s', (engine) => {
  const onVirtualGround = virtualGroundOn(engine)

  describe.each(ways)('the secret by %s', (_, prepare, way) => {
    it('is neither read, written, copied nor removed, and no path of the host is shown', () =>
      onVirtualGround(async (ground) => {
        const { root, outside, run } = ground
        prepare(ground)
        const path = way.replace('ABSOLUTE', secretIn(outside))
        const uses = [
          `cat '${path}'`,
          `head '${path}'`,
          `cat < '${path}'`,
          `cp '${path}' got; cat got`,
        ]
        uses.push(`echo x > '${path}'`, `echo x >> '${path}'`, `echo x | tee '${path}'`)
        uses.push(`grep -r nobody '${path}'`, `source '${path}'`, `chmod 777 '${path}'`)
        uses.push(`touch '${path}'`, `mv '${path}' moved; cat moved`, `ln '${path}' hard; cat hard`)
        uses.push(`sed -i s/n/m/ '${path}'`, `rm -rf '${path}'`, `cp -r '${path}' r; cat r`)
        const before = statSync(secretIn(outside))
        for (const use of uses) {
          const { out, err } = await run(use)
          expect(out).not.toContain(SECRET)
          expect(err.replaceAll(path, '')).not.toContain(root)
        }
        expect(readFileSync(secretIn(outside), 'utf8')).toBe(SECRET)
        expect(statSync(secretIn(outside)).mtimeMs).toBe(before.mtimeMs)
        expect(statSync(secretIn(outside)).mode).toBe(before.mode)
        expect(readdirSync(outside)).toEqual(['secret.txt'])
      }))
  })

  describe('links that a script makes', () => {
    it('stay inside, and are kept relative', () =>
      onVirtualGround(async ({ root, run }) => {
        const script = 'mkdir -p d/e; echo x > f; ln -s /f d/e/l; cat d/e/l; echo y > d/e/l; cat f'
        expect((await run(script)).out).toBe('x\ny\n')
        expect(readlinkSync(join(root, 'd/e/l'))).toBe('../../f')
        expect(realpathSync(join(root, 'd/e/l'))).toBe(join(realpathSync(root), 'f'))
      }))

    it('cannot lead out', () =>
      onVirtualGround(async ({ root, run }) => {
        for (const target of ['../outside', '../../..', 'd/../../outside'])
          expect((await run(`mkdir -p d; ln -s ${target} l`)).code).not.toBe(0)
        expect(existsSync(join(root, 'l'))).toBe(false)
      }))
  })

  describe('what is no regular file', () => {
    it('is refused and makes nobody wait', () =>
      onVirtualGround(async ({ root, run }) => {
        if (spawnSync('mkfifo', [join(root, 'pipe')]).status !== 0) {
          console.log('not checked: mkfifo is not there')
          return
        }
        for (const use of [
          'cat pipe',
          'echo x > pipe',
          'echo x >> pipe',
          'cp pipe c',
          'grep x pipe',
        ]) {
          const { code, ended } = await run(use, { timeoutMs: 5000 })
          expect([code === 0, ended]).toEqual([false, undefined])
        }
        expect((await run('rm pipe; ls')).out).toBe('')
      }))

    it('is a file with another name, which is not appended to', () =>
      onVirtualGround(async ({ root, outside, run }) => {
        linkSync(secretIn(outside), join(root, 'hard'))
        expect((await run('echo more >> hard')).code).not.toBe(0)
        expect((await run('echo mine > hard; cat hard')).out).toBe('mine\n')
        expect(readFileSync(secretIn(outside), 'utf8')).toBe(SECRET)
      }))
  })

  describe('odd names', () => {
    it('are kept or refused', () =>
      onVirtualGround(async ({ root, run }) => {
        const names = ['a b', '-n', "q'uote", 'é🙂', '*', '..x']
        const broken = await run('cat > "$F"', { env: { F: './new\nline' }, stdin: 'x' })
        if (engine === 'native') expect(broken.code).toBe(1)
        else names.push('new\nline')
        for (const name of names)
          expect((await run('cat > "$F"', { env: { F: `./${name}` }, stdin: name })).code).toBe(0)
        expect(readdirSync(root).sort()).toEqual([...names].sort())
        expect((await run(`echo x > ${'n'.repeat(300)}`)).code).not.toBe(0)
        expect((await run(`cat ${'d/'.repeat(3000)}x`)).code).not.toBe(0)
      }))

    it('a file that is not to be written is not', () =>
      onVirtualGround(async ({ root, run }) => {
        writeFileSync(join(root, 'f'), 'kept', { mode: 0o444 })
        expect((await run('echo x > f')).code).not.toBe(0)
        expect(readFileSync(join(root, 'f'), 'utf8')).toBe('kept')
        mkdirSync(join(root, 'd'))
        expect((await run('echo x > d; echo x > d/f/g')).code).not.toBe(0)
      }))

    it('a file that is too large is refused', () =>
      onVirtualGround(
        async ({ root, run }) => {
          writeFileSync(join(root, 'big'), 'x'.repeat(2000))
          expect((await run('cat big')).code).not.toBe(0)
          expect((await run('printf "%2000s" x > made')).code).not.toBe(0)
          expect(
            (await run('printf "%900s" x > made; cat made >> made2; cat made >> made2')).code,
          ).not.toBe(0)
          expect(existsSync(join(root, 'made')) && statSync(join(root, 'made')).size).toBe(900)
        },
        {},
        { maxFileBytes: 1000 },
      ))
  })

  describe('a program that swaps links meanwhile', () => {
    it(
      'leads no script out',
      () =>
        onVirtualGround(async ({ root, outside, run }) => {
          const swapper = join(__dirname, 'fixtures', 'swap-links.mjs')
          const child = spawn(process.execPath, [swapper, root, outside], {
            stdio: ['ignore', 'pipe', 'inherit'],
          })
          try {
            await once(child.stdout, 'data')
            let [tries, escapes, hits] = [0, 0, 0]
            const until = Date.now() + 4000
            while (Date.now() < until) {
              const { out } = await run(`for i in {1..50}; do
            cat d/secret.txt f; cp d/secret.txt c1; cat c1; cp f c2; cat c2; echo
            echo x > d/written; echo y >> d/appended; echo w > f; echo z >> f
          done 2> /dev/null`)
              tries += 50 * 8
              if (out.includes(SECRET)) escapes += 1
              if (out.includes('inside')) hits += 1
            }
            const plain = plainEscapes(root, 1000)
            console.log(
              `${escapes} escapes in ${tries} tries through the shell; ` +
                `${plain.escapes} in ${plain.tries} when a path is checked and then opened`,
            )
            expect(hits).toBeGreaterThan(0)
            expect(escapes).toBe(0)
            expect(readdirSync(outside)).toEqual(['secret.txt'])
            expect(readFileSync(secretIn(outside), 'utf8')).toBe(SECRET)
          } finally {
            child.kill('SIGKILL')
            await once(child, 'exit')
          }
        }),
      60_000,
    )
  })
})

/** The same by a check of the path, and a later open. */
function plainEscapes(root: string, ms: number): { tries: number; escapes: number } {
  const count = { tries: 0, escapes: 0 }
  const until = Date.now() + ms
  while (Date.now() < until) {
    for (const name of ['d/secret.txt', 'f']) {
      count.tries += 1
      try {
        const path = join(root, name)
        if (!realpathSync(path).startsWith(`${root}/`)) continue
        if (readFileSync(path, 'utf8') === SECRET) count.escapes += 1
      } catch {
        // It was just being swapped.
      }
    }
  }
  return count
}
