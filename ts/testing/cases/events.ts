/** Events: of every start and end, in order. For what keeps something warm. */

import { type Case, Events, type Ground } from '../case'
import { comes, holds, Mismatch, matches, ranWell, refused, Skip, same } from '../check'

const NONE =
  'no event came; a provider that keeps nothing warm leaves the events out, by the option skip'

async function first({ fresh }: Ground) {
  const place = fresh()
  const events = new Events()
  const bash = (command = 'true') => place.ops.bash({ command, runtimeEvents: events.handler })
  ranWell('the first command', await bash())
  holds(NONE, events.all.length > 0)
  return { ...place, events, bash }
}

export const EVENT_CASES: readonly Case[] = [
  {
    name: 'events/first-and-later',
    about:
      'the first operation tells of starting and start, without a message, later ones of reuse',
    needs: ['bash', 'provider'],
    async run(ground) {
      const { events, bash } = await first(ground)
      same('events of the first', events.kinds, ['starting', 'start'])
      same(
        'messages',
        events.all.flatMap(({ message = [] }) => message),
        [],
      )
      await bash()
      await bash()
      same('events of three', events.kinds, ['starting', 'start', 'reuse', 'reuse'])
    },
  },
  {
    name: 'events/facts',
    about: 'an event says which runtime, scope and root it is of',
    needs: ['bash', 'provider'],
    async run(ground) {
      const { events, ops, scope } = await first(ground)
      for (const event of events.all) {
        same('runtime of an event', event.runtime, ops.name)
        same('scope of an event', event.scope?.path, scope.path)
        same('root of an event', event.root, scope.root)
      }
    },
  },
  {
    name: 'events/shared-start',
    about: 'first operations at once share one start, and each tells of starting',
    needs: ['bash', 'provider'],
    async run({ fresh }) {
      const { ops } = fresh()
      const events = new Events()
      const calls = Array.from({ length: 5 }, () =>
        ops.bash({ command: 'true', runtimeEvents: events.handler }),
      )
      for (const result of await Promise.all(calls)) ranWell('one of them', result)
      holds(NONE, events.all.length > 0)
      const count = (kind: string) => events.kinds.filter((other) => other === kind).length
      same('number of starts', count('start'), 1)
      const early = events.kinds.slice(0, events.kinds.indexOf('start'))
      holds('something was used before it was started', !early.includes('reuse'))
      holds('a caller that waits hears nothing', count('starting') + count('reuse') === 5)
    },
  },
  {
    name: 'events/stop',
    about: 'stop is told of, and the next operation starts anew',
    needs: ['bash', 'provider', 'stop'],
    async run(ground) {
      const { events, bash, scope } = await first(ground)
      await ground.provider.stop?.(scope)
      ranWell('the next command', await bash())
      same('events', events.kinds, ['starting', 'start', 'stop', 'starting', 'start'])
    },
  },
  {
    name: 'events/handler-fails',
    about: 'a handler that throws or rejects harms no operation',
    needs: ['bash', 'provider'],
    async run({ fresh }) {
      const { ops } = fresh()
      const fails = () => {
        throw new Error('of the handler')
      }
      const rejects = () => {
        const pending = Promise.reject(new Error('of the handler'))
        // A provider that drops it would end the process of whoever tries it.
        pending.catch(() => {})
        return pending
      }
      for (const runtimeEvents of [fails, rejects, fails]) {
        ranWell('a command', await ops.bash({ command: 'true', runtimeEvents }))
      }
    },
  },
  {
    name: 'start/failure',
    about: 'a start that fails is a RuntimeStartupError: starting, start_failed',
    needs: ['bash', 'provider'],
    async run({ fresh, failing }) {
      if (failing === undefined) throw new Skip('the option failing is not given')
      const { ops, scope } = fresh(failing)
      const events = new Events()
      let error: unknown
      const work = async () => {
        try {
          return await ops.bash({ command: 'true', runtimeEvents: events.handler })
        } catch (thrown) {
          error = thrown
          throw thrown
        }
      }
      const { message } = await refused('a start that fails', work, scope.root)
      matches('message', message, /runtime failed to start/i)
      same('name', Reflect.get(Object(error), 'name'), 'RuntimeStartupError')
      same('code', Reflect.get(Object(error), 'code'), 'runtime_startup_failed')
      same('events', events.kinds, ['starting', 'start_failed'])
    },
  },
  {
    name: 'idle/stops',
    about: 'what nobody uses for idleMs is stopped: idle_stop; the next operation starts anew',
    needs: ['bash', 'provider'],
    async run({ fresh, idling, patienceMs }) {
      if (idling === undefined) throw new Skip('the option idling is not given')
      const { ops } = fresh(idling.provider)
      const events = new Events()
      const bash = () => ops.bash({ command: 'true', runtimeEvents: events.handler })
      ranWell('the first command', await bash())
      const stopped = () => events.kinds.includes('idle_stop')
      if (!(await comes(stopped, patienceMs))) throw new Mismatch('it is never stopped')
      ranWell('the next command', await bash())
      const kinds = ['starting', 'start', 'idle_stop', 'starting', 'start']
      same('events', events.kinds, kinds)
    },
  },
  {
    name: 'idle/not-in-use',
    about: 'what is in use is never stopped for being idle',
    needs: ['bash', 'provider'],
    async run({ fresh, idling }) {
      if (idling === undefined) throw new Skip('the option idling is not given')
      const { ops } = fresh(idling.provider)
      const events = new Events()
      const seconds = Math.max(1, (idling.idleMs * 3) / 1_000)
      const bash = (command: string) => ops.bash({ command, runtimeEvents: events.handler })
      const long = bash(`sleep ${seconds}; echo end`)
      const short = bash('true')
      same('out', (await long).out, 'end\n')
      ranWell('the other', await short)
      holds('it was stopped in use', !events.kinds.includes('idle_stop'))
    },
  },
]
