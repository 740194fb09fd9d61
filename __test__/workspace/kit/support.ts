/** Providers that the kit is tried on. */

import { join } from 'node:path'
import {
  type BuiltInRuntime,
  createRuntime,
  type Runtime,
  type RuntimeCall,
  type RuntimeEventHandler,
  type RuntimeOptions,
  type RuntimeProvider,
  type RuntimeScope,
} from 'runlet'
import { type ProviderTestOptions, providerOf, testRuntimeProvider } from 'runlet/testing'
import { root as packageRoot } from '../../package/repository'
import { freshFolder, Listener } from '../support'

/** A provider of runtimes that come with the package. */
export function builtIn(options: Omit<RuntimeOptions, 'root' | 'provider'>): RuntimeProvider {
  return providerOf((scope) =>
    createRuntime({ root: scope.root, runtimeScope: scope, logger: new Listener(), ...options }),
  )
}

interface Warm {
  use<T>(handler: unknown, work: (thing: BuiltInRuntime) => Promise<T>): Promise<T>
}

interface WarmModule {
  warmProvider(terms: {
    name: string
    title: string
    idleMs: number | false
    start(scope: RuntimeScope): Promise<BuiltInRuntime>
    stop(thing: BuiltInRuntime): Promise<void>
    id(thing: BuiltInRuntime): string
    runtime(scope: RuntimeScope, warm: Warm): Runtime
  }): RuntimeProvider
}

const { warmProvider } = require(join(packageRoot, 'dist/workspace/warm-provider.js')) as WarmModule

export const OPERATIONS = ['bash', 'read', 'write', 'edit', 'grep', 'find', 'ls'] as const

/** A runtime whose operations all go through one function. */
export function through(
  runtime: Runtime,
  name: string,
  pass: (call: (input: never) => Promise<unknown>, input: never) => Promise<unknown>,
): Runtime {
  const made: Runtime = { name, root: runtime.root }
  for (const operation of OPERATIONS) {
    const call = runtime[operation]?.bind(runtime) as (input: never) => Promise<unknown>
    Reflect.set(made, operation, (input: never) => pass(call, input))
  }
  return made
}

/** A provider that keeps a runtime warm for each scope, and tells of it. */
export function warm({ idleMs = false as number | false, fails = false } = {}): RuntimeProvider {
  let started = 0
  return warmProvider({
    name: 'warm',
    title: 'Warm',
    idleMs,
    async start({ root }) {
      if (fails) throw new Error('there is nothing to start')
      started++
      return createRuntime({ root, name: 'host-bash', logger: new Listener() })
    },
    stop: (thing) => thing.close(),
    id: () => `w${started}`,
    runtime: ({ root }, scope) =>
      ({
        ...Object.fromEntries(
          OPERATIONS.map((operation) => [
            operation,
            ({ runtimeEvents, ...input }: RuntimeCall) =>
              scope.use(
                runtimeEvents,
                (thing): Promise<unknown> => thing[operation](input as never),
              ),
          ]),
        ),
        name: 'warm',
        root,
      }) as Runtime,
  })
}

/** The same provider with something about its runtimes changed, once for each. */
export function changed(
  provider: RuntimeProvider,
  change: (runtime: Runtime, scope: RuntimeScope) => Partial<Runtime>,
): RuntimeProvider {
  const made = new Map<string, Runtime>()
  return {
    ...provider,
    get(scope) {
      const runtime = provider.get(scope)
      const known = made.get(scope.path)
      if (known !== undefined) return known
      const whole = through(runtime, runtime.name, (call, input) => call(input))
      const other = { ...whole, ...change(whole, scope) }
      made.set(scope.path, other)
      return other
    },
  }
}

/** A handler that gets what a function makes of the events. */
export function retold(
  handler: RuntimeEventHandler | undefined,
  change: (kind: string) => string[],
): RuntimeEventHandler | undefined {
  if (handler === undefined) return undefined
  return (event) => {
    for (const kind of change(event.kind)) handler({ ...event, kind: kind as typeof event.kind })
  }
}

/** Names of the cases of some areas. */
export function namesIn(all: readonly string[], ...areas: string[]): string[] {
  return all.filter((name) => areas.includes(name.slice(0, name.indexOf('/'))))
}

/** Names of the cases that failed. */
export async function failedOf(
  provider: RuntimeProvider | Runtime,
  options: Omit<ProviderTestOptions, 'root'> = {},
): Promise<string[]> {
  const root = freshFolder()
  const { failed } = await testRuntimeProvider(provider, { root, ...options })
  return failed.map((row) => row.case).sort()
}
