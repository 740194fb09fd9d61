/** `edit`: both texts are literal, and nothing else of the file changes. */

import type { Case, Ground } from '../case'
import { hasKeys, holds, matches, refused, same } from '../check'

/** Texts that functions which replace text take for something else. */
const PATTERNS = ['$&', '$1', '$$', '$`', "$'", '$<name>', '\\1', '\\n', '&', '%s']

async function edited(
  { ops, at }: Ground,
  before: string,
  edit: { oldText: string; newText: string; replaceAll?: boolean },
): Promise<string> {
  await ops.write({ path: at('e.txt'), content: before })
  await ops.edit({ path: at('e.txt'), ...edit })
  return (await ops.read({ path: at('e.txt') })).text
}

export const EDIT_CASES: readonly Case[] = [
  {
    name: 'edit/result',
    about: 'a result has path and the number of replacements',
    needs: ['edit', 'read', 'write'],
    async run({ ops, at }) {
      await ops.write({ path: at('a.txt'), content: 'one two one' })
      const result = await ops.edit({ path: at('a.txt'), oldText: 'two', newText: '2' })
      hasKeys('the result', result, ['path', 'replacements'])
      same('result', { ...result }, { path: at('a.txt'), replacements: 1 })
      same('text', (await ops.read({ path: at('a.txt') })).text, 'one 2 one')
    },
  },
  {
    name: 'edit/literal-new-text',
    about: 'patterns of replacement in the new text mean nothing',
    needs: ['edit', 'read', 'write'],
    async run(ground) {
      for (const newText of [...PATTERNS, PATTERNS.join('')]) {
        const once = await edited(ground, 'a (X) b', { oldText: '(X)', newText })
        same('text', once, `a ${newText} b`)
        const all = { oldText: '(X)', newText, replaceAll: true }
        const text = await edited(ground, '(X) (X)', all)
        same('text with replaceAll', text, `${newText} ${newText}`)
      }
    },
  },
  {
    name: 'edit/literal-old-text',
    about: 'patterns of search in the old text mean nothing',
    needs: ['edit', 'read', 'write'],
    async run(ground) {
      const before = 'abc a.c a*c [abc] (a|b) ^a$ \\d'
      for (const oldText of ['a.c', 'a*c', '[abc]', '(a|b)', '^a$', '\\d']) {
        const text = await edited(ground, before, { oldText, newText: 'N' })
        same(`text after ${oldText}`, text, before.split(oldText).join('N'))
      }
    },
  },
  {
    name: 'edit/not-found',
    about: 'a text that is not there is refused: text not found in P',
    needs: ['edit', 'read', 'write'],
    async run({ ops, at, scope }) {
      const path = at('a.txt')
      await ops.write({ path, content: 'one' })
      const work = () => ops.edit({ path, oldText: 'One', newText: '1' })
      const { message } = await refused('it', work, scope.root)
      same('message', message, `text not found in ${path}`)
      same('text', (await ops.read({ path })).text, 'one')
    },
  },
  {
    name: 'edit/not-unique',
    about: 'a text that is there twice is refused without replaceAll: text is not unique in P',
    needs: ['edit', 'read', 'write'],
    async run({ ops, at, scope }) {
      const path = at('a.txt')
      await ops.write({ path, content: 'one one' })
      const work = () => ops.edit({ path, oldText: 'one', newText: '1' })
      const { message } = await refused('it', work, scope.root)
      same('message', message, `text is not unique in ${path}`)
      same('text', (await ops.read({ path })).text, 'one one')
      const all = await ops.edit({ path, oldText: 'one', newText: '1', replaceAll: true })
      same('replacements', all.replacements, 2)
      same('text with replaceAll', (await ops.read({ path })).text, '1 1')
    },
  },
  {
    name: 'edit/empty-old-text',
    about: 'an empty old text is refused',
    needs: ['edit', 'write'],
    async run({ ops, at, scope }) {
      await ops.write({ path: at('a.txt'), content: 'one' })
      const work = () => ops.edit({ path: at('a.txt'), oldText: '', newText: 'x' })
      await refused('it', work, scope.root)
    },
  },
  {
    name: 'edit/line-ends',
    about: 'a text with LF is found in a file with CRLF, whose line ends stay what they are',
    needs: ['edit', 'read', 'write'],
    async run(ground) {
      const edit = { oldText: 'two\nthree', newText: '2\n3' }
      const text = await edited(ground, 'one\r\ntwo\r\nthree\r\n', edit)
      same('text', text, 'one\r\n2\r\n3\r\n')
    },
  },
  {
    name: 'edit/byte-order-mark',
    about: 'a byte order mark is kept',
    needs: ['edit', 'read', 'write'],
    async run(ground) {
      const text = await edited(ground, '\ufeffone\r\ntwo', { oldText: 'one', newText: '1' })
      same('text', text, '\ufeff1\r\ntwo')
    },
  },
  {
    name: 'edit/missing',
    about: 'a file that is not there is refused',
    needs: ['edit'],
    async run({ ops, at, scope }) {
      const work = () => ops.edit({ path: at('none.txt'), oldText: 'a', newText: 'b' })
      await refused('a missing file', work, scope.root)
    },
  },
  {
    name: 'edit/too-large',
    about: 'a text that would grow over the limit is refused',
    needs: ['edit', 'read', 'write'],
    async run({ ops, at, scope, maxFileBytes }) {
      const path = at('a.txt')
      await ops.write({ path, content: 'X' })
      const work = () => ops.edit({ path, oldText: 'X', newText: 'y'.repeat(maxFileBytes + 1) })
      const { message } = await refused('it', work, scope.root)
      matches('message', message, new RegExp(`^${path} exceeds limit: \\d+ > \\d+$`))
      same('text', (await ops.read({ path })).text, 'X')
    },
  },
  {
    name: 'edit/at-once',
    about: 'of edits of one file at once none is lost that was not refused',
    needs: ['edit', 'read', 'write'],
    async run({ ops, at }) {
      const path = at('a.txt')
      const marks = Array.from({ length: 8 }, (_, index) => `<${index}>`)
      await ops.write({ path, content: marks.join('\n') })
      const done = await Promise.allSettled(
        marks.map((mark) => ops.edit({ path, oldText: mark, newText: `${mark} done` })),
      )
      const { text } = await ops.read({ path })
      const lost = marks.filter(
        (mark, index) => done[index]?.status === 'fulfilled' && !text.includes(`${mark} done`),
      )
      same('edits that were lost', lost, [])
      holds(
        'every edit was refused',
        done.some(({ status }) => status === 'fulfilled'),
      )
    },
  },
]
