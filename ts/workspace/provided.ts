/** A runtime that a provider made, behind the queue. Its operations get what the caller gave. */

import type {
  AbortSignalLike,
  BashInput,
  BashResult,
  QueuedRuntime,
  QueueLease,
  Runtime,
  RuntimeCall,
  RuntimeProvider,
  RuntimeScope,
  RuntimeStatus,
} from '../../index.js'
import { RunletError } from '../errors'
import { onAbort } from '../signal'
import { refuse } from '../tool/option-kinds'
import { readCall } from './calls'
import { type Call, callOf, OPERATIONS } from './events'
import { ended } from './exit-codes'
import type { Asking, RuntimeGuard } from './guard'
import { Life } from './life'
import type { Queue } from './queue'

/**
 * Puts a provider's runtime behind a queue, and its commands behind a guard, if there is one. What the
 * provider's runtime lacks stays missing.
 */
export function provided(
  provider: RuntimeProvider,
  scope: RuntimeScope,
  queue: Queue,
  guard?: RuntimeGuard,
): QueuedRuntime {
  const runtime = provider.get(scope)
  const life = new Life()
  const behind =
    (call: Call, guarding?: RuntimeGuard): Call =>
    async (input) => {
      life.check()
      const { chat, signal } = readCall(input, scope.path)
      const job = (lease: QueueLease) => {
        life.check()
        if (guarding === undefined) return call(input)
        const asking = { runtime: runtime.name, scope, chat, signal, lease }
        return guarded(guarding, call, input as BashInput, asking)
      }
      // What runs is the provider's to end; what waits is ours.
      const { result } = await life.spend(signal, (both) =>
        queue.submit(chat, job, both, scope.path),
      )
      return result
    }
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= life.close() ? (async () => provider.stop?.(scope))() : Promise.resolve()
    return closing
  }
  const made: QueuedRuntime = {
    name: runtime.name,
    root: runtime.root,
    scope,
    status: async () => statusOf(provider, runtime, scope, queue),
    stop: async () => provider.stop?.(scope),
    restart: async () => {
      life.check()
      await provider.restart?.(scope)
    },
    cleanup: async () => provider.cleanup?.(),
    close,
    [Symbol.asyncDispose]: close,
  }
  for (const operation of OPERATIONS) {
    const call = callOf(runtime, operation)
    if (call === undefined) continue
    const queued = operation === 'bash' ? asResult(behind(call, guard)) : behind(call)
    Reflect.set(made, operation, queued)
  }
  for (const operation of ['generated', 'openGenerated'] as const) {
    const call = callOf(runtime, operation)
    if (call !== undefined) Reflect.set(made, operation, behind(call))
  }
  if (runtime.mark !== undefined) {
    made.mark = async () => {
      life.check()
      return (await runtime.mark?.()) as string
    }
  }
  if (guard !== undefined) Reflect.set(made, 'guard', guard)
  return made
}

/** A command that the guard has let through, or how it was refused. */
async function guarded(
  guard: RuntimeGuard,
  call: Call,
  input: BashInput,
  {
    signal,
    lease,
    ...whose
  }: Pick<Asking, 'runtime' | 'scope' | 'chat'> & {
    signal: AbortSignalLike | undefined
    lease: QueueLease
  },
): Promise<unknown> {
  const { command, approved } = input
  if (typeof command !== 'string') throw refuse('command', 'a string', command)
  let stop: (() => void) | undefined
  const aborted = new Promise<void>((resolve) => {
    if (signal !== undefined) stop = onAbort(signal, resolve)
  })
  const aside: Asking['aside'] = (work) => lease.aside(work)
  const asking = { ...whose, approved, aborted, aside }
  const { ending, facts } = await guard.decide(command, asking).finally(() => stop?.())
  const result = ending === undefined ? await call(input) : ended(ending)
  return facts === undefined ? result : { ...(result as BashResult), guard: facts }
}

/** A command that was aborted while it waited is a result, as one that was aborted later. */
function asResult(call: Call): Call {
  return async (input: RuntimeCall) => {
    try {
      return await call(input)
    } catch (error) {
      const waited = error instanceof RunletError && error.code === 'CANCELLED'
      if (waited && input.signal?.aborted) return ended({ why: 'cancelled' })
      throw error
    }
  }
}

async function statusOf(
  provider: RuntimeProvider,
  { name, root }: Runtime,
  scope: RuntimeScope,
  queue: Queue,
): Promise<RuntimeStatus[]> {
  const counts = queue.scope(scope.path)
  const told = await provider.status?.(scope)
  if (told !== undefined) return told.map((status) => ({ ...status, ...counts }))
  const state = counts.active > 0 ? 'running' : 'stopped'
  return [{ name, scope, root, state, ...counts }]
}
