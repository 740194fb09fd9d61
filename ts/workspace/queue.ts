/**
 * The queue of operations: so many at once, so many of each chat and scope, the oldest that may run
 * first.
 *
 * No step looks at all that wait: a chat stands in the line of those that may run once, by the age of its
 * oldest job, so that a step costs the logarithm of the chats that wait.
 */

import type { AbortSignalLike, QueueLease, QueueOptions } from '../../index.js'
import { RunletError } from '../errors'
import { onAbort } from '../signal'
import { type OptionRow, readGiven } from '../tool/option-group'
import { whole } from '../tool/option-kinds'
import { timeOrNothingMs } from '../tool/option-ranges'
import { cancelled } from './core'
import { Heap } from './heap'

const MOST = 1_000_000

/** The options of a queue. */
export const QUEUE_ROWS: readonly OptionRow[] = [
  { name: 'maxConcurrent', kind: whole(1, 10_000), initial: () => 12, about: 'jobs at once' },
  { name: 'maxPerChat', kind: whole(1, 10_000), initial: () => 1, about: 'the same of one chat' },
  { name: 'maxPerScope', kind: whole(1, 10_000), about: 'the same of one scope' },
  { name: 'maxQueued', kind: whole(0, MOST), initial: () => 1_000, about: 'jobs that may wait' },
  {
    name: 'maxQueuedPerChat',
    kind: whole(0, MOST),
    initial: () => 100,
    about: 'the same of one chat',
  },
  {
    name: 'queueTimeoutMs',
    kind: timeOrNothingMs,
    initial: () => 0,
    about: 'ms that one may wait',
  },
]

/** A job that waits for its turn. */
interface Waiting {
  readonly age: number
  readonly lane: Lane
  readonly scope: Scope | undefined
  readonly start: () => void
  gone: boolean
}

/** The jobs of one chat. */
interface Lane {
  readonly name: string
  active: number
  /** In the order of their calls. */
  readonly waiting: Set<Waiting>
  /** Where it stands in a line: that of those that may run, or that of a scope. Any other is void. */
  place: Place | undefined
}

/** The jobs of one scope. */
interface Scope {
  readonly name: string
  active: number
  queued: number
  /** Chats whose turn it is but for this scope. */
  readonly held: Heap<Place>
}

/** A place in a line, by the age of the chat's oldest job. */
interface Place {
  readonly age: number
  readonly lane: Lane
}

const byAge = (a: { readonly age: number }, b: { readonly age: number }) => a.age - b.age

const holds = (place: Place) => place.lane.place === place

/** Void places may stay in a line as long as they are fewer than this, or than the others. */
const VOID = 64

function headOf(lane: Lane): Waiting | undefined {
  return lane.waiting.values().next().value
}

interface Limits {
  maxConcurrent: number
  maxPerChat: number
  maxPerScope: number
  maxQueued: number
  maxQueuedPerChat: number
  queueTimeoutMs: number
}

/** See `index.d.ts`. */
export class Queue {
  readonly #limits: Limits
  readonly #lanes = new Map<string, Lane>()
  readonly #scopes = new Map<string, Scope>()
  /** Chats with a job that may run. */
  readonly #ready = new Heap<Place>(byAge)
  /** Jobs that wait for their place back. They go before all that is new. */
  readonly #back = new Heap<{ age: number; start: () => void }>(byAge)
  #running = 0
  #held = 0
  #queued = 0
  #ages = 0

  constructor(options: QueueOptions = {}) {
    const given = readGiven(options, '', 'option of a queue', QUEUE_ROWS, { fillsBlanks: false })
    const initial = Object.fromEntries(QUEUE_ROWS.map((row) => [row.name, row.initial?.()]))
    const limits = { ...initial, ...given } as unknown as Limits
    this.#limits = { ...limits, maxPerScope: limits.maxPerScope ?? Number.POSITIVE_INFINITY }
  }

  get active(): number {
    return this.#held
  }

  get queued(): number {
    return this.#queued
  }

  chat(chat: string): { active: number; queued: number } {
    const lane = this.#lanes.get(chat)
    return { active: lane?.active ?? 0, queued: lane?.waiting.size ?? 0 }
  }

  /** What one scope has under way, and what waits there. */
  scope(name: string): { active: number; queued: number } {
    const { active = 0, queued = 0 } = this.#scopes.get(name) ?? {}
    return { active, queued }
  }

  submit<T>(
    chat: string,
    execute: (lease: QueueLease) => T | Promise<T>,
    signal?: AbortSignalLike,
    scopeName?: string,
  ): Promise<{ result: T; waitMs: number }> {
    if (signal?.aborted) return Promise.reject(cancelled())
    const refusal = this.#refusal(chat, scopeName)
    if (refusal !== undefined) return Promise.reject(refusal)
    const lane = this.#lane(chat)
    const scope = scopeName === undefined ? undefined : this.#scope(scopeName)
    const asked = performance.now()
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      let unlisten: (() => void) | undefined
      let atOnce = true
      const settle = () => {
        clearTimeout(timer)
        unlisten?.()
      }
      const waiting: Waiting = {
        age: ++this.#ages,
        lane,
        scope,
        gone: false,
        start: () => {
          settle()
          // What starts at once has not waited, however long the machine took.
          const waitMs = atOnce ? 0 : performance.now() - asked
          this.#run(waiting, execute).then((result) => resolve({ result, waitMs }), reject)
        },
      }
      const leave = (error: RunletError) => {
        if (waiting.gone) return
        settle()
        this.#leave(waiting)
        reject(error)
      }
      lane.waiting.add(waiting)
      if (scope !== undefined) scope.queued++
      this.#queued++
      this.#list(lane)
      this.#drain()
      atOnce = false
      if (waiting.gone) return
      if (signal !== undefined) unlisten = onAbort(signal, () => leave(cancelled()))
      const { queueTimeoutMs } = this.#limits
      if (queueTimeoutMs > 0) {
        timer = setTimeout(() => leave(this.#tooLong(chat)), queueTimeoutMs)
      }
    })
  }

