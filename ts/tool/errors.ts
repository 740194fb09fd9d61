/** The error classes of tools; recognised by registered symbols, as those in ../errors.ts are. */

import type {
  ErrorCode,
  ProcessErrorFields,
  ToolExecutionErrorFields,
  ToolOperation,
} from '../../index.js'
import { carries, hide, RunletError } from '../errors'

const TOOL_EXECUTION_ERROR = Symbol.for('runlet.tool-execution-error')
const PROCESS_ERROR = Symbol.for('runlet.process-error')

/** A call of a tool that failed; see `index.d.ts`. */
export class ToolExecutionError extends RunletError {
  readonly toolId: string
  readonly toolExecId: string
  readonly operation: ToolOperation
  declare readonly cause: Error

  constructor(fields: ToolExecutionErrorFields) {
    const { toolId, toolExecId, operation, cause } = fields
    const known = cause instanceof RunletError ? cause : undefined
    super(
      fields.code ?? known?.code ?? 'INTERNAL',
      `tool execution failed for tool ${toolId} (exec ${toolExecId}) during ${operation}: ${cause.message}`,
      {
        cause,
        retryable: fields.retryable ?? known?.retryable,
        details: fields.details ?? known?.details,
      },
    )
    this.toolId = toolId
    this.toolExecId = toolExecId
    this.operation = operation
  }

  /** See `index.d.ts`. */
  toJSON(): Record<string, unknown> {
    const { toolId, toolExecId, operation, cause } = this
    return { ...told(this), toolId, toolExecId, operation, cause: toldCause(cause) }
  }

  static isInstance(value: unknown): value is ToolExecutionError {
    return value instanceof ToolExecutionError
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class on the right of instanceof
    if (this !== ToolExecutionError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return carries(value, TOOL_EXECUTION_ERROR)
  }
}
hide(ToolExecutionError.prototype, 'name', 'ToolExecutionError')
hide(ToolExecutionError.prototype, TOOL_EXECUTION_ERROR, true)

/** A child process that failed; see `index.d.ts`. */
export class ProcessError extends RunletError {
  readonly operation: string
  readonly exitCode: number | null
  readonly signal: string | null
  readonly oom: boolean
  declare readonly stderr: string
  declare readonly stdout: string

  constructor(fields: ProcessErrorFields) {
    const { code, operation, reason, retryable, details } = fields
    const rest = 'cause' in fields ? { cause: fields.cause } : {}
    super(code, `runtime process ${operation} failed: ${reason}`, { retryable, details, ...rest })
    this.operation = operation
    this.exitCode = fields.exitCode ?? null
    this.signal = fields.signal ?? null
    this.oom = fields.oom === true
    // What the tool printed is raw and may be long: it is there for who asks, not for every log.
    hide(this, 'stderr', fields.stderr ?? '')
    hide(this, 'stdout', fields.stdout ?? '')
  }

  /** See `index.d.ts`. */
  toJSON(): Record<string, unknown> {
    const { operation, exitCode, signal, oom } = this
    return { ...told(this), operation, exitCode, signal, oom }
  }

  static isInstance(value: unknown): value is ProcessError {
    return value instanceof ProcessError
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class on the right of instanceof
    if (this !== ProcessError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return carries(value, PROCESS_ERROR)
  }
}
hide(ProcessError.prototype, 'name', 'ProcessError')
hide(ProcessError.prototype, PROCESS_ERROR, true)

/** What every error tells. No stack: its frames are the host's own files. */
function told(error: RunletError): {
  name: string
  code: ErrorCode
  message: string
  retryable: boolean
  details?: Record<string, unknown>
} {
  const { name, code, message, retryable, details } = error
  return { name, code, message, retryable, ...(details === undefined ? {} : { details }) }
}

/** A cause of our own tells what it is; of any other only the kind, its text may name anything. */
function toldCause(cause: unknown): unknown {
  if (cause instanceof ProcessError) return ProcessError.prototype.toJSON.call(cause)
  if (cause instanceof RunletError) return told(cause)
  // Not `instanceof Error`: in a Jest context the errors of core modules are of another realm.
  return typeof cause === 'object' && cause !== null
    ? { name: Reflect.get(cause, 'name') }
    : undefined
}
