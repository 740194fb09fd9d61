/** A provider of runtimes that a function makes. */

import type { QueuedRuntime, RuntimeProvider, RuntimeScope } from '../../index.js'
import { RunletError } from '../errors'
import { refuse } from '../tool/option-kinds'
import { disposed } from '../workspace/core'

/** See `testing.d.ts`. */
export function providerOf(create: (scope: RuntimeScope) => QueuedRuntime): RuntimeProvider {
  if (typeof create !== 'function') throw refuse('create', 'a function', create)
  const runtimes = new Map<string, QueuedRuntime>()
  let closed = false
  const chosen = (scope?: RuntimeScope): QueuedRuntime[] => {
    if (scope === undefined) return [...runtimes.values()]
    const runtime = runtimes.get(scope.path)
    if (runtime !== undefined) return [runtime]
    const message = `unknown runtime scope: ${scope.path}`
    throw new RunletError('INVALID_ARGUMENT', message, { details: { field: 'scope' } })
  }
  const all = async (work: (runtime: QueuedRuntime) => Promise<void>, scope?: RuntimeScope) => {
    await Promise.all(chosen(scope).map(work))
  }
  return {
    get(scope) {
      if (closed) throw disposed()
      const known = runtimes.get(scope.path)
      if (known !== undefined) return known
      const runtime = create(scope)
      runtimes.set(scope.path, runtime)
      return runtime
    },
    async status(scope) {
      if (scope !== undefined && !runtimes.has(scope.path)) return []
      return (await Promise.all(chosen(scope).map((runtime) => runtime.status()))).flat()
    },
    stop: async (scope) => all((runtime) => runtime.stop(), scope),
    restart: async (scope) => all((runtime) => runtime.restart(), scope),
    cleanup: async () => all((runtime) => runtime.cleanup()),
    async close() {
      closed = true
      await all((runtime) => runtime.close())
    },
  }
}
