import { describe, expect, it } from '@jest/globals'
import { sandboxedSpawn } from 'runlet'
import { allGone, processesOf } from '../tool/attack/arena'
import { until } from '../tool/support'
import { onGround, plain } from './support'

const MIB = 1024 * 1024

describe('input', () => {
  it.each([
    ['a text', 'grüße'],
    ['bytes', new TextEncoder().encode('grüße')],
    ['a part of a buffer', new TextEncoder().encode('-grüße-').subarray(1, -1)],
    ['a buffer', new TextEncoder().encode('grüße').buffer],
  ])('is read on stdin: %s', async (_kind, input) => {
    const { stdout } = await sandboxedSpawn('cat', [], { input })
    expect(stdout).toBe('grüße')
  })

  it('may be larger than any pipe, and stays as it was when the call was made', async () => {
    const input = new Uint8Array(4 * MIB).fill(97)
    const run = sandboxedSpawn('wc', ['-c'], { input })
    input.fill(0)
    expect((await run).stdout.trim()).toBe(String(4 * MIB))
    const kept = sandboxedSpawn('tr', ['-d', 'a'], { input: input.fill(97) })
    input.fill(98)
    expect((await kept).stdout).toBe('')
  })

  it('need not be read', async () => {
    const input = 'x'.repeat(4 * MIB)
    expect(await sandboxedSpawn('true', [], { input })).toMatchObject({ exitCode: 0, signal: null })
    // Nor does one hold up the other who shares the thread that writes.
    const idle = sandboxedSpawn('sleep', ['600'], { input, limits: { timeoutMs: 2_000 } })
    expect((await sandboxedSpawn('wc', ['-c'], { input })).stdout.trim()).toBe(String(4 * MIB))
    expect((await idle).timedOut).toBe(true)
  })

  it('is at its end at once where there is none', async () => {
    expect(await sandboxedSpawn('cat')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await sandboxedSpawn('cat', [], { input: '' })).toMatchObject({
      exitCode: 0,
      stdout: '',
    })
  })
})

describe('output', () => {
  it('comes while the command runs, in whole lines', async () => {
    const stop = new AbortController()
    const heard: string[] = []
    const script = 'printf "a\\nb"; printf "c\\n"; echo e >&2; while :; do :; done'
    const run = sandboxedSpawn('sh', ['-c', script], {
      signal: stop.signal,
      onOutput: ({ stream, text }) => heard.push(`${stream}:${text}`),
    })
    await until('three lines', () => heard.join('').split('\n').length > 3)
    stop.abort()
    const result = await run
    expect(result.cancelled).toBe(true)
    const of = (name: string) =>
      heard
        .filter((entry) => entry.startsWith(`${name}:`))
        .map((entry) => entry.slice(name.length + 1))
        .join('')
    expect([of('stdout'), of('stderr')]).toEqual(['a\nbc\n', 'e\n'])
    expect([result.stdout, result.stderr]).toEqual(['a\nbc\n', 'e\n'])
  })

  it('has all come when the promise is fulfilled', async () => {
    let heard = ''
    const script = 'i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; printf end'
    const { stdout } = await sandboxedSpawn('sh', ['-c', script], {
      onOutput: ({ text }) => {
        heard += text
      },
    })
    expect(heard).toBe(stdout)
    expect(stdout).toMatch(/\n1999\nend$/)
  })
})

describe('a signal that is aborted', () => {
  it('ends the command with all that it started', async () => {
    await onGround(async ({ inside }) => {
      const stop = new AbortController()
      const run = sandboxedSpawn('sh', ['-c', 'sleep 600 & sleep 600 & wait'], {
        cwd: inside,
        permissions: ['--allow-run=sleep'],
        signal: stop.signal,
      })
      await until('three processes', () => processesOf(inside).length >= 3)
      stop.abort()
      expect(await run).toMatchObject({ cancelled: true, timedOut: false, exitCode: null })
      await allGone(() => processesOf(inside))
    })
  })

  it('starts nothing when it is already', async () => {
    const heard: string[] = []
    const result = await sandboxedSpawn('echo', ['hello'], {
      signal: AbortSignal.abort(),
      onOutput: ({ text }) => heard.push(text),
    })
    expect(result).toMatchObject({ cancelled: true, exitCode: null, signal: null, durationMs: 0 })
    expect(heard).toEqual([])
  })
})

describe('the environment', () => {
  const SECRET = { SPAWN_TEST_TOKEN: 'hidden' }

  it('is all of the host the plain way', async () => {
    const { stdout } = await plain('env', [], process.cwd(), { env: SECRET })
    expect(stdout).toContain('SPAWN_TEST_TOKEN=hidden')
  })

  it('is what was given, and the few that every command gets', async () => {
    process.env.SPAWN_TEST_TOKEN = 'hidden'
    try {
      await onGround(async ({ inside }) => {
        const lines = async (options = {}) =>
          (await sandboxedSpawn('env', [], { cwd: inside, ...options })).stdout.split('\n').sort()
        const usual = ['', `HOME=${inside}`, 'LANG=C.UTF-8', expect.stringMatching(/^PATH=\//)]
        usual.push(`TMPDIR=${inside}`)
        expect(await lines()).toEqual(usual)
        const given = await lines({ env: { LANG: 'C', MINE: 'a b' } })
        expect(given).toEqual(['', usual[1], 'LANG=C', 'MINE=a b', usual[3], usual[4]])
        const inherited = await lines({ permissions: ['--allow-env=SPAWN_TEST_*'] })
        expect(inherited).toContain('SPAWN_TEST_TOKEN=hidden')
        expect(inherited).toHaveLength(usual.length + 1)
      })
    } finally {
      delete process.env.SPAWN_TEST_TOKEN
    }
  })

  it('decides where the command is looked up', async () => {
    await onGround(async ({ inside }) => {
      await plain('sh', ['-c', 'cp /bin/echo mine-alone'], inside)
      const env = { PATH: inside }
      const { stdout } = await sandboxedSpawn('mine-alone', ['found'], { cwd: inside, env })
      expect(stdout).toBe('found\n')
    })
  })
})
