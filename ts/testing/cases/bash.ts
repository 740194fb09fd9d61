/** `bash`: how commands run. */

import type { Case } from '../case'
import { hasKeys, holds, ranWell, same, shown } from '../check'

/** Longer than what the kernel takes as one argument. */
const LONG = 200_000

export const BASH_CASES: readonly Case[] = [
  {
    name: 'bash/result',
    about: 'a result has code, out, err and ms, and of a plain command nothing else',
    needs: ['bash'],
    async run({ ops }) {
      const result = await ops.bash({ command: 'printf out; printf err >&2; exit 3' })
      const { code, out, err, ms } = result
      same('result', { code, out, err }, { code: 3, out: 'out', err: 'err' })
      holds(`ms is ${shown(ms)}`, typeof ms === 'number' && ms >= 0)
      hasKeys('the result', result, ['code', 'out', 'err', 'ms'])
    },
  },
  {
    name: 'bash/exit-codes',
    about: 'the exit code of the shell is kept, also where it is one that a runtime gives, too',
    needs: ['bash'],
    async run({ ops }) {
      for (const code of [0, 1, 2, 42, 124, 125, 130, 255]) {
        const result = await ops.bash({ command: `exit ${code}` })
        same(`code of exit ${code}`, result.code, code)
        same(`error of exit ${code}`, result.error, undefined)
      }
    },
  },
  {
    name: 'bash/no-such-command',
    about: 'an unknown command is 127, and one that may not be run 126, both by the shell',
    needs: ['bash', 'write'],
    async run({ ops, at }) {
      await ops.write({ path: at('plain.txt'), content: 'text' })
      const unknown = await ops.bash({ command: 'no-such-command-of-any-system' })
      const denied = await ops.bash({ command: `./${at('plain.txt')}` })
      same('codes', [unknown.code, denied.code], [127, 126])
      same('errors', [unknown.error, denied.error], [undefined, undefined])
    },
  },
  {
    name: 'bash/killed-by-a-signal',
    about: 'a command that a signal ended has 128 and its number',
    needs: ['bash'],
    async run({ ops }) {
      same('code', (await ops.bash({ command: 'kill -TERM $$; sleep 30' })).code, 143)
    },
  },
  {
    name: 'bash/same-files',
    about: 'commands start in the root and work on the same files as the other operations',
    needs: ['bash', 'read', 'write'],
    async run({ ops, at }) {
      await ops.write({ path: at('in.txt'), content: 'pear\napple\n' })
      const command = `sort ${at('in.txt')} | tee ${at('out.txt')}`
      same('out', (await ops.bash({ command })).out, 'apple\npear\n')
      same('text', (await ops.read({ path: at('out.txt') })).text, 'apple\npear\n')
    },
  },
  {
    name: 'bash/no-state',
    about: 'folder and variables of one command do not reach the next',
    needs: ['bash'],
    async run({ ops, folder }) {
      const before = await ops.bash({ command: 'pwd' })
      await ops.bash({ command: `export KIT=left; cd ${folder}; alias x=y; set -e` })
      const { out } = await ops.bash({ command: 'false; echo "[$KIT]"; pwd' })
      same('what the next command sees', out, `[]\n${before.out}`)
    },
  },
  {
    name: 'bash/text-as-written',
    about: 'the text reaches the shell as it was written',
    needs: ['bash'],
    async run({ ops }) {
      const text = 'a"b$HOME `x` \\n $(x) %s \t é 漢 😀 !! ~ * ;'
      const { out } = await ops.bash({ command: `printf %s '${text}'\nprintf '%s' "\nlast"` })
      same('out', out, `${text}\nlast`)
    },
  },
  {
    name: 'bash/nothing-to-read',
    about: 'a command that reads its input finds the end of it',
    needs: ['bash'],
    async run({ ops }) {
      const { code, out } = await ops.bash({ command: 'cat; echo end', timeoutMs: 20_000 })
      same('result', { code, out }, { code: 0, out: 'end\n' })
    },
  },
  {
    name: 'bash/nothing-is-nothing',
    about: 'an empty command does nothing and ends well',
    needs: ['bash'],
    async run({ ops }) {
      const { code, out, err } = await ops.bash({ command: '' })
      same('result', { code, out, err }, { code: 0, out: '', err: '' })
    },
  },
  {
    name: 'bash/long-command',
    about: `a command of ${LONG} characters runs`,
    needs: ['bash'],
    async run({ ops }) {
      const result = await ops.bash({ command: `: '${'x'.repeat(LONG)}'\necho done` })
      ranWell('it', result)
      same('out', result.out, 'done\n')
    },
  },
  {
    name: 'bash/guard',
    about: 'a runtime with a guard refuses what is blocked with 126, and says why',
    needs: ['bash'],
    async run({ ops }) {
      // Where it is not refused it says how it is used.
      const { code, err, error } = await ops.bash({ command: 'shutdown --help' })
      if (Reflect.get(ops, 'guard') === undefined && code !== 126) return
      same('code', code, 126)
      holds(`err is ${shown(err)}`, /Command blocked: .+/.test(err))
      same('error.code', error?.code, 'POLICY_VIOLATION')
    },
  },
]
