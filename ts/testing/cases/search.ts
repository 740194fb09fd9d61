/** `grep`, `find` and `ls`: complete, in order, and not stopped by one odd file. */

import { writeFileSync } from 'node:fs'
import type { Case, Ground } from '../case'
import { hasKeys, holds, refused, same } from '../check'

async function plant({ ops, at }: Ground, names: readonly string[]): Promise<void> {
  for (const name of names) await ops.write({ path: at(name), content: `text of ${name}\n` })
}

export const SEARCH_CASES: readonly Case[] = [
  {
    name: 'grep/literal',
    about: 'a query is literal and case counts; a hit has path, line and the trimmed line',
    needs: ['grep', 'write'],
    async run({ ops, at, folder }) {
      const content = 'abc\n  a.c [x]\nA.C\n\ta.c again\n'
      await ops.write({ path: at('a.txt'), content })
      const result = await ops.grep({ query: 'a.c', path: folder })
      hasKeys('the result', result, ['hits'])
      same('hits', result.hits, [
        { path: at('a.txt'), line: 2, text: 'a.c [x]' },
        { path: at('a.txt'), line: 4, text: 'a.c again' },
      ])
      const [hit] = (await ops.grep({ query: '[x]', path: at('a.txt') })).hits
      same('line in one file', hit?.line, 2)
      same('hits of nothing', (await ops.grep({ query: 'zzz', path: folder })).hits, [])
    },
  },
  {
    name: 'grep/first-hits',
    about: 'maxResults bounds the hits',
    needs: ['grep', 'write'],
    async run({ ops, at, folder }) {
      await ops.write({ path: at('a.txt'), content: 'x\n'.repeat(150) })
      same('hits', (await ops.grep({ query: 'x', path: folder, maxResults: 7 })).hits.length, 7)
      same('hits by default', (await ops.grep({ query: 'x', path: folder })).hits.length, 100)
    },
  },
  {
    name: 'grep/odd-files',
    about: 'a file that is too large, one that is no text and a link to nowhere stop no search',
    needs: ['grep', 'links', 'local', 'write'],
    async run({ ops, at, folder, link, hostPath, maxFileBytes }) {
      writeFileSync(hostPath(at('a-large.txt')), 'x'.repeat(maxFileBytes + 1))
      writeFileSync(hostPath(at('b-bytes')), Buffer.from([0xff, 0, 0xfe]))
      await link('nowhere', at('c-link'))
      await ops.write({ path: at('d.txt'), content: 'needle\n' })
      const { hits } = await ops.grep({ query: 'needle', path: folder })
      same('hits', hits, [{ path: at('d.txt'), line: 1, text: 'needle' }])
    },
  },
  {
    name: 'find/all',
    about: 'without a pattern, with * and with **/* all files and folders are found, sorted',
    needs: ['find', 'write'],
    async run(ground) {
      const { ops, folder, at } = ground
      await plant(ground, ['b.txt', 'a/c.txt', 'a/b/d.md'])
      const all = ['a', 'a/b', 'a/b/d.md', 'a/c.txt', 'b.txt'].map(at)
      const result = await ops.find({ path: folder })
      hasKeys('the result', result, ['paths'])
      same('paths', result.paths, all)
      for (const pattern of ['*', '**/*']) {
        same(`paths of ${pattern}`, (await ops.find({ path: folder, pattern })).paths, all)
      }
    },
  },
  {
    name: 'find/patterns',
    about: 'patterns have *, **, ?, [..] and {a,b}; without / they match names at any depth',
    needs: ['find', 'write'],
    async run(ground) {
      const { ops, at, folder } = ground
      await plant(ground, ['r.txt', 'a/c.txt', 'a/b/d.md', 'a/b/e1.md'])
      const expected: [string, string[]][] = [
        ['*.md', ['a/b/d.md', 'a/b/e1.md']],
        ['e?.md', ['a/b/e1.md']],
        ['[de]*.md', ['a/b/d.md', 'a/b/e1.md']],
        ['*.{txt,md}', ['a/b/d.md', 'a/b/e1.md', 'a/c.txt', 'r.txt']],
      ]
      for (const [pattern, names] of expected) {
        const { paths } = await ops.find({ path: folder, pattern })
        same(`paths of ${pattern}`, paths, names.map(at))
      }
      const below = await ops.find({ pattern: `**/${folder}/**/*.txt` })
      same('paths of **/ before and within', below.paths, ['a/c.txt', 'r.txt'].map(at))
    },
  },
  {
    name: 'find/late-match',
    about: 'maxResults counts what matches, not what was looked at',
    needs: ['find', 'write'],
    async run(ground) {
      const { ops, folder, at } = ground
      const names = Array.from({ length: 30 }, (_, index) => `${100 + index}.txt`)
      await plant(ground, [...names, 'zz.md'])
      const { paths } = await ops.find({ path: folder, pattern: '*.md', maxResults: 2 })
      same('paths', paths, [at('zz.md')])
      const first = await ops.find({ path: folder, maxResults: 3 })
      same('the first three', first.paths, names.slice(0, 3).map(at))
    },
  },
  {
    name: 'ls/result',
    about: 'a result has the entries of one level, sorted, with name, path, type and size',
    needs: ['ls', 'write'],
    async run(ground) {
      const { ops, folder, at } = ground
      await plant(ground, ['b.txt', 'a/c.txt'])
      const result = await ops.ls({ path: folder })
      hasKeys('the result', result, ['entries'])
      const [first, second, ...rest] = result.entries
      same('entries besides', rest, [])
      const { name, path, type } = first ?? {}
      same('the first', { name, path, type }, { name: 'a', path: at('a'), type: 'directory' })
      const size = Buffer.byteLength('text of b.txt\n')
      same('the second', second, { name: 'b.txt', path: at('b.txt'), type: 'file', size })
    },
  },
  {
    name: 'ls/root',
    about: 'without a path the root is listed',
    needs: ['ls', 'write'],
    async run(ground) {
      await plant(ground, ['a.txt'])
      const names = (await ground.ops.ls({})).entries.map(({ name }) => name)
      holds(`${ground.folder} is missing`, names.includes(ground.folder))
    },
  },
  {
    name: 'ls/no-folder',
    about: 'a file cannot be listed: path is not a directory: P',
    needs: ['ls', 'write'],
    async run(ground) {
      const { ops, at, scope } = ground
      await plant(ground, ['a.txt'])
      const { message } = await refused('it', () => ops.ls({ path: at('a.txt') }), scope.root)
      same('message', message, `path is not a directory: ${at('a.txt')}`)
    },
  },
  {
    name: 'ls/links',
    about: 'a link out of the workspace and one to nowhere are of type other, and no error',
    needs: ['links', 'ls', 'write'],
    async run(ground) {
      const { ops, folder, at, link, secret } = ground
      await plant(ground, ['a.txt'])
      await link(secret.path, at('out'))
      await link('nowhere', at('lost'))
      await link('a.txt', at('within'))
      const { entries } = await ops.ls({ path: folder })
      const types = entries.map(({ name, type }) => `${name} ${type}`)
      same('entries', types, ['a.txt file', 'lost other', 'out other', 'within file'])
    },
  },
]
