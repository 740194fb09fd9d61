/** `read`: text and lines as they are in the file. */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Case, Ground } from '../case'
import { hasKeys, holds, matches, refused, Skip, same } from '../check'

const FIVE = 'one\ntwo\nthree\nfour\nfive\n'

/** A file larger than may be read as a whole, made past the limit on writing. */
function plantLarge({ hostPath, at, maxFileBytes }: Ground): string {
  const line = `${'x'.repeat(99)}\n`
  const path = at('large.txt')
  writeFileSync(hostPath(path), `first\n${line.repeat(Math.ceil(maxFileBytes / line.length))}`)
  return path
}

export const READ_CASES: readonly Case[] = [
  {
    name: 'read/result',
    about: 'a result has text, path as it was asked for and the number of lines',
    needs: ['read', 'write'],
    async run({ ops, at }) {
      await ops.write({ path: at('a.txt'), content: 'a\n' })
      const result = await ops.read({ path: at('a.txt') })
      hasKeys('the result', result, ['text', 'path', 'lines'])
      same('result', { ...result }, { text: 'a\n', path: at('a.txt'), lines: 2 })
    },
  },
  {
    name: 'read/lines',
    about: 'offset counts from 1, and with limit gives so many lines',
    needs: ['read', 'write'],
    async run({ ops, at }) {
      const path = at('five.txt')
      await ops.write({ path, content: FIVE })
      const text = async (offset: number, limit?: number) =>
        (await ops.read({ path, offset, ...(limit !== undefined && { limit }) })).text
      same('lines 2 and 3', (await text(2, 2)).trimEnd(), 'two\nthree')
      same('line 4 and all after it', (await text(4)).trimEnd(), 'four\nfive')
      same('offset 0', await text(0), FIVE)
      same('limit 0', await text(1, 0), FIVE)
      same('what is past the end', await text(99), '')
    },
  },
  {
    name: 'read/odd-numbers',
    about: 'offset and limit that are no numbers of lines are refused',
    needs: ['read', 'write'],
    async run({ ops, at, scope }) {
      await ops.write({ path: at('a.txt'), content: FIVE })
      for (const odd of [-1, 1.5, Number.NaN]) {
        const work = () => ops.read({ path: at('a.txt'), offset: odd })
        const { code } = await refused(`offset ${odd}`, work, scope.root)
        same(`code of offset ${odd}`, code, 'INVALID_ARGUMENT')
        const limited = () => ops.read({ path: at('a.txt'), limit: odd })
        await refused(`limit ${odd}`, limited, scope.root)
      }
    },
  },
  {
    name: 'read/line-ends',
    about: 'CRLF and a byte order mark are kept',
    needs: ['read', 'write'],
    async run({ ops, at }) {
      const content = '\ufeffone\r\ntwo\r\n'
      await ops.write({ path: at('crlf.txt'), content })
      const { text, lines } = await ops.read({ path: at('crlf.txt') })
      same('what was read', { text, lines }, { text: content, lines: 3 })
    },
  },
  {
    name: 'read/no-text',
    about: 'bytes that are no UTF-8 are replaced, and what holds a NUL is said to be binary',
    needs: ['local', 'read'],
    async run({ ops, at, hostPath }) {
      writeFileSync(hostPath(at('bytes')), Buffer.from([0x61, 0xff, 0x62]))
      same('text', (await ops.read({ path: at('bytes') })).text, 'a\ufffdb')
      writeFileSync(hostPath(at('nul')), Buffer.from([0x61, 0, 0x62]))
      same('binary', (await ops.read({ path: at('nul') })).binary, true)
    },
  },
  {
    name: 'read/missing',
    about: 'a file that is not there is refused, and so is a folder',
    needs: ['read'],
    async run({ ops, at, folder, scope }) {
      await refused('a missing file', () => ops.read({ path: at('none.txt') }), scope.root)
      await refused('a folder', () => ops.read({ path: folder }), scope.root)
    },
  },
  {
    name: 'read/too-large',
    about: 'a file over the limit is refused as a whole: P exceeds limit: S > M',
    needs: ['local', 'read'],
    async run(ground) {
      const { ops, scope } = ground
      const path = plantLarge(ground)
      const { message } = await refused('a large file', () => ops.read({ path }), scope.root)
      matches('message', message, new RegExp(`^${path} exceeds limit: \\d+ > \\d+$`))
    },
  },
  {
    name: 'read/large-in-lines',
    about: 'a file over the limit can be read in lines',
    needs: ['local', 'read'],
    async run(ground) {
      const path = plantLarge(ground)
      const { text } = await ground.ops.read({ path, offset: 1, limit: 1 })
      same('the first line', text.trimEnd(), 'first')
    },
  },
  {
    name: 'read/aborted',
    about: 'an operation whose signal is aborted already is refused: cancelled',
    needs: ['read', 'write'],
    async run({ ops, at, scope }) {
      await ops.write({ path: at('a.txt'), content: 'a' })
      const work = () => ops.read({ path: at('a.txt'), signal: AbortSignal.abort() })
      same('message', (await refused('it', work, scope.root)).message, 'cancelled')
    },
  },
  {
    name: 'read/no-file',
    about: 'a pipe and a device are refused, and nothing waits for them',
    needs: ['local', 'read'],
    async run({ ops, at, hostPath, scope }) {
      const path = at('pipe')
      try {
        execFileSync('mkfifo', [hostPath(path)], { stdio: 'ignore' })
      } catch {
        throw new Skip('no pipe can be made on this machine')
      }
      await refused('a pipe', () => ops.read({ path }), scope.root)
    },
  },
  {
    name: 'read/codes',
    about: 'errors have the codes of runlet',
    needs: ['read', 'write', 'edit'],
    async run({ ops, at, scope }) {
      await ops.write({ path: at('a.txt'), content: 'aa' })
      const edit = (oldText: string) => () => ops.edit({ path: at('a.txt'), oldText, newText: '' })
      const works: [string, () => Promise<unknown>, string][] = [
        ['a missing file', () => ops.read({ path: at('none') }), 'RUNTIME_ERROR'],
        ['a way out', () => ops.read({ path: '../x' }), 'PERMISSION_DENIED'],
        ['a NUL', () => ops.read({ path: 'a\0' }), 'INVALID_ARGUMENT'],
        ['no such text', edit('b'), 'VALIDATION_ERROR'],
        ['a text that is there twice', edit('a'), 'VALIDATION_ERROR'],
        ['an empty text', edit(''), 'INVALID_ARGUMENT'],
      ]
      for (const [what, work, code] of works) {
        same(`code of ${what}`, (await refused(what, work, scope.root)).code, code)
      }
    },
  },
  {
    name: 'read/leading-slash',
    about: 'a leading slash means the root of the workspace',
    needs: ['read', 'write'],
    async run({ ops, at }) {
      await ops.write({ path: `/${at('a.txt')}`, content: 'here' })
      holds('it is elsewhere', (await ops.read({ path: at('a.txt') })).text === 'here')
      same('text', (await ops.read({ path: `/${at('a.txt')}` })).text, 'here')
    },
  },
]
