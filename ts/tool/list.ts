/** The tools of a runtime, without running one. */

import type { ToolInfo } from '../../index.js'
import { RunletError } from '../errors'
import type { Calling } from './call'
import { nativeTools } from './native-call'
import { errorOf, veil } from './outcome'
import type { PlanSpec } from './room'
import { shapeOf } from './shape'

/** An id that no export can have: the worker answers with those that there are. */
const NOBODY = ''

/** Loads the entrypoint once and lists its exports, and the native tools if they are enabled. */
export async function listTools({ options, binary, room, plans }: Calling): Promise<ToolInfo[]> {
  const ids = { toolId: NOBODY, execId: 'list' }
  const { policy } = plans.of(NOBODY, {})
  const { env, memoryLimitBytes } = options
  const plan: PlanSpec = {
    toolId: NOBODY,
    shape: shapeOf(options, binary, { policy, env, memoryLimitBytes, scratch: undefined }),
    warm: { size: 0, maxAgeMs: 0 },
    env: {},
    maxOutputBytes: options.maxOutputBytes,
    maxResultDepth: options.maxResultDepth,
    retry: {
      on: [],
      maxAttempts: null,
      initialIntervalMs: options.backoffInitialIntervalMs,
      maxIntervalMs: options.backoffMaxIntervalMs,
      maxElapsedTimeMs: options.backoffMaxElapsedTimeMs,
    },
  }
  const texts = { input: 'null', config: undefined }
  const spec = {
    plan: JSON.stringify(plan),
    execId: ids.execId,
    timeoutMs: options.toolExecutionTimeoutMs,
    elapsedMs: 0,
  }
  const { outcome } = await room.call(spec, texts, { signal: undefined, onLog: undefined })
  const { failure, logs } = outcome
  const names = failure?.details.available
  if (failure === null || !Array.isArray(names)) {
    if (failure === null) throw new RunletError('PROTOCOL_ERROR', 'the worker did not list tools')
    throw errorOf(ids, failure, logs, veil([options.projectRoot, options.storeDir], []))
  }
  const exported = names.map((id: string): ToolInfo => {
    const tool = Object.hasOwn(options.tools, id) ? options.tools[id] : undefined
    return {
      id,
      source: 'entrypoint',
      ...(tool?.inputSchema !== undefined && { inputSchema: tool.inputSchema as never }),
      ...(tool?.outputSchema !== undefined && { outputSchema: tool.outputSchema as never }),
    }
  })
  const all = [...exported, ...(options.nativeTools.enabled ? nativeTools() : [])]
  return all.sort((a, b) => (a.id < b.id ? -1 : 1))
}
