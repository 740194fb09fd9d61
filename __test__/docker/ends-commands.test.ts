import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import type { DockerRunner } from 'runlet/docker'
import {
  CLIENT,
  describeEngine,
  eventually,
  IMAGE,
  inContainer,
  PATIENCE_MS,
  type Place,
  plain,
  runningIn,
} from './support'

/** In the group, of their own session, twice forked, without anything to know them by. */
const SLEEPERS = [
  'sleep 1001 &',
  'setsid sleep 1002 &',
  '(setsid nohup sleep 1003 >/dev/null 2>&1 &);',
  'env -i setsid sleep 1004 &',
  '(sleep 1005 &);',
].join(' ')

const sleepers = async (place: Place) =>
  (await runningIn(place)).filter((line) => /sleep 100\d/.test(line))

describeEngine('a command that is ended', () => {
  it(
    'leaves nothing behind, and its container stays',
    async () => {
      await inContainer({}, async (place) => {
        await place.bash('echo kept > /tmp/kept')
        const id = await place.name()
        const started = await containerId(place)
        const late = await place.bash(`${SLEEPERS} sleep 1000`, { timeoutMs: 700 })
        expect([late.code, late.error?.code, late.leftover]).toEqual([124, 'TIMEOUT', undefined])
        expect(late.err).toMatch(/Command timed out$/)
        expect(await sleepers(place)).toEqual([])
        const signal = AbortSignal.timeout(700)
        const aborted = await place.bash(`trap '' TERM INT; ${SLEEPERS} sleep 1000`, { signal })
        expect([aborted.code, aborted.error?.code]).toEqual([130, 'CANCELLED'])
        expect(await sleepers(place)).toEqual([])
        expect((await place.bash('cat /tmp/kept')).out).toBe('kept\n')
        expect([await place.name(), await containerId(place)]).toEqual([id, started])
        expect(place.events.filter(({ kind }) => kind === 'start')).toHaveLength(1)
      })
    },
    PATIENCE_MS,
  )

  it(
    'beside the plain client: ending that leaves all of it, and zombies',
    async () => {
      const name = `runlet-test-plain-${process.pid}`
      plain('rm', '-f', name)
      plain(
        'run',
        '-d',
        '--pull',
        'never',
        '--name',
        name,
        '--network',
        'none',
        IMAGE,
        'sleep',
        '600',
      )
      try {
        const args = ['exec', '-i', name, 'bash', '-c', `${SLEEPERS} sleep 1000`]
        const client = spawn(CLIENT, args, { stdio: 'ignore' })
        const there = () => plain('exec', name, 'ps').out.match(/sleep 100\d/g) ?? []
        await eventually('sleepers', async () => there().length >= 4)
        client.kill('SIGKILL')
        await sleep(500)
        expect(there().length).toBeGreaterThanOrEqual(4)
        // The first process never takes leave of what it did not start.
        plain('exec', name, 'sh', '-c', '(sleep 0.1 &) ; (sleep 0.1 &)')
        const count = 'cat /proc/[0-9]*/stat | grep -c ") Z "'
        const zombies = () => Number(plain('exec', name, 'sh', '-c', count).out)
        await eventually('zombies', async () => zombies() >= 2)
      } finally {
        plain('rm', '-f', name)
      }
    },
    PATIENCE_MS,
  )

  it(
    'by what it prints, keeps its container, too',
    async () => {
      await inContainer({ onOutputLimit: 'kill' }, async (place) => {
        const { code, error, err, out } = await place.bash('yes')
        expect([code, error?.code]).toEqual([125, 'OUTPUT_LIMIT'])
        expect(err).toMatch(/Command output exceeded 262144 characters$/)
        expect(out.length).toBeLessThan(66_000)
        expect(await runningIn(place)).not.toContain('yes ')
      })
    },
    PATIENCE_MS,
  )

  it(
    'also while others run beside it, which go on',
    async () => {
      await inContainer({}, async (place) => {
        const other = place.bash('sleep 6; echo done', { chat: 'other' })
        const late = await place.bash('sleep 1001 & sleep 1000', { timeoutMs: 700 })
        expect(late.code).toBe(124)
        // Not only once everything is over.
        expect(await sleepers(place)).toEqual([])
        expect(await other).toMatchObject({ code: 0, out: 'done\n' })
        expect(await sleepers(place)).toEqual([])
      })
    },
    PATIENCE_MS,
  )

  it(
    'by a runner of somebody else, too',
    async () => {
      const runner: DockerRunner = (command, args, { timeoutMs, signal, input }) =>
        new Promise((resolve) => {
          const began = performance.now()
          const child = spawn(command, args, { timeout: timeoutMs, killSignal: 'SIGKILL' })
          const [out, err]: [Buffer[], Buffer[]] = [[], []]
          child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
          child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
          signal?.addEventListener('abort', () => child.kill('SIGKILL'))
          child.stdin.end(input ?? '')
          child.on('close', (code) => {
            const ended = signal?.aborted ? 130 : 124
            const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString()
            const ms = performance.now() - began
            resolve({ code: code ?? ended, out: text(out), err: text(err), ms })
          })
        })
      for (const init of [true, false]) {
        await inContainer({ runner, init }, async (place) => {
          await place.bash('echo kept > /tmp/kept')
          const started = await containerId(place)
          const late = await place.bash(`${SLEEPERS} sleep 1000`, { timeoutMs: 1_500 })
          expect([late.code, late.error?.code]).toEqual([124, 'TIMEOUT'])
          expect(await sleepers(place)).toEqual([])
          expect((await place.bash('cat /tmp/kept')).out).toBe('kept\n')
          expect(await containerId(place)).toBe(started)
        })
      }
    },
    PATIENCE_MS,
  )

  it(
    'takes none of another chat with it, also one that begins meanwhile',
    async () => {
      await inContainer({}, async ({ runtime }) => {
        const bash = (command: string, chat: string) => runtime.bash?.({ command, chat })
        await bash('true', 'first')
        let isOver = false
        const codes = new Set<number | undefined>()
        const other = (async () => {
          for (let at = 0; !isOver; at++) {
            codes.add((await bash('sleep 0.1; exit 7', 'other'))?.code)
            // So that it begins at any time of what the first one does.
            await sleep((at * 37) % 200)
          }
        })()
        // Each of them ends all that it may have left, if nobody else is at work then.
        for (let at = 0; at < 40; at++) await bash('sleep 9 & true', 'litters')
        isOver = true
        await other
        expect([...codes]).toEqual([7])
      })
    },
    PATIENCE_MS,
  )

  it('before it began runs nothing', async () => {
    await inContainer({}, async ({ bash, events, provider }) => {
      const signal = AbortSignal.abort()
      expect(await bash('echo x > made', { signal })).toMatchObject({ code: 130, ms: 0 })
      expect([events, await provider.status?.()]).toMatchObject([[], [{ state: 'stopped' }]])
      const soon = new AbortController()
      const starting = bash('echo x > made', { signal: soon.signal })
      soon.abort()
      expect(await starting).toMatchObject({ code: 130, error: { code: 'CANCELLED' } })
      expect((await bash('ls')).out).toBe('')
    })
  })
})

