/** One room of the core: calls by number, logs back to the call that they are of. */

import type { ExecuteToolOptions } from '../../index.js'
import { addon } from '../addon'
import { onAbort } from '../signal'
import { byteLength } from '../values'
import type { CoreOutcome } from './outcome'
import type { CallOptions } from './request'
import type { Shape } from './shape'

/** A room, as the core takes it; see src/tool/spec.rs. */
export interface RoomSpec {
  runtime: string
  binary: string
  worker: string
  entrypoint: string
  projectRoot: string
  maxConcurrent: number
  maxQueued: number
}

/** Processes kept ready. */
export interface WarmSpec {
  size: number
  maxAgeMs: number
}

/** What calls have in common, as the core takes it. */
export interface PlanSpec {
  toolId: string
  /** One of this plan alone, or the number of a kept one. */
  shape: Shape | number
  warm: WarmSpec
  env: Readonly<Record<string, string>>
  maxOutputBytes: number
  maxResultDepth: number
  retry: {
    on: readonly string[]
    maxAttempts: number | null
    initialIntervalMs: number
    maxIntervalMs: number
    maxElapsedTimeMs: number
  }
}

/** A call, as the core takes it. */
export interface CallSpec {
  /** The number of a kept one, or the text of one. */
  plan: number | string
  execId: string
  timeoutMs: number
  /** Of these, spent already. */
  elapsedMs: number
}

/** What the core gives back. */
export interface CoreAnswer {
  outcome: CoreOutcome
  /** The tool's value as JSON; empty when it failed. */
  valueText: string
  /** A heap snapshot; empty without one. */
  heapText: string
  /** Bytes of input and config as JSON. */
  inputBytes: number
}

/** What is counted in the core. */
export interface CoreStats {
  queued: number
  running: number
  pool: { idle: number; hits: number; misses: number; refills: number; evicted: number }
}

type OnLog = NonNullable<ExecuteToolOptions['onLog']>

let lastCall = 0

/** A room of the core. */
export class Room {
  readonly #number: number
  /** The counts of a room that was disposed. */
  #last: CoreStats | undefined
  readonly #shapes = new Map<string, number>()
  readonly #logs = new Map<number, { readonly onLog: OnLog; got: number }>()

  constructor(spec: RoomSpec) {
    this.#number = addon().native.toolOpen(JSON.stringify(spec), (call, stream, text) => {
      const log = this.#logs.get(call)
      if (log === undefined) return
      log.got++
      // An exception of the caller's function is the caller's: it must not end the call.
      log.onLog({ stream: stream === 1 ? 'stdout' : 'stderr', text })
    })
  }

  /** The number of a shape, which is made and kept at its first use. */
  shape(key: string, make: () => Shape): number {
    const known = this.#shapes.get(key)
    if (known !== undefined) return known
    const number = addon().native.toolShape(this.#number, JSON.stringify(make()))
    this.#shapes.set(key, number)
    return number
  }

  /** Keeps a plan; gives its number. */
  plan(plan: PlanSpec): number {
    return addon().native.toolPlan(this.#number, JSON.stringify(plan))
  }

  /** True from the beginning of its end. */
  get disposed(): boolean {
    return this.#last !== undefined
  }

  /** Starts processes in advance. */
  warm(shape: number, warm: WarmSpec): void {
    addon().native.toolWarm(this.#number, shape, JSON.stringify(warm))
  }

  /** Makes a call in a room that is not disposed. Never rejects for what the tool does. */
  async call(
    spec: CallSpec,
    texts: { input: string; config: string | undefined },
    { signal, onLog }: Pick<CallOptions, 'signal' | 'onLog'>,
  ): Promise<CoreAnswer> {
    const { native } = addon()
    const call = ++lastCall
    if (lastCall === 0xffffffff) lastCall = 0
    const log = onLog && { onLog, got: 0 }
    if (log !== undefined) this.#logs.set(call, log)
    const pending = native.toolCall(
      this.#number,
      call,
      spec.plan,
      spec.execId,
      spec.timeoutMs,
      spec.elapsedMs,
      texts.input,
      texts.config,
      onLog !== undefined,
    )
    const unlisten = signal && onAbort(signal, () => native.toolCancel(this.#number, call))
    try {
      const [facts, valueText, heapText, lines] = await pending
      // The result may overtake what was printed before it.
      while (log !== undefined && log.got < Number(lines)) await new Promise(setImmediate)
      const inputBytes = byteLength(texts.input) + byteLength(texts.config)
      return { outcome: JSON.parse(facts) as CoreOutcome, valueText, heapText, inputBytes }
    } finally {
      unlisten?.()
      this.#logs.delete(call)
    }
  }

  stats(): CoreStats {
    return this.#last ?? (JSON.parse(addon().native.toolStats(this.#number)) as CoreStats)
  }

  /** Ends all; fulfilled once every process is gone. Then the core forgets the room. */
  async dispose(): Promise<void> {
    const { pool } = this.stats()
    const evicted = pool.evicted + pool.idle
    this.#last = { queued: 0, running: 0, pool: { ...pool, idle: 0, evicted } }
    await addon().native.toolDispose(this.#number)
  }
}
