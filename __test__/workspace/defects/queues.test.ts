import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import type { Runtime, RuntimeEvent, RuntimeProvider, RuntimeScope } from 'runlet'
import { createRuntime } from 'runlet'
import { root as packageRoot } from '../../package/repository'
import { until } from '../../tool/support'
import { OlderFiles } from '../fixtures/older/files'
import { OlderRuntime, OlderWarm } from '../fixtures/older/runtime'
import { freshFolder, inWorkspace, refusal } from '../support'

const KINDS = ['starting', 'start', 'start_failed', 'reuse', 'stop', 'idle_stop', 'exec_failed']

interface WarmScope {
  use<T>(handler: unknown, work: (thing: object) => Promise<T>): Promise<T>
  broken(handler: unknown, thing: object, why: string): Promise<void>
}

const { warmProvider } = require(join(packageRoot, 'dist/workspace/warm-provider.js')) as {
  warmProvider: (terms: object) => RuntimeProvider
}

/** A provider of things that can fail to start and break. */
function things(told: { fails: boolean; stops: number }): RuntimeProvider {
  return warmProvider({
    name: 'things',
    title: 'Things',
    idleMs: 20,
    start: async () => {
      if (told.fails) throw new Error('none left')
      return {}
    },
    stop: async () => {
      told.stops++
    },
    id: () => 'id',
    runtime: ({ root }: RuntimeScope, warm: WarmScope): Runtime => ({
      name: 'things',
      root,
      bash: ({ command, runtimeEvents }) =>
        warm.use(runtimeEvents, async (thing) => {
          if (command === 'break') await warm.broken(runtimeEvents, thing, 'gone')
          return { code: 0, out: '', err: '', ms: 0 }
        }),
    }),
  })
}

describe('operations', () => {
  it('D15: all wait for their turn, and not without end', async () => {
    const root = freshFolder()
    const order: string[] = []
    const older = new OlderRuntime(new OlderFiles(root), async (command) =>
      command === 'slow' ? sleep(100) : undefined,
    )
    const slow = older.bash({ command: 'slow' }).then(() => order.push('bash'))
    await older.ls().then(() => order.push('ls'))
    await slow
    expect(order).toEqual(['ls', 'bash'])
    const all = Array.from({ length: 2_000 }, () => older.bash({ command: '' }))
    expect(older.waiting).toBe(2_000)
    await Promise.all(all)

    await inWorkspace({ name: 'host-bash', maxQueuedPerChat: 3 }, async ({ runtime }) => {
      const ours: string[] = []
      const first = runtime.bash({ command: 'sleep 0.1' }).then(() => ours.push('bash'))
      const waiting = [
        runtime.ls({}).then(() => ours.push('ls')),
        runtime.write({ path: 'f', content: '' }).then(() => ours.push('write')),
        runtime.find({}).then(() => ours.push('find')),
      ]
      const error = await refusal(() => runtime.read({ path: 'f' }))
      expect([error.code, error.retryable]).toEqual(['OVERLOADED', true])
      await Promise.all([first, ...waiting])
      expect(ours).toEqual(['bash', 'ls', 'write', 'find'])
    })
  })
})

describe('events', () => {
  it('D16: of all seven kinds are told', async () => {
    const kinds: string[] = []
    const tell = ({ kind }: { kind: string }) => {
      kinds.push(kind)
    }
    const older = new OlderWarm()
    const fails = async () => {
      throw new Error('gone')
    }
    await older.use(tell, async () => {})
    await older.use(tell, async () => {})
    await older.use(tell, fails).catch(() => {})
    older.stop()
    expect(new Set(kinds).size).toBeLessThan(KINDS.length)

    const told = { fails: true, stops: 0 }
    const seen = new Set<string>()
    const runtimeEvents = ({ kind }: RuntimeEvent) => {
      seen.add(kind)
    }
    const runtime = createRuntime({ root: '/nowhere/x', provider: things(told) })
    const bash = (command: string) =>
      Promise.resolve(runtime.bash?.({ command, runtimeEvents })).catch(() => {})
    await bash('')
    told.fails = false
    await bash('')
    await bash('')
    await bash('break')
    await bash('')
    await until('an idle stop', () => seen.has('idle_stop'))
    await bash('')
    await runtime.stop()
    await runtime.close()
    expect([...seen].sort()).toEqual([...KINDS].sort())
  })

  it('D31: break no call, whatever a handler does with them', async () => {
    const bad = () => {
      throw new Error('of the handler')
    }
    await expect(new OlderWarm().use(bad, async () => {})).rejects.toThrow('of the handler')
    const runtime = createRuntime({
      root: '/nowhere/x',
      provider: things({ fails: false, stops: 0 }),
    })
    for (const runtimeEvents of [
      bad,
      async () => bad(),
      () => Object.defineProperty({}, 'then', { value: bad }),
      () => Object.defineProperty({}, 'then', { get: bad }),
    ]) {
      const input = { command: '', runtimeEvents: runtimeEvents as () => void }
      expect(await runtime.bash?.(input)).toMatchObject({ code: 0 })
    }
    await runtime.close()
  })
})
