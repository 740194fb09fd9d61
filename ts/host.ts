/** Host functions: the table of a run, and the calls a codelet makes on it. */

import type { HostCallContext } from '../index.js'
import { encodeClone } from './clone/encode'
import { invalidArgument, RunletError } from './errors'
import { FetchError } from './fetch'
import { messages } from './messages'
import { isPlainText, JSON_TEXT, type Payload, PLAIN_TEXT, type Values } from './payload'

/** Levels a table may have: `helpers.a.b.c.d` is the deepest. */
const MAX_LEVELS = 4

/** Members that every codelet's `helpers` already has, granted or not. */
const TAKEN: ReadonlySet<string> = new Set(['logger', 'env', 'random', 'now', 'fetch'])

const WITH_CONTEXT = Symbol.for('runlet.host-function')

type Plain = (...args: unknown[]) => unknown
type Contextual = (ctx: HostCallContext, ...args: unknown[]) => unknown

/** One callable entry. The guest names it by its index only. */
export interface HostTarget {
  /** Property names below `helpers`. */
  path: readonly string[]
  /** For messages and errors: the path with dots. */
  name: string
  /** Calls the function; `makeContext` is asked only by functions that want a context. */
  call: (args: unknown[], makeContext: () => HostCallContext) => unknown
}

/** See `index.d.ts`. The mark is a registered symbol, so another copy's function works as well. */
export function hostFunction<Args extends unknown[], Result>(
  fn: (ctx: HostCallContext, ...args: Args) => Result,
): (...args: Args) => Result {
  if (typeof fn !== 'function') {
    throw invalidArgument('fn', messages.wrongValue('fn', 'a function', fn))
  }
  const entry = (..._args: Args): Result => {
    throw invalidArgument('fn', messages.hostCalledDirectly())
  }
  return Object.defineProperty(entry, WITH_CONTEXT, { value: fn })
}

/**
 * Reads the table once; later changes to it do not reach the run.
 *
 * @throws RunletError `INVALID_ARGUMENT` for a taken name, a value that is neither function nor
 *   group, a cycle, or too many levels
 */
export function readHost(value: unknown, field = 'host'): HostTarget[] {
  const targets: HostTarget[] = []
  if (value !== undefined) collect(value, field, [], [], targets)
  return targets
}

function collect(
  group: unknown,
  field: string,
  path: readonly string[],
  above: readonly unknown[],
  targets: HostTarget[],
): void {
  if (typeof group !== 'object' || group === null || Array.isArray(group)) {
    const accepted = path.length === 0 ? 'an object of functions' : 'a function or a group of them'
    throw invalidArgument(field, messages.wrongValue(field, accepted, group), { accepted })
  }
  if (Object.keys(group).length === 0 && !isPlain(group)) {
    throw invalidArgument(field, messages.hostNotPlain(field))
  }
  if (above.includes(group)) throw invalidArgument(field, messages.hostCycle(field))
  for (const key of Object.keys(group)) {
    const at = `${field}.${key}`
    if (path.length === 0 && TAKEN.has(key)) throw invalidArgument(at, messages.hostReserved(key))
    if (key === '' || key === '__proto__') {
      throw invalidArgument(at, messages.wrongValue(`a name in ${field}`, 'a member name', key))
    }
    const member: unknown = Reflect.get(group, key)
    const memberPath = [...path, key]
    if (memberPath.length > MAX_LEVELS) {
      throw invalidArgument(at, messages.hostTooDeep(at, MAX_LEVELS))
    }
    if (typeof member === 'function') targets.push(target(memberPath, member as Plain, group))
    else collect(member, at, memberPath, [...above, group], targets)
  }
}

/** Whether an object is a plain one, of any realm: methods of classes are not own properties. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The group stays `this`, as in `host.tools.search()`, so that methods work. */
function target(path: readonly string[], fn: Plain, group: object): HostTarget {
  const name = path.join('.')
  const contextual: unknown = Reflect.get(fn, WITH_CONTEXT)
  if (typeof contextual !== 'function') return { path, name, call: (args) => fn.apply(group, args) }
  const wanted = contextual as Contextual
  return { path, name, call: (args, makeContext) => wanted.call(group, makeContext(), ...args) }
}

/** Where the answers to a run's calls go. */
export interface HostReplies {
  answer(seq: number, value: Payload | undefined): void
  refuse(seq: number, text: string): void
}

