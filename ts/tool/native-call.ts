/** Calls of native tools, as calls of any other. */

import type { ToolInfo } from '../../index.js'
import { RunletError } from '../errors'
import type { ResolvedToolOptions } from './options'
import type { CallOptions } from './request'
import type { CoreAnswer } from './room'

/** Whether an id is that of a native tool. */
export function isNativeId(toolId: string): boolean {
  return /^(?:rl|cp)__/.test(toolId)
}

/** Runs a native tool. */
export async function nativeCall(
  _options: ResolvedToolOptions,
  toolId: string,
  _input: string,
  _given: Pick<CallOptions, 'signal'> & { timeoutMs: number },
): Promise<CoreAnswer> {
  throw new RunletError('INVALID_ARGUMENT', `there is no native tool ${toolId}`)
}

/** The native tools. */
export function nativeTools(): ToolInfo[] {
  return []
}
