/** The public functions and classes of the tool room; their contract is `index.d.ts`. */

export { ProcessError, ToolExecutionError } from './tool/errors'
