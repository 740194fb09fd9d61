/** runlet's main entry: exports only. The contract is `index.d.ts` at the root of the package. */

export { capabilities, createCodeletRunner, runCodelet } from './codelets'
export { HostError, RunletError } from './errors'
export { hostFunction } from './host'
export { ProcessError, ToolExecutionError } from './tools'
