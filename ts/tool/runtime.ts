/** Creates tool runtimes: one runtime binary, one entrypoint, and what its calls share. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type {
  ExecuteToolOptions,
  SandboxCapabilities,
  ToolInfo,
  ToolOverride,
  ToolResult,
  ToolRuntime,
  ToolRuntimeOptions,
  ToolRuntimeStats,
} from '../../index.js'
import { invalidArgument, RunletError } from '../errors'
import { messages } from '../messages'
import { findRuntime, type RuntimeBinary } from './binary'
import { type Calling, call } from './call'
import { listTools } from './list'
import { type ResolvedToolOptions, readToolOptions } from './options'
import { Plans } from './plan'
import { type Place, type Policy, readPolicy, sandboxCapabilities } from './policy'
import { Recorder } from './recorder'
import { checkToolInput, checkVariables, readCallOptions } from './request'
import { Room } from './room'
import { checkSchema } from './schema'
import { SEARCH_PATH, shapeOf } from './shape'
import { openStore, type Store, stubEntrypoint, withPrivateWorker } from './store'

/** Extensions that Node reads only since it strips types. */
const TYPED = new Set(['.ts', '.mts', '.cts', '.tsx'])

/** Makes a runtime; see `index.d.ts`. */
export function createToolRuntime(options?: ToolRuntimeOptions): ToolRuntime {
  return new Runtime(readToolOptions(options))
}

class Runtime implements ToolRuntime {
  readonly #options: ResolvedToolOptions
  readonly #binary: RuntimeBinary
  readonly #policy: Policy
  readonly #policies = new Map<string, Policy>()
  readonly #plans: Plans
  readonly #room: Room
  readonly #recorder: Recorder
  readonly #store: Store
  /** Work in the host, which the core knows nothing of. */
  readonly #ending = new AbortController()
  readonly #working = new Set<Promise<unknown>>()
  #disposed: Promise<void> | undefined

  constructor(options: ResolvedToolOptions) {
    if (process.platform !== 'linux') throw notHere()
    this.#options = options
    this.#binary = findRuntime(options.runtimeType, options)
    checkEntrypoint(options.entrypointPath, this.#binary)
    let store = openStore(options.storeDir, options.workerFilePerm)
    const entrypoint =
      options.entrypointPath || stubEntrypoint(store, this.#binary.type, options.workerFilePerm)
    try {
      this.#policy = this.#readPolicies(options, entrypoint, store)
      if ([this.#policy, ...this.#policies.values()].some((policy) => policy.workerWritable)) {
        store = withPrivateWorker(store, options.workerFilePerm)
        this.#policy = this.#readPolicies(options, entrypoint, store)
      }
    } catch (error) {
      store.close()
      throw error
    }
    this.#store = store
    this.#recorder = new Recorder(options, this.#store)
    this.#plans = new Plans(options, (toolId) => this.#policies.get(toolId) ?? this.#policy)
    this.#room = new Room({
      runtime: this.#binary.type,
      binary: this.#binary.path,
      worker: this.#store.worker,
      entrypoint,
      projectRoot: options.projectRoot,
      maxConcurrent: options.maxConcurrent,
      maxQueued: options.maxQueued,
    })
    // A folder of its own, no process that was started before can have.
    if (!options.scratchDir) this.#warm()
  }

  /** The permissions of the runtime, and those of single tools. */
  #readPolicies(options: ResolvedToolOptions, entrypoint: string, { worker }: Store): Policy {
    const { projectRoot, codeRoots } = options
    const binary = this.#binary.path
    const place = { projectRoot, binary, entrypoint, codeRoots, worker, searchPath: SEARCH_PATH }
    const shared = policyOf(options, options.permissions, 'permissions', place)
    checkVariables(options.env, 'env', shared.flags)
    for (const [id, tool] of Object.entries(options.tools)) {
      const field = `tools[${JSON.stringify(id)}]`
      checkId(id, field)
      const policy =
        tool.permissions === undefined
          ? shared
          : policyOf(options, tool.permissions, `${field}.permissions`, place)
      this.#policies.set(id, policy)
      checkVariables(tool.env ?? {}, `${field}.env`, policy.flags)
      for (const side of ['inputSchema', 'outputSchema'] as const) {
        if (tool[side] !== undefined) checkSchema(tool[side], `${field}.${side}`)
      }
    }
    return shared
  }