/** The calls of one run: started here, answered when they settle, detached when the run ends. */
export class HostCalls {
  readonly #runId: string
  readonly #targets: readonly HostTarget[]
  readonly #replies: HostReplies
  readonly #values: Values
  /** Signals of calls under way, for those that asked for one. */
  readonly #signals = new Map<number, AbortController>()
  /** What each failed call threw; stays on the host side. */
  readonly #failures = new Map<number, unknown>()
  #isOpen = true

  constructor(
    runId: string,
    targets: readonly HostTarget[],
    replies: HostReplies,
    values: Values = 'json',
  ) {
    this.#values = values
    this.#runId = runId
    this.#targets = targets
    this.#replies = replies
  }

  /** Performs call `seq`. Never throws: a failure is the guest's to see. */
  start(seq: number, index: number, readArguments: () => unknown[]): void {
    const called = this.#targets[index]
    if (called === undefined || !this.#isOpen) return
    const succeed = (value: unknown) => this.#succeeded(seq, called.name, value)
    const fail = (error: unknown) => this.#failed(seq, called.name, error)
    let args: unknown[]
    try {
      args = readArguments()
    } catch (error) {
      this.#failures.set(seq, error)
      this.#refuse(seq, messages.hostUnreadable(called.name), 'UNSERIALIZABLE')
      return
    }
    try {
      const result = called.call(args, () => this.#context(seq))
      if (isThenable(result)) Promise.resolve(result).then(succeed, fail)
      else succeed(result)
    } catch (error) {
      fail(error)
    }
  }

  /** Whether call `seq` was performed and threw; what it threw may well be `undefined`. */
  hasFailed(seq: unknown): boolean {
    return this.#failures.has(seq as number)
  }

  /** What call `seq` threw. */
  failure(seq: unknown): unknown {
    return this.#failures.get(seq as number)
  }

  /** The run is over: pending calls are told, and their answers will be dropped. */
  end(reason?: unknown): void {
    this.#isOpen = false
    if (this.#signals.size === 0) return
    const details = { reason: 'DETACHED' }
    const told = reason ?? new RunletError('CANCELLED', messages.hostDetached(), { details })
    for (const controller of this.#signals.values()) controller.abort(told)
    this.#signals.clear()
  }

  #context(seq: number): HostCallContext {
    const controller = new AbortController()
    this.#signals.set(seq, controller)
    const runId = this.#runId
    return { signal: controller.signal, runId, seq, idempotencyKey: `${runId}:${seq}` }
  }

  #succeeded(seq: number, name: string, value: unknown): void {
    this.#signals.delete(seq)
    if (!this.#isOpen) return
    let answer: Payload | undefined
    try {
      answer = this.#values === 'clone' ? encodeClone(value, 'result') : hostPayload(value)
    } catch (error) {
      this.#failures.set(seq, error)
      this.#refuse(seq, messages.hostUnserializable(name, this.#values), 'UNSERIALIZABLE')
      return
    }
    this.#replies.answer(seq, answer)
  }

  #failed(seq: number, name: string, error: unknown): void {
    this.#signals.delete(seq)
    if (!this.#isOpen) return
    this.#failures.set(seq, error)
    // A fetch that the grant does not cover is a denial, and becomes one inside the codelet.
    const policy = error instanceof FetchError ? error.policy : undefined
    this.#refuse(seq, exposed(error) ?? messages.hostFailed(name), 'THREW', policy)
  }

  #refuse(
    seq: number,
    message: string,
    reason: 'THREW' | 'UNSERIALIZABLE',
    policy?: FetchError['policy'],
  ): void {
    this.#replies.refuse(seq, JSON.stringify({ message, reason, policy }))
  }
}

/** What a host function gave, as it crosses. Throws for what JSON cannot carry. */
function hostPayload(value: unknown): Payload | undefined {
  if (value === undefined) return undefined
  if (isPlainText(value)) return { text: value, form: PLAIN_TEXT }
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError('not a JSON value')
  return { text, form: JSON_TEXT }
}

/** The text an error allows to cross: it says so itself, by `expose === true`, as a HostError does. */
function exposed(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  try {
    const message: unknown = Reflect.get(error, 'message')
    return Reflect.get(error, 'expose') === true && typeof message === 'string'
      ? message
      : undefined
  } catch {
    return undefined
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isHolder = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isHolder && typeof Reflect.get(value, 'then') === 'function'
}
