/** The room of workspaces: bash, files and search in one folder. The contract is `index.d.ts`. */

import { resolve } from 'node:path'
import type {
  BuiltInRuntime,
  CompleteRuntimeProvider,
  QueuedRuntime,
  RuntimeOptions,
  RuntimeProvider,
} from '../index.js'
import { refuse, text } from './tool/option-kinds'
import { create } from './workspace/create'
import { readRuntimeOptions } from './workspace/options'

export { runtimeWithEvents } from './workspace/events'
export { attachment } from './workspace/generated'
export { localWorkspace, workspacePath } from './workspace/local-workspace'
export { runtimeName } from './workspace/options'
export { Queue } from './workspace/queue'
export { ScopedRuntimeRegistry } from './workspace/registry'
export { resolveScope, safeRoot, selectScope } from './workspace/scopes'
export {
  isRuntimeStartupError,
  isRuntimeStartupErrorText,
  RUNTIME_STARTUP_ERROR_KIND,
  RuntimeStartupError,
} from './workspace/startup-error'
export { workspaceTools } from './workspace/tools'
export { analyzeCommand, classifyCommand, commandApproval } from './workspace/verdict'

/** See `index.d.ts`. */
export function createRuntime(
  options: RuntimeOptions & { provider: CompleteRuntimeProvider },
): BuiltInRuntime
export function createRuntime(
  options: RuntimeOptions & { provider: RuntimeProvider },
): QueuedRuntime
export function createRuntime(options: RuntimeOptions & { provider?: undefined }): BuiltInRuntime
export function createRuntime(options: RuntimeOptions): QueuedRuntime
export function createRuntime(options: RuntimeOptions): QueuedRuntime {
  return create(readRuntimeOptions(options))
}

/** See `index.d.ts`. */
export function workspace(path = './workspace'): string {
  if (typeof path !== 'string' || path === '') throw refuse('path', text.accepts, path)
  return resolve(path)
}
