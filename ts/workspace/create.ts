/** Makes runtimes from options that were read. */

import { basename, resolve } from 'node:path'
import type { QueuedRuntime, Runtime, RuntimeScope } from '../../index.js'
import { BuiltIn } from './built-in'
import { Folder } from './core'
import { OPERATIONS } from './events'
import { RuntimeGuard } from './guard'
import { openGuardedBash } from './guarded-bash'
import { openHostBash } from './host-bash'
import type { RuntimeSettings } from './options'
import { outputLimitBytes } from './output'
import { provided } from './provided'
import { Queue } from './queue'
import { readSandbox } from './sandbox'
import { safeRoot } from './scopes'
import type { Shell } from './shell'
import { Spool } from './spool'
import { VirtualBash } from './virtual-bash'
import { Warnings } from './warnings'

/** What the runtimes of one registry share. */
export interface Shared {
  readonly queue: Queue
  readonly warnings: Warnings
}

/** What a registry, or one runtime alone, has of its own. */
export function sharedOf(settings: RuntimeSettings): Shared {
  const { maxConcurrentPerScope } = settings
  const queue = new Queue({
    maxConcurrent: settings.maxConcurrent,
    maxPerChat: settings.maxConcurrentPerChat,
    maxQueued: settings.maxQueued,
    maxQueuedPerChat: settings.maxQueuedPerChat,
    queueTimeoutMs: settings.queueTimeoutMs,
    ...(maxConcurrentPerScope !== undefined && { maxPerScope: maxConcurrentPerScope }),
  })
  return { queue, warnings: new Warnings(settings.logger) }
}

/** Makes one. */
export function create(settings: RuntimeSettings, shared = sharedOf(settings)): QueuedRuntime {
  const { app, agent, provider, logger } = settings
  const root = resolve(settings.root)
  const own = app ?? agent
  if (own !== undefined) safeRoot({ root, app: own, agent })
  const scope: RuntimeScope = { ...settings.runtimeScope, root }
  if (provider === undefined) return builtIn(settings, scope, shared)
  if (logger !== undefined) provider.setLogger?.(logger)
  const guard = settings.guard && new RuntimeGuard(settings.guard, root)
  return provided(provider, scope, shared.queue, guard)
}

function builtIn(settings: RuntimeSettings, scope: RuntimeScope, shared: Shared): BuiltIn {
  const { name, oversize, limits, timeoutMs, maxTimeoutMs, logger } = settings
  const folder = new Folder({ root: scope.root, oversize, limits })
  const { shell, guard } = shellOf(settings, scope, shared, folder)
  return new BuiltIn({
    name,
    scope,
    folder,
    queue: shared.queue,
    shell,
    guard,
    spool: new Spool(scope.root, logger),
    timeoutMs,
    maxTimeoutMs,
  })
}

function shellOf(
  settings: RuntimeSettings,
  { root }: RuntimeScope,
  { warnings }: Shared,
  folder: Folder,
): { shell: Shell; guard: RuntimeGuard | undefined } {
  const { name, guard, hostEnv, strictShell, onOutputLimit, agent, logger } = settings
  const maxOutputBytes = outputLimitBytes(onOutputLimit)
  const given = guard && new RuntimeGuard(guard, root)
  if (name === 'just-bash') {
    const { justBash, limits } = settings
    const maxFileBytes = limits.maxFileBytes ?? 1_000_000
    const runtime = unqueued(name, root, folder)
    const shell = new VirtualBash({ root, justBash, logger, runtime, maxOutputBytes, maxFileBytes })
    return { shell, guard: given }
  }
  const about = { runtime: name, ...(agent !== undefined && { agent: basename(agent) }) }
  warnings.warn('security.runtime_host', { ...about, reason: 'commands run on the host' })
  const sandbox = readSandbox(settings.sandbox)
  const onUnconfined = (unenforced: readonly { what: string; why: string }[]) => {
    const [first] = unenforced
    const reason = first === undefined ? undefined : `${first.what}: ${first.why}`
    warnings.warn('security.sandbox_unavailable', { ...about, reason, unenforced })
  }
  const options = { root, hostEnv, sandbox, strictShell, maxOutputBytes, onUnconfined }
  if (name === 'host-bash') return { shell: openHostBash(options), guard: given }
  return openGuardedBash(options, guard)
}

/** The files of a workspace for those who hold a place in the queue already. */
function unqueued(name: string, root: string, folder: Folder): Runtime {
  const runtime: Runtime = { name, root }
  for (const operation of OPERATIONS) {
    if (operation === 'bash') continue
    Reflect.set(runtime, operation, (input: object) => folder.operate(operation, input))
  }
  return runtime
}