async function containerId(place: Place): Promise<string> {
  return plain('inspect', '-f', '{{.Id}}', await place.name()).out.trim()
}

describeEngine('what a command leaves behind', () => {
  it('ends with it', async () => {
    await inContainer({}, async (place) => {
      const started = performance.now()
      const result = await place.bash(`${SLEEPERS} echo started`)
      expect(result).toMatchObject({ code: 0, out: 'started\n', err: '' })
      expect(result.leftover).toBeUndefined()
      expect(performance.now() - started).toBeLessThan(20_000)
      expect(await sleepers(place)).toEqual([])
    })
  })

  it('goes on where that is asked for, and delays nothing', async () => {
    await inContainer({ background: 'keep' }, async (place) => {
      const { out } = await place.bash('sleep 1001 & setsid sleep 1002 & echo started')
      expect(out).toBe('started\n')
      expect(await sleepers(place)).toHaveLength(2)
      // Bar when a command has to be ended.
      await place.bash('sleep 1000', { timeoutMs: 500 })
      expect(await sleepers(place)).toEqual([])
    })
  })

  it('is no zombie, after 1,000 commands', async () => {
    await inContainer({ pidsLimit: 64 }, async ({ bash }) => {
      const plan = { at: 0 }
      const worker = async (chat: string) => {
        while (plan.at++ < 1_000) {
          const { code } = await bash('(true &)', { chat })
          expect(code).toBe(0)
        }
      }
      await Promise.all(['a', 'b', 'c', 'd'].map(worker))
      const { out } = await bash(
        'set -- /proc/[0-9]*; echo $#; cat /proc/[0-9]*/stat | grep -c ") Z "',
      )
      const [processes, zombies] = out.trim().split('\n').map(Number)
      expect(zombies).toBe(0)
      expect(processes).toBeLessThan(8)
    })
  }, 600_000)
})
