/**
 * What a provider keeps warm for one scope, such as a container: started at its first use, shared by all
 * who use it, stopped when nobody did for a while.
 */

import type {
  RuntimeEventHandler,
  RuntimeEventKind,
  RuntimeLogger,
  RuntimeScope,
  RuntimeStatus,
} from '../../index.js'
import { RunletError } from '../errors'
import { emit } from './events'
import { startupError } from './startup-error'

/** How such a thing is started and stopped. */
export interface WarmTerms<Thing> {
  /** Name of the runtime. */
  readonly name: string
  readonly scope: RuntimeScope
  /** 0 and less is never, as `false` is. */
  readonly idleMs: number | false
  readonly start: () => Promise<Thing>
  readonly stop: (thing: Thing) => Promise<void>
  /** What it is known by. */
  readonly id?: (thing: Thing) => string | undefined
  /** What confines it; without one, what would. */
  readonly facts?: (thing: Thing | undefined) => Pick<RuntimeStatus, 'enforced' | 'unenforced'>
  readonly logger?: (() => RuntimeLogger | undefined) | undefined
}

interface Running<Thing> {
  readonly thing: Thing
  readonly startedAt: number
}

/** One of them. */
export class WarmScope<Thing> {
  readonly #terms: WarmTerms<Thing>
  #starting: Promise<Running<Thing>> | undefined
  #running: Running<Thing> | undefined
  #stopping: Promise<void> | undefined
  #uses = 0
  #idle: NodeJS.Timeout | undefined
  #lastUsedAt: number | undefined
  /** Who heard of it last also hears of its end. */
  #handler: RuntimeEventHandler | undefined

  constructor(terms: WarmTerms<Thing>) {
    this.#terms = terms
  }

  /** How many use it now. */
  get uses(): number {
    return this.#uses
  }

  /**
   * Uses it, and starts it if it is not there.
   *
   * @throws (rejects) what the work rejects with; a RuntimeStartupError where it does not start
   */
  async use<T>(
    handler: RuntimeEventHandler | undefined,
    work: (thing: Thing) => Promise<T>,
  ): Promise<T> {
    this.#uses++
    clearTimeout(this.#idle)
    if (handler !== undefined) this.#handler = handler
    try {
      const { thing } = await this.#get(handler)
      return await work(thing)
    } finally {
      this.#uses--
      this.#lastUsedAt = Date.now()
      this.#armIdle()
    }
  }

  /** Says that a command could not be handed to it, and gives it up: the next use starts anew. */
  async broken(handler: RuntimeEventHandler | undefined, thing: Thing, why: string): Promise<void> {
    this.#tell(handler, 'exec_failed', why)
    await this.discard(thing)
  }

  /** Gives it up without a fault of its own, if it is still the one in use: the next use starts anew. */
  async discard(thing: Thing): Promise<void> {
    if (this.#running?.thing === thing) await this.stop()
  }

  /** Stops it; nothing where it is not there. A start under way is awaited first. */
  async stop(): Promise<void> {
    await this.#end('stop')
  }

  status(): RuntimeStatus {
    const { name, scope, idleMs } = this.#terms
    const running = this.#running
    const state =
      running !== undefined ? 'running' : this.#starting === undefined ? 'stopped' : 'starting'
    const never = idleMs === false || idleMs <= 0
    const status: RuntimeStatus = {
      name,
      scope,
      root: scope.root,
      state,
      idleMs: never ? false : idleMs,
    }
    const id = this.#id()
    if (id !== undefined) status.id = id
    if (running !== undefined) status.startedAt = running.startedAt
    if (this.#lastUsedAt !== undefined) status.lastUsedAt = this.#lastUsedAt
    return { ...status, ...this.#terms.facts?.(running?.thing) }
  }

  async #get(handler: RuntimeEventHandler | undefined): Promise<Running<Thing>> {
    // What is on its way out is no use to anybody.
    while (this.#stopping !== undefined) await this.#stopping.catch(() => {})
    if (this.#running !== undefined) {
      this.#tell(handler, 'reuse')
      return this.#running
    }
    this.#tell(handler, 'starting')
    if (this.#starting !== undefined) return this.#starting
    const starting = this.#start(handler)
    this.#starting = starting
    try {
      return await starting
    } finally {
      this.#starting = undefined
    }
  }

  async #start(handler: RuntimeEventHandler | undefined): Promise<Running<Thing>> {
    try {
      const running = { thing: await this.#terms.start(), startedAt: Date.now() }
      this.#running = running
      this.#tell(handler, 'start')
      return running
    } catch (cause) {
      // Its provider was closed: that is no fault of a start.
      if (cause instanceof RunletError && cause.code === 'DISPOSED') throw cause
      const error = startupError(this.#terms.name, cause)
      this.#tell(handler, 'start_failed', error.message)
      throw error
    }
  }

  async #end(kind: 'stop' | 'idle_stop'): Promise<void> {
    clearTimeout(this.#idle)
    if (this.#stopping !== undefined) return this.#stopping
    const stopping = (async () => {
      await this.#starting?.catch(() => {})
      const running = this.#running
      if (running === undefined) return
      const id = this.#id()
      this.#running = undefined
      try {
        await this.#terms.stop(running.thing)
      } finally {
        this.#tell(this.#handler, kind, undefined, id)
      }
    })()
    this.#stopping = stopping.finally(() => {
      this.#stopping = undefined
    })
    // Whoever waits for the end to start anew is not who asked for it.
    this.#stopping.catch(() => {})
    return stopping
  }

  /** Armed only while nobody uses it; never what keeps a process alive. */
  #armIdle(): void {
    const { idleMs, logger } = this.#terms
    if (idleMs === false || idleMs <= 0 || this.#uses > 0 || this.#running === undefined) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      if (this.#uses > 0) return
      this.#end('idle_stop').catch((error: unknown) => {
        const reason = Reflect.get(Object(error), 'message')
        try {
          logger?.()?.warn('runtime.stop_failed', { runtime: this.#terms.name, reason })
        } catch {
          // As above.
        }
      })
    }, idleMs)
    this.#idle.unref()
  }

  #id(): string | undefined {
    return this.#running && this.#terms.id?.(this.#running.thing)
  }

  #tell(
    handler: RuntimeEventHandler | undefined,
    kind: RuntimeEventKind,
    message?: string,
    id = this.#id(),
  ): void {
    const { name: runtime, scope, logger } = this.#terms
    const told = { kind, runtime, scope, root: scope.root }
    try {
      logger?.()?.debug(`runtime.${kind}`, { runtime, scope: scope.path })
    } catch {
      // What a logger does wrong is none of the operation's.
    }
    emit(handler, {
      ...told,
      ...(message !== undefined && { message }),
      ...(id !== undefined && { id }),
    })
  }
}
