/** Runtimes with the defaults of the older contract, as objects whose functions need no `this`. */

import { resolve } from 'node:path'
import type {
  CompleteHeypiRuntime,
  HeypiRuntime,
  HeypiRuntimeOptions,
  HostBashInput,
  JustBashInput,
} from '../../../heypi.js'
import type { CompleteRuntimeProvider, QueuedRuntime, RuntimeOptions } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { refuse } from '../../tool/option-kinds'
import { OPERATIONS } from '../../workspace/events'
import { runtimeName } from '../../workspace/options'
import { safeRoot as refuseOverlap } from '../../workspace/scopes'
import { createRuntime as create } from '../../workspaces'

/** No bound: its hosts have a queue of their own before the runtime. */
const ANY_NUMBER = 10_000
const ANY_WAIT = 1_000_000
/** The largest that a timer takes. */
export const ANY_TIME_MS = 2_147_483_647

/** What the older contract bounds searches with. */
export const LIMITS = { maxScanBytes: 5_000_000, maxEntries: 10_000 }

/** Options of the older contract as those of `createRuntime`. */
export function strictOptions(options: HeypiRuntimeOptions): RuntimeOptions {
  if (!isRecord(options)) throw refuse('options', 'an object', options)
  const { maxConcurrent: _, maxConcurrentPerChat: __, limits, guard, ...rest } = options
  const guarded = rest.provider === undefined && runtimeName(rest.name) === 'guarded-bash'
  return {
    onOutputLimit: 'kill',
    oversize: 'error',
    maxTimeoutMs: ANY_TIME_MS,
    unsafeEnv: true,
    ...rest,
    limits: { ...LIMITS, ...limits },
    // Its hosts ask before they call, so what needs approval has it. What is blocked stays blocked.
    ...(guarded && { guard: { onApproval: () => true, ...guard } }),
    ...(!guarded && guard !== undefined && { guard }),
    maxConcurrent: ANY_NUMBER,
    maxConcurrentPerChat: ANY_NUMBER,
    maxQueued: ANY_WAIT,
    maxQueuedPerChat: ANY_WAIT,
  }
}

const CONTROLS = ['status', 'stop', 'restart', 'cleanup', 'close', Symbol.asyncDispose] as const

/** The same runtime as a plain object: it can be spread, and its functions taken out of it. */
export function plain(runtime: QueuedRuntime): HeypiRuntime {
  const made = { name: runtime.name, root: runtime.root, scope: runtime.scope }
  for (const member of [...OPERATIONS, ...CONTROLS]) {
    const call: unknown = Reflect.get(runtime, member)
    if (typeof call === 'function') Reflect.set(made, member, call.bind(runtime))
  }
  if (runtime.guard !== undefined) Reflect.set(made, 'guard', runtime.guard)
  return made as HeypiRuntime
}

/** See `heypi.d.ts`. */
export function createRuntime(
  options: HeypiRuntimeOptions & { provider: CompleteRuntimeProvider },
): CompleteHeypiRuntime
export function createRuntime(
  options: HeypiRuntimeOptions & { provider?: undefined },
): CompleteHeypiRuntime
export function createRuntime(options: HeypiRuntimeOptions): HeypiRuntime
export function createRuntime(options: HeypiRuntimeOptions): HeypiRuntime {
  return plain(create(strictOptions(options)))
}

/** See `heypi.d.ts`. */
export function hostBash({ guarded = false, env, ...input }: HostBashInput): CompleteHeypiRuntime {
  const name = guarded ? 'guarded-bash' : 'host-bash'
  return createRuntime({ ...input, name, ...(env !== undefined && { hostEnv: env }) })
}

/** See `heypi.d.ts`. */
export function justBash({ options, ...input }: JustBashInput): CompleteHeypiRuntime {
  return createRuntime({ ...input, name: 'just-bash', ...(options && { justBash: options }) })
}

/** See `heypi.d.ts`. */
export function safeRoot(folders: {
  root: string
  app: string
  agent?: string | undefined
}): string {
  refuseOverlap(folders)
  return resolve(folders.root)
}
