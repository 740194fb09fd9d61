/** `close`: the end of a provider, so these come last. */

import type { Case } from '../case'
import { holds, Mismatch, ranWell } from '../check'

export const CLOSE_CASES: readonly Case[] = [
  {
    name: 'close/for-ever',
    about: 'close ends all, can be called again, and no operation starts anything afterwards',
    needs: ['bash', 'close', 'provider'],
    async run({ fresh, provider, patienceMs }) {
      const { ops, scope } = fresh()
      ranWell('the first command', await ops.bash({ command: 'true' }))
      const running = ops.bash({ command: 'sleep 600' }).then(
        ({ code }) => code !== 0,
        () => true,
      )
      const began = performance.now()
      await provider.close?.()
      await provider.close?.()
      holds('a command ended well though all was closed', await running)
      holds('it took as long as the command', performance.now() - began < patienceMs)
      let after: unknown
      try {
        after = await ops.bash({ command: 'true' })
      } catch {
        // Refused, as it should be.
      }
      const code = Reflect.get(Object(after), 'code')
      if (after !== undefined && code === 0) throw new Mismatch('a command runs after close')
      let known = false
      try {
        const later = await provider.get(scope).bash?.({ command: 'true' })
        known = later?.code === 0
      } catch {
        // Refused, as it should be.
      }
      holds('get gives a runtime that works after close', !known)
    },
  },
]
