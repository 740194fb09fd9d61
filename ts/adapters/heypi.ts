/** The subpath `runlet/heypi`. The contract is `heypi.d.ts`. */

export { runtimeWithEvents } from '../workspace/events'
export { localWorkspace, workspacePath } from '../workspace/local-workspace'
export { runtimeName } from '../workspace/options'
export { resolveScope, selectScope } from '../workspace/scopes'
export {
  isRuntimeStartupError,
  isRuntimeStartupErrorText,
  RUNTIME_STARTUP_ERROR_KIND,
  RuntimeStartupError,
} from '../workspace/startup-error'
export { classifyCommand, commandApproval } from '../workspace/verdict'
export { workspace } from '../workspaces'
export { dockerRuntime, gondolinRuntime } from './heypi/containers'
export { fromHeypi03 } from './heypi/from-03'
export { createRuntimeMirror } from './heypi/mirror'
export { clip, executeBash, executeProcess } from './heypi/process'
export { Queue } from './heypi/queue'
export { ScopedRuntimeRegistry } from './heypi/registry'
export { createRuntime, hostBash, justBash, safeRoot } from './heypi/runtime'
export { toHeypi03 } from './heypi/to-03'
