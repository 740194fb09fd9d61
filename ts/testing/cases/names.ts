/** Names of files that a shell, a line or a pattern would take for something else. */

import { writeFileSync } from 'node:fs'
import type { Case, Ground } from '../case'
import { holds, Skip, same, shown } from '../check'

const NAMES: readonly [string, string][] = [
  ['newline', 'a\nb.txt'],
  ['tab', 'a\tb.txt'],
  ['quotes', `a'b"c\`d.txt`],
  ['leading-dash', '-rf.txt'],
  ['blanks', '  a  b .txt'],
  ['shell-signs', '$(x) `y` ;&|<>!#~.txt'],
  ['pattern-signs', '[a]{b}*?.txt'],
  ['unicode', 'é漢😀.txt'],
  ['colon', 'a:1:b.txt'],
]

/** A file of that name is found by every operation under the same path, and used by its path. */
const known = ([what, name]: readonly [string, string]): Case => ({
  name: `names/${what}`,
  about: `a file named ${JSON.stringify(name)} is one like any other`,
  needs: ['edit', 'find', 'grep', 'ls', 'read', 'write'],
  async run({ ops, at, folder }) {
    const path = at(name)
    await ops.write({ path, content: 'needle\n' })
    same(
      'entries',
      (await ops.ls({ path: folder })).entries.map((entry) => entry.path),
      [path],
    )
    same('paths', (await ops.find({ path: folder })).paths, [path])
    const { hits } = await ops.grep({ query: 'needle', path: folder })
    same('hits', hits, [{ path, line: 1, text: 'needle' }])
    await ops.edit({ path, oldText: 'needle', newText: 'pin' })
    same('text', (await ops.read({ path })).text, 'pin\n')
  },
})

async function inBash({ ops, at, folder }: Ground, name: string): Promise<void> {
  await ops.write({ path: at(name), content: 'x' })
  const { out } = await ops.bash({ command: `for f in ${folder}/*; do printf '<%s>' "$f"; done` })
  same('out', out, `<${at(name)}>`)
}

export const NAME_CASES: readonly Case[] = [
  ...NAMES.map(known),
  {
    name: 'names/no-text',
    about: 'a file whose name is no UTF-8 is listed under a path by which it can be read',
    needs: ['local', 'ls', 'read'],
    async run({ ops, folder, hostPath }) {
      const place = Buffer.from(`${hostPath(folder)}/`)
      const path = Buffer.concat([place, Buffer.from([0x61, 0xff, 0x62])])
      try {
        writeFileSync(path, 'needle')
      } catch {
        throw new Skip('this file system has no such names')
      }
      const { entries } = await ops.ls({ path: folder })
      same('number of entries', entries.length, 1)
      const shownAs = entries[0]?.path ?? ''
      const { text } = await ops.read({ path: shownAs })
      holds(`read of ${shown(shownAs)} gives ${shown(text)}`, text === 'needle')
    },
  },
  {
    name: 'names/in-bash',
    about: 'a command finds files of odd names under the same names',
    needs: ['bash', 'write'],
    run: (ground) => inBash(ground, ` a "b' c.txt`),
  },
  {
    name: 'names/newline-in-bash',
    about: 'a command finds a file with a line end in its name',
    needs: ['bash', 'write'],
    run: (ground) => inBash(ground, 'a\nb.txt'),
  },
]
