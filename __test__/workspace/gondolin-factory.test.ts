import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { createRuntime, isRuntimeStartupError, type RuntimeStatus } from 'runlet'
import { gondolinRuntime } from 'runlet/gondolin'
import { until } from '../tool/support'
import { Fakes, heard, isSweep, scopeOf, untilAborted } from './gondolin-support'
import { freshFolder, refusal } from './support'

/** Answers the script that ends everything as a guest does where nothing is left. */
const swept = { stdout: 'left 0\n' }

describe('a factory of machines', () => {
  it('gets what a machine is made with, and commands as they are', async () => {
    const fakes = new Fakes()
    const provider = gondolinRuntime({
      factory: fakes.factory,
      env: { FOO: 'bar' },
      sessionLabel: (scope) => `test ${scope.path}`,
      mounts: { '/data': '/srv/data' },
      vmOptions: { memory: '512M' },
      idleMs: false,
    })
    const scope = scopeOf()
    const runtime = provider.get(scope)
    expect(fakes.options).toEqual([])
    expect(await runtime.bash?.({ command: 'echo ok' })).toEqual({
      code: 0,
      out: 'ok\n',
      err: '',
      ms: expect.any(Number),
    })
    expect(fakes.options).toEqual([
      {
        memory: '512M',
        sessionLabel: 'test channel/a',
        env: { FOO: 'bar' },
        httpHooks: expect.any(Object),
        vfs: { mounts: expect.any(Object) },
        sandbox: { console: 'none' },
        startTimeoutMs: 15_000,
      },
    ])
    const [options] = fakes.options
    expect(Object.keys(options?.vfs?.mounts ?? {})).toEqual(['/workspace', '/data'])
    expect(fakes.execs.map(({ command }) => command)).toEqual(['echo ok'])
    expect(fakes.execs[0]?.options.cwd).toBe('/workspace')
    expect(fakes.execs[0]?.options.signal?.aborted).toBe(false)
    await provider.close?.()
    await provider.close?.()
    expect(fakes.closed).toBe(1)
  })

  it('may take output as it comes instead of giving it in the end', async () => {
    const fakes = new Fakes()
    fakes.answer = async (_, { stdout, stderr }) => {
      // A character of four bytes, in two pieces.
      const bytes = Buffer.from('one \u{1f600}\ntw')
      stdout?.write(bytes.subarray(0, 6))
      stdout?.write(bytes.subarray(6))
      stderr?.write('bad\n')
      stdout?.write('o')
      return { exitCode: 3, stdout: 'not this' }
    }
    const provider = gondolinRuntime({ factory: fakes.factory })
    const lines: string[] = []
    const onOutput = ({ stream, text }: { stream: string; text: string }) => {
      lines.push(`${stream} ${text}`)
      throw new Error('not the business of the command')
    }
    const result = await provider.get(scopeOf()).bash?.({ command: '', onOutput })
    expect(result).toMatchObject({ code: 3, out: 'one \u{1f600}\ntwo', err: 'bad\n' })
    expect(lines).toEqual(['stdout one \u{1f600}\n', 'stderr bad\n', 'stdout two'])
    await provider.close?.()
  })

  it('gives a signal as shells do', async () => {
    const fakes = new Fakes()
    fakes.answer = async () => ({ exitCode: 0, signal: 15 })
    const provider = gondolinRuntime({ factory: fakes.factory })
    expect((await provider.get(scopeOf()).bash?.({ command: '' }))?.code).toBe(143)
    await provider.close?.()
  })

  it('makes one machine for each scope, at the first of many commands', async () => {
    const fakes = new Fakes()
    const provider = gondolinRuntime({ factory: fakes.factory })
    const [a, b] = [scopeOf('a'), scopeOf('b')]
    expect(provider.get(a)).toBe(provider.get(a))
    const { kinds, runtimeEvents } = heard()
    const call = () => provider.get(a).bash?.({ command: '', runtimeEvents })
    await Promise.all(Array.from({ length: 10 }, call))
    await provider.get(b).bash?.({ command: '' })
    expect(fakes.options.map(({ sessionLabel }) => sessionLabel)).toEqual(['runlet a', 'runlet b'])
    expect(kinds()).toEqual([...Array(10).fill('starting'), 'start'])
    await provider.close?.()
    expect(fakes.closed).toBe(2)
  })

  it('tells of all seven kinds of events', async () => {
    const fakes = new Fakes()
    let fails = true
    const factory: typeof fakes.factory = async (options) => {
      if (fails) throw new Error('no machine at /srv/secret/place today')
      return fakes.factory(options)
    }
    const provider = gondolinRuntime({ factory, idleMs: 30 })
    const runtime = createRuntime({ root: freshFolder(), provider })
    const { kinds, events, runtimeEvents } = heard()
    const error: unknown = await runtime
      .bash?.({ command: '', runtimeEvents })
      .catch((thrown) => thrown)
    expect(isRuntimeStartupError(error)).toBe(true)
    expect(error).toMatchObject({
      message: 'Gondolin runtime failed to start: no machine at (path) today',
      code: 'runtime_startup_failed',
      details: { reason: 'start_failed' },
    })
    expect(events[1]?.message).not.toContain('secret')
    fails = false
    await runtime.bash?.({ command: '', runtimeEvents })
    await runtime.bash?.({ command: '', runtimeEvents })
    await until('an idle stop', () => fakes.closed === 1)
    const broken = 'cannot hand it over'
    fakes.answer = async (command) => {
      if (command === 'x') throw new Error(broken)
      return { stdout: 'here\n' }
    }
    await runtime.bash?.({ command: 'x', runtimeEvents })
    await runtime.stop()
    await runtime.stop()
    expect(kinds()).toEqual([
      ...['starting', 'start_failed', 'starting', 'start', 'reuse', 'idle_stop'],
      ...['starting', 'start', 'exec_failed', 'stop'],
    ])
    expect(events.map(({ id }) => id).slice(3)).toEqual([
      ...['vm-1', 'vm-1', 'vm-1', undefined],
      ...['vm-2', 'vm-2', 'vm-2'],
    ])
    await runtime.close()
  })

  it('is not stopped while a command runs', async () => {
    const fakes = new Fakes()
    fakes.answer = async () => {
      await sleep(150)
      return {}
    }
    const provider = gondolinRuntime({ factory: fakes.factory, idleMs: 20 })
    const running = provider.get(scopeOf()).bash?.({ command: '' })
    await sleep(100)
    expect(fakes.closed).toBe(0)
    await running
    await until('an idle stop', () => fakes.closed === 1)
    await provider.close?.()
  })

  it('has a state, is started anew, and is unknown before', async () => {
    const fakes = new Fakes()
    const provider = gondolinRuntime({ factory: fakes.factory, network: 'none', idleMs: 0 })
    const scope = scopeOf('channel/x')
    const status = async () => (await provider.status?.(scope)) as RuntimeStatus[]
    expect(await status()).toEqual([])
    for (const work of [() => provider.stop?.(scope), () => provider.restart?.(scope)]) {
      const error = await refusal(work)
      expect(error.message).toBe('unknown Gondolin runtime scope: channel/x')
    }
    const runtime = provider.get(scope)
    const { root } = scope
    const stopped = { name: 'gondolin', scope, root, state: 'stopped', idleMs: false }
    expect(await status()).toEqual([stopped])
    await runtime.bash?.({ command: '' })
    expect(await status()).toMatchObject([{ state: 'running', id: 'vm-1' }])
    await provider.restart?.(scope)
    expect(await status()).toMatchObject([{ state: 'running', id: 'vm-2' }])
    await provider.cleanup?.()
    expect(await status()).toMatchObject([{ state: 'stopped' }])
    expect(fakes.closed).toBe(2)
    await provider.close?.()
    expect((await refusal(() => provider.get(scope))).code).toBe('DISPOSED')
  })
})