  async #run<T>(
    { age, lane, scope }: Waiting,
    execute: (lease: QueueLease) => T | Promise<T>,
  ): Promise<T> {
    let placed = true
    let ended = false
    const lease: QueueLease = {
      aside: async (work) => {
        if (!placed || ended) return work()
        placed = false
        this.#running--
        this.#drain()
        try {
          return await work()
        } finally {
          await new Promise<void>((start) => {
            this.#back.push({ age, start })
            this.#drain()
          })
          if (ended) this.#running--
          else placed = true
        }
      },
    }
    try {
      return await execute(lease)
    } finally {
      ended = true
      if (placed) this.#running--
      this.#held--
      lane.active--
      if (scope !== undefined) {
        scope.active--
        this.#release(scope)
      }
      this.#list(lane)
      this.#forget(lane, scope)
      this.#drain()
    }
  }

  /** Starts all that may start. */
  #drain(): void {
    while (this.#running < this.#limits.maxConcurrent) {
      const back = this.#back.pop()
      if (back !== undefined) {
        this.#running++
        back.start()
        continue
      }
      const place = this.#ready.pop()
      if (place === undefined) return
      if (!holds(place)) continue
      const { lane } = place
      const head = headOf(lane)
      if (head?.scope !== undefined && head.scope.active >= this.#limits.maxPerScope) {
        head.scope.held.push(place)
        continue
      }
      lane.place = undefined
      if (head !== undefined) this.#start(head)
    }
  }

  #start(job: Waiting): void {
    const { lane, scope } = job
    this.#drop(job)
    lane.active++
    if (scope !== undefined) scope.active++
    this.#running++
    this.#held++
    this.#list(lane)
    job.start()
  }

  /** Puts a chat in the line if it has a job that may run. */
  #list(lane: Lane): void {
    const head = headOf(lane)
    if (lane.place !== undefined || head === undefined) return
    if (lane.active >= this.#limits.maxPerChat) return
    lane.place = { age: head.age, lane }
    this.#ready.push(lane.place)
  }

  /** Puts the next chat of a scope back in the line of all. */
  #release(scope: Scope): void {
    let place = scope.held.pop()
    while (place !== undefined && !holds(place)) place = scope.held.pop()
    if (place !== undefined) this.#ready.push(place)
  }

  /** Takes a job out of those that wait. */
  #drop(job: Waiting): void {
    job.gone = true
    job.lane.waiting.delete(job)
    if (job.scope !== undefined) job.scope.queued--
    this.#queued--
  }

  #leave(job: Waiting): void {
    const { lane, scope } = job
    const wasFirst = headOf(lane) === job
    this.#drop(job)
    if (wasFirst) {
      // What stood behind it is younger, and may be of another scope.
      lane.place = undefined
      this.#list(lane)
      if (scope !== undefined) this.#release(scope)
      if (this.#ready.size > VOID + 2 * this.#lanes.size) this.#ready.keep(holds)
      if (scope !== undefined && scope.held.size > VOID + 2 * scope.queued) scope.held.keep(holds)
    }
    this.#forget(lane, scope)
    this.#drain()
  }

  #refusal(chat: string, scopeName = ''): RunletError | undefined {
    const { maxQueued, maxQueuedPerChat, maxConcurrent, maxPerChat, maxPerScope } = this.#limits
    const { active, queued } = this.chat(chat)
    const free =
      this.#running < maxConcurrent &&
      active < maxPerChat &&
      queued === 0 &&
      this.scope(scopeName).active < maxPerScope
    if (free) return undefined
    const full = this.#queued >= maxQueued
    if (!full && queued < maxQueuedPerChat) return undefined
    const what = full ? 'operations' : 'operations of this chat'
    const details = { chat, limit: full ? maxQueued : maxQueuedPerChat }
    const message = `${details.limit} ${what} wait already`
    return new RunletError('OVERLOADED', message, { retryable: true, details })
  }

  #tooLong(chat: string): RunletError {
    const { queueTimeoutMs } = this.#limits
    const message =
      `no operation of chat ${JSON.stringify(chat)} could start for ${queueTimeoutMs} ms; ` +
      'one that is called from within another waits for itself'
    const details = { chat, queueTimeoutMs }
    return new RunletError('OVERLOADED', message, { retryable: true, details })
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane: Lane = { name, active: 0, waiting: new Set(), place: undefined }
    this.#lanes.set(name, lane)
    return lane
  }

  #scope(name: string): Scope {
    const known = this.#scopes.get(name)
    if (known !== undefined) return known
    const scope: Scope = { name, active: 0, queued: 0, held: new Heap<Place>(byAge) }
    this.#scopes.set(name, scope)
    return scope
  }

  /** A chat and a scope without jobs cost nothing. */
  #forget(lane: Lane, scope?: Scope): void {
    if (lane.active === 0 && lane.waiting.size === 0 && this.#lanes.get(lane.name) === lane) {
      this.#lanes.delete(lane.name)
    }
    if (scope !== undefined && scope.active === 0 && scope.queued === 0) {
      this.#scopes.delete(scope.name)
    }
  }
}
