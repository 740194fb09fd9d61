/** A provider of runtimes that keep something warm: one for each scope, with its state and its end. */

import { resolve } from 'node:path'
import type {
  CompleteRuntimeProvider,
  Runtime,
  RuntimeLogger,
  RuntimeScope,
  RuntimeStatus,
} from '../../index.js'
import { RunletError } from '../errors'
import { disposed } from './core'
import { WarmScope, type WarmTerms } from './warm-scope'

/** What makes the difference between such providers. */
export interface WarmProviderTerms<Thing> {
  /** Name of the runtimes, such as `docker`. */
  readonly name: string
  /** For messages, such as `Docker`. */
  readonly title: string
  readonly idleMs: number | false
  start(scope: RuntimeScope): Promise<Thing>
  stop(thing: Thing, scope: RuntimeScope): Promise<void>
  id?(thing: Thing): string | undefined
  /** What confines it; without one, what would. */
  facts?(thing: Thing | undefined): Pick<RuntimeStatus, 'enforced' | 'unenforced'>
  /** The operations, over what is kept warm. */
  runtime(scope: RuntimeScope, warm: WarmScope<Thing>): Required<Runtime>
  /** Removes what earlier processes left behind. */
  cleanup?(): Promise<void>
}

interface Entry<Thing> {
  readonly runtime: Required<Runtime>
  readonly warm: WarmScope<Thing>
  readonly root: string
}

/** Makes the provider. */
export function warmProvider<Thing>(terms: WarmProviderTerms<Thing>): CompleteRuntimeProvider {
  const entries = new Map<string, Entry<Thing>>()
  let logger: RuntimeLogger | undefined
  let closed = false

  const known = (scope: RuntimeScope): Entry<Thing> => {
    const entry = entries.get(scope.path)
    if (entry !== undefined) return entry
    const message = `unknown ${terms.title} runtime scope: ${scope.path}`
    const details = { field: 'scope', scope: scope.path }
    throw new RunletError('INVALID_ARGUMENT', message, { details })
  }

  const stop = async (scope?: RuntimeScope): Promise<void> => {
    const ending = scope === undefined ? [...entries.values()] : [known(scope)]
    await Promise.all(ending.map(({ warm }) => warm.stop()))
  }

  return {
    get(scope) {
      if (closed) throw disposed()
      const entry = entries.get(scope.path)
      if (entry !== undefined) {
        // Not that of somebody else, whose scope has the same path.
        if (resolve(entry.root) === resolve(scope.root)) return entry.runtime
        const message = `the scope ${scope.path} of this provider is in another folder: each root needs a provider of its own`
        const details = { field: 'provider', scope: scope.path }
        throw new RunletError('INVALID_ARGUMENT', message, { details })
      }
      const warmTerms: WarmTerms<Thing> = {
        name: terms.name,
        scope,
        idleMs: terms.idleMs,
        start: async () => {
          if (closed) throw disposed()
          return terms.start(scope)
        },
        stop: (thing) => terms.stop(thing, scope),
        id: (thing) => terms.id?.(thing),
        facts: (thing) => terms.facts?.(thing) ?? {},
        logger: () => logger,
      }
      const warm = new WarmScope(warmTerms)
      const runtime = terms.runtime(scope, warm)
      entries.set(scope.path, { runtime, warm, root: scope.root })
      return runtime
    },
    setLogger(given) {
      logger = given
    },
    status(scope): RuntimeStatus[] {
      if (scope === undefined) return [...entries.values()].map(({ warm }) => warm.status())
      const entry = entries.get(scope.path)
      return entry === undefined ? [] : [entry.warm.status()]
    },
    stop,
    async restart(scope) {
      await stop(scope)
      const starting = scope === undefined ? [...entries.values()] : [known(scope)]
      await Promise.all(starting.map(({ warm }) => warm.use(undefined, async () => {})))
    },
    async cleanup() {
      await stop()
      await terms.cleanup?.()
    },
    async close() {
      closed = true
      await stop()
      entries.clear()
    },
  }
}
