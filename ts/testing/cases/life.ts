/** `status`, `stop`, `restart`, `cleanup`: of one scope and of all, any number of times. */

import type { RuntimeScope } from '../../../index.js'
import type { Case, Ground } from '../case'
import { holds, matches, ranWell, refused, same, shown } from '../check'

const STATES: readonly unknown[] = ['starting', 'running', 'stopped']

async function used({ fresh }: Ground) {
  const place = fresh()
  ranWell('the first command', await place.ops.bash({ command: 'echo kept > kept.txt' }))
  return place
}

const nobody = ({ scope }: Ground): RuntimeScope => ({
  ...scope,
  key: 'nobody',
  path: `${scope.path}/nobody`,
})

async function stateOf({ provider }: Ground, scope: RuntimeScope) {
  const told = await provider.status?.(scope)
  const [only, ...rest] = told ?? []
  same('entries of one scope besides its own', rest, [])
  return only?.state
}

/** Not a promise that rejects only: a method may also throw. */
const asked = (work: () => unknown) => async () => work()

export const LIFE_CASES: readonly Case[] = [
  {
    name: 'status/one-scope',
    about: 'a scope that is used is running, with its name, root and scope',
    needs: ['bash', 'provider', 'status'],
    async run(ground) {
      const { scope, ops } = await used(ground)
      const [status, ...rest] = (await ground.provider.status?.(scope)) ?? []
      same('entries besides', rest, [])
      const facts = { name: status?.name, root: status?.root, path: status?.scope.path }
      same('status', facts, { name: ops.name, root: scope.root, path: scope.path })
      holds(`state is ${shown(status?.state)}`, STATES.includes(status?.state))
      same('state', status?.state, 'running')
      const { idleMs } = status ?? {}
      const fits = idleMs === undefined || idleMs === false || (idleMs as number) > 0
      holds(`idleMs is ${shown(idleMs)}`, fits)
    },
  },
  {
    name: 'status/all-scopes',
    about: 'without a scope all are told of, and of a scope that nobody knows nothing',
    needs: ['bash', 'provider', 'status'],
    async run(ground) {
      const places = [await used(ground), await used(ground)]
      const all = ((await ground.provider.status?.()) ?? []).map(({ scope }) => scope.path)
      for (const { scope } of places) holds(`${scope.path} is missing`, all.includes(scope.path))
      same('of an unknown scope', await ground.provider.status?.(nobody(ground)), [])
    },
  },
  {
    name: 'stop/unknown',
    about: 'stop of a scope that nobody knows is refused: unknown … runtime scope: P',
    needs: ['provider', 'stop'],
    async run(ground) {
      const { provider, scope } = ground
      const other = nobody(ground)
      const { message } = await refused(
        'it',
        asked(() => provider.stop?.(other)),
        scope.root,
      )
      matches('message', message, /^unknown (.+ )?runtime scope: /)
      holds(`message is ${shown(message)}`, message.endsWith(`: ${other.path}`))
    },
  },
  {
    name: 'stop/any-number',
    about: 'a scope can be stopped any number of times, and starts anew with its files',
    needs: ['bash', 'provider', 'stop'],
    async run(ground) {
      const { scope, ops } = await used(ground)
      const { provider } = ground
      await provider.stop?.(scope)
      await provider.stop?.(scope)
      if (provider.status !== undefined) {
        const state = await stateOf(ground, scope)
        holds(`state after stop is ${shown(state)}`, state === undefined || state === 'stopped')
      }
      same('the file', (await ops.bash({ command: 'cat kept.txt' })).out, 'kept\n')
      await Promise.all([provider.stop?.(scope), provider.stop?.(scope)])
    },
  },
  {
    name: 'stop/all',
    about: 'without a scope all are stopped',
    needs: ['bash', 'provider', 'stop', 'status'],
    async run(ground) {
      const places = [await used(ground), await used(ground)]
      await ground.provider.stop?.()
      for (const { scope } of places) {
        const state = await stateOf(ground, scope)
        holds(`state after stop is ${shown(state)}`, state === undefined || state === 'stopped')
      }
    },
  },
  {
    name: 'stop/ends-what-runs',
    about: 'stop ends a command that is under way',
    needs: ['bash', 'provider', 'stop'],
    async run(ground) {
      const { scope, ops } = await used(ground)
      const began = performance.now()
      const pending = ops.bash({ command: 'sleep 600' }).then(
        ({ code }) => code !== 0,
        () => true,
      )
      await new Promise((resolve) => setTimeout(resolve, 500))
      await ground.provider.stop?.(scope)
      holds('a command that was stopped ended well', await pending)
      holds('it took as long as the command', performance.now() - began < ground.patienceMs)
    },
  },
  {
    name: 'restart/works',
    about: 'after restart a scope is used as before; of one that nobody knows it is refused',
    needs: ['bash', 'provider', 'restart'],
    async run(ground) {
      const { scope, ops } = await used(ground)
      const { provider } = ground
      await provider.restart?.(scope)
      same('the file', (await ops.bash({ command: 'cat kept.txt' })).out, 'kept\n')
      const other = nobody(ground)
      await refused(
        'of an unknown scope',
        asked(() => provider.restart?.(other)),
        scope.root,
      )
    },
  },
  {
    name: 'cleanup/any-number',
    about: 'cleanup can be called any number of times, and harms no file',
    needs: ['bash', 'cleanup', 'provider'],
    async run(ground) {
      const { ops } = await used(ground)
      await ground.provider.cleanup?.()
      await ground.provider.cleanup?.()
      same('the file', (await ops.bash({ command: 'cat kept.txt' })).out, 'kept\n')
    },
  },
  {
    name: 'logger/taken',
    about: 'a logger is taken, before and after a start',
    needs: ['bash', 'provider', 'setLogger'],
    async run(ground) {
      const said: unknown[] = []
      const say = (event: string) => {
        said.push(event)
      }
      const logger = { debug: say, info: say, warn: say, error: say }
      ground.provider.setLogger?.(logger)
      await used(ground)
      const odd = said.filter((event) => typeof event !== 'string' || event === '')
      same('events without a name', odd, [])
    },
  },
]
