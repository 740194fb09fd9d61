/** Makes the runtime of `runlet tool`, and says what to pass where it cannot be made. */

import type { ToolRuntime, ToolRuntimeOptions } from '../../index.js'
import { RunletError } from '../errors'
import { sandboxCapabilities } from '../tool/policy'
import { createToolRuntime, defaultConfig, isBunAvailable, isNodeAvailable } from '../tools'
import { toolMessages } from './tool-messages'

/** One thing that cannot be enforced; see src/permission. */
interface Unenforceable {
  /** What was given, or the flag that would say that it may be used. */
  flag: string
  permission: string
  /** Why not. */
  reason: string
}

/** @throws RunletError with a message for whoever typed the command */
export function openRuntime(options: ToolRuntimeOptions): ToolRuntime {
  try {
    return createToolRuntime(options)
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    const { code, details } = error
    const message = explained(error, options)
    throw message === undefined ? error : new RunletError(code, message, { details })
  }
}

function explained(error: RunletError, options: ToolRuntimeOptions): string | undefined {
  const { unenforceable, runtimeType, field } = error.details ?? {}
  if (error.code === 'POLICY_UNENFORCEABLE' && Array.isArray(unenforceable)) {
    const given = options.permissions ?? defaultConfig().permissions
    const missing = unenforceable as Unenforceable[]
    return sandboxCapabilities().level === 'none'
      ? whatToPass(missing, given, field)
      : whatToLeaveOut(missing, field)
  }
  if (error.code === 'RUNTIME_NOT_FOUND') {
    const [other, isThere] =
      runtimeType === 'bun'
        ? (['node', isNodeAvailable] as const)
        : (['bun', isBunAvailable] as const)
    return isThere() ? error.message + toolMessages.otherRuntime(other) : undefined
  }
  return undefined
}

/** The option that holds the permissions, unless it is the one that flags stand for. */
function nameOf(field: unknown): string | undefined {
  return field === undefined || field === 'permissions' ? undefined : String(field)
}

/** Where the machine keeps all but these. */
export function whatToLeaveOut(missing: readonly Unenforceable[], field: unknown): string {
  const reasons = missing.map(({ reason }) => reason)
  const flags = missing.map(({ flag }) => flag)
  return toolMessages.partEnforced(reasons, [...new Set(flags)], nameOf(field))
}

/**
 * Where the machine keeps nothing. The whole list: flags stand in place of the default, and do not add
 * to it.
 */
export function whatToPass(
  missing: readonly Unenforceable[],
  given: NonNullable<ToolRuntimeOptions['permissions']>,
  field: unknown,
): string {
  const wanted = missing.map(({ permission }) => `--allow-${permission}`)
  const dropped = missing.map(({ flag }) => flag).filter((flag) => !wanted.includes(flag))
  const inFile = nameOf(field)
  const kept =
    inFile === undefined && Array.isArray(given)
      ? given.filter((flag) => /^--allow-\w+$/.test(flag))
      : []
  return toolMessages.nothingEnforced(
    [...new Set([...kept, ...wanted])],
    [...new Set(dropped)],
    inFile,
  )
}
