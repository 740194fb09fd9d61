import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { allGone, processesOf } from '../../tool/attack/arena'
import { until } from '../../tool/support'
import { freshFolder, inWorkspace } from '../support'

/** Ways to outlive the shell: in its group, out of it, twice removed, without a trace of it. */
const SLEEPERS = `
sleep 77 &
(setsid sleep 77 >/dev/null 2>&1 &)
(setsid sh -c 'setsid sleep 77 & exec sleep 77' >/dev/null 2>&1 &)
nohup sleep 77 >/dev/null 2>&1 &
env -i setsid /bin/sleep 77 >/dev/null 2>&1 &
bash -c 'trap "" TERM HUP INT QUIT; sleep 77' &
set -m; sleep 77 & disown -a
`

/** A script that gives a program a limit of its own, which is not the whole tree's. */
const TIMED =
  'timeout 0.2 sleep 77; echo $?; timeout -s KILL 0.2 sleep 77; echo $?; kill 0; echo on'

const RUNTIMES = {
  'host-bash': { name: 'host-bash' },
  'host-bash, confined': { name: 'host-bash', sandbox: 'auto' },
  'guarded-bash': { name: 'guarded-bash', guard: { onApproval: () => true } },
} as const

describe('a process that means to stay', () => {
  it('stays where only the shell is ended', async () => {
    const folder = freshFolder()
    const child = spawn('bash', ['-c', `${SLEEPERS}\nsleep 77`], { cwd: folder, stdio: 'ignore' })
    await until('processes', () => processesOf(folder).length >= 9)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const left = processesOf(folder)
    for (const pid of left) process.kill(pid, 'SIGKILL')
    console.log(`${left.length} processes left by child.kill(), 0 by runlet`)
    expect(left.length).toBeGreaterThan(5)
    await allGone(() => processesOf(folder))
  })

  it.each(Object.entries(RUNTIMES))(
    'goes with its command: %s',
    async (_, options) => {
      for (const how of ['end', 'timeout', 'abort', 'flood', 'stop', 'close'] as const) {
        await inWorkspace({ ...options, onOutputLimit: 'kill' }, async ({ runtime, root }) => {
          const abort = new AbortController()
          const last = { end: 'sleep 0.5', flood: 'sleep 0.5; yes' }[how as string] ?? 'sleep 77'
          const pending = runtime.bash({
            command: `${SLEEPERS}\n${last}`,
            signal: abort.signal,
            ...(how === 'timeout' && { timeoutMs: 600 }),
          })
          if (['abort', 'stop', 'close'].includes(how)) {
            await until('processes', () => processesOf(root).length >= 5)
          }
          if (how === 'abort') abort.abort()
          if (how === 'stop') await runtime.stop()
          if (how === 'close') await runtime.close()
          const { code, leftover } = await pending
          const codes = { end: 0, timeout: 124, abort: 130, flood: 125, stop: 130, close: 130 }
          expect([how, code, leftover]).toEqual([how, codes[how], undefined])
          await allGone(() => processesOf(root))
        })
      }
    },
    30_000,
  )

  it.each(Object.entries(RUNTIMES))('is ended alone by a limit of the script: %s', async (_, o) => {
    await inWorkspace(o, async ({ runtime }) => {
      const { code, out } = await runtime.bash({ command: TIMED })
      expect([code, out]).toEqual([0, '124\n137\non\n'])
    })
  })
})
