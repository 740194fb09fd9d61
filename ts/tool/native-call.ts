/** Calls of native tools, as calls of any other. */

import type { ToolInfo } from '../../index.js'
import { onAbort } from '../signal'
import { byteLength } from '../values'
import {
  callNativeTool,
  NATIVE_TOOL_IDS,
  type NativeToolAnswer,
  nativeInputSchema,
  nativeVerb,
} from './native'
import type { ResolvedToolOptions } from './options'
import type { CallOptions } from './request'
import type { CoreAnswer } from './room'

/** Whether an id is that of a native tool. */
export function isNativeId(toolId: string): boolean {
  return nativeVerb(toolId) !== undefined
}

/** What ends a call before it is done. */
interface NativeTerms extends Pick<CallOptions, 'signal'> {
  /** Of the whole call, for messages. */
  readonly timeoutMs: number
  /** What is left of it. */
  readonly restMs: number
  /** Aborted when the runtime ends. */
  readonly disposed: AbortSignal
}

/** Runs a native tool: in the host, on a thread that may block, without a process unless it is `exec`. */
export async function nativeCall(
  { nativeTools }: ResolvedToolOptions,
  toolId: string,
  input: unknown,
  { signal, timeoutMs, restMs, disposed }: NativeTerms,
): Promise<CoreAnswer> {
  const began = performance.now()
  const ending = new AbortController()
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    ending.abort()
  }, restMs)
  const unlisten = signal && onAbort(signal, () => ending.abort())
  const stay = onAbort(disposed, () => ending.abort())
  let answer: NativeToolAnswer
  try {
    answer = await callNativeTool(toolId, input ?? undefined, nativeTools, ending.signal)
  } finally {
    clearTimeout(timer)
    unlisten?.()
    stay()
  }
  const durationMs = performance.now() - began
  return {
    outcome: {
      failure: failureOf(answer, timedOut, timeoutMs),
      attempts: 1,
      durationMs,
      queueMs: 0,
      startMs: 0,
      executionMs: durationMs,
      warm: false,
      logs: { stdout: '', stderr: '', stdoutDroppedBytes: 0, stderrDroppedBytes: 0 },
      peakMemoryBytes: 0,
      denials: [],
    },
    valueText: answer.ok ? JSON.stringify(answer.output) : '',
    heapText: '',
    inputBytes: byteLength(JSON.stringify(input ?? null)),
  }
}

function failureOf(
  answer: NativeToolAnswer,
  timedOut: boolean,
  timeoutMs: number,
): CoreAnswer['outcome']['failure'] {
  if (answer.ok) return null
  const { code, message, details } = answer.error
  const base = { phase: 'run', process: null } as const
  if (!timedOut) return { ...base, code, message, details: { ...details } }
  return {
    ...base,
    code: 'TIMEOUT',
    message: `timeout: Tool execution timed out after ${timeoutMs}ms`,
    details: { timeoutMs },
  }
}

/** The native tools. */
export function nativeTools(): ToolInfo[] {
  return NATIVE_TOOL_IDS.map((id) => {
    const verb = nativeVerb(id)
    const inputSchema = verb === undefined ? undefined : { ...nativeInputSchema(verb) }
    return { id, source: 'native', inputSchema }
  })
}
