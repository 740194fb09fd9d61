/** runlet's main entry: exports only. The contract is `index.d.ts` at the root of the package. */

export { capabilities } from './capabilities'
export { createCodeletRunner, runCodelet } from './codelets'
export { HostError, RunletError } from './errors'
export { hostFunction } from './host'
export { comparePermissions } from './permissions'
export { sandboxedSpawn } from './spawn'
export {
  configFromEnv,
  createToolRuntime,
  createToolRuntimeFactory,
  defaultConfig,
  fromAppConfig,
  isBunAvailable,
  isNodeAvailable,
  isValidRuntimeType,
  loadRuntimeConfig,
  mergeWithDefaults,
  ProcessError,
  RUNTIME_TYPE_BUN,
  RUNTIME_TYPE_NODE,
  SUPPORTED_RUNTIME_TYPES,
  ToolExecutionError,
  testConfig,
} from './tools'
export {
  analyzeCommand,
  attachment,
  classifyCommand,
  commandApproval,
  createRuntime,
  isRuntimeStartupError,
  isRuntimeStartupErrorText,
  localWorkspace,
  Queue,
  RUNTIME_STARTUP_ERROR_KIND,
  RuntimeStartupError,
  resolveScope,
  runtimeName,
  runtimeWithEvents,
  ScopedRuntimeRegistry,
  safeRoot,
  selectScope,
  workspace,
  workspacePath,
  workspaceTools,
} from './workspaces'
