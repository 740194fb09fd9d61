import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import {
  createRuntime,
  isRuntimeStartupError,
  type Runtime,
  type RuntimeEvent,
  type RuntimeProvider,
  type RuntimeScope,
  runtimeWithEvents,
} from 'runlet'
import { root as packageRoot } from '../package/repository'
import { until } from '../tool/support'
import { inWorkspace, refusal } from './support'

interface WarmScope {
  use<T>(handler: unknown, work: (thing: { id: string }) => Promise<T>): Promise<T>
  broken(handler: unknown, thing: object, why: string): Promise<void>
}

interface Warm {
  warmProvider: (terms: {
    name: string
    title: string
    idleMs: number | false
    start: () => Promise<{ id: string }>
    stop: () => Promise<void>
    id: (thing: { id: string }) => string
    runtime: (scope: RuntimeScope, warm: WarmScope) => Runtime
  }) => RuntimeProvider
}

const { warmProvider } = require(join(packageRoot, 'dist/workspace/warm-provider.js')) as Warm

/** A provider whose things are numbers, which breaks when it is told to. */
function numbers(idleMs: number | false = false) {
  const told = { starts: 0, stops: 0, most: 0, active: 0, fails: false }
  const provider = warmProvider({
    name: 'numbers',
    title: 'Numbers',
    idleMs,
    async start() {
      told.starts++
      await sleep(20)
      if (told.fails) throw new Error('no number')
      return { id: `n${told.starts}` }
    },
    async stop() {
      told.stops++
      expect(told.active).toBe(0)
    },
    id: (thing) => thing.id,
    runtime: (scope, warm) => ({
      name: 'numbers',
      root: scope.root,
      bash: ({ command, runtimeEvents }) =>
        warm.use(runtimeEvents, async (thing) => {
          told.active++
          if (command === 'break') await warm.broken(runtimeEvents, thing, 'gone').catch(() => {})
          await sleep(command === 'slow' ? 150 : 5)
          told.active--
          return { code: 0, out: thing.id, err: '', ms: 1 }
        }),
    }),
  })
  return { provider, told }
}

const scope = (path: string): RuntimeScope => ({ key: path, path, root: `/nowhere/${path}` })

