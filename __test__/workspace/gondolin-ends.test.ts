import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Runtime, RuntimeProvider } from 'runlet'
import { root as packageRoot } from '../package/repository'
import { allGone, processesOf } from '../tool/attack/arena'
import { until } from '../tool/support'
import { gondolinOn, heard, isStop, isSweep, LocalPackage, scopeOf } from './gondolin-support'

interface Guest {
  readonly made: LocalPackage
  readonly provider: RuntimeProvider
  readonly runtime: Runtime
  readonly root: string
  bash(command: string, more?: object): Promise<{ code: number; out: string; err: string }>
}

/** Lets a test use a machine whose commands are processes here, and sees to it that none is left. */
async function inGuest(work: (guest: Guest) => Promise<void>): Promise<void> {
  const made = new LocalPackage()
  const provider = gondolinOn(made.computer(), { env: { NOT: 'here' }, idleMs: false })
  const scope = scopeOf()
  const { root } = scope
  const runtime = provider.get(scope)
  const bash: Guest['bash'] = async (command, more) => {
    const result = await runtime.bash?.({ command, ...more })
    if (result === undefined) throw new Error('no shell')
    return result
  }
  try {
    await work({ made, provider, runtime, root, bash })
    await allGone(() => processesOf(root))
  } finally {
    await provider.close?.()
    for (const pid of processesOf(root)) process.kill(pid, 'SIGKILL')
  }
}

const onLinux = process.platform === 'linux' ? describe : describe.skip

onLinux('a command in a guest', () => {
  it('is what the shell would make of it', async () => {
    await inGuest(async ({ bash }) => {
      const shows = 'echo "$0 $# $LINENO"; readlink /proc/$$/fd/0; echo bad >&2; exit 5'
      const { code, out, err } = await bash(shows)
      expect([code, out, err]).toEqual([
        5,
        expect.stringMatching(/^\S+ 0 \d\n\/dev\/null\n$/),
        'bad\n',
      ])
      expect((await bash('kill -TERM $$')).code).toBe(143)
      expect((await bash('exit 124')).code).toBe(124)
      expect((await bash('echo \'a b\'  "c\nd" # e')).out).toBe('a b c\nd\n')
      const session = await bash(
        'read -r a b c d e f rest < /proc/$$/stat; [ $$ = "$f" ] && echo own',
      )
      expect(session.out).toBe('own\n')
      expect((await bash('no-such-program')).code).toBe(127)
    })
  })

  it('may be as long as a mebibyte', async () => {
    await inGuest(async ({ bash }) => {
      const text = `: ${'é'.repeat(400_000)}\necho "$# $(printf 'a b' | wc -w) end"`
      expect((await bash(text)).out).toMatch(/^0 +2 end\n$/)
      const fields = await bash(`: ${'x'.repeat(200_000)}\nv='a b'; set -- $v; echo $#`)
      expect(fields.out).toBe('2\n')
    })
  })

  it.each([
    ['in the background', 'sleep 77 &'],
    ['that holds its output', '(sleep 77; echo x) &'],
    ['with nohup', 'nohup sleep 77 >/dev/null 2>&1 &'],
    ['in a session of its own', 'setsid sleep 77 &'],
    ['by a double fork', '(setsid nohup sh -c "sleep 77 & sleep 77" >/dev/null 2>&1 &) &'],
    ['deaf to signals', 'bash -c "trap \'\' TERM HUP INT; sleep 77" &'],
  ])('leaves nothing behind when it ends: %s', async (_, script) => {
    await inGuest(async ({ bash, root, made }) => {
      expect((await bash(`${script}\nsleep 0.1; exit 3`)).code).toBe(3)
      await allGone(() => processesOf(root))
      expect(made.sweeps).toBe(0)
    })
  })

  it.each(['timeout', 'abort'])('is ended with all it started, and no other: %s', async (how) => {
    await inGuest(async ({ bash, root, made, provider }) => {
      const controller = new AbortController()
      const more = how === 'abort' ? { signal: controller.signal } : { timeoutMs: 5_000 }
      const others = 'setsid sleep 77 & nohup setsid sleep 77 & env -i /bin/sleep 77 &'
      const script = `echo begun; sleep 77 & ${others} sleep 77`
      const { events, runtimeEvents } = heard()
      const running = bash(script, { ...more, runtimeEvents })
      await until('processes', () => processesOf(root).length >= 6)
      controller.abort()
      const { code, out } = await running
      expect([code, out]).toEqual([how === 'abort' ? 130 : 124, 'begun\n'])
      expect(processesOf(root)).toEqual([])
      expect([made.sweeps, made.closed, made.created.length]).toEqual([1, 0, 1])
      expect((await bash('echo there')).out).toBe('there\n')
      expect(events.map(({ kind }) => kind)).toEqual(['starting', 'start'])
      expect(await provider.status?.()).toMatchObject([{ state: 'running' }])
    })
  })

  it('that goes on beside another one is left alone', async () => {
    await inGuest(async ({ bash, made, root }) => {
      const other = bash('until [ -e go ]; do sleep 0.1; done; echo whole')
      expect((await bash('sleep 77', { timeoutMs: 300 })).code).toBe(124)
      expect(made.sweeps).toBe(0)
      writeFileSync(join(root, 'go'), '')
      expect((await other).out).toBe('whole\n')
      expect(made.sweeps).toBe(1)
    })
  })

  it('that was stopped before it began never begins', async () => {
    await inGuest(async ({ bash, root, made }) => {
      let begin = () => {}
      const held = new Promise<void>((resolve) => {
        begin = resolve
      })
      made.before = async (command) => {
        // Handed over, but not begun before the order to end it has come.
        if (Array.isArray(command) && command.at(-1)?.includes('touch ran')) await held
        if (isStop(command)) setTimeout(begin, 1_000)
        return undefined
      }
      const { code } = await bash('touch ran; sleep 77', { timeoutMs: 50 })
      expect([code, existsSync(join(root, 'ran')), made.closed]).toEqual([124, false, 0])
    })
  })

  it('leaves no note behind', async () => {
    await inGuest(async ({ bash, made }) => {
      await bash('true')
      await bash('sleep 77', { timeoutMs: 200 })
      expect(readdirSync(join(made.folder, 'notes'))).toEqual([])
    })
  })

  it.each([
    ['the order to end it fails', isStop],
    ['something is left', isSweep],
  ])('costs its machine only where %s', async (_, which) => {
    await inGuest(async ({ bash, root, made }) => {
      made.before = async (command) => (which(command) ? { exitCode: 1 } : undefined)
      const { kinds, runtimeEvents } = heard()
      const { code } = await bash('sleep 77', { timeoutMs: 200, runtimeEvents })
      expect([code, made.closed]).toEqual([124, 1])
      expect(kinds()).toEqual(['starting', 'start', 'exec_failed', 'stop'])
      made.before = async () => undefined
      expect((await bash('echo again')).out).toBe('again\n')
      expect(made.created.length).toBe(2)
      // Processes of a machine end with it; here they are this computer's.
      for (const pid of processesOf(root)) process.kill(pid, 'SIGKILL')
    })
  })

  it('costs its machine where the order to end it hangs, and others there are lost', async () => {
    await inGuest(async ({ bash, root, made }) => {
      made.before = async (command) => (isStop(command) ? new Promise(() => {}) : undefined)
      const other = bash('sleep 88')
      const { code } = await bash('sleep 77', { timeoutMs: 200 })
      expect([code, made.closed]).toEqual([124, 1])
      expect(await other).toMatchObject({ code: 137, error: { code: 'WORKER_LOST' } })
      for (const pid of processesOf(root)) process.kill(pid, 'SIGKILL')
    })
  })

  it('is ended when it prints without end', async () => {
    await inGuest(async ({ bash, made }) => {
      const result = await bash('yes')
      expect(result).toMatchObject({ code: 125, truncated: true })
      expect(result.out.startsWith('y\ny\n')).toBe(true)
      expect(made.closed).toBe(0)
    })
  })
})

