/** What a command prints: all of it where that is little, an honest part where it is much. */

import type { Case } from '../case'
import { endedWith, holds, same, shown } from '../check'

/** What results show of one stream, with room for the mark. */
const MOST_SHOWN = 66_000

const BIG = 'x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do x=$x$x; done'

export const OUTPUT_CASES: readonly Case[] = [
  {
    name: 'output/characters-whole',
    about: 'characters of several bytes arrive whole, wherever the pieces of the output end',
    needs: ['bash', 'write'],
    async run({ ops, at }) {
      for (const offset of [0, 1, 2, 3]) {
        const text = `${'x'.repeat(offset)}${'é漢😀'.repeat(5_500)}`
        await ops.write({ path: at('text.txt'), content: text })
        const { out } = await ops.bash({ command: `cat ${at('text.txt')}` })
        holds(`the output has ${out.length} characters, not ${text.length}`, out === text)
      }
    },
  },
  {
    name: 'output/characters-late',
    about: 'a character whose bytes come one after another arrives whole',
    needs: ['bash'],
    async run({ ops }) {
      const command = "printf '\\360\\237'; sleep 0.3; printf '\\230\\200'"
      same('out', (await ops.bash({ command })).out, '😀')
    },
  },
  {
    name: 'output/no-text',
    about: 'bytes that are no UTF-8 are replaced',
    needs: ['bash'],
    async run({ ops }) {
      same('out', (await ops.bash({ command: "printf 'a\\377b'" })).out, 'a\ufffdb')
    },
  },
  {
    name: 'output/long',
    about: 'of a long output the end is shown, what is missing is marked, and the code is kept',
    needs: ['bash', 'write'],
    async run({ ops, at }) {
      const lines = Array.from({ length: 1_500 }, (_, index) => `line ${index} ${'.'.repeat(60)}`)
      await ops.write({ path: at('long.txt'), content: `${lines.join('\n')}\nlast\n` })
      const { code, out } = await ops.bash({ command: `cat ${at('long.txt')}; exit 7` })
      same('code', code, 7)
      holds(`${out.length} characters are shown`, out.length <= MOST_SHOWN)
      holds('nothing says that some is missing', out.includes('...[truncated]\n'))
      holds(`the end is ${shown(out.slice(-20))}`, out.endsWith('\nlast\n'))
    },
  },
  {
    name: 'output/endless',
    about: 'a command that prints without end is ended: 125',
    needs: ['bash'],
    async run({ ops, patienceMs }) {
      const command = `${BIG}; while :; do echo "$x"; done`
      const result = await ops.bash({ command, timeoutMs: 2 * patienceMs })
      const line = /(^|\n)Command output exceeded \d+ characters$/
      endedWith('of an endless output', result, 125, line)
      holds(`${result.out.length} characters are shown`, result.out.length <= MOST_SHOWN)
    },
  },
]
