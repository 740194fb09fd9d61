/** Ways out of the workspace. None leads anywhere, and none is told where it would have led. */

import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { Case, Ground } from '../case'
import { holds, matches, refused, same, shown } from '../check'

const OUT = /^path escapes runtime root: /

/** Every operation on a path, and what it must not do there. */
async function allRefused(
  { ops, scope, secret }: Ground,
  path: string,
  form: RegExp | undefined,
): Promise<void> {
  const works: [string, (() => Promise<unknown>) | undefined][] = [
    ['read', ops.read && (() => ops.read({ path }))],
    ['write', ops.write && (() => ops.write({ path, content: 'overwritten' }))],
    ['edit', ops.edit && (() => ops.edit({ path, oldText: secret.text, newText: 'edited' }))],
    ['grep', ops.grep && (() => ops.grep({ path, query: secret.text }))],
    ['ls', ops.ls && (() => ops.ls({ path }))],
    ['find', ops.find && (() => ops.find({ path }))],
  ]
  for (const [operation, work] of works) {
    if (work === undefined) continue
    const what = `${operation} of ${shown(path)}`
    const { message } = await refused(what, work, scope.root)
    holds(`${what} tells what is outside`, !message.includes(secret.text))
    if (form !== undefined) matches(`the message of ${what}`, message, form)
  }
  same('the file outside', readFileSync(secret.path, 'utf8'), secret.text)
}

/** A path to the secret by way of `..`. */
const upTo = ({ scope, secret }: Ground) => relative(scope.root, secret.path).replaceAll('\\', '/')

export const ESCAPE_CASES: readonly Case[] = [
  {
    name: 'escape/parent',
    about: '.. past the root is refused, also after a folder: path escapes runtime root: P',
    needs: ['read'],
    async run(ground) {
      for (const path of [upTo(ground), `${ground.folder}/../${upTo(ground)}`, '..', '../x']) {
        await allRefused(ground, path, OUT)
      }
      const path = '../x'
      const { message } = await refused('it', () => ground.ops.read({ path }), ground.scope.root)
      same('message', message, `path escapes runtime root: ${path}`)
    },
  },
  {
    name: 'escape/absolute',
    about: 'an absolute path of the host leads nowhere',
    needs: ['read', 'edit', 'grep', 'ls'],
    async run(ground) {
      const { ops, scope, secret } = ground
      const { path } = secret
      await refused('read', () => ops.read({ path }), scope.root)
      const edit = () => ops.edit({ path, oldText: secret.text, newText: 'edited' })
      await refused('edit', edit, scope.root)
      await refused('ls', () => ops.ls({ path: dirname(path) }), scope.root)
      same('the file outside', readFileSync(path, 'utf8'), secret.text)
    },
  },
  {
    name: 'escape/link-to-file',
    about: 'a link to a file outside leads nowhere',
    needs: ['links', 'read'],
    async run(ground) {
      const { at, link, secret } = ground
      await link(secret.path, at('absolute'))
      await link(`../${upTo(ground)}`, at('relative'))
      for (const name of ['absolute', 'relative']) await allRefused(ground, at(name), undefined)
    },
  },
  {
    name: 'escape/link-to-folder',
    about: 'a link to a folder outside leads nowhere',
    needs: ['links', 'read'],
    async run(ground) {
      const { at, link, secret } = ground
      await link(dirname(secret.path), at('folder'))
      await allRefused(ground, at('folder/secret.txt'), OUT)
    },
  },
  {
    name: 'escape/link-chain',
    about: 'links that lead out only together lead nowhere',
    needs: ['links', 'read'],
    async run(ground) {
      const { at, link } = ground
      await link('two', at('one'))
      await link('three', at('two'))
      await link(`../${upTo(ground)}`, at('three'))
      await allRefused(ground, at('one'), undefined)
      const { ops, scope } = ground
      await link('circle', at('circle'))
      await refused('a link to itself', () => ops.read({ path: at('circle') }), scope.root)
    },
  },
  {
    name: 'escape/new-file-by-link',
    about: 'nothing is made outside by way of a link to what is not there yet',
    needs: ['links', 'local', 'write'],
    async run({ ops, at, link, scope, secret }) {
      const made = `${dirname(secret.path)}/made.txt`
      await link(made, at('new'))
      await refused('write', () => ops.write({ path: at('new'), content: 'x' }), scope.root)
      let there = true
      try {
        readFileSync(made)
      } catch {
        there = false
      }
      holds('a file was made outside', !there)
    },
  },
  {
    name: 'escape/process-root',
    about: 'the links of /proc lead nowhere',
    needs: ['links', 'read'],
    async run(ground) {
      const { at, link, ops, scope, secret } = ground
      await link('/proc/self/root', at('root'))
      const path = at(`root${secret.path}`)
      await refused('read', () => ops.read({ path }), scope.root)
    },
  },
  {
    name: 'escape/search',
    about: 'a search of the tree neither follows links out of it nor fails because of them',
    needs: ['find', 'grep', 'links', 'write'],
    async run(ground) {
      const { ops, at, link, folder, secret } = ground
      await link(secret.path, at('file'))
      await link(dirname(secret.path), at('folder'))
      await ops.write({ path: at('own.txt'), content: `own ${secret.text}\n` })
      const { hits } = await ops.grep({ query: secret.text, path: folder })
      same(
        'hits',
        hits.map(({ path }) => path),
        [at('own.txt')],
      )
      const { paths } = await ops.find({ path: folder, pattern: '*.txt' })
      same('paths', paths, [at('own.txt')])
    },
  },
  {
    name: 'escape/nul',
    about: 'a path with a NUL is refused: path contains null byte',
    needs: ['read'],
    async run(ground) {
      await allRefused(ground, ground.at('a.txt\0.png'), /^path contains null byte$/)
    },
  },
  {
    name: 'escape/endless-name',
    about: 'a name that is too long for any file system is refused',
    needs: ['read'],
    async run({ ops, scope }) {
      for (const path of ['x'.repeat(4_096), 'x/'.repeat(40_000)]) {
        await refused('read', () => ops.read({ path }), scope.root)
      }
    },
  },
]