describe('a command of a machine of somebody else', () => {
  it.each([
    ['its time is over', { timeoutMs: 50 }, 124, 'Command timed out', 'TIMEOUT'],
    ['it is aborted', { abort: true }, 130, 'Command cancelled', 'CANCELLED'],
  ])('is given up when %s, and the machine stays', async (_, how, code, text, error) => {
    const fakes = new Fakes()
    fakes.answer = async (command, options) => (isSweep(command) ? swept : untilAborted(options))
    const provider = gondolinRuntime({ factory: fakes.factory })
    const runtime = provider.get(scopeOf())
    const { kinds, runtimeEvents } = heard()
    const controller = new AbortController()
    const { timeoutMs, abort } = { timeoutMs: 10_000, abort: false, ...how }
    const { signal } = controller
    const running = runtime.bash?.({ command: 'sleep 600', timeoutMs, signal, runtimeEvents })
    await until('a command', () => fakes.texts.length === 1)
    if (abort) controller.abort()
    const result = await running
    expect(result).toMatchObject({ code, err: text, error: { code: error } })
    expect(fakes.execs.filter(({ command }) => isSweep(command)).length).toBe(1)
    fakes.answer = async () => ({})
    expect((await runtime.bash?.({ command: '', runtimeEvents }))?.code).toBe(0)
    expect([kinds(), fakes.closed]).toEqual([['starting', 'start', 'reuse'], 0])
    await provider.close?.()
  })

  it('costs the machine where it cannot be ended', async () => {
    const fakes = new Fakes()
    // As of a computer that is no guest: nothing is ended there.
    fakes.answer = async (command, options) =>
      isSweep(command) ? { stdout: 'elsewhere\n' } : untilAborted(options)
    const provider = gondolinRuntime({ factory: fakes.factory })
    const { kinds, events, runtimeEvents } = heard()
    const call = { command: 'sleep 600', timeoutMs: 50, runtimeEvents }
    expect((await provider.get(scopeOf()).bash?.(call))?.code).toBe(124)
    expect([kinds(), fakes.closed]).toEqual([['starting', 'start', 'exec_failed', 'stop'], 1])
    expect(events[2]?.message).toBe('a command could not be ended')
    await provider.close?.()
  })

  it('is swept away only when no other one runs', async () => {
    const fakes = new Fakes()
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    fakes.answer = async (command, options) => {
      if (isSweep(command)) return swept
      if (command === 'other') await held
      return command === 'other' ? { stdout: 'whole' } : untilAborted(options)
    }
    const provider = gondolinRuntime({ factory: fakes.factory })
    const runtime = provider.get(scopeOf())
    const sweeps = () => fakes.execs.filter(({ command }) => isSweep(command)).length
    const other = runtime.bash?.({ command: 'other' })
    const late = await runtime.bash?.({ command: 'late', timeoutMs: 50 })
    expect([late?.code, sweeps()]).toEqual([124, 0])
    letGo()
    expect((await other)?.out).toBe('whole')
    expect([sweeps(), fakes.closed]).toEqual([1, 0])
    await provider.close?.()
  })

  it('waits for a sweep, which would take it for what was left behind', async () => {
    const fakes = new Fakes()
    const order: string[] = []
    fakes.answer = async (command, options) => {
      if (command === 'late') return untilAborted(options)
      order.push(isSweep(command) ? 'sweep' : 'command')
      if (!isSweep(command)) return {}
      await sleep(100)
      order.push('swept')
      return swept
    }
    const provider = gondolinRuntime({ factory: fakes.factory })
    const runtime = provider.get(scopeOf())
    const late = runtime.bash?.({ command: 'late', timeoutMs: 20 })
    await until('a sweep', () => order.length === 1)
    await Promise.all([runtime.bash?.({ command: 'next' }), late])
    expect(order).toEqual(['sweep', 'swept', 'command'])
    expect(fakes.closed).toBe(0)
    await provider.close?.()
  })

  it('never runs where it was aborted before, and a start goes on without it', async () => {
    const fakes = new Fakes()
    let start = () => {}
    const begun = new Promise<void>((resolve) => {
      start = resolve
    })
    const provider = gondolinRuntime({
      factory: async (options) => {
        await begun
        return fakes.factory(options)
      },
    })
    const runtime = provider.get(scopeOf())
    const early = await runtime.bash?.({ command: 'x', signal: AbortSignal.abort() })
    expect(early).toEqual({
      code: 130,
      out: '',
      err: 'Command cancelled',
      ms: 0,
      error: { code: 'CANCELLED', message: 'Command cancelled' },
    })
    expect(await provider.status?.()).toMatchObject([{ state: 'stopped' }])
    const controller = new AbortController()
    const waiting = runtime.bash?.({ command: 'x', signal: controller.signal })
    controller.abort()
    expect((await waiting)?.code).toBe(130)
    const next = runtime.bash?.({ command: 'y' })
    start()
    expect((await next)?.code).toBe(0)
    expect([fakes.texts, fakes.options.length]).toEqual([['y'], 1])
    await provider.close?.()
  })

  it('that is not taken costs no machine', async () => {
    const fakes = new Fakes()
    fakes.answer = async (command) => {
      if (command === 'x') throw new Error('queue full at /var/run/x.sock')
      return { stdout: 'here\n' }
    }
    const provider = gondolinRuntime({ factory: fakes.factory })
    const runtime = provider.get(scopeOf())
    const { kinds, runtimeEvents } = heard()
    expect(await runtime.bash?.({ command: 'x', runtimeEvents })).toMatchObject({
      code: 127,
      err: 'the command was not taken by the virtual machine: queue full at (path)',
      error: { code: 'RUNTIME_NOT_FOUND', details: { reason: 'exec_failed' } },
    })
    expect([kinds(), fakes.closed]).toEqual([['starting', 'start', 'exec_failed'], 0])
    await provider.close?.()
  })

  it('is lost with a machine that ends, and the next one gets another', async () => {
    const fakes = new Fakes()
    fakes.answer = async () => {
      throw new Error('connection closed')
    }
    const provider = gondolinRuntime({ factory: fakes.factory })
    const runtime = provider.get(scopeOf())
    const { kinds, runtimeEvents } = heard()
    expect(await runtime.bash?.({ command: 'x', runtimeEvents })).toMatchObject({
      code: 137,
      err: 'the virtual machine ended',
      error: { code: 'WORKER_LOST' },
    })
    fakes.answer = async () => ({ stdout: 'again' })
    expect((await runtime.bash?.({ command: 'x', runtimeEvents }))?.out).toBe('again')
    expect(kinds()).toEqual(['starting', 'start', 'exec_failed', 'stop', 'starting', 'start'])
    await provider.close?.()
  })

  it('is cancelled when its machine is stopped', async () => {
    const fakes = new Fakes()
    fakes.answer = () => new Promise(() => {})
    const provider = gondolinRuntime({ factory: fakes.factory })
    const scope = scopeOf()
    const running = provider.get(scope).bash?.({ command: 'x' })
    await until('a command', () => fakes.texts.length === 1)
    await provider.stop?.(scope)
    expect(await running).toMatchObject({ code: 130, error: { code: 'CANCELLED' } })
    await provider.close?.()
  })

  it('is ended when it prints too much, and a long text is in a file', async () => {
    const fakes = new Fakes()
    const piece = Buffer.alloc(1024 * 1024, 'x')
    let pieces = 0
    fakes.answer = async (command, { stdout, stderr, signal }) => {
      if (isSweep(command)) return swept
      if (command === 'long') {
        stdout?.write(`begin\n${'-'.repeat(300_000)}\nend\n`)
        return {}
      }
      while (signal?.aborted === false && pieces < 1_000) {
        pieces++
        ;(pieces % 2 === 0 ? stdout : stderr)?.write(piece)
        await sleep(0)
      }
      return { exitCode: 9 }
    }
    const provider = gondolinRuntime({ factory: fakes.factory })
    const runtime = provider.get(scopeOf())
    const long = await runtime.bash?.({ command: 'long' })
    expect([long?.code, long?.truncated, long?.spool?.bytes]).toEqual([0, true, 300_011])
    expect(long?.out).toMatch(/^begin\n-+\n\.\.\.\[truncated\]\n-+\nend\n$/)
    expect(Buffer.byteLength(long?.out ?? '')).toBeLessThan(66_000)
    const whole = await runtime.read?.({ path: long?.spool?.path ?? '' })
    expect(whole?.text).toBe(`begin\n${'-'.repeat(300_000)}\nend\n`)
    const flood = await runtime.bash?.({ command: 'flood' })
    expect(flood).toMatchObject({ code: 125, truncated: true, error: { code: 'OUTPUT_LIMIT' } })
    expect(flood?.err).toMatch(/\nCommand output exceeded 268435456 characters$/)
    // Of each stream the first two and the last six MiB are kept.
    expect([flood?.spool?.bytes, pieces < 300]).toEqual([16 * 1024 * 1024, true])
    expect(fakes.closed).toBe(0)
    await provider.close?.()
  })

  it('may print byte by byte, and of much the beginning and the end are kept', async () => {
    const fakes = new Fakes()
    const numbers = Array.from({ length: 1_500_000 }, (_, index) => `${index}\n`).join('')
    fakes.answer = async (_, { stdout }) => {
      const bytes = Buffer.from(numbers)
      for (let at = 0; at < 100_000; at++) stdout?.write(bytes.subarray(at, at + 1))
      for (let at = 100_000; at < bytes.length; at += 70_001) {
        stdout?.write(bytes.subarray(at, at + 70_001))
      }
      return {}
    }
    const provider = gondolinRuntime({ factory: fakes.factory })
    const runtime = provider.get(scopeOf())
    const { out = '', spool } = (await runtime.bash?.({ command: '' })) ?? {}
    const [head = '', tail = ''] = out.split('...[truncated]\n')
    expect(numbers.startsWith(head.trimEnd()) && numbers.endsWith(tail)).toBe(true)
    expect([head.length > 16_000, tail.length > 48_000]).toEqual([true, true])
    const MIB = 1024 * 1024
    expect([numbers.length > 9 * MIB, spool?.bytes]).toEqual([true, 8 * MIB])
    const path = spool?.path ?? ''
    // No more than one reading gives.
    const last = (await runtime.read?.({ path, offset: 1_050_000 }))?.text ?? ''
    expect(numbers.trimEnd().endsWith(last.trimEnd())).toBe(true)
    expect(last.length).toBeGreaterThan(100_000)
    await provider.close?.()
  })

  it('must be a text, with options that fit', async () => {
    const fakes = new Fakes()
    const runtime = gondolinRuntime({ factory: fakes.factory }).get(scopeOf())
    for (const input of [{ command: 7 }, { command: 'a\0' }, { command: '', timeoutMs: -1 }]) {
      const error = await refusal(() => runtime.bash?.(input as never))
      expect(error.code).toBe('INVALID_ARGUMENT')
    }
    expect(fakes.options).toEqual([])
  })
})
