/** One call of a tool, from what the caller passed to what it gets. */

import type { ToolPhase, ToolResult } from '../../index.js'
import { RunletError } from '../errors'
import { byteLength, jsonText } from '../values'
import type { RuntimeBinary } from './binary'
import { traced } from './diagnostics'
import { isNativeId, nativeCall } from './native-call'
import type { ResolvedToolOptions } from './options'
import {
  type CallIds,
  errorOf,
  factsOf,
  failed,
  noFacts,
  toolError,
  veil,
  wrapped,
} from './outcome'
import type { Plan, Plans } from './plan'
import type { Recorder } from './recorder'
import type { CallOptions } from './request'
import type { CoreAnswer, PlanSpec, Room } from './room'
import { checkValue } from './schema'
import { shapeOf } from './shape'

/** What the calls of a runtime share. */
export interface Calling {
  readonly options: ResolvedToolOptions
  readonly binary: RuntimeBinary
  readonly room: Room
  readonly recorder: Recorder
  readonly plans: Plans
  /** Does work that the end of the runtime aborts, and waits for. */
  untilEnd<T>(work: (disposed: AbortSignal) => Promise<T>): Promise<T>
  scratch(): Promise<string>
  dropScratch(path: string): Promise<unknown>
}

/** A call that ends before its process, or without one. */
class Early {
  constructor(
    readonly operation: 'validate inputs' | 'marshal request' | 'execute' | 'validate output',
    readonly cause: RunletError,
    readonly phase: ToolPhase,
    readonly core?: CoreAnswer,
  ) {}
}

/** Makes a call. Rejects only if the recorder must not let it count. */
export function call(calling: Calling, toolId: string, given: CallOptions): Promise<ToolResult> {
  // In the form that the core looks up: another spelling must not miss what the options say of a tool.
  const ids = { toolId: toolId.normalize('NFC'), execId: given.execId }
  return traced(
    () => ids,
    () => recorded(calling, ids, given),
    (result) => calling.recorder.traceEnd(result),
  )
}

async function recorded(calling: Calling, ids: CallIds, given: CallOptions): Promise<ToolResult> {
  const began = performance.now()
  const elapsed = () => performance.now() - began
  let phase: ToolPhase = 'queue'
  let core: CoreAnswer | undefined
  let result: ToolResult
  const plan = calling.plans.of(ids.toolId, given.env)
  const { policy, secrets, inherited } = plan
  try {
    const done = await run(calling, plan, given, began)
    core = done.core
    const facts = factsOf(ids, core.outcome, elapsed(), policy.report)
    const { failure, logs } = core.outcome
    if (failure === null) {
      phase = 'settle'
      result = { ok: true, output: done.output as Record<string, unknown>, ...facts }
    } else {
      phase = failure.phase
      const { projectRoot, storeDir, redact } = calling.options
      const hide = veil([projectRoot, storeDir], redact ? secrets : undefined)
      result = failed(facts, errorOf(ids, failure, logs, hide))
    }
  } catch (error) {
    if (!(error instanceof Early)) throw error
    phase = error.phase
    core = error.core
    const facts =
      core === undefined
        ? noFacts(ids, elapsed(), policy.report)
        : factsOf(ids, core.outcome, elapsed(), policy.report)
    result = failed(facts, toolError(ids, error.operation, error.cause, phase))
  }
  return calling.recorder.settle(ids, result, { phase, core, inherited, secrets })
}

/** The value of the call, and all that the core knows of it. */
async function run(
  calling: Calling,
  plan: Plan,
  given: CallOptions,
  began: number,
): Promise<{ output: unknown; core: CoreAnswer }> {
  const { options } = calling
  const { tool, toolId } = plan
  if (given.execId === '') {
    const error = new RunletError('INVALID_ARGUMENT', 'tool_exec_id cannot be empty')
    throw new Early('validate inputs', error, 'queue')
  }
  if (plan.fault !== undefined) throw new Early('validate inputs', plan.fault, 'queue')
  unlessAborted(given.signal)
  const timeoutMs = Math.ceil(given.timeoutMs ?? tool?.timeoutMs ?? options.toolExecutionTimeoutMs)
  const rest = () => Math.max(1, Math.ceil(timeoutMs - (performance.now() - began)))
  const inputSchema = options.validateSchemas ? tool?.inputSchema : undefined
  const input =
    inputSchema === undefined
      ? given.input
      : await early('validate inputs', 'queue', () =>
          within(rest(), timeoutMs, checkValue(inputSchema, given.input, 'input')),
        )
  // A schema may have taken its time.
  if (inputSchema !== undefined) unlessAborted(given.signal)
  const config = given.config === undefined ? tool?.config : given.config
  const texts = marshalled(input, config, options.maxInputBytes)
  const core =
    options.nativeTools.enabled && isNativeId(toolId)
      ? await calling.untilEnd((disposed) =>
          nativeCall(options, toolId, input, { ...given, timeoutMs, restMs: rest(), disposed }),
        )
      : await inProcess(calling, plan, given, texts, { timeoutMs, began })
  if (core.outcome.failure !== null) return { output: undefined, core }
  const value: unknown = JSON.parse(core.valueText)
  const outputSchema = options.validateSchemas ? tool?.outputSchema : undefined
  const checked =
    outputSchema === undefined
      ? value
      : await early(
          'validate output',
          'settle',
          () =>
            within(rest(), timeoutMs, checkValue(outputSchema, value, 'output', core.valueText)),
          core,
        )
  return { output: wrapped(checked, options.rawResult), core }
}

