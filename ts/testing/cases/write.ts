/** `write`: all or nothing, and nowhere else. */

import type { Case } from '../case'
import { hasKeys, matches, refused, same } from '../check'

export const WRITE_CASES: readonly Case[] = [
  {
    name: 'write/result',
    about: 'a result has path as it was asked for and the bytes of the text',
    needs: ['read', 'write'],
    async run({ ops, at }) {
      const content = 'é漢😀\r\n\n'
      const result = await ops.write({ path: at('a.txt'), content })
      hasKeys('the result', result, ['path', 'bytes'])
      same('result', { ...result }, { path: at('a.txt'), bytes: Buffer.byteLength(content) })
      same('text', (await ops.read({ path: at('a.txt') })).text, content)
    },
  },
  {
    name: 'write/over',
    about: 'a file is replaced, also by a shorter and by an empty text',
    needs: ['read', 'write'],
    async run({ ops, at }) {
      for (const content of ['long text', 'short', '']) {
        await ops.write({ path: at('a.txt'), content })
        same('text', (await ops.read({ path: at('a.txt') })).text, content)
      }
    },
  },
  {
    name: 'write/parents',
    about: 'folders above a file are made',
    needs: ['read', 'write'],
    async run({ ops, at }) {
      await ops.write({ path: at('x/y/z.txt'), content: 'deep' })
      same('text', (await ops.read({ path: at('x/y/z.txt') })).text, 'deep')
    },
  },
  {
    name: 'write/below-a-file',
    about: 'nothing can be written below a file, nor over a folder',
    needs: ['write'],
    async run({ ops, at, folder, scope }) {
      await ops.write({ path: at('file'), content: 'x' })
      const below = () => ops.write({ path: at('file/x'), content: 'x' })
      await refused('a path below a file', below, scope.root)
      const over = () => ops.write({ path: folder, content: 'x' })
      await refused('the path of a folder', over, scope.root)
    },
  },
  {
    name: 'write/too-large',
    about: 'a text over the limit is refused, and the file stays as it was',
    needs: ['read', 'write'],
    async run({ ops, at, scope, maxFileBytes }) {
      const path = at('a.txt')
      await ops.write({ path, content: 'before' })
      const work = () => ops.write({ path, content: 'x'.repeat(maxFileBytes + 1) })
      const { message } = await refused('a large text', work, scope.root)
      matches('message', message, new RegExp(`^${path} exceeds limit: ${maxFileBytes + 1} > \\d+$`))
      same('text', (await ops.read({ path })).text, 'before')
    },
  },
  {
    name: 'write/no-link',
    about: 'a link is no file to write to, wherever it leads',
    needs: ['links', 'read', 'write'],
    async run({ ops, at, link, scope }) {
      await ops.write({ path: at('real.txt'), content: 'real' })
      await link('real.txt', at('link.txt'))
      const work = () => ops.write({ path: at('link.txt'), content: 'other' })
      await refused('a link', work, scope.root)
      same('text', (await ops.read({ path: at('real.txt') })).text, 'real')
    },
  },
]
