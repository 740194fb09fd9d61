/** One runtime for each scope, with the defaults of the older contract. */

import type { HeypiRuntime, HeypiRuntimeOptions } from '../../../heypi.js'
import type { QueuedRuntime, ScopedKey } from '../../../index.js'
import { ScopedRuntimeRegistry as Registry } from '../../workspace/registry'
import { plain, strictOptions } from './runtime'

/** See `heypi.d.ts`. */
export class ScopedRuntimeRegistry {
  readonly #registry: Registry
  readonly #plain = new WeakMap<QueuedRuntime, HeypiRuntime>()

  constructor(options: HeypiRuntimeOptions, folders: { app: string; agent?: string | undefined }) {
    this.#registry = new Registry(strictOptions(options), folders)
  }

  get(scope: ScopedKey): HeypiRuntime {
    return this.#same(this.#registry.get(scope))
  }

  getPath(path?: string, scope?: { level?: string | undefined; key: string }): HeypiRuntime {
    return this.#same(this.#registry.getPath(path, scope))
  }

  close(): Promise<void> {
    return this.#registry.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #same(runtime: QueuedRuntime): HeypiRuntime {
    const known = this.#plain.get(runtime)
    if (known !== undefined) return known
    const made = plain(runtime)
    this.#plain.set(runtime, made)
    return made
  }
}
