import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { plain } from '../spawn/support'
import { allGone, processesOf } from '../tool/attack/arena'
import { until } from '../tool/support'
import { freshFolder, inWorkspace } from './support'

/** Ways to leave something behind. */
const SLEEPERS = [
  ['in the background', 'sleep 77 &'],
  ['in a subshell', '(sleep 77 &)'],
  ['with nohup', 'nohup sleep 77 >/dev/null 2>&1 &'],
  ['in a session of its own', 'setsid sleep 77 >/dev/null 2>&1 &'],
  ['by a double fork', '(setsid nohup sh -c "sleep 77 & sleep 77" >/dev/null 2>&1 &) &'],
  ['without its variables', 'env -i setsid /bin/sleep 77 &'],
  ['disowned', 'sleep 77 & disown -a'],
  ['deaf to signals', 'bash -c "trap \'\' TERM HUP INT; sleep 77" &'],
] as const

const ALL = SLEEPERS.map(([, script]) => script).join('\n')

describe('a command on the host', () => {
  it('leaves processes behind the plain way', async () => {
    const folder = freshFolder()
    let left = 0
    await plain('bash', ['-c', `${ALL}\nsleep 0.3`], folder, {
      atEnd: () => {
        const pids = processesOf(folder)
        left = pids.length
        for (const pid of pids) process.kill(pid, 'SIGKILL')
      },
    })
    expect(left).toBeGreaterThan(5)
    await allGone(() => processesOf(folder))
  })

  it.each(SLEEPERS)('leaves nothing behind when it ends: %s', async (_, script) => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, root }) => {
      const { code, leftover } = await runtime.bash({ command: `${script}\nsleep 0.1; exit 3` })
      expect([code, leftover]).toEqual([3, undefined])
      await allGone(() => processesOf(root))
    })
  })

  it.each(['host-bash', 'confined'])(
    'takes all of them along when its time is over: %s',
    async (kind) => {
      const sandbox = kind === 'confined' ? 'auto' : 'off'
      await inWorkspace({ name: 'host-bash', sandbox }, async ({ runtime, root }) => {
        const pending = runtime.bash({ command: `${ALL}\nsleep 77`, timeoutMs: 5_000 })
        await until('processes', () => processesOf(root).length >= 5)
        expect((await pending).code).toBe(124)
        await allGone(() => processesOf(root))
      })
    },
  )

  it('takes all of them along when it is aborted', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, root }) => {
      const abort = new AbortController()
      const pending = runtime.bash({ command: `${ALL}\nsleep 77`, signal: abort.signal })
      await until('processes', () => processesOf(root).length >= 5)
      abort.abort()
      expect((await pending).code).toBe(130)
      await allGone(() => processesOf(root))
    })
  })

  it('does not wait for what holds its output open', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const { code, out, ms } = await runtime.bash({ command: 'sleep 77 & echo done' })
      expect([code, out]).toEqual([0, 'done\n'])
      expect(ms).toBeLessThan(15_000)
    })
  })

  it('finishes what it was writing before the end', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, root }) => {
      await runtime.bash({ command: '(sleep 0.2; echo late > late.txt) & wait; touch done' })
      expect(existsSync(join(root, 'late.txt'))).toBe(true)
      expect(existsSync(join(root, 'done'))).toBe(true)
    })
  })
})
