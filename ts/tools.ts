/** The public face of tools: exports only. The contract is `index.d.ts`. */

export { isBunAvailable, isNodeAvailable } from './tool/binary'
export { loadRuntimeConfig } from './tool/config-file'
export { defaultConfig, fromAppConfig, mergeWithDefaults, testConfig } from './tool/configuration'
export { configFromEnv } from './tool/env-config'
export { ProcessError, ToolExecutionError } from './tool/errors'
export { createToolRuntimeFactory } from './tool/factory'
export { createToolRuntime } from './tool/runtime'
export {
  isValidRuntimeType,
  RUNTIME_TYPE_BUN,
  RUNTIME_TYPE_NODE,
  SUPPORTED_RUNTIME_TYPES,
} from './tool/runtime-types'