describe('what is kept warm', () => {
  it('is started once, at the first of many calls', async () => {
    const { provider, told } = numbers()
    const runtime = provider.get(scope('a'))
    expect(provider.get(scope('a'))).toBe(runtime)
    expect(told.starts).toBe(0)
    const kinds: string[] = []
    const runtimeEvents = ({ kind, message }: RuntimeEvent) => {
      kinds.push(message === undefined ? kind : `${kind}: ${message}`)
    }
    const calls = Array.from({ length: 10 }, () => runtime.bash?.({ command: '', runtimeEvents }))
    expect(await provider.status?.(scope('a'))).toMatchObject([{ state: 'starting' }])
    const results = await Promise.all(calls)
    expect(results.map((result) => result?.out)).toEqual(Array(10).fill('n1'))
    expect([told.starts, kinds]).toEqual([1, [...Array(10).fill('starting'), 'start']])
    await runtime.bash?.({ command: '', runtimeEvents })
    expect(kinds.at(-1)).toBe('reuse')
    await provider.close?.()
  })

  it('tells of all seven kinds, in order, with what they are about', async () => {
    const { provider, told } = numbers(30)
    const events: RuntimeEvent[] = []
    const runtimeEvents = (event: RuntimeEvent) => {
      events.push(event)
    }
    const runtime = createRuntime({ root: '/nowhere/x', provider })
    const bash = (command: string) => runtime.bash?.({ command, runtimeEvents })
    told.fails = true
    const failure: unknown = await bash('')?.catch((error: unknown) => error)
    expect(isRuntimeStartupError(failure)).toBe(true)
    told.fails = false
    await bash('')
    await bash('')
    await until('an idle stop', () => told.stops === 1)
    await bash('')
    await runtime.stop()
    await runtime.stop()
    expect(events.map(({ kind, id }) => (id === undefined ? kind : `${kind} ${id}`))).toEqual([
      'starting',
      'start_failed',
      'starting',
      'start n2',
      'reuse n2',
      'idle_stop n2',
      'starting',
      'start n3',
      'stop n3',
    ])
    expect(events[1]?.message).toBe('numbers runtime failed to start: no number')
    const about = { runtime: 'numbers', root: '/nowhere/x', scope: { path: 'app' } }
    for (const event of events) expect(event).toMatchObject(about)
  })

  it('is given up when a command could not be handed to it', async () => {
    const { provider, told } = numbers()
    const kinds: string[] = []
    const runtimeEvents = ({ kind }: RuntimeEvent) => {
      kinds.push(kind)
    }
    const { bash } = provider.get(scope('a'))
    told.active = -1
    await bash?.({ command: 'break', runtimeEvents })
    expect(kinds).toEqual(['starting', 'start', 'exec_failed', 'stop'])
    await provider.close?.()
  })

  it('is never stopped for being idle while somebody uses it, nor where that is off', async () => {
    const { provider, told } = numbers(30)
    const runtime = provider.get(scope('a'))
    const slow = runtime.bash?.({ command: 'slow' })
    await runtime.bash?.({ command: '' })
    await slow
    expect(told.stops).toBe(0)
    await until('an idle stop', () => told.stops === 1)
    for (const never of [false, 0, -1] as const) {
      const other = numbers(never)
      await other.provider.get(scope('a')).bash?.({ command: '' })
      expect(await other.provider.status?.()).toMatchObject([
        { state: 'running', idleMs: false, id: 'n1' },
      ])
      await sleep(60)
      expect(other.told.stops).toBe(0)
      await other.provider.close?.()
      expect(other.told.stops).toBe(1)
    }
  })

  it('can be stopped and started by hand, by its scope', async () => {
    const { provider, told } = numbers()
    const runtime = provider.get(scope('a'))
    await provider.restart?.(scope('a'))
    expect(told.starts).toBe(1)
    await provider.restart?.()
    expect([told.starts, told.stops]).toEqual([2, 1])
    expect((await runtime.bash?.({ command: '' }))?.out).toBe('n2')
    for (const work of [provider.stop, provider.restart]) {
      const error = await refusal(() => work?.(scope('other')))
      expect(error.message).toBe('unknown Numbers runtime scope: other')
    }
    await provider.cleanup?.()
    await provider.close?.()
    await provider.close?.()
    expect(told.stops).toBe(2)
    expect((await refusal(() => provider.get(scope('a')))).code).toBe('DISPOSED')
  })
})

describe('a handler', () => {
  it('is the same for all operations of a runtime', async () => {
    const { provider } = numbers()
    const kinds: string[] = []
    const told = runtimeWithEvents(provider.get(scope('a')), ({ kind }) => {
      kinds.push(kind)
    })
    await told.bash?.({ command: '' })
    expect(kinds).toEqual(['starting', 'start'])
    expect(told.read).toBeUndefined()
    await provider.close?.()
  })

  it('may throw and reject: that is its own affair', async () => {
    const { provider } = numbers()
    const runtime = provider.get(scope('a'))
    for (const runtimeEvents of [
      () => {
        throw new Error('of the handler')
      },
      () => Promise.reject(new Error('of the handler')),
    ]) {
      expect((await runtime.bash?.({ command: '', runtimeEvents }))?.code).toBe(0)
    }
    await provider.close?.()
  })

  it('leaves a runtime of a class its methods', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const told = runtimeWithEvents(runtime, () => {})
      expect((await told.bash?.({ command: 'echo here' }))?.out).toBe('here\n')
      expect([told.name, told.root]).toEqual([runtime.name, runtime.root])
    })
  })
})