function unlessAborted(signal: CallOptions['signal']): void {
  if (signal?.aborted === true) throw cancelled()
}

function cancelled(): Early {
  return new Early('execute', new RunletError('CANCELLED', 'the call was cancelled'), 'queue')
}

/** The texts that go to the process. */
function marshalled(
  input: unknown,
  config: unknown,
  limit: number,
): { input: string; config: string | undefined } {
  try {
    const texts = {
      input: jsonText(input, 'input') ?? 'null',
      config: jsonText(config, 'config'),
    }
    checkSize(texts, limit)
    return texts
  } catch (error) {
    if (error instanceof RunletError) throw new Early('marshal request', error, 'queue')
    throw error
  }
}

async function inProcess(
  calling: Calling,
  plan: Plan,
  given: CallOptions,
  texts: { input: string; config: string | undefined },
  { timeoutMs, began }: { timeoutMs: number; began: number },
): Promise<CoreAnswer> {
  const { options, room } = calling
  const scratch = options.scratchDir
    ? await early('execute', 'queue', () => calling.scratch())
    : undefined
  try {
    // What came before may have outlasted the runtime.
    if (room.disposed) throw cancelled()
    const spec = {
      plan: planned(calling, plan, given, scratch),
      execId: given.execId,
      timeoutMs,
      elapsedMs: performance.now() - began,
    }
    return await room.call(spec, texts, given)
  } finally {
    if (scratch !== undefined) await calling.dropScratch(scratch)
  }
}

/** The plan as the core takes it: kept there, unless this call has something of its own. */
function planned(
  { options, binary, room }: Calling,
  plan: Plan,
  given: CallOptions,
  scratch: string | undefined,
): number | string {
  if (plan.number !== undefined) return plan.number
  const { tool } = plan
  const ownProcess = scratch !== undefined || Object.keys(given.env).length > 0
  const warm = tool?.warm ?? options.warm
  const retry = tool?.retry ?? options.retry
  const shape = () =>
    shapeOf(options, binary, {
      policy: plan.policy,
      env: plan.env,
      memoryLimitBytes: tool?.memoryLimitBytes ?? options.memoryLimitBytes,
      scratch,
    })
  const spec: PlanSpec = {
    toolId: plan.toolId,
    // Tools without options of their own share one shape.
    shape: ownProcess ? shape() : room.shape(tool === undefined ? '' : plan.toolId, shape),
    // What only this call has, no idle process can have got.
    warm: { size: ownProcess ? 0 : (warm.size ?? 0), maxAgeMs: warm.maxAgeMs ?? 60_000 },
    env: given.env,
    maxOutputBytes: tool?.maxOutputBytes ?? options.maxOutputBytes,
    maxResultDepth: options.maxResultDepth,
    retry: {
      on: retry.on ?? [],
      maxAttempts: retry.maxAttempts ?? null,
      initialIntervalMs: options.backoffInitialIntervalMs,
      maxIntervalMs: options.backoffMaxIntervalMs,
      maxElapsedTimeMs: options.backoffMaxElapsedTimeMs,
    },
  }
  if (ownProcess || !plan.shared) return JSON.stringify(spec)
  plan.number = room.plan(spec)
  return plan.number
}

function checkSize(texts: { input: string; config: string | undefined }, limit: number): void {
  const bytes = byteLength(texts.input) + byteLength(texts.config)
  if (bytes <= limit) return
  const message = `input and config have ${bytes} bytes as JSON, maxInputBytes allows ${limit}`
  const details = { field: 'input', limit: 'maxInputBytes', limitBytes: limit }
  throw new RunletError('INVALID_ARGUMENT', message, { details })
}

/** Runs a step whose failure is a result. */
async function early<T>(
  operation: Early['operation'],
  phase: ToolPhase,
  step: () => T | Promise<T>,
  core?: CoreAnswer,
): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof RunletError) throw new Early(operation, error, phase, core)
    throw error
  }
}

/** A caller's schema may never answer. */
async function within<T>(ms: number, timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const message = `timeout: Tool execution timed out after ${timeoutMs}ms`
    timer = setTimeout(
      () => reject(new RunletError('TIMEOUT', message, { details: { timeoutMs } })),
      ms,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