  /** Starts what is to be there before the first call. */
  #warm(): void {
    const { env, memoryLimitBytes, warm, tools } = this.#options
    const start = (key: string, own: ToolOverride, size: number, maxAgeMs: number) => {
      const terms = {
        policy: this.#policies.get(key) ?? this.#policy,
        env: { ...env, ...own.env },
        memoryLimitBytes: own.memoryLimitBytes ?? memoryLimitBytes,
        scratch: undefined,
      }
      const shape = this.#room.shape(key, () => shapeOf(this.#options, this.#binary, terms))
      this.#room.warm(shape, { size, maxAgeMs })
    }
    if (warm.size > 0) start('', {}, warm.size, warm.maxAgeMs)
    for (const [id, tool] of Object.entries(tools)) {
      const { size = 0, maxAgeMs = warm.maxAgeMs } = tool.warm ?? {}
      if (size > 0) start(id, tool, size, maxAgeMs)
    }
  }

  async executeTool<T = Record<string, unknown>>(
    toolId: string,
    options?: ExecuteToolOptions,
  ): Promise<ToolResult<T>> {
    this.#live()
    const given = readCallOptions(options)
    if (typeof toolId !== 'string') {
      throw invalidArgument('toolId', messages.wrongValue('toolId', 'a string', toolId))
    }
    const { maxTimeoutMs } = this.#options
    if (given.timeoutMs !== undefined && given.timeoutMs > maxTimeoutMs) {
      const accepted = `a number of milliseconds up to maxTimeoutMs, ${maxTimeoutMs}`
      throw invalidArgument(
        'timeoutMs',
        messages.wrongValue('timeoutMs', accepted, given.timeoutMs),
        { accepted },
      )
    }
    return (await call(this.#calling(), toolId, given)) as ToolResult<T>
  }

  async executeToolWithTimeout<T = Record<string, unknown>>(
    toolId: string,
    options: ExecuteToolOptions,
    timeoutMs: number,
  ): Promise<ToolResult<T>> {
    return this.executeTool<T>(toolId, { ...options, timeoutMs })
  }

  async executeToolOrThrow<T = Record<string, unknown>>(
    toolId: string,
    options?: ExecuteToolOptions,
  ): Promise<T> {
    const result = await this.executeTool<T>(toolId, options)
    if (!result.ok) throw result.error
    return result.output
  }

  async listTools(): Promise<ToolInfo[]> {
    this.#live()
    return listTools(this.#calling())
  }

  globalTimeout(): number {
    return this.#options.toolExecutionTimeoutMs
  }

  capabilities(): SandboxCapabilities {
    return sandboxCapabilities()
  }

  stats(): ToolRuntimeStats {
    return this.#recorder.stats(this.#room.stats())
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#end().finally(() => this.#store.close())
    return this.#disposed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #end(): Promise<void> {
    this.#ending.abort()
    await Promise.all([this.#room.dispose(), Promise.allSettled([...this.#working])])
  }

  async #untilEnd<T>(work: (disposed: AbortSignal) => Promise<T>): Promise<T> {
    const working = work(this.#ending.signal)
    this.#working.add(working)
    try {
      return await working
    } finally {
      this.#working.delete(working)
    }
  }

  #live(): void {
    if (this.#disposed !== undefined) {
      throw new RunletError('DISPOSED', 'this tool runtime has been disposed')
    }
  }

  #calling(): Calling {
    return {
      options: this.#options,
      binary: this.#binary,
      room: this.#room,
      recorder: this.#recorder,
      plans: this.#plans,
      untilEnd: (work) => this.#untilEnd(work),
      scratch: scratchFolder,
      dropScratch: (path) => rm(path, { recursive: true, force: true }).catch(() => undefined),
    }
  }
}

/** Limits without the means to keep them would be none. */
function notHere(): RunletError {
  const message = 'tools need Linux: this version has no limits for processes on other systems'
  return new RunletError('POLICY_UNENFORCEABLE', message, {
    details: { platform: process.platform },
  })
}

async function scratchFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'runlet-scratch-'))
  } catch (error) {
    const reason = String(Reflect.get(Object(error), 'code'))
    const details = { field: 'scratchDir', reason }
    throw new RunletError('INTERNAL', 'no folder for scratchDir could be made in TMPDIR', {
      details,
    })
  }
}

function policyOf(
  { enforcement, security }: ResolvedToolOptions,
  permissions: ResolvedToolOptions['permissions'],
  field: string,
  place: Place,
): Policy {
  return readPolicy(permissions, { field, mode: enforcement, strict: security.strictMode, place })
}

/** Options of a tool that can never be called would be without effect. */
function checkId(id: string, field: string): void {
  try {
    checkToolInput(id, {}, [])
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    const accepted = 'ids of letters, digits, "_", "-", "." and "/"'
    throw invalidArgument(field, `${field}: ${error.message}; accepted are ${accepted}`, {
      accepted,
      cause: error,
    })
  }
}

/** An old Node would only say that it does not know the extension. */
function checkEntrypoint(path: string, { type, version }: RuntimeBinary): void {
  if (type !== 'node' || !TYPED.has(extname(path))) return
  const strips = version.major > 22 || (version.major === 22 && version.minor >= 18)
  if (strips) return
  const accepted = 'a JavaScript file, or Node 22.18 or later, or Bun'
  throw invalidArgument(
    'entrypointPath',
    `entrypointPath is TypeScript, which Node ${version.text} does not run: it needs Node 22.18 or Bun`,
    { accepted },
  )
}
