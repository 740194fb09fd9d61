/** Behind the queue of `createRuntime`, as hosts use it. */

import { createRuntime } from '../../workspaces'
import type { Case, Ground } from '../case'
import { endedWith, same } from '../check'

function queued({ provider, fresh }: Ground) {
  const { scope, ops } = fresh()
  const { root, ...runtimeScope } = scope
  return { ops, runtime: createRuntime({ root, runtimeScope, provider }) }
}

export const QUEUE_CASES: readonly Case[] = [
  {
    name: 'queue/abort-while-waiting',
    about: 'a command that is aborted while it waits is 130, took no time, and nothing of it runs',
    needs: ['bash', 'provider'],
    async run(ground) {
      const { runtime } = queued(ground)
      const slow = runtime.bash?.({ command: 'sleep 1; ls' })
      const abort = new AbortController()
      const waits = runtime.bash?.({ command: 'echo x > ran', signal: abort.signal })
      abort.abort()
      const result = await waits
      if (result !== undefined) {
        endedWith('of what waited', result, 130, /^Command cancelled$/)
        same('ms', result.ms, 0)
      }
      await slow
      const { out } = (await runtime.bash?.({ command: 'ls ran 2>/dev/null; echo end' })) ?? {}
      same('what it left', out, 'end\n')
    },
  },
  {
    name: 'queue/order',
    about: 'operations of one chat run one at a time, in the order of their calls',
    needs: ['bash', 'provider'],
    async run(ground) {
      const { runtime } = queued(ground)
      const numbers = Array.from({ length: 5 }, (_, index) => index)
      const calls = numbers.map((index) =>
        runtime.bash?.({ command: `echo ${index}a >> log; sleep 0.05; echo ${index}b >> log` }),
      )
      await Promise.all(calls)
      const { out } = (await runtime.bash?.({ command: 'cat log' })) ?? {}
      same('log', out, numbers.map((index) => `${index}a\n${index}b\n`).join(''))
    },
  },
]
