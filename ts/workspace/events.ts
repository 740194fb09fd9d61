/** Tells handlers of events, whatever they do with them. */

import type { Runtime, RuntimeCall, RuntimeEvent, RuntimeEventHandler } from '../../index.js'

/** Calls a handler. What it throws, at once or later, ends here. */
export function emit(handler: RuntimeEventHandler | undefined, event: RuntimeEvent): void {
  if (typeof handler !== 'function') return
  try {
    const pending = handler(event)
    // Of any promise, also one that is not of this realm.
    if (pending !== undefined) Promise.resolve(pending).catch(() => {})
  } catch {
    // The handler's own affair.
  }
}

/** The operations of a runtime. */
export const OPERATIONS = ['bash', 'read', 'write', 'edit', 'grep', 'find', 'ls'] as const

/** Name of an operation. */
export type Operation = (typeof OPERATIONS)[number]

/** An operation, as far as all are alike. */
export type Call = (input: RuntimeCall) => Promise<unknown>

/** One operation of a runtime, bound to it; none where it has none. */
export function callOf(runtime: Runtime, operation: keyof Runtime): Call | undefined {
  const call = Reflect.get(runtime, operation) as unknown
  return typeof call === 'function' ? (input) => call.call(runtime, input) : undefined
}

/** See `index.d.ts`. */
export function runtimeWithEvents(runtime: Runtime, runtimeEvents?: RuntimeEventHandler): Runtime {
  if (runtimeEvents === undefined) return runtime
  const told: Runtime = { ...runtime, name: runtime.name, root: runtime.root }
  for (const operation of OPERATIONS) {
    const call = callOf(runtime, operation)
    if (call === undefined) continue
    Reflect.set(told, operation, (input: RuntimeCall) => call({ ...input, runtimeEvents }))
  }
  return told
}