onLinux('the script that ends everything', () => {
  it('does nothing on a computer that is no guest', () => {
    const { SWEEP } = require(join(packageRoot, 'dist/workspace/gondolin/scripts.js'))
    const guard = SWEEP.indexOf('esac') + 'esac'.length
    expect(SWEEP.slice(0, guard)).not.toContain('kill')
    // Only that much of it: if it were wrong, the rest would end whoever runs this.
    const script = `${SWEEP.slice(0, guard)}\necho goes on`
    const { stdout } = spawnSync('/bin/sh', ['-c', script, 'sh', ''], { encoding: 'utf8' })
    expect(stdout).toBe('elsewhere\n')
  })
})

describe('files of a guest', () => {
  it('are the files of the host, by their paths in the guest as well', async () => {
    await inGuest(async ({ bash, runtime, made }) => {
      await runtime.write?.({ path: '/workspace/notes/a.txt', content: 'alpha\nbeta\nalpha' })
      expect(await runtime.read?.({ path: 'notes/a.txt', offset: 2, limit: 1 })).toMatchObject({
        text: 'beta',
        path: 'notes/a.txt',
        lines: 3,
      })
      const { hits } = (await runtime.grep?.({ query: 'alpha', path: '/workspace' })) ?? {}
      expect(hits?.map(({ path, line }) => [path, line])).toEqual([
        ['notes/a.txt', 1],
        ['notes/a.txt', 3],
      ])
      expect(await runtime.find?.({ pattern: '**/*.txt' })).toEqual({ paths: ['notes/a.txt'] })
      const edited = { path: '/workspace//notes/a.txt', oldText: 'beta', newText: '$&' }
      expect((await runtime.edit?.(edited))?.replacements).toBe(1)
      expect(await runtime.ls?.({ path: '/workspace/notes/' })).toEqual({
        entries: [{ name: 'a.txt', path: 'notes/a.txt', type: 'file', size: 14 }],
      })
      expect(made.created).toEqual([])
      expect((await bash('cat notes/a.txt')).out).toBe('alpha\n$&\nalpha')
    })
  })

  it.each(['../x', '/workspace/../../x', '/workspace/../x', '/../x'])(
    'are none outside: %s',
    async (path) => {
      await inGuest(async ({ runtime, made }) => {
        const read = runtime.read?.({ path })
        await expect(read).rejects.toMatchObject({
          code: 'PERMISSION_DENIED',
          message: expect.stringMatching(/^path escapes runtime root: /),
        })
        expect(made.created).toEqual([])
      })
    },
  )

  it('keep to the limits', async () => {
    const made = new LocalPackage()
    const provider = gondolinOn(made.computer(), { limits: { maxFileBytes: 3 } })
    const runtime = provider.get(scopeOf())
    const write = runtime.write?.({ path: 'a', content: '1234' })
    await expect(write).rejects.toMatchObject({ message: 'a exceeds limit: 4 > 3' })
    await provider.close?.()
    await expect(runtime.write?.({ path: 'a', content: '' })).rejects.toMatchObject({
      code: 'DISPOSED',
    })
  })
})
