/** Commands that the runtime ends: in time, with the right code, and with all that they started. */

import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BashInput, BashResult } from '../../../index.js'
import type { Case, Ground } from '../case'
import { comes, endedWith, holds, matches, ranWell, same, shown } from '../check'

const TIMED_OUT = /(^|\n)Command timed out$/
const CANCELLED = /(^|\n)Command cancelled$/

/** Longer than any case. */
const FOREVER = 'sleep 600'

const MOMENT_MS = 3_000

/** Ways to go on beside a command, each of which notes in a file that it is there. */
const BESIDE: readonly [string, (beat: string) => string][] = [
  ['in the background', (beat) => `(${beat}) &`],
  ['with nohup', (beat) => `nohup sh -c '${beat}' >/dev/null 2>&1 &`],
  ['in a session of its own', (beat) => `(setsid sh -c '${beat}' >/dev/null 2>&1 &) 2>/dev/null`],
]

const size = async ({ ops }: Ground, path: string): Promise<number> =>
  Number((await ops.bash({ command: `wc -c < ${path} 2>/dev/null || echo 0` })).out.trim())

/** Lets something go on beside a command that ends in some way; afterwards it must be over. */
async function endsAll(
  ground: Ground,
  end: (command: string) => Promise<BashResult>,
): Promise<void> {
  let beaten = 0
  for (const [index, [how, start]] of BESIDE.entries()) {
    const file = ground.at(`beat-${index}`)
    // It ends by itself some day, also where nobody ends it.
    const loop = `i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo x >> ${file}; sleep 0.1; done`
    const command = start(loop)
    await end(command)
    const before = await size(ground, file)
    await sleep(700)
    const after = await size(ground, file)
    if (before > 0) beaten++
    holds(`what was started ${how} goes on after the end of the command`, after === before)
  }
  holds('nothing could be started beside a command', beaten > 0)
}

/** Aborts a command once it has begun, or after a moment where that cannot be seen from here. */
async function abortedWhileRunning(ground: Ground, command: string): Promise<BashResult> {
  const { ops, at, hostPath } = ground
  const begun = at(`begun-${Math.random()}`)
  const abort = new AbortController()
  const input: BashInput = { command: `${command}\necho x > ${begun}; ${FOREVER}` }
  const pending = ops.bash({ ...input, signal: abort.signal })
  let settled = false
  const done = pending.finally(() => {
    settled = true
  })
  done.catch(() => {})
  await comes(() => settled || existsSync(hostPath(begun)), MOMENT_MS)
  await sleep(300)
  abort.abort()
  return done
}

export const ENDING_CASES: readonly Case[] = [
  {
    name: 'timeout/waiting',
    about: 'a command that waits is ended in time: 124',
    needs: ['bash'],
    async run({ ops, patienceMs }) {
      const result = await ops.bash({ command: FOREVER, timeoutMs: 500 })
      endedWith('of a command that waits', result, 124, TIMED_OUT)
      holds(`it took ${result.ms} ms`, result.ms < patienceMs)
    },
  },
  {
    name: 'timeout/keeps-output',
    about: 'what a command printed until it was ended is in its result',
    needs: ['bash'],
    async run({ ops }) {
      const command = `echo before; echo beside >&2; ${FOREVER}`
      const { out, err } = await ops.bash({ command, timeoutMs: 3_000 })
      same('out', out, 'before\n')
      matches('err', err, /^beside\n+Command timed out$/)
    },
  },
  {
    name: 'timeout/busy',
    about: 'a command that is busy is ended in time: 124',
    needs: ['bash'],
    async run({ ops, patienceMs }) {
      const result = await ops.bash({ command: 'while :; do :; done', timeoutMs: 500 })
      endedWith('of a command that is busy', result, 124, TIMED_OUT)
      holds(`it took ${result.ms} ms`, result.ms < patienceMs)
    },
  },
  {
    name: 'timeout/works-on',
    about: 'after a command was ended the next one runs, and files are still there',
    needs: ['bash', 'write'],
    async run({ ops, at }) {
      await ops.write({ path: at('kept.txt'), content: 'kept' })
      await ops.bash({ command: FOREVER, timeoutMs: 300 })
      const { code, out } = await ops.bash({ command: `cat ${at('kept.txt')}` })
      same('the next command', { code, out }, { code: 0, out: 'kept' })
    },
  },
  {
    name: 'timeout/leaves-nothing',
    about: 'a command that is ended takes along all that it started',
    needs: ['bash'],
    run: async (ground) =>
      endsAll(ground, async (command) => {
        const result = await ground.ops.bash({
          command: `${command}\n${FOREVER}`,
          timeoutMs: 1_000,
        })
        endedWith('of a command that waits', result, 124, TIMED_OUT)
        return result
      }),
  },
  {
    name: 'end/leaves-nothing',
    about: 'what a command leaves in the background ends with it',
    needs: ['bash'],
    run: async (ground) =>
      endsAll(ground, async (command) => {
        const bounded = { command: `${command}\nsleep 0.4`, timeoutMs: 10_000 }
        const result = await ground.ops.bash(bounded)
        ranWell('it', result)
        return result
      }),
  },
  {
    name: 'end/waits-for-no-output',
    about: 'what holds the output open in the background delays no result',
    needs: ['bash'],
    async run({ ops, patienceMs }) {
      const command = 'sleep 60 &\necho done'
      const { code, out, ms } = await ops.bash({ command, timeoutMs: patienceMs })
      same('result', { code, out }, { code: 0, out: 'done\n' })
      holds(`it took ${ms} ms`, ms < patienceMs)
    },
  },
  {
    name: 'abort/before-start',
    about: 'a command whose signal is aborted already is 130, and nothing of it runs',
    needs: ['bash'],
    async run({ ops, at }) {
      const signal = AbortSignal.abort()
      const result = await ops.bash({ command: `echo x > ${at('ran')}`, signal })
      endedWith('of an aborted command', result, 130, CANCELLED)
      await sleep(300)
      const { out } = await ops.bash({ command: `ls ${at('ran')} 2>/dev/null; echo end` })
      same('what it left', out, 'end\n')
    },
  },
  {
    name: 'abort/while-running',
    about: 'a command that is aborted ends: 130, with all that it started',
    needs: ['bash'],
    run: async (ground) =>
      endsAll(ground, async (command) => {
        const result = await abortedWhileRunning(ground, command)
        endedWith('of an aborted command', result, 130, CANCELLED)
        holds(`it took ${result.ms} ms`, result.ms < ground.patienceMs)
        return result
      }),
  },
  {
    name: 'error/names-the-ending',
    about: 'error says who ended a command: TIMEOUT, CANCELLED',
    needs: ['bash'],
    async run({ ops }) {
      const late = await ops.bash({ command: FOREVER, timeoutMs: 300 })
      const gone = await ops.bash({ command: FOREVER, signal: AbortSignal.abort() })
      same('error.code', [late.error?.code, gone.error?.code], ['TIMEOUT', 'CANCELLED'])
      holds(`error.message is ${shown(late.error?.message)}`, late.error?.message !== '')
    },
  },
]
