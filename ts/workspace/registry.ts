/** One runtime for each scope, all behind one queue. */

import { join, resolve } from 'node:path'
import type { QueuedRuntime, RuntimeOptions, ScopedKey } from '../../index.js'
import { isRecord } from '../codelet/fields'
import { refuse } from '../tool/option-kinds'
import { disposed } from './core'
import { create, type Shared, sharedOf } from './create'
import { type RuntimeSettings, readRuntimeOptions } from './options'
import { checkedScopePath } from './scopes'

/** See `index.d.ts`. */
export class ScopedRuntimeRegistry {
  readonly #settings: RuntimeSettings
  readonly #shared: Shared
  readonly #runtimes = new Map<string, QueuedRuntime>()
  #closed = false
  #closing: Promise<void> | undefined

  constructor(options: RuntimeOptions, folders: { app: string; agent?: string | undefined }) {
    const { app, agent } = folders ?? {}
    if (typeof app !== 'string' || app === '') throw refuse('app', 'a path', app)
    this.#settings = { ...readRuntimeOptions({ ...options, app, agent }) }
    this.#shared = sharedOf(this.#settings)
  }

  get(scope: ScopedKey): QueuedRuntime {
    // Without a path it would be the scope of all who have none.
    if (!isRecord(scope) || typeof scope.path !== 'string') {
      throw refuse('scope', 'a scope, such as those of resolveScope', scope)
    }
    return this.getPath(scope.path, scope)
  }

  getPath(
    path = 'agent/default',
    scope?: { level?: string | undefined; key: string },
  ): QueuedRuntime {
    if (this.#closed) throw disposed()
    if (typeof path !== 'string') throw refuse('path', 'a string', path)
    const known = this.#runtimes.get(path)
    if (known !== undefined) return known
    const root = join(resolve(this.#settings.root), 'scopes', checkedScopePath(path))
    const level = scope?.level
    const runtime = create(
      {
        ...this.#settings,
        root,
        runtimeScope: { ...(level !== undefined && { level }), key: scope?.key ?? path, path },
      },
      this.#shared,
    )
    this.#runtimes.set(path, runtime)
    return runtime
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled([...this.#runtimes.values()].map((runtime) => runtime.close()))
    await this.#settings.provider?.close?.()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
